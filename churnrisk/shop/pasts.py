"""What a generation knows of the past of customers beside their scores: first purchase, rhythm, and what was bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from churnrisk.engines import FileDatabase

_PASTS = """
CREATE TABLE pasts AS
WITH days AS (
    SELECT DISTINCT number, order_day FROM numbered_orders
    WHERE is_purchase = 1 AND order_day < $as_of AND undone_day >= $as_of
), gaps AS (
    SELECT *, order_day - lag(order_day) OVER (PARTITION BY number ORDER BY order_day) AS gap FROM days
)
SELECT number, min(order_day) AS first_day, max(order_day) AS last_day,
    CASE WHEN count(gap) >= 2 THEN median(gap) END AS usual_gap
FROM gaps GROUP BY number ORDER BY number
"""
_ITEMS = """
CREATE TABLE items AS
SELECT row_number() OVER (ORDER BY product_id, category) AS item, product_id, category, coalesce(name, '') AS name
FROM (SELECT DISTINCT product_id, category FROM numbered_lines) LEFT JOIN item_names USING (product_id)
"""
_LAST_BOUGHT = """
CREATE TABLE last_bought AS
SELECT DISTINCT number, item FROM numbered_lines JOIN pasts USING (number) JOIN items USING (product_id, category)
WHERE order_day = last_day AND amount >= 0 AND quantity >= 0 ORDER BY number, item
"""
_NOTHING = (
    "CREATE TABLE items (item BIGINT, product_id VARCHAR, category VARCHAR, name VARCHAR)",
    "CREATE TABLE last_bought (number BIGINT, item BIGINT)",
)


def write_pasts(file: FileDatabase, names: Mapping[str, str], *, as_of: int, has_lines: bool) -> None:
    """Write what is known before a day.

    Parameters
    ----------
    file : FileDatabase
        The file of the generation, with its orders.
    names : mapping of str to str
        What products are called.
    as_of : int
        The day that everybody is scored at.
    has_lines : bool
        Whether the log names products or categories.
    """
    run = file.connection.execute
    run(_PASTS, {"as_of": as_of})
    if not has_lines:
        for statement in _NOTHING:
            run(statement)
        return
    known = {"product_id": list(names), "name": list(names.values())}
    file.write_table("item_names", {name: np.array(values, dtype=object) for name, values in known.items()})
    for statement in (_ITEMS, _LAST_BOUGHT, "DROP TABLE item_names"):
        run(statement)


def find_names(file: FileDatabase, product_ids: Sequence[str]) -> dict[str, str]:
    """Return what some products are called; those without a name are left out."""
    query = "SELECT DISTINCT product_id, name FROM items WHERE name <> '' AND product_id = ANY(?)"
    rows: list[dict[str, Any]] = file.rows(query, (list(product_ids),)) if product_ids else []
    return {row["product_id"]: row["name"] for row in rows}
