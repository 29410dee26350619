"""A customer's numbers beside typical ones, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from churnrisk.messages import wording, wordings
from churnrisk.timeline import Snapshot

DAYS = wordings("{count} day", "{count} days")
PART_DAYS = wording("{fraction} days")
"""How days with decimals are known again: some languages have a form of their own for them."""
NO_DAYS = wording("none")
BESIDE = wording("{said} (typical here: {typical})")


@dataclass(frozen=True)
class Numbers:
    """A customer's features beside those that are typical of the customer base, by name; NaN where there is none.

    Parameters
    ----------
    own, typical : mapping of str to float
        Features of the customer, and their medians over the stored sample.
    snapshot : Snapshot
        For the horizon.
    raises : bool
        Whether it is asked what raises the churn probability, or what lowers it.
    """

    own: Mapping[str, float]
    typical: Mapping[str, float]
    snapshot: Snapshot
    raises: bool = True

    def __getitem__(self, name: str) -> float:
        return self.own.get(name, math.nan)

    def knows(self, *names: str) -> bool:
        """Whether the customer has all of these."""
        return not any(math.isnan(self[name]) for name in names)

    def beside(self, said: str, name: str, write: Callable[[float], str]) -> str:
        """Write behind what was said what is typical, in brackets, where that is known."""
        typical = self.typical.get(name, math.nan)
        return said if math.isnan(typical) else BESIDE.format(said=said, typical=write(typical))


More = Literal["raises", "lowers", "either way"]
"""What more of something is generally taken for: a sign of leaving, of staying, or neither."""

Sentence = Callable[[Numbers], str]
"""Gives an empty text where the numbers are missing that it needs, or are no more than typical."""


def number(value: float) -> str:
    """Write a number as short as its size allows: 1,250, 83, 4.2, 0.35."""
    size = abs(value)
    if size >= 99.5 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 9.95 else f"{value:.2g}"


def money(value: float) -> str:
    """Write an amount: whole from 100 on, with two decimals below."""
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:,.2f}"


def share(value: float) -> str:
    """Write a share as a percentage."""
    return f"{value:.0%}"


def days(value: float) -> str:
    """Write a number of days."""
    return count(value, DAYS)


def count(value: float, forms: tuple[str, str]) -> str:
    """Write a number of things."""
    return forms[value != 1].format(count=number(value))


def on_days(value: float) -> str:
    """Write of how many days of a stretch something holds."""
    return number(value) if value else NO_DAYS


def nearest_window(windows: tuple[int, ...], horizon: int) -> int:
    """Choose the shortest window that covers the horizon, else the longest."""
    return next((window for window in windows if window >= horizon), windows[-1])


def compare(
    name: str, text: str | tuple[str, str], write: Callable[[float], str] = number, *, more: More = "either way"
) -> Sentence:
    """Make a sentence on one feature: ``{value}`` in the text is its number; what is typical comes after it.

    A text of two forms, for one and for more, has a ``{count}`` instead.

    Where the two read the same, nothing is said: a number that everybody has explains nothing. Where everybody would
    take more of it as a sign of one kind, such as more purchases of staying, and it is asked for the other, nothing
    is said either: the model has its reasons, but this number alone does not tell them.
    """

    def say(numbers: Numbers) -> str:
        typical = numbers.typical.get(name, math.nan)
        if not numbers.knows(name) or write(numbers[name]) == write(typical):
            return ""
        is_sign = more != "either way" and not math.isnan(typical)
        if is_sign and (numbers[name] > typical) != ((more == "raises") == numbers.raises):
            return ""
        own = numbers[name]
        said = text.format(value=write(own)) if isinstance(text, str) else count(own, text)
        return numbers.beside(said, name, write)

    return say
