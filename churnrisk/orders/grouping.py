"""A further column of the source, kept beside the orders, for figures by group."""

from __future__ import annotations

import difflib

from churnrisk.engines import Database
from churnrisk.errors import ColumnError
from churnrisk.orders.clean import drop_orders
from churnrisk.sources import ColumnMatch, RawRows


def add_group(database: Database, raw: RawRows, match: ColumnMatch, column: str) -> None:
    """Add the text column ``customer_group`` to the orders, from a column of the source.

    An order whose rows differ in it gets the smallest value, whatever the order of the rows; an empty one counts as
    empty text.

    Raises
    ------
    ColumnError
        Where the source has no such column, or two.
    """
    place = _find_column(match.headers, column)
    connection = database.connection
    # both tables were made from the same rows in the same order, so their row ids agree
    connection.execute(f"CREATE OR REPLACE TABLE group_values AS SELECT trim(c{place}) AS value FROM {raw.sql}")
    connection.execute("""CREATE OR REPLACE TABLE grouped_orders AS
        WITH grouped AS (
            SELECT r.customer_id, coalesce(r.order_id, '') AS order_id,
                r.day, min(nullif(g.value, '')) AS value
            FROM purchase_rows r JOIN group_values g ON r.rowid = g.rowid WHERE r.issue = 0 GROUP BY 1, 2, 3)
        SELECT o.*, coalesce(g.value, '') AS customer_group
        FROM orders o LEFT JOIN grouped g ON o.customer_id = g.customer_id AND o.order_id = g.order_id
            AND o.order_day = g.day""")
    drop_orders(database)  # a table or a view
    connection.execute("ALTER TABLE grouped_orders RENAME TO orders")
    connection.execute("DROP TABLE group_values")


def _find_column(headers: tuple[str, ...], column: str) -> int:
    found = [place for place, header in enumerate(headers) if header == column]
    if len(found) == 1:
        return found[0]
    if found:
        raise ColumnError(f"--by {column}: {len(found)} columns have this name; rename all but one.")
    near = difflib.get_close_matches(column, headers, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ColumnError(f"--by {column}: there is no such column; found {', '.join(headers)}.{hint}")
