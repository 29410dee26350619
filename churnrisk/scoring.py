"""Score customers: one row for each, whoever they are.

The score of a customer depends on that customer's orders and on the model alone, never on who else is in the file,
on the order of the rows or on the size of the batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import numpy as np

from churnrisk.btyd import Summary
from churnrisk.engines import BATCH_ROWS, Arrays, Database, MemoryDatabase, collect_arrays, int_sum
from churnrisk.errors import IncompatibleModel
from churnrisk.features import Features, customer_features, iterate_features, run_kept
from churnrisk.learning import REPORTED, FittedModel, SummaryModel, Valuation
from churnrisk.orders import Orders
from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import Snapshot, date_of

CUSTOMER = "customer_id"
DECIMALS, MONEY_DECIMALS = 9, 2
STATUSES = ("scored", "lapsed", "no_purchases")
NEXT_ORDER = ("next_order_from_on", "next_order_on", "next_order_to_on")
VALUES = ("expected_value_horizon", "expected_value_365_days", "value_at_risk")
OUTLOOK_COLUMNS = (
    *(f"churn_probability_{days}_days" for days in REPORTED),
    "next_order_on",
    "next_order_from_on",
    "next_order_to_on",
    *VALUES,
    "return_probability",
)
"""What stands behind ``total_amount``; all of it is empty in scores of a file with one row per customer."""

By = Literal["value", "risk"]
"""What scores are sorted by: falling value at risk, or falling churn probability."""

Watch = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]
"""Called with ids, features of shape (n, p), churn probabilities and values at risk of each batch, ids rising."""


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
    """Customers with their churn probability, those first who matter most, the others after them by id.

    Parameters
    ----------
    snapshot : Snapshot
        What was asked: the cutoff is the day ``as_of``.
    columns : mapping of str to ndarray
        ``customer_id, as_of, status, churn_probability, risk, risk_rank, days_since_last_order, order_count,
        total_amount`` and :data:`OUTLOOK_COLUMNS`, all of one length. Missing numbers are NaN, missing words None.
    by : {"value", "risk"}
        What they are sorted by; risk where it was asked for, or where nobody's value is known.
    alive_probability : ndarray of float64
        P(alive) under the buy-till-you-die model, row by row; NaN where it is not known. Not a complement of the churn
        probability: who is alive may well buy nothing in the horizon.
    """

    snapshot: Snapshot
    columns: Mapping[str, np.ndarray]
    by: By
    alive_probability: np.ndarray

    def __len__(self) -> int:
        return len(self.columns[CUSTOMER])

    def count(self, column: str, value: str) -> int:
        """Count the customers with a value of ``status`` or ``risk``."""
        return int((self.columns[column] == value).sum())


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
        Shown every batch, for who needs the features behind a score.
    """
    if model.needs_amounts and not orders.has_amounts:
        raise IncompatibleModel(
            "the model was trained on a log with amounts, and this one has none. Name the column with "
            "--column amount=..., or train a model on a log without amounts."
        )
    snapshot = model.snapshot.at(as_of)
    standing = standing_of(orders, snapshot)
    # what fits into one batch needs no stream, whose library takes half a second to import
    database = orders.database if standing.size > batch_rows else None
    if only is not None:
        standing = select_customers(standing, list(only))
    probability = np.full(standing.size, np.nan)
    outlook = _Outlook(snapshot, standing.size, valuation or Valuation())
    for batch in _batches(model, orders, snapshot, batch_rows, database):
        places, is_wanted = find(batch.customer_ids, standing.customer_ids)
        values = batch.values[is_wanted]
        probability[places[is_wanted]] = model.predict(values)
        outlook.add(model, values, probability[places[is_wanted]], places[is_wanted])
        if watch is not None:
            found = places[is_wanted]
            watch(batch.customer_ids[is_wanted], values, probability[found], outlook.numbers["value_at_risk"][found])
    outlook.add_lapsed(model, orders, standing)
    return arrange(model, snapshot, standing, probability, outlook=outlook, by=by)


def _batches(
    model: FittedModel, orders: Orders, snapshot: Snapshot, rows: int, database: Database | None
) -> Iterator[Features]:
    """Give the features in batches; those of a few customers in memory by a kept query."""
    if isinstance(orders.database, MemoryDatabase):
        yield customer_features(orders, snapshot, names=model.names, database=orders.database)
        return
    yield from iterate_features(orders, snapshot, rows=rows, names=model.names, database=database)


def _collect(orders: Orders, query: Callable[[Orders, Snapshot], nw.LazyFrame[Any]], snapshot: Snapshot) -> Arrays:
    """Collect a query of this module, sorted by customer; over a few customers in memory by its kept text."""

    def write(cutoff: int) -> str:
        return str(query(orders, snapshot.at(cutoff)).sort(CUSTOMER).to_native().sql_query())

    database = orders.database
    if isinstance(database, MemoryDatabase):
        kept = run_kept(database, (query.__name__, snapshot.at(0)), write, snapshot.cutoff)
        if kept is not None:
            return kept
    return collect_arrays(query(orders, snapshot), sort_by=[CUSTOMER])


