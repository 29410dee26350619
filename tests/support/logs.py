"""Small purchase logs made in a test, on any engine, and a Hypothesis strategy for nasty ones."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import narwhals as nw
import pandas as pd
from hypothesis import strategies as st

from churnrisk.engines import Database
from churnrisk.schema import LINES, ORDERS, column_names
from support.undone import Key, undone_days


@dataclass(frozen=True)
class Row:
    """One purchase row: a line of an order. Amounts and quantities in ten-thousandths."""

    customer: str
    order: str
    day: int
    amount: int
    quantity: int = 10_000
    product: str = ""
    category: str = ""


@dataclass(frozen=True)
class Order:
    """One order, by the definitions of the data dictionary."""

    customer_id: str
    order_id: str
    order_day: int
    amount: int
    returned_amount: int
    quantity: int
    line_count: int
    is_purchase: int
    is_return: int
    undone_day: int

    def bought(self, known_before: int) -> bool:
        """Whether it was a purchase as far as rows before a day tell."""
        return bool(self.is_purchase) and self.order_day < known_before <= self.undone_day


@dataclass(frozen=True)
class PlainLog:
    """A log as plain rows: what the oracles read, and what logs on engines are made of."""

    rows: tuple[Row, ...]
    has_amounts: bool = True
    has_quantities: bool = True
    has_products: bool = True
    has_categories: bool = True

    def orders(self, *, reversals: str = "undo", reversal_days: int = 30) -> list[Order]:
        """Group rows to orders, as intake does, in plain Python."""
        grouped: dict[Key, list[Row]] = defaultdict(list)
        for row in self.rows:
            grouped[Key(row.customer, row.order, row.day)].append(row)
        nets = {
            key: sum(row.amount if self.has_amounts else row.quantity * self.has_quantities for row in rows)
            for key, rows in grouped.items()
        }
        undone = undone_days(nets, reversals=reversals, reversal_days=reversal_days)
        return [self._order(key, rows, undone[key]) for key, rows in grouped.items()]

    def _order(self, key: Key, rows: Sequence[Row], undone_day: int) -> Order:
        amount = sum(row.amount for row in rows) if self.has_amounts else 0
        returned = sum(max(0, -row.amount) for row in rows) if self.has_amounts else 0
        quantity = sum(row.quantity for row in rows) if self.has_quantities else 0
        decides = amount if self.has_amounts else quantity
        is_purchase = (amount > 0 if self.has_amounts else decides >= 0) and undone_day != key.day
        kinds = int(is_purchase), int(decides < 0)
        return Order(*key, amount, returned, quantity, len(rows), *kinds, undone_day)

    def lines(self) -> list[dict[str, Any]]:
        """Return the rows as the data dictionary's lines."""
        return [
            {
                "customer_id": row.customer,
                "order_day": row.day,
                "product_id": row.product if self.has_products else "",
                "category": row.category if self.has_categories else "",
                "amount": row.amount if self.has_amounts else 0,
                "quantity": row.quantity if self.has_quantities else 0,
            }
            for row in self.rows
        ]

    def keep(self, condition: Callable[[Row], bool]) -> PlainLog:
        """Return the log with only those rows."""
        return replace(self, rows=tuple(row for row in self.rows if condition(row)))

    def each(self, change: Callable[[Row], Row]) -> PlainLog:
        """Return the log with every row changed."""
        return replace(self, rows=tuple(change(row) for row in self.rows))


@dataclass
class EngineLog:
    """A log on an engine, in the shape that features and labels ask for."""

    plain: PlainLog
    make_frame: Callable[[pd.DataFrame, str], Any]
    _native: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        facts = self.plain
        self.has_amounts, self.has_quantities = facts.has_amounts, facts.has_quantities
        self.has_products, self.has_categories = facts.has_products, facts.has_categories

    def frame(self) -> nw.LazyFrame[Any]:
        return self._lazy("orders", orders_table)

    def lines(self) -> nw.LazyFrame[Any] | None:
        if not (self.has_products or self.has_categories):
            return None
        return self._lazy("lines", lines_table)

    def _lazy(self, name: str, table: Callable[[PlainLog], pd.DataFrame]) -> nw.LazyFrame[Any]:
        if name not in self._native:
            self._native[name] = self.make_frame(table(self.plain), name)
        made = self._native[name]
        frame: nw.LazyFrame[Any] = nw.from_native(made() if callable(made) else made).lazy()
        return frame


def orders_table(log: PlainLog) -> pd.DataFrame:
    """Return a log's orders as a table with the types of the data dictionary."""
    names = column_names(ORDERS)
    return _typed(pd.DataFrame([[getattr(o, n) for n in names] for o in log.orders()], columns=list(names)))


def lines_table(log: PlainLog) -> pd.DataFrame:
    """Return a log's lines as a table with the types of the data dictionary."""
    return _typed(pd.DataFrame(log.lines(), columns=list(column_names(LINES))))


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    types = {column.name: column.type for column in (*ORDERS, *LINES)}
    return table.astype({name: "object" if types[name] == "text" else "int64" for name in table.columns})


def polars_log(plain: PlainLog) -> EngineLog:
    """Put a log on Polars."""
    import polars as pl

    schema = {"text": pl.String(), "int64": pl.Int64()}
    types = {column.name: schema[column.type] for column in (*ORDERS, *LINES)}

    def make(table: pd.DataFrame, _: str) -> Any:
        columns = {name: table[name].to_list() for name in table.columns}
        return pl.DataFrame(columns, schema={name: types[name] for name in columns}).lazy()

    return EngineLog(plain, make)


