"""The day to train until, and the day to score at."""

from __future__ import annotations

import datetime as dt

from churnrisk.errors import NotEnoughData
from churnrisk.learning import FittedModel
from churnrisk.orders import Orders
from churnrisk.timeline import date_of, day_number, parse_day

CLOSED_DAYS = 7
"""A shop may have been closed for so long before ``as_of``; a log that ends earlier is taken to be cut off."""

Day = str | dt.date | None


def training_as_of(orders: Orders, as_of: Day) -> int:
    """Choose the first day that is not known: the day after the last order, or the one that is given.

    A given one may lie a week after the last order, since a shop has days off, and no further: a silence of all
    customers would be learned as if they had left.
    """
    after_last = orders.last_day + 1
    if as_of is None:
        return after_last
    day = to_day(as_of)
    if day > after_last + CLOSED_DAYS:
        raise NotEnoughData(
            f"--as-of {date_of(day)}: the log ends on {date_of(orders.last_day)}, and nobody knows who bought after "
            f"that. Take {date_of(after_last)} or earlier, or bring the newer orders."
        )
    if day <= orders.first_day:
        raise NotEnoughData(
            f"--as-of {date_of(day)}: the log begins on {date_of(orders.first_day)}, so nothing is known by then."
        )
    return day


def choose_as_of(model: FittedModel, orders: Orders, as_of: Day) -> int:
    """Choose the day to score at: the one given, else the day after the last order, but never before the model's own.

    A file of customers who left long ago ends long ago; taking its last order for today would make them look fresh.
    """
    if as_of is not None:
        return to_day(as_of)
    return max(orders.last_day + 1, model.snapshot.cutoff)


def to_day(day: str | dt.date) -> int:
    """Read a day that a user gave."""
    return parse_day(day, option="--as-of") if isinstance(day, str) else day_number(day)
