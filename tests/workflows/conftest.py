"""One model for the tests of the workflows: the small one that all processes of a run share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def models(small_trained: Path) -> Path:
    """A folder of stored models with one of 60 days in it."""
    return small_trained / "models"
