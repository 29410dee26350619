"""Read a source of purchases: find what it is, check every row, and make orders of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from churnrisk import clock
from churnrisk.dated import table_of
from churnrisk.engines import Database, Spark, SqlEngine, engine_error, is_spark, storage_error
from churnrisk.errors import LimitExceeded, SourceError
from churnrisk.orders import clean, money, settle, values
from churnrisk.orders.account import make_report, say_floats, say_orders, say_sales
from churnrisk.orders.dated import bring_to_spark, read_beside
from churnrisk.orders.identity import (
    HAS_ADDRESS,
    enforce_customers,
    find_guests,
    say_guests,
    whose_sql,
)
from churnrisk.orders.ids import say_ids, say_shared_addresses
from churnrisk.orders.intake import Intake, Made
from churnrisk.orders.kept_copy import read_through
from churnrisk.orders.left_out import leave_out_rows, refuse_left_out
from churnrisk.orders.load import LOADED, LoadedRows, load_rows
from churnrisk.orders.log import Orders
from churnrisk.orders.refunds import settle_money
from churnrisk.orders.report import IntakeReport
from churnrisk.orders.rows import (
    RowCounts,
    RowTable,
    count_rows,
    create_set_aside,
    enforce_limit,
    load_rejects,
    make_rows,
    rejects_sql,
    write_rejects,
)
from churnrisk.orders.sales import SaleCounts, SalePlan, judge_rows, needs_judging, plan_sales
from churnrisk.sources import (
    ColumnMatch,
    IntakeOptions,
    RawRows,
    check_amounts,
    match_columns,
    match_source,
    open_source,
    open_typed,
    refuse_odd_ids,
    settle_lines,
)
from churnrisk.timeline import day_number

INTAKE_MEMORY = "600MiB"
"""Memory of the engine while it reads; what does not fit is spilled to the temporary folder."""


def read_orders(source: Any, options: IntakeOptions = IntakeOptions()) -> Orders:  # noqa: B008 - frozen
    """Read purchases, account for every row, and give the orders.

    Parameters
    ----------
    source : str, Path or frame
        A file of delimited text, JSON, Parquet or xlsx, also compressed; a folder or pattern of such files; ``"-"`` for
        standard input; the URL of a SQLite or PostgreSQL database; or a pandas or Polars frame, or anything else that
        Narwhals takes or that offers ``__arrow_c_stream__``. On Spark: Parquet files or a PySpark frame, whose columns
        have types.
    options : IntakeOptions
        How to read it; what is not given is found in the data.

    Returns
    -------
    Orders
        With its account, ``report``. Close it, or use it as a context manager.

    Raises
    ------
    SourceError, ColumnError, AmbiguousFormat, TooManyRejects, LimitExceeded
        Where the source cannot be read, or not without guessing.

    Examples
    --------
    >>> import pandas as pd
    >>> days = ["2024-01-05", "2024-02-01", "bad"]
    >>> log = pd.DataFrame({"customer": ["a", "a", "b"], "date": days, "total": [5, -1, 2]})
    >>> with read_orders(log, IntakeOptions(reject_limit=0.5)) as orders:
    ...     print(orders.report.orders, orders.report.returns, orders.report.rejected_rows[0].reason)
    2 1 not a date of the column's format, yyyy-mm-dd
    """
    spark = find_spark(source, options)
    if spark is not None:
        return _read_on_spark(source, spark, options)
    orders = read_through(source, options, lambda: _read_here(source, options))
    try:
        read_beside(orders, options)
        if options.memory is None and orders.database is not None:
            orders.database.connection.execute("RESET memory_limit")
        return on_engine(orders, options)
    except BaseException:
        orders.close()
        raise


def _read_here(source: Any, options: IntakeOptions) -> Orders:
    database = Database(threads=options.threads, memory=options.memory or INTAKE_MEMORY)
    try:
        # the file lives as long as this process: compressing and tidying it costs more than it saves
        database.connection.execute("SET force_compression = 'uncompressed'")
        database.connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        raw = open_source(source, database, options)
        return build_orders(raw, match_source(raw, database, options), database, options)
    except BaseException as error:
        database.close()
        refuse_beyond_memory(error, options)
        raise


def find_spark(source: Any, options: IntakeOptions) -> Spark | None:
    """Start Spark, or take that of a PySpark frame; None where this process reads the source itself."""
    if is_spark(options.engine):
        return Spark.start(str(options.engine), threads=options.threads, memory=options.memory)
    return None if isinstance(source, str | Path) else Spark.of_frame(source)


def on_engine(orders: Orders, options: IntakeOptions) -> Orders:
    """Return orders that were read by DuckDB in the engine that was asked for."""
    database = orders.database
    if options.engine != "polars" or database is None:
        return orders
    made = (database.to_polars("orders"), None if orders.lines() is None else database.to_polars("order_lines"))
    beside = orders.beside.change(lambda name, _: database.to_polars(table_of(name)))
    return orders.made_elsewhere(made, beside)


def refuse_beyond_memory(error: BaseException, options: IntakeOptions) -> None:
    """Say in our words that the memory, or the disk of temporary files, was not enough; leave any other error."""
    if isinstance(error, engine_error()) and "out of memory" in str(error).lower():
        raise LimitExceeded(
            f"reading needs more than {options.memory or INTAKE_MEMORY} of memory; give more with --memory, as 4GB.",
            code="limit.memory",
        ) from error
    found = storage_error(error)
    if found is not None:
        raise found from error


def _read_on_spark(source: Any, spark: Spark, options: IntakeOptions) -> Orders:
    from churnrisk.orders import typed

    try:
        opened = open_typed(source, spark, options)
        match = match_columns(opened.headers, options.columns, names_products=options.products)
        refuse_odd_ids(opened.name, match, opened.no_ids)
        intake = Intake(
            name=opened.name,
            form=opened.format,
            match=match,
            typed=typed.type_source(spark, opened, match, options),
            source=opened.view,
            currency=typed.find_currency(spark, opened, match),
            notices=(
                *say_floats(typed.float_columns(opened), match),
                *match.notices,
                *typed.notices_of(opened, match, options),
            ),
            has_files=True,
        )
        made = make_all(spark, intake, options)
        refuse_left_out(spark, made.orders, opened.name, options)
        return Orders.from_frame(
            spark.session.table(made.orders),
            lines=None if made.lines is None else spark.session.table(made.lines),
            keeper=spark,
            report=made.report,
            beside=bring_to_spark(spark, options),
            **made.facts,
        )
    except BaseException:
        spark.close()
        raise


def build_orders(
    raw: RawRows,
    match: ColumnMatch,
    database: Database,
    options: IntakeOptions,
    *,
    before_dropping: Callable[[RowTable], object] | None = None,
) -> Orders:
    """Check the rows of a source and make its orders, lines and account; the rows themselves are dropped then."""
    raw, loaded = _settle_lines(*_load(raw, match, database, options), match, database, options)
    raw, loaded = leave_out_rows(raw, loaded, match, database, options)
    rejects = load_rejects(raw)
    if not loaded.profile.rows and not rejects:
        raise no_rows(raw.name)
    check_amounts(raw, match, database, options, is_empty=not loaded.profile.shapes.get(match.money))
    plans = values.plan_values(database, raw, match, loaded, options)
    if not plans.fit(match, loaded):
        loaded = load_rows(database, raw, match, options, as_text=True)
    typed = values.type_rows(database, raw, match, loaded, plans, options)
    intake = Intake(
        name=raw.name,
        form=raw.format,
        match=match,
        typed=typed,
        source=raw.sql,
        currency=plans.currency,
        notices=(*raw.notices, *say_floats(raw.floats, match), *match.notices, *plans.notices),
        has_files=bool(raw.files),
        may_overlap=bool(raw.files) and "Parquet" not in raw.format,
        rejects=rejects,
        unread=int(database.rows_of(f"SELECT count(*) FROM ({rejects})")[0][0]) if rejects else 0,
    )
    made = make_all(database, intake, options, before_dropping=before_dropping)
    kept = {"orders", "order_lines", "set_aside", "summed_orders", "kept_rows"}
    kept |= {made.rows.name, LOADED} if made.is_view_of_rows else set()
    if not made.is_view_of_rows:
        database.drop_table(made.rows.name)  # which may be a view
    for (table,) in database.rows_of("SELECT table_name FROM duckdb_tables()"):
        if table not in kept:  # what only intake itself needed
            database.drop_table(str(table))
    return Orders(database, made.report, **made.facts)


def no_rows(name: str) -> SourceError:
    """Return the error of a source that has a header alone."""
    return SourceError(f"{name} has a header and no rows; it must have a row per purchase.", code="source.no_rows")


def _load(raw: RawRows, match: ColumnMatch, database: Database, options: IntakeOptions) -> tuple[RawRows, LoadedRows]:
    """Read all rows; where they were misread, read them again carefully."""
    try:
        loaded = load_rows(database, raw, match, options)
        if raw.expected_rows in (None, loaded.profile.rows):
            return raw, loaded
        failure = f"{raw.expected_rows} lines, but {loaded.profile.rows} rows"
    except engine_error() as error:
        failure = str(error).splitlines()[0]
    if raw.fallback is None:
        raise SourceError(f"cannot read {raw.name}: {failure}")
    return _load(raw.fallback(), match, database, options)


def _settle_lines(
    raw: RawRows, loaded: LoadedRows, match: ColumnMatch, database: Database, options: IntakeOptions
) -> tuple[RawRows, LoadedRows]:
    """Leave purchase rows only, and read them again where others were among them."""
    rows = loaded.profile.rows
    undated = rows - sum(loaded.profile.shapes["ordered_at"].values())
    settled = settle_lines(raw, match, database, rows=rows, undated=undated)
    return (raw, loaded) if settled is raw else _load(settled, match, database, options)


def make_all(
    engine: SqlEngine,
    intake: Intake,
    options: IntakeOptions,
    *,
    before_dropping: Callable[[RowTable], object] | None = None,
) -> Made:
    """Make orders, lines and the account of typed rows, by the same rules on every engine."""
    has_amounts = intake.typed.has_amounts
    table, aside, counts, plan, sales, notices = _judge(engine, intake, options)
    table, copies, said, is_one_row_each = settle.settle_copies(engine, table, intake.match, options)
    if copies:
        aside = _set_aside(engine, intake, table, copies, options)
    if sales is not None:
        table, sales = settle_money(engine, table, sales, intake.match, options)
        count_rows(engine, table)  # with what was paid back the sums must fit, too
    said += tuple(say_sales(intake.match, plan, sales or SaleCounts(), has_pending=options.count_pending))
    if copies or sales is not None:
        is_one_row_each = clean.is_one_row_each(engine, table)
    orders = _make_orders(engine, table, options, has_amounts=has_amounts, is_one_row_each=is_one_row_each)
    has = {name: name in intake.match.positions for name in ("product_id", "category")}
    lines = clean.make_lines(engine, table, has_details=options.products) if any(has.values()) else None
    report = make_report(
        engine,
        table,
        orders,
        intake,
        counts=counts,
        rows_in=counts.rows + intake.unread,
        sales=sales or SaleCounts(),
        aside=aside,
        notices=(*notices, *said),
    )
    report = _say_more(engine, intake, clean.count_by_customer(engine, table, orders, is_one_row_each), report)
    if before_dropping is not None:
        before_dropping(table)
    if options.rejects is not None and report.reasons:
        write_rejects(engine, options.rejects, table=aside, has_files=intake.has_files)
    return Made(table, orders, lines, report, _facts(intake, report, has), is_one_row_each and not report.undone)


def _say_more(engine: SqlEngine, intake: Intake, counted: str, report: IntakeReport) -> IntakeReport:
    """Add what is known once the orders are counted."""
    ids = say_ids(engine, counted, report.customers, source=intake.source, match=intake.match)
    zeros = settle.say_zeros(zeros=report.zero_orders, orders=report.orders)
    return replace(report, notices=(*report.notices, *say_orders(report), *ids, *zeros), naming=tuple(ids))


def _make_orders(
    engine: SqlEngine, table: RowTable, options: IntakeOptions, *, has_amounts: bool, is_one_row_each: bool
) -> str:
    """Make the table of orders, in one money."""
    reversals = clean.Reversals(options.reversals == "keep", options.reversal_days)
    orders = clean.make_orders(
        engine, table, has_amounts=has_amounts, is_one_row_each=is_one_row_each, reversals=reversals
    )
    if has_amounts and not options.rate_before:
        money.refuse_new_money(engine.rows_of, orders=orders, month=engine.month_sql("order_day"))
    return orders


def _facts(intake: Intake, report: IntakeReport, has: dict[str, bool]) -> dict[str, Any]:
    return {
        "first_day": day_number(dt.date.fromisoformat(report.first_on)),
        "last_day": day_number(dt.date.fromisoformat(report.last_on)),
        "has_amounts": intake.typed.has_amounts,
        "has_quantities": intake.typed.has_quantities,
        "has_products": has["product_id"],
        "has_categories": has["category"],
        "currency": intake.currency,
    }


def _judge(
    engine: SqlEngine, intake: Intake, options: IntakeOptions
) -> tuple[RowTable, str, RowCounts, SalePlan, SaleCounts | None, tuple[str, ...]]:
    """Check the rows, and say what became of each.

    Gives the rows, the table of those that were set aside, counts of rows, how sales are told and their counts (None
    where each row is what it seems), and what is to be said.
    """
    today = clock.today()
    table = make_rows(engine, intake.typed, today=today)
    if not engine.rows_of(f"SELECT 1 FROM {table.name} LIMIT 1") and not intake.rejects:
        raise no_rows(intake.name)
    repeated: tuple[str, ...] = ()
    if intake.may_overlap:
        table, repeated = settle.drop_repeated(engine, table, intake.match)
    knows = {"has_amounts": intake.typed.has_amounts, "has_quantities": intake.typed.has_quantities}
    plan = plan_sales(engine, table, intake.match, options, **knows)
    table = clean.know_rows(engine, table)
    guests = find_guests(engine, table)
    said: list[str] = []
    if "email_text" in table.further:
        customer = whose_sql(engine, table, guests, options).customer
        said += say_shared_addresses(engine, table.name, intake.match, customer=customer, where=HAS_ADDRESS)
    sales = None
    if needs_judging(engine, table, plan, guests, intake.match, options):
        table, sales = judge_rows(engine, table, plan, guests, options, last_day=day_number(today) + 1)
    counts = count_rows(engine, table)
    said = [*say_guests(guests, SaleCounts().guests if sales is None else sales.guests, intake.match), *said]
    aside = _set_aside(engine, intake, table, "", options)
    rows = counts.rows + intake.unread
    enforce_limit(
        engine,
        intake.name,
        considered=rows - counts.without_customer - counts.no_sale,
        limit=options.reject_limit,
        table=aside,
        rejects=options.rejects,
        has_files=intake.has_files,
    )
    enforce_customers(engine, counts, guests, intake.match, options, name=intake.name, source=intake.source)
    return table, aside, counts, plan, sales, (*repeated, *said)


def _set_aside(engine: SqlEngine, intake: Intake, table: RowTable, copies: str, options: IntakeOptions) -> str:
    """Make the table of all rows that are not used, but for those that are no sale."""
    parts = [part for part in (intake.rejects, rejects_sql(engine, table), copies) if part]
    return create_set_aside(engine, " UNION ALL ".join(parts), is_withheld=options.pseudonym_key is not None)
