"""Amounts of an order that stand on each of its lines: recognised by all orders of several lines, and by the header."""

from __future__ import annotations

import re

from churnrisk.engines import SqlEngine
from churnrisk.errors import AmbiguousFormat
from churnrisk.orders.rows import RowTable
from churnrisk.sources import ColumnMatch, IntakeOptions, plain_header

_OF_ORDER = re.compile(
    "order|grandtotal|invoicetotal|payment|zamowien|поръчк|заказ|замов|bestell|auftrag|rechnung|документ|чек|dozaplaty"
)
_OF_LINE = re.compile("line|item|row|position|(?<!total)price|cena|цена|цана|preis|позици|строк|unit|pozycj")
_LINE_SYSTEMS = ("1C", "Amazon", "Square", "Vend (Lightspeed)")
"""Systems whose amount is that of a line, unless its header says otherwise."""

ORDER = "customer_id, order_id, day"
_LEAST_ORDERS = 2
"""Orders of several lines that must agree before anything is concluded from them."""


_OF_SEVERAL = f"{ORDER}, amount < 0 HAVING count(*) > 1"
"""Orders of several lines; what came back on the same day is one of its own."""


def is_repeated(engine: SqlEngine, table: RowTable, column: str) -> bool | None:
    """Tell whether all lines of every order agree in an amount; None where no order says anything.

    Only orders of several lines with an amount other than zero speak.
    """
    query = f"""SELECT count(*), count(*) FILTER (WHERE least = most) FROM (
        SELECT min({column}) AS least, max({column}) AS most FROM {table.name}
        WHERE issue = 0 AND order_id IS NOT NULL GROUP BY {_OF_SEVERAL} AND max(abs({column})) > 0)"""
    [(several, agreeing)] = engine.rows_of(query)
    return None if not several else int(several) == int(agreeing)


def decide_totals(engine: SqlEngine, table: RowTable, match: ColumnMatch, options: IntakeOptions) -> bool:
    """Tell whether the amounts are totals of orders that are repeated on each line, so that each counts once.

    Raises
    ------
    AmbiguousFormat
        Where all lines of all orders agree, and the header does not say whose amount it is.
    """
    if options.amounts is not None:
        return options.amounts == "order"
    if table.has_own_ids:
        return False
    header = match.names["amount"]
    plain = plain_header(header)
    if "order_id" not in match.positions or (_OF_LINE.search(plain) and not _OF_ORDER.search(plain)):
        return False
    if (match.system in _LINE_SYSTEMS and not _OF_ORDER.search(plain)) or not is_repeated(engine, table, "amount"):
        return False
    if match.system or _OF_ORDER.search(plain):
        return True
    several = f"""SELECT count(*), min(order_id) FROM (SELECT order_id FROM {table.name}
        WHERE issue = 0 AND order_id IS NOT NULL GROUP BY {_OF_SEVERAL})"""
    [(count, example)] = engine.rows_of(several)
    if int(count) < _LEAST_ORDERS or _are_copies(engine, table):
        return False
    raise AmbiguousFormat(
        f"each of {count} orders of several lines has the same {header!r} on all of its lines, such as order "
        f"{example}: it may be the total of the order, repeated, or the amount of each line. Say which: --amounts "
        "order, or --amounts line.",
        code="amounts.total_or_line",
    )


def _are_copies(engine: SqlEngine, table: RowTable) -> bool:
    """Tell whether the lines of orders are nothing but exact copies of each other."""
    query = f"""SELECT count(*) FROM (SELECT 1 AS one FROM {table.name} WHERE issue = 0 AND order_id IS NOT NULL
        GROUP BY {_OF_SEVERAL} AND min(h) < max(h))"""
    return int(engine.rows_of(query)[0][0]) < _LEAST_ORDERS
