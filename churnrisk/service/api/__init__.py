"""The routes under ``/v1``, for programs. Each router carries its whole path and declares who may use it."""

from fastapi import APIRouter

ROUTERS: tuple[APIRouter, ...] = ()
"""In the order in which they are looked through."""
