"""A large log, stored by customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw

from churnrisk.engines import Clustered, Database, count_rows
from churnrisk.features.base import PurchaseLog

PART_ROWS = 2_000_000
"""Orders of a part where parts lie in one place: fewer or more took longer."""


@dataclass(frozen=True)
class ClusteredLog:
    """The orders of a log in the order of its customers, which are whole numbers here."""

    log: PurchaseLog
    clustered: Clustered

    @property
    def has_amounts(self) -> bool:
        """Whether amounts are known."""
        return self.log.has_amounts

    @property
    def has_quantities(self) -> bool:
        """Whether numbers of items are known."""
        return self.log.has_quantities

    @property
    def has_products(self) -> bool:
        """Whether rows name products."""
        return self.log.has_products

    @property
    def has_categories(self) -> bool:
        """Whether rows name categories."""
        return self.log.has_categories

    def frame(self) -> nw.LazyFrame[Any]:
        """Return the orders."""
        return self.clustered.frame("orders")

    def lines(self) -> nw.LazyFrame[Any] | None:
        """Return the purchase rows."""
        return self.clustered.frame("lines") if self.has_products or self.has_categories else None


def is_large(log: PurchaseLog, database: Database, *, rows: int) -> bool:
    """Tell whether a log has more orders than a part may, so that it pays to store it by customer."""
    orders = log.frame()
    return orders.implementation is nw.Implementation.DUCKDB and count_rows(database, orders) > rows


def frames_to_cluster(log: PurchaseLog) -> dict[str, nw.LazyFrame[Any]]:
    """Return the tables of a log that features read."""
    frames = {"orders": log.frame().drop("order_id")}  # no feature asks for it, and it is the widest column
    lines = log.lines()
    return frames if lines is None else frames | {"lines": lines}
