"""The state on every database that it can be kept in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from churnrisk.state import State, open_state


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a new state may be made."""
    return tmp_path / "state.db"


@pytest.fixture
def state(place: Path) -> Iterator[State]:
    """A state with nothing in it."""
    with open_state(place) as opened:
        yield opened
