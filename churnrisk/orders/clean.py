"""Purchase rows to orders: rows of one customer with one order id, or of one day where there are no ids."""

from __future__ import annotations

from churnrisk.engines import Database
from churnrisk.errors import LimitExceeded
from churnrisk.schema import MONEY_SCALE, NEVER
from churnrisk.sources import RawRows

TOTAL_LIMIT = 9 * 10**18  # sums of amounts must fit 64 bits, in every engine


def make_orders(database: Database, *, has_amounts: bool, is_table: bool = False) -> int:
    """Make ``orders`` from the good purchase rows and give how many there are.

    Where each order is one row, ``orders`` is a view of the rows and costs nothing, unless it must be a table.
    """
    _check_totals(database)
    drop_orders(database)
    net = "amount" if has_amounts else "quantity"
    [(rows, keys)] = database.connection.execute(
        f"SELECT coalesce(sum(n), 0), count(*) FROM "
        f"(SELECT hash({_KEY}) AS k, count(*) AS n FROM purchase_rows WHERE issue = 0 GROUP BY k)"
    ).fetchall()
    if rows == keys and not is_table:  # two orders of one hash would only send us the longer way
        database.connection.execute(f"CREATE VIEW orders AS {_one_row_each(net, has_amounts=has_amounts)}")
        return int(rows)
    database.connection.execute(f"CREATE TABLE orders AS {_grouped(net, has_amounts=has_amounts)}")
    return _count(database, "orders")


_KEY = "customer_id, purchase_rows.order_id, day"
_UNDONE = f"CAST({NEVER} AS BIGINT) AS undone_day"


def _one_row_each(net: str, *, has_amounts: bool) -> str:
    returned = "CASE WHEN amount < 0 THEN -amount ELSE 0 END" if has_amounts else "0"
    return f"""SELECT customer_id, coalesce(order_id, '') AS order_id, day AS order_day, amount,
        CAST({returned} AS BIGINT) AS returned_amount, quantity, CAST(1 AS BIGINT) AS line_count,
        CAST({net} {">" if has_amounts else ">="} 0 AS BIGINT) AS is_purchase, CAST({net} < 0 AS BIGINT) AS is_return,
        {_UNDONE} FROM purchase_rows WHERE issue = 0"""


def _grouped(net: str, *, has_amounts: bool) -> str:
    returned = "sum(-amount) FILTER (amount < 0)" if has_amounts else "0"
    return f"""SELECT customer_id, coalesce(order_id, '') AS order_id, day AS order_day,
        CAST(sum(amount) AS BIGINT) AS amount, CAST(coalesce({returned}, 0) AS BIGINT) AS returned_amount,
        CAST(sum(quantity) AS BIGINT) AS quantity, count(*) AS line_count,
        CAST(sum({net}) {">" if has_amounts else ">="} 0 AS BIGINT) AS is_purchase,
        CAST(sum({net}) < 0 AS BIGINT) AS is_return, {_UNDONE}
        FROM purchase_rows WHERE issue = 0 GROUP BY {_KEY}"""


def drop_orders(database: Database) -> None:
    """Remove ``orders``, be it a table or a view."""
    query = "SELECT table_type FROM information_schema.tables WHERE table_name = 'orders'"
    for (kind,) in database.connection.execute(query).fetchall():
        database.connection.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} orders")


def is_view(database: Database) -> bool:
    """Tell whether ``orders`` reads the purchase rows themselves."""
    query = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'orders' AND table_type = 'VIEW'"
    return bool(database.connection.execute(query).fetchall()[0][0])


def make_lines(database: Database) -> None:
    """Make the table ``order_lines``: one row per purchase row, on its own day."""
    database.connection.execute("""CREATE OR REPLACE TABLE order_lines AS
        SELECT customer_id, day AS order_day, coalesce(product_id, '') AS product_id,
            coalesce(category, '') AS category, amount, quantity
        FROM purchase_rows WHERE issue = 0""")


def count_duplicates(database: Database, raw: RawRows) -> int:
    """Count the good rows that equal an earlier one in every column of the source; marks them in ``duplicates``."""
    database.connection.execute(f"CREATE OR REPLACE TABLE row_hashes AS SELECT {raw.hash_sql} AS h FROM {raw.sql}")
    database.connection.execute("""CREATE OR REPLACE TABLE duplicates AS
        SELECT h, customer_id, order_id, day, min(rowid) AS first_row, count(*) - 1 AS extra
        FROM (SELECT r.rowid, r.*, h FROM purchase_rows r JOIN row_hashes ON r.rowid = row_hashes.rowid WHERE issue = 0)
        GROUP BY h, customer_id, order_id, day HAVING count(*) > 1""")
    [(extra,)] = database.connection.execute("SELECT coalesce(sum(extra), 0) FROM duplicates").fetchall()
    return int(extra)


def is_order_level(database: Database, *, rows: int, orders: int, duplicates: int) -> bool:
    """Tell whether each order is one row once exact duplicates are gone."""
    [(without_id,)] = database.connection.execute(
        "SELECT count(*) FROM purchase_rows WHERE issue = 0 AND order_id IS NULL"
    ).fetchall()
    return int(without_id) == 0 and rows - duplicates == orders


def drop_duplicates(database: Database, raw: RawRows) -> None:
    """Set the marked duplicates aside, each named after the row that it repeats."""
    file, line = ("r.file" if raw.files else "0", "r.line" if raw.has_lines else f"r.rowid + {raw.first_line}")
    first = "f.line" if raw.has_lines else f"f.rowid + {raw.first_line}"
    joined = """purchase_rows r JOIN row_hashes ON r.rowid = row_hashes.rowid
        JOIN duplicates d ON d.h = row_hashes.h AND d.customer_id = r.customer_id AND d.day = r.day
            AND d.order_id IS NOT DISTINCT FROM r.order_id AND r.rowid > d.first_row
        JOIN purchase_rows f ON f.rowid = d.first_row WHERE r.issue = 0"""
    database.connection.execute(
        f"CREATE OR REPLACE TABLE dropped AS "
        f"SELECT r.rowid AS row, {file} AS file, {line} AS line, {first} AS first FROM {joined}"
    )
    database.connection.execute(
        "INSERT INTO set_aside SELECT file, line, '', '', 'an exact copy of the row at line ' || first, 'duplicate' "
        "FROM dropped"
    )
    database.connection.execute("UPDATE purchase_rows SET issue = 255 WHERE rowid IN (SELECT row FROM dropped)")


def drop_working_tables(database: Database) -> None:
    """Remove what only intake itself needed."""
    kept = {"purchase_rows"} if is_view(database) else set()
    for table in ("purchase_rows", "row_hashes", "duplicates", "dropped", "raw_rows"):
        if table in kept:
            continue
        database.connection.execute(f"DROP TABLE IF EXISTS {table}")


def _check_totals(database: Database) -> None:
    sums = ", ".join(f"sum(abs(CAST({name} AS HUGEINT)))" for name in ("amount", "quantity"))
    query = f"SELECT {sums} FROM purchase_rows WHERE issue = 0"
    [(amount, quantity)] = database.connection.execute(query).fetchall()
    for what, total in (("amounts", amount), ("quantities", quantity)):
        if total is not None and int(total) > TOTAL_LIMIT:
            raise LimitExceeded(
                f"the {what} of the log add up to {int(total) // MONEY_SCALE:.3e}, "
                f"more than {TOTAL_LIMIT // MONEY_SCALE:.0e}; "
                "look for rows with absurd values, or bring the log in a larger unit."
            )


def _count(database: Database, table: str) -> int:
    [(count,)] = database.connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(count)
