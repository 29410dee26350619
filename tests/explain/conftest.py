"""A small trained model for all tests of reasons, with a small sample, so that brute force takes no time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from churnrisk.features import customer_features
from churnrisk.learning import FittedModel
from churnrisk.orders import Orders, read_orders
from churnrisk.workflows import ChurnModel, load
from support.shop import CUSTOMERS


@pytest.fixture(scope="session")
def trained(small_trained: Path) -> ChurnModel:
    return load(models_dir=small_trained / "models")


@pytest.fixture(scope="session")
def trained_model(trained: ChurnModel) -> FittedModel:
    return trained.model


@pytest.fixture(scope="session")
def model(trained: ChurnModel) -> FittedModel:
    assert trained.model.sample is not None
    return replace(trained.model, sample=trained.model.sample[:8])


@pytest.fixture(scope="session")
def orders() -> Iterator[Orders]:
    with read_orders(CUSTOMERS) as read:
        yield read


@pytest.fixture(scope="session")
def values(trained: ChurnModel, orders: Orders) -> np.ndarray:
    """Features of the customer base."""
    return customer_features(orders, trained.model.snapshot, names=trained.model.names).values
