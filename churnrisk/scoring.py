"""Score customers: one row for each, whoever they are.

The score of a customer depends on that customer's orders and on the model alone, never on who else is in the file,
on the order of the rows or on the size of the batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from churnrisk.engines import BATCH_ROWS, Arrays, collect_arrays, int_sum
from churnrisk.errors import IncompatibleModel
from churnrisk.features import iterate_features
from churnrisk.learning import FittedModel, SummaryModel
from churnrisk.orders import Orders
from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import Snapshot, date_of

CUSTOMER = "customer_id"
STATUSES = ("scored", "lapsed", "no_purchases")


@dataclass(frozen=True)
class Standing:
    """What is known of customers without any model: one entry each, sorted by id.

    Days are NaN for who has not bought; amounts are None in a log without amounts.
    """

    customer_ids: np.ndarray
    days_since_last_order: np.ndarray
    order_count: np.ndarray
    total_amount: np.ndarray | None

    @property
    def size(self) -> int:
        """How many customers."""
        return len(self.customer_ids)


@dataclass(frozen=True)
class Scores:
    """Customers with their churn probability, those most at risk first, the others after them by id.

    Parameters
    ----------
    snapshot : Snapshot
        What was asked: the cutoff is the day ``as_of``.
    columns : mapping of str to ndarray
        ``customer_id, as_of, status, churn_probability, risk, risk_rank, days_since_last_order, order_count,
        total_amount``, all of one length. Missing numbers are NaN, missing words None.
    """

    snapshot: Snapshot
    columns: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.columns[CUSTOMER])

    def count(self, column: str, value: str) -> int:
        """Count the customers with a value of ``status`` or ``risk``."""
        return int((self.columns[column] == value).sum())


def score_orders(
    model: FittedModel, orders: Orders, as_of: int, *, only: Iterable[str] | None = None, batch_rows: int = BATCH_ROWS
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
    """
    if model.needs_amounts and not orders.has_amounts:
        raise IncompatibleModel(
            "the model was trained on a log with amounts, and this one has none. Name the column with "
            "--column amount=..., or train a model on a log without amounts."
        )
    snapshot = model.snapshot.at(as_of)
    standing = standing_of(orders, snapshot)
    if only is not None:
        standing = select_customers(standing, list(only))
    probability = np.full(standing.size, np.nan)
    batches = iterate_features(orders, snapshot, rows=batch_rows, names=model.names, database=orders.database)
    for batch in batches:
        places, is_wanted = find(batch.customer_ids, standing.customer_ids)
        probability[places[is_wanted]] = model.predict(batch.values[is_wanted])
    return arrange(model, snapshot, standing, probability)


def score_summary(model: SummaryModel, snapshot: Snapshot, summary: Mapping[str, np.ndarray]) -> Scores:
    """Score customers of whom only an RFM summary is known, with the compact model that knows no more either.

    Parameters
    ----------
    model : SummaryModel
        The compact second model.
    snapshot : Snapshot
        The model's windows at the day to score at; it decides who has lapsed.
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


def standing_of(orders: Orders, snapshot: Snapshot) -> Standing:
    """Look up every customer of a log, also those with returns only or with orders after the cutoff only."""
    day, is_known = nw.col("order_day"), snapshot.is_past(nw.col("order_day"))
    bought = is_known & (nw.col("is_purchase") == 1)
    found = collect_arrays(
        orders.frame()
        .group_by(CUSTOMER)
        .agg(
            last_day=nw.when(bought).then(day).max(),
            order_count=int_sum(nw.when(bought).then(nw.col("is_purchase"))),
            total_amount=int_sum(nw.when(is_known).then(nw.col("amount"))),
        ),
        sort_by=[CUSTOMER],
    )
    return _standing(found, snapshot, has_amounts=orders.has_amounts)


def _standing(found: Arrays, snapshot: Snapshot, *, has_amounts: bool) -> Standing:
    days = snapshot.cutoff - found["last_day"].astype(np.float64)
    total = found["total_amount"] / MONEY_SCALE if has_amounts else None
    return Standing(found[CUSTOMER], days, found["order_count"], total)


def select_customers(standing: Standing, ids: Sequence[str]) -> Standing:
    """Give the standing of the named customers, each once; who is unknown has no purchases."""
    wanted = np.array(sorted(set(ids)), dtype=object)
    places, is_known = find(wanted, standing.customer_ids)
    safe = np.where(is_known, places, 0)

    def pick(values: np.ndarray, otherwise: float) -> np.ndarray:
        return np.where(is_known, values[safe], otherwise) if standing.size else np.full(len(wanted), otherwise)

    total = standing.total_amount
    return Standing(
        wanted,
        pick(standing.days_since_last_order, np.nan),
        pick(standing.order_count, 0),
        None if total is None else pick(total, 0.0),
    )


def find(wanted: np.ndarray, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the place of each id in a sorted array, and whether it is there at all."""
    places = np.searchsorted(among, wanted)
    inside = places < len(among)
    is_there = np.zeros(len(wanted), dtype=bool)
    is_there[inside] = among[places[inside]] == wanted[inside]
    return places, is_there


def arrange(
    model: FittedModel | SummaryModel, snapshot: Snapshot, standing: Standing, probability: np.ndarray
) -> Scores:
    """Put the columns together and sort: by falling probability, ties and the unscored by id."""
    is_scored = ~np.isnan(probability)
    has_bought = ~np.isnan(standing.days_since_last_order)
    status = np.where(is_scored, "scored", np.where(has_bought, "lapsed", "no_purchases")).astype(object)
    place = np.select([is_scored, has_bought], [0, 1], default=2)
    order = np.lexsort((np.arange(standing.size), -np.nan_to_num(probability), place))  # ids are sorted already
    rank = np.where(is_scored[order], np.arange(1.0, standing.size + 1), np.nan)
    risk = model.bands.classify(probability)
    risk[~is_scored] = None
    columns: dict[str, Any] = {
        CUSTOMER: standing.customer_ids,
        "as_of": np.full(standing.size, date_of(snapshot.cutoff).isoformat(), dtype=object),
        "status": status,
        "churn_probability": probability,
        "risk": risk,
    }
    after = {
        "days_since_last_order": standing.days_since_last_order,
        "order_count": standing.order_count,
        "total_amount": np.full(standing.size, np.nan) if standing.total_amount is None else standing.total_amount,
    }
    sorted_columns = {name: values[order] for name, values in columns.items()}
    sorted_columns["risk_rank"] = rank
    return Scores(snapshot, sorted_columns | {name: values[order] for name, values in after.items()})
