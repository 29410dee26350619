"""Which tests share something that is dear to start: they run in one process, one after the other.

Told by the names of tests, since a mark does not reach the process that hands tests out: the marks of pytest-xdist
were written into names, which pytest allows no longer.
"""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]


def group_of(name: str) -> str:
    """Return what a test shares; its own name where it shares nothing."""
    if name.startswith("tests/service/"):
        return "service"
    if name.startswith("tests/e2e/"):  # each is compared with the same scores
        return "e2e"
    if name.startswith("tests/engines/") and ("spark" in name or "test_cluster.py" in name):
        return "spark"
    if "postgres" in name or "test_state_places.py" in name:
        return "postgres"
    return name


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types for it
    """Hand tests out group by group, the largest first."""

    def _split_scope(self, nodeid: str) -> Any:
        return group_of(nodeid)
