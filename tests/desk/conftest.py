"""Every test runs on each database that the state can be kept in."""

from support.places import empty_database, place, state

__all__ = ["empty_database", "place", "state"]