class _Outlook:
    """The columns of the outlook while they are filled, batch by batch."""

    def __init__(self, snapshot: Snapshot, size: int, valuation: Valuation) -> None:
        self.snapshot, self.valuation = snapshot, valuation
        self.numbers = {name: np.full(size, np.nan) for name in OUTLOOK_COLUMNS}
        self.alive = np.full(size, np.nan)

    def add(self, model: FittedModel, values: np.ndarray, probability: np.ndarray, places: np.ndarray) -> None:
        """Fill in the customers of a batch; dates as days for now."""
        prospects = model.look_ahead(values, probability)
        if prospects is None or not len(places):
            return
        for days, churn in prospects.churn.items():
            self.numbers[f"churn_probability_{days}_days"][places] = churn
        for name, column in zip(NEXT_ORDER, prospects.next_order.T, strict=True):
            self.numbers[name][places] = self.snapshot.outcome_start + column
        year = self.valuation.factor(365)
        factors = (self.valuation.factor(self.snapshot.horizon), year, year)
        for name, column, factor in zip(VALUES, prospects.revenue.T, factors, strict=True):
            self.numbers[name][places] = np.round(column * factor, MONEY_DECIMALS)
        self.alive[places] = np.round(prospects.alive, DECIMALS)

    def add_lapsed(self, model: FittedModel, orders: Orders, standing: Standing) -> None:
        """Fill in how likely customers are to return who have not bought for longer than the lookback."""
        if model.outlook is None or not (standing.days_since_last_order > self.snapshot.lookback).any():
            return
        ids, histories = lapsed_histories(orders, self.snapshot)
        places, is_wanted = find(ids, standing.customer_ids)
        returning = model.outlook.return_probability(histories, lead=self.snapshot.lead)
        self.numbers["return_probability"][places[is_wanted]] = np.round(returning[is_wanted], DECIMALS)
        alive = model.outlook.alive_probability(histories)
        self.alive[places[is_wanted]] = np.round(alive[is_wanted], DECIMALS)

    def columns(self) -> dict[str, np.ndarray]:
        """Give the columns, days as dates."""
        return {name: _to_dates(values) if name in NEXT_ORDER else values for name, values in self.numbers.items()}


def _to_dates(days: np.ndarray) -> np.ndarray:
    """Write day numbers as ISO dates, None where there is none."""
    distinct, place = np.unique(days, return_inverse=True)
    texts = np.array([None if np.isnan(day) else date_of(int(day)).isoformat() for day in distinct], dtype=object)
    dates: np.ndarray = texts[place]
    return dates


def lapsed_histories(orders: Orders, snapshot: Snapshot) -> tuple[np.ndarray, Summary]:
    """Look up who has bought before the cutoff but not within the lookback, and their history in three numbers."""
    found = _collect(orders, _find_lapsed, snapshot)
    histories = Summary(found["n"] - 1, found["last"] - found["first"], snapshot.cutoff - found["first"])
    return found[CUSTOMER].astype(object), histories


def _find_lapsed(orders: Orders, snapshot: Snapshot) -> nw.LazyFrame[Any]:
    day = nw.col("order_day")
    bought = orders.frame().filter(nw.col("is_purchase") == 1, snapshot.is_past(day))
    days = bought.select(CUSTOMER, "order_day").unique()
    customers = days.group_by(CUSTOMER).agg(n=nw.len(), first=day.min(), last=day.max())
    return customers.filter(nw.col("last") < snapshot.observation_start)


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
    return _standing(_collect(orders, _find_standing, snapshot), snapshot, has_amounts=orders.has_amounts)


def _find_standing(orders: Orders, snapshot: Snapshot) -> nw.LazyFrame[Any]:
    day, is_known = nw.col("order_day"), snapshot.is_past(nw.col("order_day"))
    bought = is_known & (nw.col("is_purchase") == 1)
    return (
        orders.frame()
        .group_by(CUSTOMER)
        .agg(
            last_day=nw.when(bought).then(day).max(),
            order_count=int_sum(nw.when(bought).then(nw.col("is_purchase"))),
            total_amount=int_sum(nw.when(is_known).then(nw.col("amount"))),
        )
    )


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
    model: FittedModel | SummaryModel,
    snapshot: Snapshot,
    standing: Standing,
    probability: np.ndarray,
    *,
    outlook: _Outlook | None = None,
    by: By = "risk",
) -> Scores:
    """Put the columns together and sort: by falling value at risk or probability, ties and the unscored by id."""
    if outlook is None:
        outlook = _Outlook(snapshot, standing.size, Valuation())
    is_scored = ~np.isnan(probability)
    has_bought = ~np.isnan(standing.days_since_last_order)
    status = np.where(is_scored, "scored", np.where(has_bought, "lapsed", "no_purchases")).astype(object)
    place = np.select([is_scored, has_bought], [0, 1], default=2)
    by_id = np.arange(standing.size)  # ids are sorted already
    order = np.lexsort((by_id, -np.nan_to_num(probability), place))
    rank = np.full(standing.size, np.nan)
    rank[order] = np.where(is_scored[order], by_id + 1.0, np.nan)
    at_risk = outlook.numbers["value_at_risk"]
    if by == "value" and not np.isnan(at_risk).all():
        order = np.lexsort((by_id, -np.nan_to_num(probability), -np.nan_to_num(at_risk), place))
    else:
        by = "risk"
    risk = model.bands.classify(probability)
    risk[~is_scored] = None
    columns: dict[str, Any] = {
        CUSTOMER: standing.customer_ids,
        "as_of": np.full(standing.size, date_of(snapshot.cutoff).isoformat(), dtype=object),
        "status": status,
        "churn_probability": probability,
        "risk": risk,
        "risk_rank": rank,
        "days_since_last_order": standing.days_since_last_order,
        "order_count": standing.order_count,
        "total_amount": np.full(standing.size, np.nan) if standing.total_amount is None else standing.total_amount,
        **outlook.columns(),
    }
    sorted_columns = {name: values[order] for name, values in columns.items()}
    return Scores(snapshot, sorted_columns, by, outlook.alive[order])
