"""The pages of the dashboard, for people. Each router carries its whole path and declares the role it needs."""

from fastapi import APIRouter

from churnrisk.service.pages import (  # noqa: F401 - declare their pages
    campaigns,
    customer_filter,
    customer_parts,
    customers,
    exports,
    figures,
    jobs,
    monitor,
    overview,
    products,
    week_list,
)
from churnrisk.service.pages.frame import router, show_problem

ROUTERS: tuple[APIRouter, ...] = (router,)
"""In the order in which they are looked through."""

__all__ = ["ROUTERS", "show_problem"]
