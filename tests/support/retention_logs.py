"""Small logs for the retention figures."""

from __future__ import annotations

from itertools import count
from typing import Any

from churnrisk.orders import Orders
from churnrisk.schema import MONEY_SCALE
from support.logs import EngineLog, PlainLog, Row, polars_log

_numbers = count()


def as_log(log: EngineLog, **facts: Any) -> Orders:
    """Make orders of a log on an engine."""
    return Orders.from_frame(log.frame(), has_amounts=log.has_amounts, **facts)


def buy(customer: str, *days: int, amount: float = 10) -> list[Row]:
    """Return one row for each purchase (or, below zero, return) of a customer."""
    return [Row(customer, f"o{next(_numbers)}", day, round(amount * MONEY_SCALE)) for day in days]


def small_log(*rows: Row) -> Orders:
    """Make orders of a few rows, in memory."""
    return as_log(polars_log(PlainLog(tuple(rows))))
