"""What is settled once there are orders: what the user should know about ids and zeros."""

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
