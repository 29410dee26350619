"""A few purchase rows whose meaning is not in doubt, typed by the sender, made into orders without an engine.

The rules are those of :mod:`churnrisk.orders.rows` and :mod:`churnrisk.orders.clean`, in plain Python, since for a
handful of rows an engine takes longer to start than to run.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

from churnrisk.clock import today
from churnrisk.engines import MemoryDatabase
from churnrisk.errors import LimitExceeded, SourceError
from churnrisk.orders.log import Orders
from churnrisk.orders.rows import TOTAL_LIMIT
from churnrisk.orders.undone import find_undone
from churnrisk.schema import LINES, MONEY_LIMIT, MONEY_SCALE, NEVER, ORDERS, column_names
from churnrisk.sources import SPACES, IntakeOptions
from churnrisk.timeline import day_number

_EXACT = Context(prec=60)
_END_OF_DAY = re.compile(r"([0-9W-]{8,10}[T ])24((?:$|:?00(?::?00(?:[.,]0+)?)?)(?:Z|[+-][0-9:]+)?)")
_UNIT = Decimal(1).scaleb(-4)
_TYPES = {"text": "VARCHAR", "int64": "BIGINT"}
ORDER_TYPES = {column.name: _TYPES[column.type] for column in ORDERS}
_PLACE = {name: place for place, name in enumerate(column_names(ORDERS))}
LINE_TYPES = {column.name: _TYPES[column.type] for column in LINES}


@dataclass(frozen=True)
class PurchaseRow:
    """One purchase row as text; None where it says nothing."""

    customer_id: str
    ordered_at: str
    amount: str | None = None
    order_id: str | None = None
    quantity: str | None = None
    product_id: str | None = None
    category: str | None = None


@dataclass(frozen=True)
class FewOrders:
    """Orders and their rows, as tuples in the order of ``schema.ORDERS`` and ``schema.LINES``.

    Parameters
    ----------
    orders, lines : list of tuple
        One for each order, and one for each purchase row.
    has_amounts, has_quantities, has_products, has_categories : bool
        What the rows know.
    """

    orders: list[tuple[Any, ...]]
    lines: list[tuple[Any, ...]]
    has_amounts: bool
    has_quantities: bool
    has_products: bool
    has_categories: bool

    @property
    def facts(self) -> dict[str, bool]:
        """What the rows know, by name."""
        return {name: getattr(self, name) for name in FACTS}


FACTS = ("has_amounts", "has_quantities", "has_products", "has_categories")


@dataclass(frozen=True)
class _Read:
    customer_id: str
    order_id: str | None
    day: int
    amount: int
    quantity: int
    product_id: str
    category: str


def build_few_orders(
    rows: Sequence[PurchaseRow],
    options: IntakeOptions | None = None,
    *,
    needs_amounts: bool | None = None,
    keep_copies: bool = False,
) -> FewOrders:
    """Make orders of purchase rows: rows of one customer with one order id on one day, or of the day without an id.

    Parameters
    ----------
    rows : sequence of PurchaseRow
        At least one.
    options : IntakeOptions, optional
        The time zone, what becomes of ids and of copies, and which purchases returns undo. Exact copies of rows are
        dropped in any case where each order is one row, as they are from a file.
    keep_copies : bool
        Whether exact copies of rows stay whatever else holds: an order that is sent twice is known by its id.
    needs_amounts : bool, optional
        Whether the log that they join has amounts; by default these rows decide, which all have one or none has.

    Raises
    ------
    SourceError
        For a value that cannot be, naming its row (the first is 1) and column.
    LimitExceeded
        Where amounts or quantities add up to more than is counted.
    """
    how = options or IntakeOptions()
    has_amounts = any(row.amount is not None for row in rows) if needs_amounts is None else needs_amounts
    zone = None if how.timezone is None else zoneinfo.ZoneInfo(how.timezone)
    read = [_read_row(row, k, has_amounts=has_amounts, zone=zone) for k, row in enumerate(rows, start=1)]
    if how.fold_case or how.fold_ids or how.pseudonym_key:
        read = [_Read(how.own_id(one.customer_id), *list(vars(one).values())[1:]) for one in read]
    if not keep_copies:
        read = _drop_copies(rows, read, always=how.drop_duplicates)
    _check_totals(read)
    groups: dict[tuple[Any, ...], list[_Read]] = {}
    for one in read:
        groups.setdefault((one.customer_id, one.order_id, one.day), []).append(one)
    made = [_make_order(group, has_amounts=has_amounts) for group in groups.values()]
    orders = mark_undone(made, has_amounts=has_amounts, reversals=how.reversals, reversal_days=how.reversal_days)
    lines = [
        (one.customer_id, one.day, one.product_id, one.category, one.amount, one.quantity)
        for group in groups.values()
        for one in group
    ]
    has_products, has_categories = (any(getattr(row, name) for row in rows) for name in ("product_id", "category"))
    has_quantities = any(row.quantity is not None for row in rows)
    return FewOrders(orders, lines, has_amounts, has_quantities, has_products, has_categories)


def mark_undone(
    orders: Sequence[tuple[Any, ...]], *, has_amounts: bool, reversals: str = "undo", reversal_days: int = 30
) -> list[tuple[Any, ...]]:
    """Tell of orders anew on which day returns have taken each back whole, and with that which are purchases.

    Parameters
    ----------
    orders : sequence of tuple
        In the order of :data:`churnrisk.schema.ORDERS`; all orders of each of their customers.
    has_amounts : bool
        Whether amounts tell purchases from returns; else quantities do.
    reversals, reversal_days
        As in :class:`churnrisk.orders.IntakeOptions`.
    """
    net = _PLACE["amount" if has_amounts else "quantity"]
    of_customer: dict[str, list[int]] = {}
    for place, order in enumerate(orders):
        of_customer.setdefault(order[0], []).append(place)
    undone: dict[int, int] = {}
    for places in of_customer.values():
        if reversals == "undo" and any(orders[place][net] < 0 for place in places):
            mine = [(orders[place][1], orders[place][2], orders[place][net]) for place in places]
            found = find_undone(mine, reversal_days=reversal_days)
            undone |= {places[own]: day for own, day in found.items()}
    return [
        _mark(order, undone.get(place, NEVER), is_sale=order[net] > 0 or (order[net] == 0 and not has_amounts))
        for place, order in enumerate(orders)
    ]


def _mark(order: tuple[Any, ...], undone_day: int, *, is_sale: bool) -> tuple[Any, ...]:
    marked = list(order)
    marked[_PLACE["is_purchase"]] = int(is_sale and undone_day != order[2])
    marked[_PLACE["undone_day"]] = undone_day
    return tuple(marked)


def trim_text(text: str) -> str:
    """Take off the spaces that intake takes off every value."""
    return text.strip(SPACES)


def open_few(database: MemoryDatabase, few: FewOrders, facts: Mapping[str, bool] | None = None) -> Orders:
    """Put orders into a small database in memory, in place of those that were in it; closing them closes nothing.

    Parameters
    ----------
    database : MemoryDatabase
        Made by :func:`few_database`.
    few : FewOrders
        What to put there.
    facts : mapping of str to bool, optional
        What the log that they are part of knows; by default what they know themselves.
    """
    database.fill("orders", ORDER_TYPES, few.orders)
    database.fill("order_lines", LINE_TYPES, few.lines)
    days = [order[2] for order in few.orders] or [0]
    known: dict[str, Any] = dict(few.facts if facts is None else facts)
    return Orders(database, None, first_day=min(days), last_day=max(days), **known)


def few_database() -> MemoryDatabase:
    """Make the small database that :func:`open_few` fills."""
    database = MemoryDatabase()
    database.make_table("orders", ORDER_TYPES, day="order_day")
    database.make_table("order_lines", LINE_TYPES, day="order_day")
    return database


def _make_order(group: Sequence[_Read], *, has_amounts: bool) -> tuple[Any, ...]:
    amount, quantity = sum(one.amount for one in group), sum(one.quantity for one in group)
    net = amount if has_amounts else quantity
    returned = sum(-one.amount for one in group if one.amount < 0) if has_amounts else 0
    return (
        group[0].customer_id,
        group[0].order_id or "",
        group[0].day,
        amount,
        returned,
        quantity,
        len(group),
        0,  # whether it is a purchase is told with what is undone
        int(net < 0),
        NEVER,
    )


def _read_row(row: PurchaseRow, place: int, *, has_amounts: bool, zone: zoneinfo.ZoneInfo | None) -> _Read:
    customer = row.customer_id.strip(SPACES)
    if not customer:
        raise SourceError(f"row {place}, customer_id: is empty; every purchase needs its customer.")
    if has_amounts and row.amount is None:
        raise SourceError(f"row {place}, amount: is missing, and other purchases have one; give it in every row.")
    return _Read(
        customer,
        (row.order_id or "").strip(SPACES) or None,
        read_day(row.ordered_at, place, zone),
        read_units(row.amount, place, "amount") if has_amounts and row.amount is not None else 0,
        0 if row.quantity is None else read_units(row.quantity, place, "quantity"),
        (row.product_id or "").strip(SPACES),
        (row.category or "").strip(SPACES),
    )


def read_day(
    text: str, place: int, zone: zoneinfo.ZoneInfo | None, *, name: str = "ordered_at", is_past: bool = True
) -> int:
    """Return the day of an ISO date or time by the shop's clock: that of ``zone`` for times with an offset.

    24:00 is the end of its day, which is the next one, as in a file. ``is_past`` refuses a day to come.
    """
    try:
        written = text.strip(SPACES)
        is_end = _END_OF_DAY.fullmatch(written)
        moment = dt.datetime.fromisoformat(written if is_end is None else "00".join(is_end.groups("")))
        moment += dt.timedelta(days=is_end is not None)
        if zone is not None and moment.tzinfo is not None:
            moment = moment.astimezone(zone)
    except (ValueError, OverflowError):
        raise SourceError(
            f"row {place}, {name} {text[:60]!r}: is no date or time; write 2026-01-31 or 2026-01-31T12:30:00."
        ) from None
    day = day_number(moment.date())
    if day < 0 or (is_past and day > day_number(today()) + 1):  # the shop may be a time zone ahead of us
        raise SourceError(f"row {place}, {name} {text[:60]!r}: lies before 1970 or in the future; mend the date.")
    return day


def read_units(text: str, place: int, name: str) -> int:
    """Read a decimal number into ten-thousandths, half to even."""
    try:
        exact = Decimal(text.strip(SPACES))
        if not exact.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise SourceError(f"row {place}, {name} {text[:60]!r}: is no number; write it as 1234.50.") from None
    if abs(exact) > MONEY_LIMIT:
        raise SourceError(f"row {place}, {name} {text[:60]!r}: is larger than {MONEY_LIMIT:.0e}; look for a mistake.")
    return int(exact.quantize(_UNIT, ROUND_HALF_EVEN, _EXACT).scaleb(4, _EXACT))


def _drop_copies(rows: Sequence[PurchaseRow], read: list[_Read], *, always: bool) -> list[_Read]:
    """Drop exact copies where each order is one row without them, or where that is asked for."""
    seen = Counter(rows)
    if len(seen) == len(rows):
        return read
    keys = {(one.customer_id, one.order_id, one.day) for one in read}
    is_order_level = all(one.order_id is not None for one in read) and len(keys) == len(seen)
    if not (always or is_order_level):
        return read
    first: dict[PurchaseRow, _Read] = {}
    for row, one in zip(rows, read, strict=True):
        first.setdefault(row, one)
    return list(first.values())


def _check_totals(read: Iterable[_Read]) -> None:
    amount = quantity = 0
    for one in read:
        amount, quantity = amount + abs(one.amount), quantity + abs(one.quantity)
    if max(amount, quantity) > TOTAL_LIMIT:
        raise LimitExceeded(
            f"the amounts or quantities add up to {max(amount, quantity) // MONEY_SCALE:.3e}, more than "
            f"{TOTAL_LIMIT // MONEY_SCALE:.0e}; look for rows with absurd values.",
            code="limit.total_of_amounts",
        )
