"""Parts of a log, by customer: a large one is stored once more for that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw

from churnrisk.engines import Clustered, Database, count_rows, cut_range
from churnrisk.features.base import CUSTOMER, PurchaseLog

PART_ROWS = 2_000_000
"""Orders of a part where parts lie in one place: fewer or more took longer."""

RANGE_ROWS = 250_000
"""Orders of a part of a log that is asked as it lies: a query for all of two million took three times the memory."""


@dataclass(frozen=True)
class _PartOfLog:
    """What is known of a log is known of its parts."""

    log: PurchaseLog

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


@dataclass(frozen=True)
class RangedLog(_PartOfLog):
    """The orders of the customers whose ids lie in a range."""

    ends: tuple[str | None, str | None]

    def frame(self) -> nw.LazyFrame[Any]:
        """Return the orders."""
        return cut_range(self.log.frame(), CUSTOMER, self.ends)

    def lines(self) -> nw.LazyFrame[Any] | None:
        """Return the purchase rows."""
        lines = self.log.lines()
        return None if lines is None else cut_range(lines, CUSTOMER, self.ends)


@dataclass(frozen=True)
class ClusteredLog(_PartOfLog):
    """The orders of a log in the order of its customers, which are whole numbers here."""

    clustered: Clustered

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
