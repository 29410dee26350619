"""What is settled once there are orders: exact copies of rows, and what the user should know about ids and zeros."""

from __future__ import annotations

from churnrisk.engines import SqlEngine
from churnrisk.messages import wording
from churnrisk.orders import clean
from churnrisk.orders.issues import REPEATED as REPEATED_ORDER
from churnrisk.orders.rows import RowTable
from churnrisk.sources import ColumnMatch, IntakeOptions

ZERO_SHARE = 0.05
DROPPED = wording("{copies} exact copies of rows were dropped.")
KEPT_COPIES = wording(
    "{copies} rows are exact copies of others and were kept, since an order may have equal rows; --drop-duplicates "
    "drops them."
)
REPEATED = wording(
    "{number} rows of {names} were dropped, since an earlier file has the same orders with the same rows."
)
CHANGED = wording("{number} orders stand in several files with different rows; all of these rows were kept.")
ALL_ZEROS = wording(
    "all {orders} orders have an amount of zero, so none is a purchase. Name another column with --column amount=NAME, "
    "or give --no-amounts, which counts every order as a purchase."
)
ZEROS = wording("{zeros} of {orders} orders have an amount of zero; they are kept and count as no purchase.")


def settle_copies(
    engine: SqlEngine, table: RowTable, match: ColumnMatch, options: IntakeOptions
) -> tuple[RowTable, str, tuple[str, ...], bool]:
    """Drop exact copies where each order is one row, or where that is asked for; elsewhere keep them and say so.

    Gives the rows, the query of the copies that were dropped (empty for none), what is to be said, and whether each
    order was one row.
    """
    if table.has_own_ids:
        return table, "", (), True
    rows, keys = clean.count_keys(engine, table)
    copies = 0 if rows == keys else clean.count_copies(engine, table)
    if copies == 0:
        return table, "", (), rows == keys
    is_order_level = "order_id" in match.positions and clean.is_order_level(
        engine, table, rows=rows, keys=keys, copies=copies
    )
    if not (is_order_level or options.drop_duplicates):
        return table, "", (KEPT_COPIES.format(copies=copies),), False
    kept, dropped = clean.drop_copies(engine, table)
    return kept, dropped, (DROPPED.format(copies=copies),), False


def drop_repeated(engine: SqlEngine, table: RowTable, match: ColumnMatch) -> tuple[RowTable, tuple[str, ...]]:
    """Count an order that several files have with the same rows in the first of them only, as overlapping exports have.

    Gives the rows, of which those of the other files are marked, and what is to be said.
    """
    if "order_id" not in match.positions or "file" not in table.further:
        return table, ()
    key, whole = "customer_id, order_id", "issue = 0 AND order_id IS NOT NULL"
    several = f"SELECT {key} FROM {table.name} WHERE {whole} GROUP BY {key} HAVING min(file) < max(file)"
    content = "count(*) AS n, bit_xor(h) AS x, sum(h % 1000003) AS s"
    parts = engine.create_table(
        "order_parts",
        f"""SELECT *, row_number() OVER (PARTITION BY {key}, n, x, s ORDER BY file) AS copy FROM (
            SELECT r.customer_id, r.order_id, r.file, {content} FROM {table.name} r
            JOIN ({several}) o ON r.customer_id = o.customer_id AND r.order_id = o.order_id
            WHERE {whole.replace("issue", "r.issue").replace("order_id", "r.order_id")}
            GROUP BY r.customer_id, r.order_id, r.file)""",
    )
    [(rows,)] = engine.rows_of(f"SELECT coalesce(sum(n), 0) FROM {parts} WHERE copy > 1")
    others = f"SELECT {key} FROM {parts} WHERE copy = 1 GROUP BY {key} HAVING count(*) > 1"
    [(changed,)] = engine.rows_of(f"SELECT count(*) FROM ({others})")
    said = [CHANGED.format(number=int(changed))] if changed else []
    if not rows:
        engine.drop_table(parts)
        return table, tuple(said)
    names = engine.rows_of(f"SELECT DISTINCT {table.file} AS name FROM {parts} WHERE copy > 1 ORDER BY name")
    said.insert(0, REPEATED.format(number=int(rows), names=", ".join(str(name) for (name,) in names)))
    return _mark_repeated(engine, table, parts), tuple(said)


def _mark_repeated(engine: SqlEngine, table: RowTable, parts: str) -> RowTable:
    columns = ", ".join(f"r.{name}" for name in table.columns if name != "issue")
    marked = engine.create_table(
        "repeated_rows",
        f"""SELECT {columns}, CAST(CASE WHEN c.copy IS NULL THEN r.issue ELSE {REPEATED_ORDER} END AS SMALLINT) AS issue
        FROM {table.name} r LEFT JOIN (SELECT * FROM {parts} WHERE copy > 1) c
            ON r.issue = 0 AND r.customer_id = c.customer_id AND r.order_id = c.order_id AND r.file = c.file""",
    )
    engine.drop_table(table.name)
    engine.drop_table(parts)
    return RowTable(marked, table.line, table.file, table.reasons, table.further)


def say_zeros(*, zeros: int, orders: int) -> list[str]:
    """Say where many orders have an amount of zero."""
    if zeros and zeros == orders:
        return [ALL_ZEROS.format(orders=orders)]
    return [ZEROS.format(zeros=zeros, orders=orders)] if zeros > ZERO_SHARE * orders else []
