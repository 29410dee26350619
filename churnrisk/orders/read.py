"""Read a source of purchases: find what it is, check every row, and make orders of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

from churnrisk.engines import Database, Spark, engine_error, is_spark
from churnrisk.errors import LimitExceeded, SourceError, TooManyRejects
from churnrisk.messages import wording
from churnrisk.orders import clean, money, settle, validate
from churnrisk.orders.account import make_report
from churnrisk.orders.grouping import add_group
from churnrisk.orders.log import Orders
from churnrisk.orders.rejects import name_date_cells, write_rejects
from churnrisk.sources import (
    ColumnMatch,
    IntakeOptions,
    RawRows,
    check_amounts,
    match_source,
    open_source,
    settle_lines,
    withhold_values,
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
        standard input; the URL of a SQLite or PostgreSQL database; or a pandas or Polars frame (or anything else that
        Narwhals takes).
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
        from churnrisk.orders.spark_intake import read_spark_orders

        return read_spark_orders(source, spark, options)
    database = Database(threads=options.threads, memory=options.memory or INTAKE_MEMORY)
    try:
        # the file lives as long as this process: compressing and tidying it costs more than it saves
        database.connection.execute("SET force_compression = 'uncompressed'")
        database.connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        orders = _read(source, database, options)
        if options.memory is None:
            database.connection.execute("RESET memory_limit")
        return on_engine(orders, options)
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
    """Give orders that were read by DuckDB in the engine that was asked for."""
    database = orders.database
    if options.engine != "polars" or database is None:
        return orders
    made = (database.to_polars("orders"), None if orders.lines() is None else database.to_polars("order_lines"))
    return orders.made_elsewhere(made)


def refuse_beyond_memory(error: BaseException, options: IntakeOptions) -> None:
    """Say in our words that the engine's memory or disk was not enough; any other error is left as it is."""
    if isinstance(error, engine_error()) and "out of memory" in str(error).lower():
        raise LimitExceeded(
            f"reading needs more than {options.memory or INTAKE_MEMORY} of memory; give more with --memory, as 4GB."
        ) from error


def _read(source: Any, database: Database, options: IntakeOptions) -> Orders:
    validate.create_set_aside(database)
    raw = open_source(source, database, options)
    match = match_source(raw, database, options)
    group = options.group_column
    keep_group = None if group is None else lambda rows: add_group(database, rows, match, group)
    return build_orders(raw, match, database, options, before_dropping=keep_group)


def build_orders(
    raw: RawRows,
    match: ColumnMatch,
    database: Database,
    options: IntakeOptions,
    *,
    before_dropping: Callable[[RawRows], object] | None = None,
) -> Orders:
    """Check the rows of a source and make its orders, lines and account; the rows themselves are dropped then."""
    raw, rows_in, plans = _check(raw, match, database, options)
    has_amounts = plans.amounts is not None
    order_count = clean.make_orders(database, has_amounts=has_amounts, is_table=options.net_cancellations)
    notices = _settle_duplicates(raw, match, database, options, orders=order_count, has_amounts=has_amounts)
    if has_amounts and not options.rate_before:
        money.refuse_new_money(lambda query: database.connection.execute(query).fetchall())
    if options.net_cancellations:
        cancelled = wording("{number} orders were dropped together with their reversals.")
        notices += (cancelled.format(number=settle.drop_cancelled(database)),)
    notices += (*settle.say_ids(database), *settle.say_zeros(database))
    if {"product_id", "category"} & set(match.positions):
        clean.make_lines(database)
    report = make_report(raw, match, database, plans, rows_in=rows_in, notices=notices)
    if before_dropping is not None:
        before_dropping(raw)
    clean.drop_working_tables(database)
    orders = Orders(
        database,
        report,
        first_day=day_number(dt.date.fromisoformat(report.first_on)),
        last_day=day_number(dt.date.fromisoformat(report.last_on)),
        has_amounts=has_amounts,
        has_quantities=plans.quantities is not None,
        has_products="product_id" in match.positions,
        has_categories="category" in match.positions,
        currency=plans.currency,
    )
    if options.rejects is not None and report.reasons:
        write_rejects(database, options.rejects, files=raw.files)
    return orders


