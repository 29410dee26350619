"""The day to train until, and the day to score at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from churnrisk import clock
from churnrisk.errors import NotEnoughData
from churnrisk.holes import LEAST_DAYS
from churnrisk.learning import FittedModel
from churnrisk.messages import wording, wordings
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
            f"--as-of {date_of(day)}: the log ends on {date_of(orders.last_day)}, and nobody knows the purchases after "
            f"that. Take {date_of(after_last)} or earlier, or bring the newer orders.",
            code="as_of.after_the_log",
        )
    if day <= orders.first_day:
        raise NotEnoughData(
            f"--as-of {date_of(day)}: the log begins on {date_of(orders.first_day)}, so nothing is known by then.",
            code="as_of.before_the_log",
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
    return parse_day(day, option="--as-of")


def today() -> int:
    """Return the day of today on this machine."""
    return day_number(clock.today())


_LONG_PAST = wordings(
    "The last order is of {last}, {days} days before {day}; before that the shop was never longer than {count} day "
    "without a purchase. If newer orders exist, bring them: whoever bought since looks silent.",
    "The last order is of {last}, {days} days before {day}; before that the shop was never longer than {count} days "
    "without a purchase. If newer orders exist, bring them: whoever bought since looks silent.",
)
_LONG_PAST_EVERY_DAY = wording(
    "The last order is of {last}, {days} days before {day}; before that no day was without a purchase. If newer orders "
    "exist, bring them: whoever bought since looks silent."
)


def say_if_long_past(last_day: int, longest_gap: int, day: int) -> Iterator[str]:
    """Say by date where a log ends long before a day: by more than two weeks, and than it ever was without a purchase.

    Parameters
    ----------
    last_day : int
        Of the log.
    longest_gap : int
        Most days in a row on which nobody bought.
    day : int
        As of which it is looked at, or today.
    """
    if day - 1 - last_day > max(LEAST_DAYS, longest_gap):
        words = _LONG_PAST[longest_gap != 1] if longest_gap else _LONG_PAST_EVERY_DAY
        yield words.format(last=date_of(last_day), days=day - last_day, day=date_of(day), count=longest_gap)


def say_if_card_long_past(card: Mapping[str, Any]) -> Iterator[str]:
    """Say the same of the log that a model was learned from, as of today."""
    if "longest_gap_days" in card:  # a card of an earlier version has none
        last = day_number(dt.date.fromisoformat(card["intake"]["last_on"]))
        yield from say_if_long_past(last, card["longest_gap_days"], today())
