"""The routes under ``/v1``, for programs. Each router carries its whole path and declares the role it needs."""

from fastapi import APIRouter

from churnrisk.service.api import customers, jobs, models, personal, purchases, retention, score, tables

ROUTERS: tuple[APIRouter, ...] = (
    customers.router,
    score.router,
    purchases.router,
    tables.router,
    retention.router,
    models.router,
    jobs.router,
    personal.router,
)
"""In the order in which they are looked through."""
