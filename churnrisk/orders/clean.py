"""Purchase rows to orders: the rows of one customer with one order id on one day, or of the day without an id."""

from __future__ import annotations

from dataclasses import dataclass, replace

from churnrisk.engines import SqlEngine
from churnrisk.orders.issues import COPY
from churnrisk.orders.rows import RowTable
from churnrisk.orders.undone import undone_table, with_undone_sql

_KEY = "customer_id, order_id, day"
_FEW = 10_000
_COLUMNS = ("customer_id", "order_id", "order_day", "amount", "returned_amount", "quantity", "line_count")


@dataclass(frozen=True)
class Reversals:
    """What is done about purchases that returns have taken back whole: nothing, or told within so many days."""

    is_kept: bool = False
    days: int = 30


def count_keys(engine: SqlEngine, table: RowTable) -> tuple[int, int]:
    """Count the good rows and the orders that they make; two orders of one hash count as one."""
    key = engine.hash_sql(_KEY)
    [(rows, keys)] = engine.rows_of(
        f"SELECT coalesce(sum(n), 0), count(*) FROM (SELECT {key} AS k, count(*) AS n FROM {table.name} "
        "WHERE issue = 0 GROUP BY k)"
    )
    return int(rows), int(keys)


def know_rows(engine: SqlEngine, table: RowTable) -> RowTable:
    """Ask once what several rules ask of rows: whether each has an order id of its own, and how many a customer has.

    Where the first of many rows share order ids already, the others are not asked.
    """
    good = f"FROM {table.name} WHERE issue = 0"
    keys = f"count(*), count(order_id), count(DISTINCT {engine.hash_sql('customer_id, order_id')})"
    few = f"(SELECT customer_id, order_id {good} LIMIT {_FEW})"
    has_own_ids = table.has_own_ids or all(
        len(set(engine.rows_of(f"SELECT {keys} {of}")[0])) == 1 for of in (f"FROM {few} few", good)
    )
    counts = f"count(*) AS n{'' if table.is_good else ', count(*) FILTER (WHERE issue = 0) AS good'}"
    counted = f"SELECT customer_id, {counts} FROM {table.name} GROUP BY customer_id"
    counted = f"SELECT *, n AS good FROM ({counted})" if table.is_good else counted
    customers = engine.create_table("customer_rows", counted)
    return replace(table, has_own_ids=has_own_ids, customers=customers)


def is_one_row_each(engine: SqlEngine, table: RowTable) -> bool:
    """Tell whether each order is one row."""
    rows, keys = count_keys(engine, table)
    return rows == keys


def count_by_customer(engine: SqlEngine, table: RowTable, orders: str, is_one_row_each: bool) -> str:
    """Return the table of the customers of orders, ``id``, with the number of the orders of each, ``n``."""
    if not (table.customers and is_one_row_each):
        engine.drop_table(table.customers)
        return engine.create_table("ids", f"SELECT customer_id AS id, count(*) AS n FROM {orders} GROUP BY customer_id")
    query = f"SELECT customer_id AS id, good AS n FROM {table.customers} WHERE good > 0"
    return engine.create_table("ids", query, is_view=True)


def make_orders(
    engine: SqlEngine, table: RowTable, *, has_amounts: bool, is_one_row_each: bool, reversals: Reversals
) -> str:
    """Make the table of orders from the good purchase rows, and give its name.

    Where each order is one row and nothing is undone, it is a view of the rows and costs nothing.
    """
    net = "amount" if has_amounts else "quantity"
    summed = _one_row_each if is_one_row_each else _grouped
    group = "group_value" in table.further
    grouped = engine.create_table(
        "summed_orders", summed(table, net, has_amounts=has_amounts, has_group=group), is_view=is_one_row_each
    )
    undone = None if reversals.is_kept else undone_table(engine, grouped, net=net, reversal_days=reversals.days)
    columns = [*_COLUMNS, "is_return", *(["customer_group"] if group else [])]
    is_purchase = f"({net} {'>' if has_amounts else '>='} 0)"
    query = with_undone_sql(grouped, undone, columns, is_purchase=is_purchase)
    order = [*_COLUMNS, "is_purchase", "is_return", "undone_day", *(["customer_group"] if group else [])]
    query = f"SELECT {', '.join(order)} FROM ({query})"
    if undone is None:
        return engine.create_table("orders", query, is_view=True)
    orders = engine.create_table("orders", query)
    engine.drop_table(undone)
    engine.drop_table(grouped)
    return orders


