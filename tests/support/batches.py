"""A step over batches of customers that workers of Spark can import."""

from __future__ import annotations

import numpy as np

from churnrisk.engines import Arrays


def count_rows(batch: Arrays) -> Arrays:
    """Tell how many rows each customer of a batch has, and whether days rise within each."""
    same = batch["customer"][1:] == batch["customer"][:-1]
    falls = np.count_nonzero(same & (np.diff(batch["order_day"]) < 0))
    return {"rows": np.bincount(batch["customer"]), "falls": np.array(falls)}
