"""The retention rate from three numbers that somebody has at hand."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from churnrisk.errors import SettingsError
from churnrisk.retention.definitions import annualise_churn
from churnrisk.timeline import YEAR


@dataclass(frozen=True)
class Rate:
    """A retention rate by count, and what it means.

    Parameters
    ----------
    start, end, new : int
        Customers at the start, at the end, and those at the end who were not customers before the period.
    retention_rate : float
        (end - new) / start.
    churn_rate : float
        1 - retention_rate; below 0 where more came back than were lost.
    days : int or None
        Length of the period.
    annual_retention_rate, annual_churn_rate : float or None
        What is left after a year at this rate, and what is lost; None without ``days`` or above 100 %.
    notes : tuple of str
        What the terms mean, and what to beware of.
    """

    start: int
    end: int
    new: int
    retention_rate: float
    churn_rate: float
    days: int | None
    annual_retention_rate: float | None
    annual_churn_rate: float | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "notes": list(self.notes)}


def compute_rate(start: int, end: int, *, new: int, days: int | None = None) -> Rate:
    """Compute (end - new) / start.

    The formula in common use, since three counts are enough. It does not see who the customers are: somebody who
    had lapsed and came back is counted as retained. With a purchase log use
    :func:`churnrisk.retention.measure_retention` instead.

    Parameters
    ----------
    start : int
        Customers at the start of the period, above 0.
    end : int
        Customers at its end.
    new : int
        Customers at its end who became customers within it.
    days : int, optional
        Length of the period, for the equivalent of a year.

    Raises
    ------
    SettingsError
        Numbers that cannot be.

    Examples
    --------
    >>> compute_rate(1000, 800, new=400).retention_rate
    0.4
    """
    _check_counts(start, end, new, days)
    retained = (end - new) / start
    lost = (start - end + new) / start
    annual = annualise_churn(lost, days) if days is not None and lost >= 0 else None
    kept = None if annual is None else 1 - annual
    return Rate(start, end, new, retained, lost, days, kept, annual, tuple(_explain(retained)))


def _check_counts(start: int, end: int, new: int, days: int | None) -> None:
    for option, count in (("--start", start), ("--end", end), ("--new", new)):
        if count < 0:
            raise SettingsError(f"{option} {count}: a number of customers cannot be below 0.")
    if start == 0:
        raise SettingsError("--start 0: a share of no customers is not defined; take a period that starts with some.")
    if new > end:
        raise SettingsError(
            f"--new {new} is more than --end {end}: new means customers at the end who were none at the start, so "
            "there can be no more of them than customers at the end."
        )
    if days is not None and days < 1:
        raise SettingsError(f"--days {days}: give the length of the period in days, 1 or more.")


def _explain(retained: float) -> list[str]:
    notes = [
        "start: customers active on the first day. end: customers active on the day after the last.",
        "new: customers at the end who bought for the first time within the period; those who were new and have left "
        f"again do not count. A year is taken as {YEAR} days.",
    ]
    if retained > 1:
        notes.append(
            "Above 100 %: more customers at the end than can have stayed, so some had lapsed before the start and came "
            "back. This formula counts them as retained."
        )
    return notes
