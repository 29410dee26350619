"""Orders: the log of a shop, cleaned, as every later stage reads it."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import narwhals as nw

from churnrisk.dated import AttributeTable, DatedTable, TablesBeside, table_of
from churnrisk.engines import Database, collect_arrays, keep_customers
from churnrisk.orders.drawing import Draw, DrawnCustomers, draw_customers
from churnrisk.orders.report import IntakeReport
from churnrisk.schema import LINES, column_names


class Keeper(Protocol):
    """What the frames of orders lie in where that is no database of ours: a Spark, say."""

    def digest_rows(self, frame: Any) -> tuple[int, int, int]:
        """Count rows, and sum the lower and upper halves of the MD5 of each, its columns joined by U+001F."""

    def view(self, frame: Any) -> str:
        """Register a frame under a name that queries know it by, and give the name."""

    def rows_of(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query and give its rows."""

    def of_customers(self, frame: Any, ids: Sequence[str]) -> Any:
        """Return the rows of some customers."""

    def bring(self, frame: Any, database: Database, table: str) -> None:
        """Make a table of all rows of a frame in a database here."""

    def close(self) -> None:
        """Let go of it; safe to call twice."""


class Orders:
    """The orders of a log, in an engine of their own, with the account of how they were read.

    Use it as a context manager, or close it: that removes its temporary folder.

    Parameters
    ----------
    report : IntakeReport, optional
        The account; None where the orders did not come from a file.
    first_day, last_day : int
        Days of the first and the last order of all.
    has_amounts, has_quantities, has_products, has_categories : bool
        What the log knows; columns that it does not know hold 0 or empty text.
    currency : str, optional
        Currency of the amounts, where the log names it.
    beside : TablesBeside
        Dated tables and attributes of the same customers.
    """

    def __init__(
        self,
        database: Database | None,
        report: IntakeReport | None,
        *,
        first_day: int,
        last_day: int,
        has_amounts: bool = True,
        has_quantities: bool = False,
        has_products: bool = False,
        has_categories: bool = False,
        currency: str | None = None,
        made: tuple[Any, Any] | None = None,
        keeper: Keeper | None = None,
        beside: TablesBeside = TablesBeside(),  # noqa: B008 - frozen
    ) -> None:
        self._database = database
        self._made, self._keeper = made, keeper
        self._brought: Database | None = None
        self._report = report
        self.first_day, self.last_day = first_day, last_day
        self.has_amounts, self.has_quantities = has_amounts, has_quantities
        self.has_products, self.has_categories = has_products, has_categories
        self.currency = currency
        self._beside = beside

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        lines: Any = None,
        report: IntakeReport | None = None,
        keeper: Keeper | None = None,
        **facts: Any,
    ) -> Orders:
        """Take a table of orders made elsewhere, in any engine that Narwhals knows.

        Parameters
        ----------
        frame : frame
            Lazy or eager, with the columns of ``schema.ORDERS``.
        lines : frame, optional
            With the columns of ``schema.LINES``.
        report : IntakeReport, optional
            The account, where there is one.
        keeper : Keeper, optional
            What the frames lie in; closed with the orders.
        **facts
            ``has_amounts`` and the other facts of :class:`Orders`; the days are found in the frame when not given.
        """
        lazy = nw.from_native(frame).lazy()
        if "first_day" not in facts or "last_day" not in facts:
            days = lazy.select(first_day=nw.col("order_day").min(), last_day=nw.col("order_day").max())
            found = collect_arrays(days, sort_by=["first_day"])
            facts = {name: int(values[0]) for name, values in found.items()} | facts
        made = (lazy, None if lines is None else nw.from_native(lines).lazy())
        return cls(None, report, made=made, keeper=keeper, **facts)

    def made_elsewhere(self, made: tuple[Any, Any], beside: TablesBeside | None = None) -> Orders:
        """Return the same orders, and tables beside them, in frames of another engine; closing those closes these."""
        return Orders(
            self._database,
            self._report,
            first_day=self.first_day,
            last_day=self.last_day,
            has_amounts=self.has_amounts,
            has_quantities=self.has_quantities,
            has_products=self.has_products,
            has_categories=self.has_categories,
            currency=self.currency,
            made=made,
            beside=self._beside if beside is None else beside,
        )

    def add_beside(self, beside: TablesBeside) -> None:
        """Set the tables beside the purchases, once they are read into the same engine."""
        self._beside = beside

    @property
    def tables(self) -> Mapping[str, DatedTable]:
        """The dated tables beside the purchases, by their names."""
        return self._beside.tables

    @property
    def attributes(self) -> Mapping[str, AttributeTable]:
        """The tables of attributes, by their names."""
        return self._beside.attributes

    def describe_beside(self) -> dict[str, Any]:
        """Return the accounts of the tables beside the purchases under ``"tables"``; nothing where there are none."""
        found = [one.report for one in self.tables.values()] + [one.report for one in self.attributes.values()]
        told = {one.name: one.describe() for one in found if one is not None}
        return {"tables": dict(sorted(told.items()))} if told else {}

    @property
    def beside(self) -> TablesBeside:
        """All tables beside the purchases."""
        return self._beside

    def draw(self, draw: Draw) -> tuple[Orders, DrawnCustomers | None]:
        """Return the orders of customers that are drawn where the orders lie, and their ids.

        Days and facts stay those of the whole log; closing the draw closes nothing. Where no more customers are there,
        or the orders lie in a frame of the caller's own, all orders are given, and None. From Spark the orders are
        brought here, drawn or all of so few: a query there takes seconds before it begins, and training has many.
        """
        if not draw.most:
            return self, None
        is_small = self._report is not None and self._report.customers <= draw.most
        chosen = None if is_small else self._choose(draw)
        if self._keeper is not None and self._made is not None:
            return self._bring(self._keeper, None if chosen is None else chosen.ids), chosen
        if chosen is None:
            return self, None
        lines = self.lines()
        made = (
            self._of_customers(self.frame(), chosen.ids),
            None if lines is None else self._of_customers(lines, chosen.ids),
        )
        beside = self._beside.change(lambda _, frame: self._of_customers(frame, chosen.ids))
        drawn = self.made_elsewhere(made, beside)
        drawn._database = None  # closed with the whole
        return drawn, chosen

    def _choose(self, draw: Draw) -> DrawnCustomers | None:
        if self._keeper is not None and self._made is not None:
            return draw_customers(self._keeper.rows_of, self._keeper.view(self._made[0].to_native()), draw)
        return None if self._database is None else draw_customers(self._database.rows_of, "orders", draw)

    def _bring(self, keeper: Keeper, ids: Sequence[str] | None) -> Orders:
        """Put the orders of some customers, or of all, into a database here; it goes with these orders."""
        self._brought = database = Database()

        def bring(table: str, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
            native = frame.to_native()
            keeper.bring(native if ids is None else keeper.of_customers(native, ids), database, table)
            return database.frame(table)

        lines = self.lines()
        made = (bring("orders", self.frame()), None if lines is None else bring("order_lines", lines))
        beside = self._beside.change(lambda name, frame: bring(table_of(name), frame))
        brought = self.made_elsewhere(made, beside)
        brought._database = None
        return brought

    def _of_customers(self, frame: nw.LazyFrame[Any], ids: Sequence[str]) -> nw.LazyFrame[Any]:
        if self._made is not None:
            return frame.filter(nw.col("customer_id").is_in(ids))
        return keep_customers(self._engine, frame, ids)

    @property
    def database(self) -> Database | None:
        """The database that the orders are in; None where they are in another engine."""
        return None if self._made is not None else self._database

    @property
    def keeper(self) -> Keeper | None:
        """What the orders lie in where that is no database of ours."""
        return self._keeper

    def frame(self) -> nw.LazyFrame[Any]:
        """Return a fresh lazy frame with the columns of ``schema.ORDERS``."""
        if self._made is not None:
            return self._made[0]  # type: ignore[no-any-return]
        return self._engine.frame("orders")

    def lines(self) -> nw.LazyFrame[Any] | None:
        """Return a fresh lazy frame with the columns of ``schema.LINES``; None where the log names no products."""
        if self._made is not None:
            return self._made[1]  # type: ignore[no-any-return]
        return self._engine.frame("order_lines") if self.has_products or self.has_categories else None

    def of_customer(self, customer_id: str) -> Orders:
        """Return the orders of one customer, with the days and facts of the whole log; closing them closes nothing."""
        return self.of_customers([customer_id])

    def of_customers(self, customer_ids: Sequence[str]) -> Orders:
        """Return the orders of a few customers, as :meth:`of_customer` of one."""
        is_wanted, lines = nw.col("customer_id").is_in(list(customer_ids)), self.lines()
        made = (self.frame().filter(is_wanted), None if lines is None else lines.filter(is_wanted))
        few = self.made_elsewhere(made, self._beside.change(lambda _, frame: frame.filter(is_wanted)))
        few._database = None
        return few

    @property
    def has_report(self) -> bool:
        """Whether they were read from a source, so that there is an account of it."""
        return self._report is not None

    @property
    def report(self) -> IntakeReport:
        """The account of the reading."""
        if self._report is None:
            raise AttributeError("these orders were not read from a source, so there is no account of a reading")
        return self._report

    @functools.cached_property
    def fingerprint(self) -> str:
        """Digest of all orders (and lines), the same whatever the form of the source and the order of its rows."""
        digest = hashlib.sha256()
        beside = [table_of(name) for name in sorted((*self.tables, *self.attributes))]
        for table in ("orders", *(("order_lines",) if self.lines() is not None else ()), *beside):
            row = self._digest_rows(table)
            digest.update(f"{table} {row[0]} {row[1]} {row[2]};".encode())
        return digest.hexdigest()

    def _digest_rows(self, table: str) -> tuple[Any, ...]:
        if self._keeper is not None and self._made is not None:
            return self._keeper.digest_rows(self._digested(table).to_native())
        columns = column_names(LINES) if table == "order_lines" else self._columns(table)
        text = f"concat({', chr(31), '.join(columns)})"
        sums = "sum(md5_number_lower(t)), sum(md5_number_upper(t))"  # a sum does not depend on the order of rows
        query = f"SELECT count(*), {sums} FROM (SELECT {text} AS t FROM {table})"
        [row] = self._engine.connection.execute(query).fetchall()
        return tuple(row)

    def _digested(self, table: str) -> nw.LazyFrame[Any]:
        """Return the frame of a table that lies elsewhere; where a value may be missing, texts without any NULL."""
        if table == "orders":
            return self.frame()
        if table == "order_lines" and self._made is not None:
            return self._made[1].select(*column_names(LINES))  # type: ignore[no-any-return]
        name = table.removeprefix(table_of(""))
        beside = self.tables[name] if name in self.tables else self.attributes[name]
        return beside.frame().select(nw.all().cast(nw.String).fill_null(""))

    def close(self) -> None:
        """Remove the engine and its temporary folder; safe to call twice."""
        for one in (self._database, self._brought, self._keeper):
            if one is not None:
                one.close()

    def __enter__(self) -> Orders:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _columns(self, table: str) -> list[str]:
        described = self._engine.connection.execute(f"DESCRIBE {table}").fetchall()
        return [f'"{row[0]}"' for row in described]

    @property
    def _engine(self) -> Database:
        if self._database is None:
            raise AttributeError("these orders were made elsewhere and have no database of their own")
        return self._database
