"""Tables beside the purchases: read after them into the same engine, by the same rules of ids, dates and numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from churnrisk.dated import AttributeTable, DatedSource, DatedTable, TablesBeside, table_of
from churnrisk.engines import Database, Spark
from churnrisk.errors import AmbiguousFormat, ChurnriskError
from churnrisk.orders.cells import read_as
from churnrisk.orders.dated_attributes import read_attributes
from churnrisk.orders.dated_columns import find_dated_columns
from churnrisk.orders.dated_events import read_events
from churnrisk.orders.dated_rows import DatedRows
from churnrisk.orders.left_out import leave_out_listed
from churnrisk.orders.log import Orders
from churnrisk.sources import ColumnMatch, IntakeOptions, open_source, settle_rows


def read_beside(orders: Orders, options: IntakeOptions) -> None:
    """Read the tables that the options declare into the database of the orders, and set them beside the orders."""
    if not options.tables:
        return
    database = orders.database
    assert database is not None, "orders are read into a database of ours first"  # noqa: S101 - for the type checker
    orders.add_beside(read_tables(database, options, has_rejects=bool(orders.report.reasons)))


def read_tables(database: Database, options: IntakeOptions, *, has_rejects: bool = False) -> TablesBeside:
    """Read all tables that the options declare; ``has_rejects`` says that the list of rejects was begun."""
    tables: dict[str, DatedTable] = {}
    attributes: dict[str, AttributeTable] = {}
    for name, declared in sorted(options.tables.items()):
        with _clean_after(database), _named(name, declared):
            rows = _open_rows(name, declared, database, options, has_rejects=has_rejects)
            if declared.family == "attributes":
                attributes[name] = read_attributes(rows)
            else:
                tables[name] = read_events(rows)
        made = attributes[name] if declared.family == "attributes" else tables[name]
        has_rejects |= bool(made.report is not None and made.report.reasons)
    return TablesBeside(tables=tables, attributes=attributes)


def bring_to_spark(spark: Spark, options: IntakeOptions) -> TablesBeside:
    """Read the tables in this process, and hand them to Spark."""
    if not options.tables:
        return TablesBeside()
    with Database(threads=options.threads, memory=options.memory) as database:
        made = read_tables(database, options)

        def bring(name: str, _: object) -> object:
            rows = database.connection.execute(f"FROM {table_of(name)}").to_arrow_table()
            return spark.lazy_frame(f"SELECT * FROM {spark.view(spark.keep(spark.session.createDataFrame(rows)))}")

        return made.change(bring)  # type: ignore[arg-type]


def _open_rows(
    name: str, declared: DatedSource, database: Database, options: IntakeOptions, *, has_rejects: bool
) -> DatedRows:
    own = read_as(options, declared)
    raw = settle_rows(open_source(declared.source, database, own), database)
    places = find_dated_columns(raw, declared, key=_key(name, declared))
    raw = leave_out_listed(raw, ColumnMatch(raw.headers, {"customer_id": places["customer_id"]}), database, options)
    return DatedRows(name, declared, raw, places, database, own, options.rejects, has_rejects)


@contextlib.contextmanager
def _named(name: str, declared: DatedSource) -> Iterator[None]:
    """Say in an error which table it is of, and where its form is named."""
    key = _key(name, declared)
    try:
        yield
    except AmbiguousFormat as error:
        option = "date_format" if "--date-format" in str(error) else "decimal"
        raise AmbiguousFormat(f"{key}: {error} For this table: {option} under {key}.", code=error.code) from None
    except ChurnriskError as error:
        if key in str(error):
            raise
        raise type(error)(f"{key}: {error}", code=error.code) from None


def _key(name: str, declared: DatedSource) -> str:
    return f"[{'attributes' if declared.family == 'attributes' else 'tables'}.{name}]"


@contextlib.contextmanager
def _clean_after(database: Database) -> Iterator[None]:
    """Drop the tables that reading one made for itself."""
    listed = "SELECT table_name FROM information_schema.tables"
    before = {str(one) for (one,) in database.rows_of(listed)}
    yield
    for (one,) in database.rows_of(listed):
        if str(one) not in before and not str(one).startswith("dated_"):
            database.drop_table(str(one))
