"""Score customers: one row for each, whoever they are.

The score of a customer depends on that customer's orders and on the model alone, never on other customers in the file,
on the order of the rows or on the size of the batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from churnrisk.engines import BATCH_ROWS, Database, MemoryDatabase, map_ahead
from churnrisk.errors import ColumnError
from churnrisk.features import Features, customer_features, iterate_features
from churnrisk.forecast import Valuation
from churnrisk.learning import FittedModel, SummaryModel
from churnrisk.orders import Orders
from churnrisk.schema import By
from churnrisk.scoring.scores import OutlookColumns, Scores, arrange
from churnrisk.scoring.standing import CUSTOMER, Standing, find, select_customers, standing_of
from churnrisk.timeline import Snapshot
from churnrisk.types import Progress

Watch = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]
"""Called with ids, features of shape (n, p), churn probabilities and values at risk of each batch, ids rising."""

Part = tuple[np.ndarray, np.ndarray]
"""Ids of some customers, and their features."""

PART_ROWS = 16_384
"""Customers that a thread scores at a time: what the outlook works out for each takes ten times its features."""


def score_orders(
    model: FittedModel,
    orders: Orders,
    as_of: int,
    *,
    only: Iterable[str] | None = None,
    batch_rows: int = BATCH_ROWS,
    by: By = "risk",
    valuation: Valuation | None = None,
    watch: Watch | None = None,
    progress: Progress | None = None,
) -> Scores:
    """Score everybody in a log, or those of them who are named.

    Parameters
    ----------
    model : FittedModel
        What :func:`churnrisk.learning.fit_model` gave.
    orders : Orders
        The purchase history; orders on ``as_of`` and later are future and are not looked at.
    as_of : int
        The day to score at.
    only : iterable of str, optional
        Customers to give, each once; one who is not in the log has the status ``no_purchases``.
    batch_rows : int
        Customers to hold features of at a time; it changes no score.
    by : {"value", "risk"}
        What to sort by. ``risk_rank`` is the place by churn probability either way.
    valuation : Valuation, optional
        Margin and discount rate of the values; by default they are revenue.
    watch : callable, optional
        Called with every batch, where the features behind a score are needed.
    progress : callable, optional
        Told how many customers of the base are scored, and how many there are.
    """
    check_amounts(model, orders)
    snapshot = model.snapshot.at(as_of)
    standing = standing_of(orders, snapshot)
    in_turns = map_ahead if standing.size > PART_ROWS else map
    # what fits into one batch needs no stream, whose library takes half a second to import
    database = orders.database if standing.size > batch_rows else None
    if only is not None:
        standing = select_customers(standing, list(only))
    probability = np.full(standing.size, np.nan)
    outlook = OutlookColumns(snapshot, standing.size, valuation or Valuation())

    def look(part: Part) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        places, is_wanted = find(part[0], standing.customer_ids)
        places, values = places[is_wanted], part[1][is_wanted]
        probability[places] = model.predict(values)
        outlook.add(model, values, probability[places], places)
        return part[0][is_wanted], values, places

    done, total = 0, int((standing.days_since_last_order <= snapshot.lookback).sum())
    for ids, values, places in in_turns(look, _parts(_batches(model, orders, snapshot, batch_rows, database))):
        if watch is not None:
            watch(ids, values, probability[places], outlook.numbers["value_at_risk"][places])
        done += len(ids)
        if progress is not None:
            progress("scoring", done, total)
    outlook.add_lapsed(model, orders, standing)
    return arrange(model, snapshot, standing, probability, outlook=outlook, by=by)


def check_amounts(model: FittedModel, orders: Orders) -> None:
    """Refuse a log without the amounts that a model needs."""
    if model.needs_amounts and not orders.has_amounts:
        raise ColumnError(
            "the model was trained on a log with amounts, and this one has none. Name the column with "
            "--column amount=..., or train a model on a log without amounts."
        )


def _batches(
    model: FittedModel, orders: Orders, snapshot: Snapshot, rows: int, database: Database | None
) -> Iterator[Features]:
    """Yield the features in batches; those of a few customers in memory by a kept query."""
    if isinstance(orders.database, MemoryDatabase):
        yield customer_features(orders, snapshot, names=model.names, database=orders.database)
        return
    yield from iterate_features(orders, snapshot, rows=rows, names=model.names, database=database)


def _parts(batches: Iterable[Features]) -> Iterator[Part]:
    for batch in batches:
        for start in range(0, len(batch.customer_ids), PART_ROWS):
            chosen = slice(start, start + PART_ROWS)
            yield batch.customer_ids[chosen], batch.values[chosen]


def score_summary(model: SummaryModel, snapshot: Snapshot, summary: Mapping[str, np.ndarray]) -> Scores:
    """Score customers of whom only an RFM summary is known, with the compact model that knows no more either.

    Parameters
    ----------
    model : SummaryModel
        The compact second model.
    snapshot : Snapshot
        The model's windows at the day to score at; it decides which customers have lapsed.
    summary : mapping of str to ndarray
        ``customer_id, days_since_last_order, tenure_days, order_count`` and, with amounts, ``mean_order_amount``.
    """
    order = np.argsort(summary[CUSTOMER], kind="stable")
    values = {name: column[order] for name, column in summary.items()}
    count, days = values["order_count"], values["days_since_last_order"]
    amount = values.get("mean_order_amount")
    total = None if amount is None else np.where(count > 0, amount * count, 0.0)
    days = np.where(count > 0, days, np.nan)
    standing = Standing(values[CUSTOMER], days, count, total)
    is_active = snapshot.in_base(snapshot.cutoff - days)  # False where days is NaN
    probability = np.full(standing.size, np.nan)
    if is_active.any():
        chosen = {name: values[name][is_active] for name in model.names}
        probability[is_active] = model.predict(chosen)
    return arrange(model, snapshot, standing, probability)
