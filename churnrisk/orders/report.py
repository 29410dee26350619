"""The account of a reading: what came in, what was used, and what was set aside and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

EXAMPLES = 20
"""Set-aside rows that are kept on the report itself; the file of rejects has all of them."""

VALUE_LENGTH = 200
"""A value of a set-aside row is cut at this many characters."""


@dataclass(frozen=True)
class RejectedRow:
    """One row that was not used: its first physical line (or row number), column, value, reason, and file."""

    line: int
    column: str
    value: str
    reason: str
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class IntakeReport:
    """Every row of a source, accounted for.

    ``rows_in = rows_used + rows_rejected + duplicates_dropped + rows_without_customer + rows_no_sale`` always holds;
    rows that were summed into an order count as used.

    ``no_sale``, ``pending``, ``other_types`` and ``returned`` count orders (rows, where there are no order ids) by the
    word that the file has for it; ``refunds`` counts the rows of money paid back that were made of a column, and
    ``undone`` the purchases that returns have taken back whole, by the end of the log.

    ``guests`` counts the rows without an id of their own that another identifier tells apart (``rows``), their
    ``customers`` and what tells them apart (``by``), and the rows ``set_aside``, by the word in place of an id.

    ``naming`` has those of the ``notices`` that may name customers: they are shown, and stored with no model.
    """

    source: str
    format: str
    rows_in: int
    rows_used: int
    rows_rejected: int
    duplicates_dropped: int
    rows_without_customer: int
    reasons: Mapping[str, int]
    orders: int
    purchases: int
    returns: int
    return_rows: int
    zero_orders: int
    customers: int
    first_on: str
    last_on: str
    rows_no_sale: int = 0
    no_sale: Mapping[str, int] = field(default_factory=dict)
    pending: Mapping[str, int] = field(default_factory=dict)
    other_types: Mapping[str, int] = field(default_factory=dict)
    returned: Mapping[str, int] = field(default_factory=dict)
    refunds: int = 0
    guests: Mapping[str, Any] = field(default_factory=dict)
    undone: int = 0
    orders_over_days: int = 0
    longest_order_days: int = 0
    date_format: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    ignored_columns: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    naming: tuple[str, ...] = ()
    rejected_rows: tuple[RejectedRow, ...] = ()

    def __post_init__(self) -> None:
        accounted = self.rows_used + self.rows_rejected + self.duplicates_dropped
        accounted += self.rows_without_customer + self.rows_no_sale
        if accounted != self.rows_in:
            raise AssertionError(f"{self.rows_in} rows came in, {accounted} are accounted for")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> IntakeReport:
        """Make the account again of what :meth:`to_dict` gave, also after it was JSON."""
        tuples = {one.name for one in fields(cls) if str(one.type).startswith("tuple")}
        plain: dict[str, Any] = {name: tuple(value) if name in tuples else value for name, value in values.items()}
        plain["rejected_rows"] = tuple(RejectedRow(**row) for row in values.get("rejected_rows", ()))
        return cls(**plain)

    def to_dict(self) -> dict[str, Any]:
        """Return the account as plain values, from which :meth:`from_dict` makes it again."""
        return asdict(self)

    def describe(self, *, has_rows: bool = False) -> dict[str, Any]:
        """Return the account as plain values to show; the rejected rows, whose values may name people, where asked."""
        hidden = {"naming"} if has_rows else {"naming", "rejected_rows"}
        return {name: value for name, value in self.to_dict().items() if name not in hidden}
