"""A simulated shop, a model that was tested on it, and the shop's next two months, with and without a change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from churnrisk.dataset import TrainingSet
from churnrisk.learning import FittedModel, TestResult
from churnrisk.learning.train import fit_past, judge
from churnrisk.monitor import Reference, make_reference
from churnrisk.simulate import simulate_purchases
from churnrisk.timeline import SnapshotPlan
from support.simulated import FIRST_DAY, ArrayLog, training_set

DAYS, LATER = 420, 60


@dataclass(frozen=True)
class Shop:
    """What is known in training, and what comes after."""

    log: ArrayLog
    data: TrainingSet
    plan: SnapshotPlan
    result: TestResult
    reference: Reference

    @property
    def model(self) -> FittedModel:
        assert self.result.model is not None
        return self.result.model


def cut(orders: dict[str, Any], until: int) -> ArrayLog:
    """The log as it was on the morning of a day."""
    kept = orders["order_day"] < until
    return ArrayLog({name: values[kept] for name, values in orders.items()})


@pytest.fixture(scope="session")
def orders() -> dict[str, Any]:
    log = simulate_purchases(700, first_day=FIRST_DAY, days=DAYS + LATER, seed=3)
    return dict(log.orders)


@pytest.fixture(scope="session")
def shop(orders: dict[str, Any]) -> Shop:
    log = cut(orders, FIRST_DAY + DAYS)
    data, plan = training_set(log, days=DAYS, horizon=30, count=6)
    result = judge(data, plan, fit_past(data, plan))
    assert result.model is not None
    return Shop(log, data, plan, result, make_reference(data, result.model, seed=0))


@pytest.fixture(scope="session")
def unchanged(orders: dict[str, Any]) -> ArrayLog:
    """Two months later, and nothing has happened."""
    return ArrayLog(orders)


@pytest.fixture(scope="session")
def dearer(orders: dict[str, Any]) -> ArrayLog:
    """Two months later, and since training prices are three times what they were."""
    factor = np.where(orders["order_day"] >= FIRST_DAY + DAYS, 3, 1)
    return ArrayLog(orders | {name: orders[name] * factor for name in ("amount", "returned_amount")})
