"""Logs whose truth is known, as frames: one where customers have habits and leave, one where all is chance."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

FIRST_DAY = 15_000
DAYS = 150
HORIZON = 30


@functools.cache
def signal_log(customers: int = 700) -> pd.DataFrame:
    """Customers who buy nearly as regularly as clocks, each with a gap of their own, and leave one after the other.

    No simple method knows the rhythm of a customer, so a model that looks at gaps has something to win.
    """
    chance = np.random.default_rng(5)
    gap = chance.uniform(6, 26, customers)
    joined = chance.uniform(0, 0.8 * DAYS, customers)
    waits = gap[:, None] * chance.uniform(0.8, 1.2, (customers, DAYS // 4))
    day = joined[:, None] + np.hstack([np.zeros((customers, 1)), np.cumsum(waits, axis=1)])
    left = joined + chance.exponential(110, customers)
    who, visit = np.nonzero((day < DAYS) & (day <= left[:, None]))
    names = np.array([f"c{number:04d}" for number in range(customers)], dtype=object)
    amounts = np.round(chance.lognormal(3, 0.5, len(who)), 2)
    return frame(names[who], FIRST_DAY + day[who, visit].astype(np.int64), amounts)


@functools.cache
def noise_log(customers: int = 500) -> pd.DataFrame:
    """Customers of whom each buys on any day with the same probability, whatever happened before."""
    chance = np.random.default_rng(0)
    who, day = np.nonzero(chance.random((customers, DAYS)) < 0.025)
    names = np.array([f"c{number:04d}" for number in range(customers)], dtype=object)
    return frame(names[who], FIRST_DAY + day, np.round(chance.lognormal(3, 0.5, len(who)), 2))


def frame(customer_ids: np.ndarray, days: np.ndarray, amounts: np.ndarray) -> pd.DataFrame:
    """Return purchase rows as a user would have them."""
    when = pd.to_datetime(days, unit="D").strftime("%Y-%m-%d")
    return pd.DataFrame({"customer_id": customer_ids, "ordered_at": when, "amount": amounts})
