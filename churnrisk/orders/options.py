"""What a user can set about intake; every option has a default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from churnrisk.errors import SettingsError

REJECT_LIMIT = 0.05


@dataclass(frozen=True, kw_only=True)
class IntakeOptions:
    """How to read a source of purchases.

    Parameters
    ----------
    columns : mapping of str to str
        The user's header for a role, such as ``{"customer_id": "Klient"}``; roles not named are found by header.
    reject_limit : float
        Share of the rows (those without a customer id apart) above which reading stops, from 0 to 1.
    rejects : Path, optional
        CSV file to write the rows to that were set aside: line, column, value, reason.
    threads : int, optional
        Threads of the engine; by default as many as there are processors.
    memory : str, optional
        Memory limit of the engine, such as ``"2GB"``.
    decimal : str, optional
        The decimal sign of amounts and quantities, ``"."`` or ``","``; found in the data when not given.
    date_format : str, optional
        Order of a date's parts, such as ``"dd/mm/yyyy"`` or ``"mdy"``; found in the data when not given.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    reject_limit: float = REJECT_LIMIT
    rejects: Path | None = None
    threads: int | None = None
    memory: str | None = None
    decimal: str | None = None
    date_format: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.reject_limit <= 1:
            raise SettingsError(f"--reject-limit {self.reject_limit}: give a share from 0 to 1, for example 0.05.")
        if self.decimal not in (None, ".", ","):
            raise SettingsError(f"--decimal {self.decimal!r}: give '.' or ','.")
