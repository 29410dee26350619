"""What is settled once there are orders: cancelled pairs, and what the user should know about ids and zeros."""

from __future__ import annotations

from churnrisk.engines import Database
from churnrisk.messages import wording

ZERO_SHARE = 0.05
MANGLED = wording(
    "Some customer ids were shortened by a spreadsheet, such as {names}: different customers may have become one. "
    "Export the file again with the id as text."
)
FOLDED = wording(
    "{number} customer ids differ from others by upper and lower case only and count as customers of their own; "
    "--fold-case merges them."
)


def drop_cancelled(database: Database) -> int:
    """Drop each order that its customer has wholly reversed, with the reversal; give how many pairs there were.

    A reversal is a return whose net amount is the negative of a purchase of the same customer on the same day or
    before; it takes the latest such purchase that no other reversal has taken.
    """
    connection = database.connection
    query = """SELECT rowid, customer_id, abs(amount), amount < 0 FROM orders
        WHERE (customer_id, abs(amount)) IN (SELECT (customer_id, -amount) FROM orders WHERE amount < 0) AND amount <> 0
        ORDER BY customer_id, abs(amount), order_day, amount < 0, order_id"""
    open_rows: dict[tuple[str, int], list[int]] = {}
    dropped: list[int] = []
    for row, customer, amount, is_reversal in connection.execute(query).fetchall():
        purchases = open_rows.setdefault((customer, amount), [])
        if not is_reversal:
            purchases.append(row)
        elif purchases:
            dropped += [row, purchases.pop()]
    for start in range(0, len(dropped), 10_000):
        rows = ", ".join(map(str, dropped[start : start + 10_000]))
        connection.execute(f"DELETE FROM orders WHERE rowid IN ({rows})")
    return len(dropped) // 2


def say_ids(database: Database) -> list[str]:
    """Say which ids look mangled by a spreadsheet, and how many differ by upper and lower case only."""
    [(customers, folded, mangled)] = database.rows_of(r"""
        WITH ids AS MATERIALIZED (SELECT DISTINCT customer_id AS id FROM orders)
        SELECT (SELECT count(*) FROM ids),
            (SELECT count(*) FROM (SELECT hash(lower(id)) AS k FROM ids GROUP BY k)),
            (SELECT list(id) FROM (
                SELECT id FROM ids WHERE regexp_full_match(id, '\d([.,]\d+)?[eE]\+\d+') ORDER BY 1 LIMIT 5))""")
    notices = []
    if mangled:
        notices.append(MANGLED.format(names=", ".join(mangled)))
    count = customers - folded
    if count:
        notices.append(FOLDED.format(number=count))
    return notices


def say_zeros(database: Database) -> list[str]:
    """Say where many orders have an amount of zero."""
    [(zeros, orders)] = database.connection.execute(
        "SELECT count(*) FILTER (is_purchase = 0 AND is_return = 0), count(*) FROM orders"
    ).fetchall()
    if zeros <= ZERO_SHARE * orders:
        return []
    text = wording("{zeros} of {orders} orders have an amount of zero; they are kept and count as no purchase.")
    return [text.format(zeros=zeros, orders=orders)]
