"""A model learns from a table beside the purchases: a complaint goes before the end of half of the customers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from churnrisk.dated import DatedTable, TablesBeside
from churnrisk.explain import Explainer
from churnrisk.learning import fit_and_test
from churnrisk.schema import NEVER
from support.beside import Dated, to_polars
from support.simulated import FIRST_DAY, ArrayLog, random_buyers, training_set

DAYS, HORIZON, CUSTOMERS = 400, 30, 1_000


@dataclass(frozen=True)
class TableLog(ArrayLog):
    """A log with tables beside it."""

    beside: TablesBeside = field(default_factory=TablesBeside)


def make_shop(seed: int) -> tuple[dict[str, Any], TablesBeside]:
    """Make purchases that end on a day that a complaint of five days before tells, for those who leave."""
    orders = random_buyers(CUSTOMERS, days=DAYS + HORIZON, chance_a_day=0.04, seed=seed).orders
    chance = np.random.default_rng(seed)
    end = FIRST_DAY + chance.integers(100, 800, CUSTOMERS)
    number = np.array([int(who.rpartition("-")[2]) for who in orders["customer_id"]])
    kept = orders["order_day"] < end[number]
    told = np.flatnonzero(end < FIRST_DAY + DAYS + HORIZON)
    rows = [(f"customer-{who:06d}", int(end[who]) - 5) for who in told]
    rows += [(f"customer-{who:06d}", FIRST_DAY + int(chance.integers(20, DAYS))) for who in range(0, CUSTOMERS, 25)]
    listed = [Dated(who, day, day, None, "", None, NEVER) for who, day in rows]
    frame, known = to_polars(listed, Dated), [row.known_day for row in listed]
    table = DatedTable(
        name="tickets", family="tickets", frame=lambda: frame, has_ends=True, first_day=min(known), last_day=max(known)
    )
    return {name: values[kept] for name, values in orders.items()}, TablesBeside(tables={"tickets": table})


def test_a_table_that_tells_of_the_end_is_learned_from_and_told() -> None:
    orders, beside = make_shop(seed=4)
    alone, plan = training_set(ArrayLog(orders), days=DAYS, horizon=HORIZON)
    both, _ = training_set(TableLog(orders, beside=beside), days=DAYS, horizon=HORIZON)
    assert both.names[: len(alone.names)] == alone.names
    assert all(name.startswith("tickets.") for name in both.names[len(alone.names) :])
    without, with_table = (fit_and_test(data, plan, seed=1) for data in (alone, both))
    auc = [result.measures["churnrisk"]["auc"] for result, _ in (without, with_table)]
    assert auc[1].value > auc[0].high, "beyond the interval of the model on purchases alone"
    [told] = Explainer(with_table[1]).explain(both.current.values[:1], both_ways=True)
    assert abs(sum(one.log_odds for one in told.families) + told.base - told.log_odds) < 1e-6
    assert "tables" in {one.family for one in told.families}
    assert "tables" not in {one.family for one in Explainer(without[1]).explain(alone.current.values[:1])[0].families}
