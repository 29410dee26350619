"""Scores: their columns, and the order in which they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from churnrisk.btyd import Summary
from churnrisk.forecast import REPORTED, Valuation
from churnrisk.learning import FittedModel, SummaryModel
from churnrisk.orders import Orders
from churnrisk.schema import STATUSES, By
from churnrisk.scoring.standing import CUSTOMER, Standing, find, lapsed_histories
from churnrisk.timeline import Snapshot, date_of

DECIMALS, MONEY_DECIMALS = 9, 2
NEXT_ORDER = ("next_order_from_on", "next_order_on", "next_order_to_on")
VALUES = ("expected_value_horizon", "expected_value_365_days", "value_at_risk", "value_at_risk_most")
OUTLOOK_COLUMNS = (
    *(f"churn_probability_{days}_days" for days in REPORTED),
    "next_order_on",
    "next_order_from_on",
    "next_order_to_on",
    *VALUES,
    "return_probability",
)
"""What stands behind ``total_amount``; all of it is empty in scores of a file with one row per customer."""

"""What scores are sorted by: falling value at risk, or falling churn probability."""


@dataclass(frozen=True)
class Scores:
    """Customers with their churn probability, the most important first, the others after them by id.

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
        probability: a customer that is alive may well buy nothing in the horizon.
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


class OutlookColumns:
    """The columns of the outlook while they are filled, batch by batch."""

    def __init__(self, snapshot: Snapshot, size: int, valuation: Valuation) -> None:
        self.snapshot, self.valuation = snapshot, valuation
        self.numbers = {name: np.full(size, np.nan) for name in OUTLOOK_COLUMNS}
        self.alive = np.full(size, np.nan)

    def add(self, model: FittedModel, values: np.ndarray, probability: np.ndarray, places: np.ndarray) -> None:
        """Fill in the customers of a batch; dates as days for now."""
        prospects = model.look_ahead(values, probability, cutoff=self.snapshot.cutoff)
        if prospects is None or not len(places):
            return
        for days, churn in prospects.churn.items():
            self.numbers[f"churn_probability_{days}_days"][places] = churn
        for name, column in zip(NEXT_ORDER, prospects.next_order.T, strict=True):
            self.numbers[name][places] = self.snapshot.outcome_start + column
        value = self.valuation.discount(prospects.revenue, self.snapshot.horizon)
        for name, column in zip(VALUES, value.T, strict=True):
            self.numbers[name][places] = np.round(column, MONEY_DECIMALS)
        self.alive[places] = np.round(prospects.alive, DECIMALS)

    def add_lapsed(self, model: FittedModel, orders: Orders, standing: Standing) -> None:
        """Fill in how likely customers without a purchase in the lookback are to return."""
        if model.outlook is None or not (standing.days_since_last_order > self.snapshot.lookback).any():
            return
        ids, histories = lapsed_histories(orders, self.snapshot)
        places, is_wanted = find(ids, standing.customer_ids)
        returning = model.outlook.return_probability(histories, lead=self.snapshot.lead)
        self.numbers["return_probability"][places[is_wanted]] = np.round(returning[is_wanted], DECIMALS)
        alive = model.outlook.alive_probability(histories)
        self.alive[places[is_wanted]] = np.round(alive[is_wanted], DECIMALS)

    def add_histories(self, model: FittedModel, histories: Summary, places: np.ndarray) -> None:
        """Fill in how likely the customers at some places are to return, of whose history three numbers are known."""
        if model.outlook is None or not len(places):
            return
        returning = model.outlook.return_probability(histories, lead=self.snapshot.lead)
        self.numbers["return_probability"][places] = np.round(returning, DECIMALS)
        self.alive[places] = np.round(model.outlook.alive_probability(histories), DECIMALS)


def to_dates(days: np.ndarray) -> np.ndarray:
    """Write day numbers as ISO dates, None where there is none."""
    distinct, place = np.unique(days, return_inverse=True)
    texts = np.array([None if np.isnan(day) else date_of(int(day)).isoformat() for day in distinct], dtype=object)
    dates: np.ndarray = texts[place]
    return dates


def arrange(
    model: FittedModel | SummaryModel,
    snapshot: Snapshot,
    standing: Standing,
    probability: np.ndarray,
    *,
    outlook: OutlookColumns | None = None,
    by: By = "risk",
) -> Scores:
    """Put the columns together and sort: by falling value at risk or probability, ties and the unscored by id."""
    if outlook is None:
        outlook = OutlookColumns(snapshot, standing.size, Valuation())
    is_scored = ~np.isnan(probability)
    has_bought = ~np.isnan(standing.days_since_last_order)
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
    columns = dress(model, snapshot, standing, probability, rank, outlook.numbers)
    return Scores(snapshot, {name: values[order] for name, values in columns.items()}, by, outlook.alive[order])


def dress(
    model: FittedModel | SummaryModel,
    snapshot: Snapshot,
    standing: Standing,
    probability: np.ndarray,
    rank: np.ndarray,
    outlook: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Return the columns of scores, row by row what the numbers say: words for them, and dates for days.

    A word is one object however many rows have it; of a million customers each column of words has 55 MB otherwise.
    """
    is_scored = ~np.isnan(probability)
    has_bought = ~np.isnan(standing.days_since_last_order)
    risk = model.bands.classify(probability)
    risk[~is_scored] = None
    return {
        CUSTOMER: standing.customer_ids,
        "as_of": np.array([date_of(snapshot.cutoff).isoformat()], dtype=object).repeat(standing.size),
        "status": np.array(STATUSES, dtype=object)[np.select([is_scored, has_bought], [0, 1], 2)],
        "churn_probability": probability,
        "risk": risk,
        "risk_rank": rank,
        "days_since_last_order": standing.days_since_last_order,
        "order_count": standing.order_count,
        "total_amount": np.full(standing.size, np.nan) if standing.total_amount is None else standing.total_amount,
        **{name: to_dates(outlook[name]) if name in NEXT_ORDER else outlook[name] for name in OUTLOOK_COLUMNS},
    }
