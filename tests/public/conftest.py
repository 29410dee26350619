"""The model of the sample that the tests of the command line train, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.shop import PURCHASES
from support.trained import train_once


@pytest.fixture(scope="session")
def sample_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of stored models with one of 90 days, learned from the sample; for reading."""
    return train_once(tmp_path_factory, PURCHASES, 90) / "models"
