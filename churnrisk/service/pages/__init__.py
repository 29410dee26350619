"""The pages of the dashboard, for people. Each router carries its whole path and declares who may see it."""

from fastapi import APIRouter

ROUTERS: tuple[APIRouter, ...] = ()
"""In the order in which they are looked through."""