def _returned(has_amounts: bool) -> str:
    return "CASE WHEN amount < 0 THEN -amount ELSE 0 END" if has_amounts else "0"


def _one_row_each(table: RowTable, net: str, *, has_amounts: bool, has_group: bool) -> str:
    group = ", coalesce(group_value, '') AS customer_group" if has_group else ""
    return f"""SELECT customer_id, coalesce(order_id, '') AS order_id, day AS order_day, amount,
        CAST({_returned(has_amounts)} AS BIGINT) AS returned_amount, quantity, CAST(1 AS BIGINT) AS line_count,
        CAST({net} < 0 AS BIGINT) AS is_return{group}
        FROM {table.name} WHERE issue = 0"""


def _grouped(table: RowTable, net: str, *, has_amounts: bool, has_group: bool) -> str:
    group = ", coalesce(min(nullif(group_value, '')), '') AS customer_group" if has_group else ""
    return f"""SELECT customer_id, coalesce(order_id, '') AS order_id, day AS order_day,
        CAST(sum(amount) AS BIGINT) AS amount, CAST(sum({_returned(has_amounts)}) AS BIGINT) AS returned_amount,
        CAST(sum(quantity) AS BIGINT) AS quantity, count(*) AS line_count,
        CAST(sum({net}) < 0 AS BIGINT) AS is_return{group}
        FROM {table.name} WHERE issue = 0 GROUP BY {_KEY}"""


def make_lines(engine: SqlEngine, table: RowTable, *, has_details: bool) -> str:
    """Make the table of order lines: one row per purchase row, on its own day."""
    description = "description" if "description" in table.further else "''"
    details = f", coalesce(order_id, '') AS order_id, coalesce({description}, '') AS description" if has_details else ""
    return engine.create_table(
        "order_lines",
        f"""SELECT customer_id, day AS order_day, coalesce(product_id, '') AS product_id,
            coalesce(category, '') AS category, amount, quantity{details} FROM {table.name} WHERE issue = 0""",
    )


def count_copies(engine: SqlEngine, table: RowTable) -> int:
    """Count the good rows that equal an earlier one in every column of the source."""
    counted = (
        f"SELECT count(*) AS n FROM {table.name} WHERE issue = 0 AND h IS NOT NULL GROUP BY h, {_KEY} HAVING n > 1"
    )
    [(copies,)] = engine.rows_of(f"SELECT coalesce(sum(n - 1), 0) FROM ({counted})")
    return int(copies)


def is_order_level(engine: SqlEngine, table: RowTable, *, rows: int, keys: int, copies: int) -> bool:
    """Tell whether each order is one row once exact copies are gone."""
    [(without_id,)] = engine.rows_of(f"SELECT count(*) FROM {table.name} WHERE issue = 0 AND order_id IS NULL")
    return int(without_id) == 0 and rows - copies == keys


def drop_copies(engine: SqlEngine, table: RowTable) -> tuple[RowTable, str]:
    """Return the rows without exact copies of earlier ones, and the query of those copies, to be set aside."""
    places = [name for name in ("line", "file") if name not in table.further]
    named = {"line": table.line, "file": table.file}
    columns = [name for name in table.columns if name not in ("issue", "line", "file")]
    place = f"OVER (PARTITION BY h, {_KEY}, issue ORDER BY {table.file}, {table.line})"
    further = "".join(f", {name}" for name in table.further if name in ("line", "file"))
    further += "".join(f", {named[name]} AS {name}" for name in places)
    numbered = engine.create_table(
        "copied_rows",
        f"SELECT {', '.join(columns)}{further}, CAST(CASE WHEN issue = 0 AND h IS NOT NULL AND row_number() {place} "
        f"> 1 THEN {COPY} ELSE issue END AS SMALLINT) AS issue, first_value({table.line}) {place} AS first_line "
        f"FROM {table.name}",
    )
    engine.drop_table(table.name)
    engine.drop_table(table.customers)
    kept = tuple(dict.fromkeys([*table.further, "line", "file"]))
    file = table.file if "file" in table.further else "file"
    rows = RowTable(numbered, "line", file, table.reasons, kept)
    copies = (
        f"SELECT CAST({file} AS STRING) AS file, CAST(line AS BIGINT) AS line, '' AS column_name, '' AS value, "
        f"concat('an exact copy of the row at line ', first_line) AS reason, 'duplicate' AS kind "
        f"FROM {numbered} WHERE issue = {COPY}"
    )
    return rows, copies