def duckdb_log(plain: PlainLog, database: Database) -> EngineLog:
    """Put a log into a DuckDB database, in place of any that was there."""
    types = {column.name: {"text": "VARCHAR", "int64": "BIGINT"}[column.type] for column in (*ORDERS, *LINES)}

    def make(table: pd.DataFrame, name: str) -> Any:
        columns = ", ".join(f"{column} {types[column]}" for column in table.columns)
        database.connection.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
        if len(table):
            database.connection.register("incoming", table)
            database.connection.execute(f"INSERT INTO {name} SELECT * FROM incoming")
            database.connection.unregister("incoming")
        return lambda: database.connection.table(name)

    return EngineLog(plain, make)


def spark_log(plain: PlainLog, session: Any) -> EngineLog:
    """Put a log on Spark."""
    types = {column.name: {"text": "string", "int64": "bigint"}[column.type] for column in (*ORDERS, *LINES)}

    def make(table: pd.DataFrame, _: str) -> Any:
        schema = ", ".join(f"{column} {types[column]}" for column in table.columns)
        return session.createDataFrame(table.to_dict("split")["data"], schema=schema)

    return EngineLog(plain, make)


CUTOFF = 15_000
"""The cutoff around which random logs lie; any day would do."""


def seeded_log(*, seed: int, customers: int = 40, rows: int = 1_500) -> PlainLog:
    """Make a log with all columns and all kinds of customers, the same for the same seed."""
    draw = random.Random(seed)
    made = []
    who, order, day = "c000", "o0", CUTOFF
    for number in range(rows):
        if draw.random() < 0.7:  # else one more row of the same order
            who, order = f"c{int(customers * draw.random() ** 2):03d}", f"o{draw.randrange(rows // 2)}"
            day = CUTOFF - (draw.randint(-100, 900) if number % 20 else 0)
        product, category = f"p{int(60 * draw.random() ** 3)}", draw.choice(["", "a", "b", "c", "d"])
        money, items = draw.randint(-20, 200) * 997, draw.randint(-1, 9) * 10_000
        made.append(Row(who, order, day, money, items, "" if product == "p0" else product, category))
        if number % 50 == 0:  # a one-time buyer, and somebody who only returns
            made.append(Row(f"once{number}", f"once{number}", CUTOFF - draw.randint(1, 300), 50_000, product="p1"))
            made.append(Row(f"back{number}", f"back{number}", CUTOFF - draw.randint(1, 300), -50_000, -10_000))
    return PlainLog(tuple(made))


def random_logs(*, customers: int = 4, span: int = 900, after: int = 120) -> st.SearchStrategy[PlainLog]:
    """Draw logs around :data:`CUTOFF` with everything that has gone wrong somewhere.

    Customers with returns only, several orders a day, orders of zero, rows returned within a purchase, one-time
    buyers, orders on the cutoff itself, logs without amounts, quantities, products or categories.
    """
    near_edges = [CUTOFF, CUTOFF - 1, CUTOFF - 30, CUTOFF - 365, CUTOFF - 366, CUTOFF - 365 + 29, CUTOFF + 30]
    day = st.one_of(st.integers(CUTOFF - span, CUTOFF + after), st.sampled_from(near_edges))
    amount = st.one_of(st.integers(-500_000, 2_000_000), st.sampled_from([0, 10_000, 99_900, 199_900]))
    line = st.tuples(
        amount, st.integers(-3, 12), st.sampled_from(["", "p1", "p2", "p3"]), st.sampled_from(["", "a", "b"])
    )
    order = st.tuples(st.integers(1, customers), day, st.lists(line, min_size=1, max_size=3))
    flags = st.tuples(*[st.sampled_from([True, True, False])] * 4)
    return st.builds(_log_from_orders, st.lists(order, max_size=40), flags)


def _log_from_orders(
    orders: list[tuple[int, int, list[tuple[int, int, str, str]]]], flags: tuple[bool, ...]
) -> PlainLog:
    rows = [
        Row(f"c{who}", f"o{number}", day, amount, items * 10_000, product, category)
        for number, (who, day, lines) in enumerate(orders)
        for amount, items, product, category in lines
    ]
    has_amounts, has_quantities, has_products, has_categories = flags
    return PlainLog(tuple(rows), has_amounts, has_quantities, has_products, has_categories)


def logs_with_returns(*, customers: int = 3) -> st.SearchStrategy[PlainLog]:
    """Draw logs around :data:`CUTOFF` in which what is booked later bears on what was booked before.

    Purchases with what came of them: part deliveries, refunds in parts and whole, reversals under another id or none,
    on the same day or later. Receipt numbers are few, so they are used again, by the same customers and by others.
    """
    story = st.tuples(
        st.integers(1, customers),
        st.sampled_from(["1", "2", "3", "4", ""]),
        st.integers(CUTOFF - 60, CUTOFF + 20),
        st.sampled_from([10, 20, 20, 30]),
        st.lists(st.tuples(st.sampled_from(_FATES), st.sampled_from([0, 1, 5, 15, 29, 30, 31, 45])), max_size=3),
    )
    rows = st.lists(story, min_size=2, max_size=8).map(lambda told: tuple(dict.fromkeys(_rows_of(told))))
    return st.builds(PlainLog, rows, has_amounts=st.sampled_from([True, True, False]), has_categories=st.just(False))


_FATES = ("delivery", "part", "whole", "whole", "reversal", "reversal")


def _rows_of(stories: list[tuple[int, str, int, int, list[tuple[str, int]]]]) -> Iterator[Row]:
    for who, order, first_day, bought, fates in stories:
        events = [("sale", 0), *fates]
        for fate, days in events:
            units = {"sale": bought, "delivery": 10, "part": -10}.get(fate, -bought)
            name = "9" if fate == "reversal" else order
            yield Row(f"c{who}", name, first_day + days, units * 10_000, units * 10_000, f"p{bought}")
