"""Expressions that every engine types and counts alike."""

from __future__ import annotations

import narwhals as nw


def int_sum(expression: nw.Expr) -> nw.Expr:
    """Sum whole numbers to an int64 that is 0 over no rows, in every engine (DuckDB's own sum is 128 bits wide)."""
    return expression.sum().cast(nw.Int64)


def as_int(condition: nw.Expr) -> nw.Expr:
    """Turn a condition into 0 or 1, since Spark cannot sum booleans."""
    return nw.when(condition).then(nw.lit(1, dtype=nw.Int64)).otherwise(nw.lit(0, dtype=nw.Int64))