def _check(
    raw: RawRows, match: ColumnMatch, database: Database, options: IntakeOptions
) -> tuple[RawRows, int, validate.Plans]:
    raw, profile = _settle_lines(*_profile(raw, match, database), match, database)
    validate.load_rejects(database, raw)
    rows_in = profile.rows + sum(validate.count_kinds(database).values())
    if rows_in == 0:
        raise SourceError(f"{raw.name} has a header and no rows; it must have a row per purchase.")
    check_amounts(raw, match, database, options, is_empty=not profile.shapes.get(match.money))
    _enforce_limit(database, raw, options, rows_in=rows_in)
    plans = validate.plan_values(database, raw, match, profile, options)
    validate.check_rows(database, raw, match, plans, options, today=dt.date.today())
    validate.set_aside(database, raw, match, plans)
    if "workbook" in raw.format:
        name_date_cells(database, [match.names[role] for role in (match.money, "quantity") if role in match.positions])
    _enforce_limit(database, raw, options, rows_in=rows_in)
    return raw, rows_in, plans


def _enforce_limit(database: Database, raw: RawRows, options: IntakeOptions, *, rows_in: int) -> None:
    """Stop above the reject limit; who is to mend the rows gets the list of all of them."""
    if options.pseudonym_key is not None:
        withhold_values(database)
    try:
        validate.enforce_limit(database, raw, rows_in=rows_in, limit=options.reject_limit)
    except TooManyRejects as error:
        if options.rejects is None:
            raise
        count = write_rejects(database, options.rejects, files=raw.files)
        raise TooManyRejects(f"{error} All {count} rows that were set aside: {options.rejects}.") from None


def _profile(raw: RawRows, match: ColumnMatch, database: Database) -> tuple[RawRows, validate.Profile]:
    """Look at all rows; where they were misread, read them again carefully."""
    failure = ""
    try:
        profile = validate.profile_rows(database, raw, match)
        if raw.expected_rows in (None, profile.rows):
            return raw, profile
        failure = f"{raw.expected_rows} lines, but {profile.rows} rows"
    except engine_error() as error:
        failure = str(error).splitlines()[0]
    if raw.fallback is None:
        raise SourceError(f"cannot read {raw.name}: {failure}")
    return _profile(raw.fallback(), match, database)


def _settle_lines(
    raw: RawRows, profile: validate.Profile, match: ColumnMatch, database: Database
) -> tuple[RawRows, validate.Profile]:
    """Leave purchase rows only, and look at them again where others were among them."""
    undated = profile.rows - sum(profile.shapes["ordered_at"].values())
    settled = settle_lines(raw, match, database, rows=profile.rows, undated=undated)
    return (raw, profile) if settled is raw else _profile(settled, match, database)


def _settle_duplicates(
    raw: RawRows,
    match: ColumnMatch,
    database: Database,
    options: IntakeOptions,
    *,
    orders: int,
    has_amounts: bool,
) -> tuple[str, ...]:
    """Drop exact copies where each order is one row; elsewhere keep them and say so."""
    [(rows,)] = database.connection.execute("SELECT count(*) FROM purchase_rows WHERE issue = 0").fetchall()
    if rows == orders:
        return ()
    copies = clean.count_duplicates(database, raw)
    if copies == 0:
        return ()
    is_order_level = "order_id" in match.positions and clean.is_order_level(
        database, rows=rows, orders=orders, duplicates=copies
    )
    if is_order_level or options.drop_duplicates:
        clean.drop_duplicates(database, raw)
        clean.make_orders(database, has_amounts=has_amounts, is_table=options.net_cancellations)
        return (wording("{copies} exact copies of rows were dropped.").format(copies=copies),)
    kept = wording(
        "{copies} rows are exact copies of others and were kept, since an order may have equal rows; --drop-duplicates "
        "drops them."
    )
    return (kept.format(copies=copies),)
