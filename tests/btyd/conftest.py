"""Populations whose truth is known, made by living through each customer's life, and the literature's data."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from churnrisk.btyd import BtydModel, Summary
from churnrisk.btyd.family import ModelName

Floats = npt.NDArray[np.float64]

TRUTH: dict[ModelName, dict[str, float]] = {
    "bgnbd": {"r": 0.6, "alpha": 40.0, "a": 0.8, "b": 2.5},
    "mbgnbd": {"r": 0.9, "alpha": 50.0, "a": 0.7, "b": 1.8},
    "pareto_nbd": {"r": 0.7, "alpha": 45.0, "s": 0.6, "beta": 90.0},
    "nbd": {"r": 0.8, "alpha": 60.0},
}


@dataclass(frozen=True)
class Population:
    """Histories up to the cutoff, whether each customer is alive then, and when he buys afterwards."""

    summary: Summary
    is_alive: npt.NDArray[np.bool_]
    customer: npt.NDArray[np.intp]
    days_after: Floats

    def count_purchases(self, first: float, last: float) -> Floats:
        """Purchases in (first, last] after the cutoff."""
        inside = (self.days_after > first) & (self.days_after <= last)
        return np.bincount(self.customer[inside], minlength=len(self.summary)).astype(np.float64)


def model_of(name: ModelName, parameters: dict[str, float]) -> BtydModel:
    nothing = dict.fromkeys(parameters, float("nan"))
    return BtydModel(name, name, parameters, nothing, float("nan"), 0.0, 0.0)


@pytest.fixture(scope="session")
def make_model() -> Callable[..., BtydModel]:
    """Build a model with given parameters, as if fitted; the truth of the simulations by default."""
    return lambda name, parameters=None: model_of(name, parameters or TRUTH[name])


@pytest.fixture(scope="session")
def simulate() -> Callable[..., Population]:
    """Simulate `n` customers of a model, with purchases up to `future` days after the cutoff."""
    return live_through


def live_through(name: ModelName, n: int, seed: int, *, future: float = 200.0) -> Population:
    rng = np.random.default_rng(seed)
    truth = TRUTH[name]
    tenure = rng.integers(10, 400, n).astype(np.float64)
    rate = rng.gamma(truth["r"], 1 / truth["alpha"], n)
    span = tenure + future
    death = np.full(n, np.inf)
    if name == "pareto_nbd":
        death = rng.exponential(1 / rng.gamma(truth["s"], 1 / truth["beta"], n).clip(1e-12))
    span = np.minimum(span, death)
    customer = np.repeat(np.arange(n), rng.poisson(rate * span))
    age = rng.random(len(customer)) * span[customer]
    order = np.lexsort((age, customer))
    customer, age = customer[order], age[order]
    if name in ("bgnbd", "mbgnbd"):
        customer, age, death = leave_after_purchases(rng, name, n, customer=customer, age=age)
    return observe(tenure, death, customer=customer, age=age)


def leave_after_purchases(
    rng: np.random.Generator, name: ModelName, n: int, *, customer: npt.NDArray[np.intp], age: Floats
) -> tuple[npt.NDArray[np.intp], Floats, Floats]:
    """Cut each life after the purchase at which the customer tosses heads, and return when that was."""
    leave = rng.beta(TRUTH[name]["a"], TRUTH[name]["b"], n).clip(1e-12)
    last = rng.geometric(leave) - (name == "mbgnbd")  # under MBG/NBD the first purchase is tossed for as well
    rank = np.arange(len(customer)) - np.searchsorted(customer, customer) + 1
    death = np.where(last == 0, 0.0, np.inf)
    fatal = rank == last[customer]
    death[customer[fatal]] = age[fatal]
    kept = rank <= last[customer]
    return customer[kept], age[kept], death


def observe(tenure: Floats, death: Floats, *, customer: npt.NDArray[np.intp], age: Floats) -> Population:
    past = age <= tenure[customer]
    frequency = np.bincount(customer[past], minlength=len(tenure))
    last = np.zeros(len(tenure))
    np.maximum.at(last, customer[past], age[past])
    return Population(
        summary=Summary(frequency, last, tenure),
        is_alive=death > tenure,
        customer=customer[~past],
        days_after=(age - tenure[customer])[~past],
    )


@pytest.fixture(scope="session")
def lifetimes_data(require: Callable[..., None]) -> Path:
    """The folder of data sets in the lifetimes wheel. The library itself is not imported."""
    require("lifetimes")
    spec = importlib.util.find_spec("lifetimes")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(next(iter(spec.submodule_search_locations))) / "datasets"


@pytest.fixture(scope="session")
def cdnow(lifetimes_data: Path) -> Summary:
    """The CDNOW sample of 2,357 customers, in weeks."""
    rows = np.loadtxt(lifetimes_data / "cdnow_customers_summary.csv", delimiter=",", skiprows=1)
    return Summary(rows[:, 1], rows[:, 2], rows[:, 3])
