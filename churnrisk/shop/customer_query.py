"""Which customers are asked for, as conditions of a generation: names of ours in the text, all values bound."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from churnrisk.errors import BadQuery
from churnrisk.messages import mark, wording
from churnrisk.retention import SEGMENTS
from churnrisk.schema import RISKS, SORTS, STATUSES, Sort
from churnrisk.timeline import date_of, parse_day
from churnrisk.week_list import LATE

MOST_ROWS = 500
MOST_NUMBER = 10**6
"""Of days and of orders in a filter."""

NOT_KNOWN = wording("{what} {name}: not known; give one of {names}.")
OUT_OF_RANGE = wording("{what} {name}: give a whole number from 0 to {most}.")
NO_DAY = wording("{what} {name}: write the day as 2026-01-31.")
TURNED = mark("Of two bounds the first is the lower one.")

_NUMBERS = (
    *("min_days_since_last_order", "max_days_since_last_order", "min_order_count", "max_order_count"),
    *("due_within", "overdue"),
)
_DAYS = ("first_order_from", "first_order_to")
_PAIRS = (_NUMBERS[:2], _NUMBERS[2:4], _DAYS)


@dataclass(frozen=True)
class CustomerQuery:
    """Which customers to list, and from where.

    Parameters
    ----------
    segments, risks, statuses : tuple of str
        Only these; empty for all.
    min_value : float, optional
        Only with so much value at risk at least.
    prefix : str
        Only whose id begins so.
    sort : {"value", "risk", "id"}
        Falling value at risk, falling churn probability, or rising id.
    limit : int
        Rows of a page, 1 to 500.
    cursor : str, optional
        What the page before gave as its ``next_cursor``.
    min_days_since_last_order, max_days_since_last_order : int, optional
        Only with so many days since the last order.
    min_order_count, max_order_count : int, optional
        Only with so many orders.
    due_within : int, optional
        Only scored customers whose next order, if there is one, is expected within so many days.
    overdue : bool
        Only scored customers who have been silent for more than one and a half times of what is usual of them, as
        their three or more purchase days tell.
    last_bought : str
        Only with this product id or category, or a product whose name has these words in it, among what was bought on
        the last purchase day; capitals make no difference.
    first_order_from, first_order_to : str, optional
        Only whose first purchase was on these days, as ISO dates, both included.
    """

    segments: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    min_value: float | None = None
    prefix: str = ""
    sort: Sort = "value"
    limit: int = 50
    cursor: str | None = None
    min_days_since_last_order: int | None = None
    max_days_since_last_order: int | None = None
    min_order_count: int | None = None
    max_order_count: int | None = None
    due_within: int | None = None
    overdue: bool = False
    last_bought: str = ""
    first_order_from: str | None = None
    first_order_to: str | None = None

    def __post_init__(self) -> None:
        for name, given, known in (
            ("segment", self.segments, tuple(SEGMENTS)),
            ("risk", self.risks, RISKS),
            ("status", self.statuses, STATUSES),
            ("sort", (self.sort,), SORTS),
        ):
            for value in given:
                if value not in known:
                    raise BadQuery(NOT_KNOWN.format(what=name, name=repr(value[:60]), names=", ".join(known)))
        if not 1 <= self.limit <= MOST_ROWS:
            raise BadQuery(f"limit {self.limit}: give 1 to {MOST_ROWS}.")
        self._check_numbers()
        for name in _DAYS:
            _check_day(name, getattr(self, name))
        for least, most in _PAIRS:
            low, high = getattr(self, least), getattr(self, most)
            if low is not None and high is not None and low > high:
                raise BadQuery(TURNED)

    def _check_numbers(self) -> None:
        for name in _NUMBERS:
            value = getattr(self, name)
            if value is not None and not 0 <= value <= MOST_NUMBER:
                raise BadQuery(OUT_OF_RANGE.format(what=name, name=value, most=MOST_NUMBER))


def _check_day(name: str, text: str | None) -> None:
    if text is None:
        return
    try:
        is_day = dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_day = False
    if not is_day:
        raise BadQuery(NO_DAY.format(what=name, name=repr(text[:60])))


def write_conditions(query: CustomerQuery, *, as_of: int, without: Sequence[int]) -> tuple[str, list[Any]]:
    """Return what customers must meet, for the table ``scored`` of a generation as of a day, and the values in it."""
    parts: list[str] = ["true"]
    values: list[Any] = []
    if without:
        parts.append("number NOT IN (SELECT unnest(CAST(? AS BIGINT[])))")
        values.append(tuple(without))
    for condition, given in (*_of_scores(query), *_of_pasts(query, as_of)):
        parts.append(condition)
        values += given
    return " AND ".join(parts), values


def _of_scores(query: CustomerQuery) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for column, given in (("segment", query.segments), ("risk", query.risks), ("status", query.statuses)):
        if given:
            yield f"{column} IN ({', '.join('?' for _ in given)})", given
    if query.prefix:
        yield "starts_with(customer_id, ?)", (query.prefix,)
    for condition, value in (
        ("value_at_risk >= ?", query.min_value),
        ("days_since_last_order >= ?", query.min_days_since_last_order),
        ("days_since_last_order <= ?", query.max_days_since_last_order),
        ("order_count >= ?", query.min_order_count),
        ("order_count <= ?", query.max_order_count),
    ):
        if value is not None:
            yield condition, (value,)


def _of_pasts(query: CustomerQuery, as_of: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    past = "number IN (SELECT number FROM pasts WHERE {})"
    if query.due_within is not None:
        last = date_of(as_of + query.due_within).isoformat()
        yield "status = 'scored' AND next_order_on <= ?", (last,)
    if query.overdue:
        yield "status = 'scored' AND " + past.format("? - last_day > ? * usual_gap"), (as_of, LATE)
    for sign, day in ((">=", query.first_order_from), ("<=", query.first_order_to)):
        if day is not None:
            yield past.format(f"first_day {sign} ?"), (parse_day(day, option="first_order"),)
    if query.last_bought:
        bought = (
            "number IN (SELECT number FROM last_bought WHERE item IN (SELECT item FROM items WHERE "
            "lower(product_id) = lower(?) OR lower(category) = lower(?) OR contains(lower(name), lower(?))))"
        )
        yield bought, (query.last_bought,) * 3
