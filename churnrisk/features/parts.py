"""A large log in parts of whole customers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from churnrisk.engines import Database, cut_range, key_ranges
from churnrisk.features.base import CUSTOMER, PurchaseLog


@dataclass(frozen=True)
class PartOfLog:
    """The customers of a log from one id on and before another; None for no such end."""

    log: PurchaseLog
    ends: tuple[str | None, str | None]

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
        """Give the orders of these customers."""
        return self._cut(self.log.frame())

    def lines(self) -> nw.LazyFrame[Any] | None:
        """Give the purchase rows of these customers."""
        lines = self.log.lines()
        return None if lines is None else self._cut(lines)

    def _cut(self, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return cut_range(frame, CUSTOMER, self.ends)


def part_customers(log: PurchaseLog, database: Database | None, *, rows: int | None = None) -> Iterator[PurchaseLog]:
    """Give a log in parts whose features fit into the memory of its database, customers rising; else all of it.

    Parameters
    ----------
    log : PurchaseLog
        Orders on any engine.
    database : Database, optional
        The one that the log lies in; without one there are no parts.
    rows : int, optional
        Orders of a part, about; by default what the memory limit allows.
    """
    for ends in key_ranges(database, table="orders", key=CUSTOMER, rows=rows):
        yield log if ends == (None, None) else PartOfLog(log, ends)
