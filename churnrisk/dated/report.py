"""The account of a table beside the purchases: what came in, what was used, and what it tells of whom, from when on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class DatedReport:
    """Every row of a table, accounted for.

    ``rows_in = rows_used + rows_rejected + duplicates_dropped + rows_without_customer`` always holds. Counts from
    ``rows_open`` on are of the rows that are used.

    ``columns`` has the user's header of each role, ``kinds`` the number of different kinds and ``frequent_kinds`` the
    rows of the most frequent ones; ``rows_late`` were known after the day on which they happened, ``rows_ahead`` before
    it; ``values_unknown`` have a value without the day from which it was known, so that it is left out;
    ``change_column`` is the header of the day on which rows were last written, where none says when they were known;
    ``rows_settled`` are of a customer and a day that another row of attributes is of, and one of each day stands.
    """

    name: str
    family: str
    source: str
    format: str
    rows_in: int
    rows_used: int
    rows_rejected: int
    duplicates_dropped: int
    rows_without_customer: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    ignored_columns: tuple[str, ...] = ()
    customers: int = 0
    first_on: str = ""
    last_on: str = ""
    first_known_on: str = ""
    last_known_on: str = ""
    rows_open: int = 0
    rows_late: int = 0
    rows_ahead: int = 0
    rows_settled: int = 0
    change_column: str = ""
    values: int = 0
    values_unknown: int = 0
    kinds: int = 0
    frequent_kinds: Mapping[str, int] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        accounted = self.rows_used + self.rows_rejected + self.duplicates_dropped + self.rows_without_customer
        if accounted != self.rows_in:
            raise AssertionError(f"{self.rows_in} rows came in, {accounted} are accounted for")

    def to_dict(self) -> dict[str, Any]:
        """Return the account as plain values."""
        return asdict(self)

    def describe(self) -> dict[str, Any]:
        """Return the account as a card keeps it: without examples, whose values may name people."""
        return {name: value for name, value in self.to_dict().items() if name != "examples"}
