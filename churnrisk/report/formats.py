"""Numbers as a reader sees them; a dash where there is nothing."""

from __future__ import annotations

from collections.abc import Callable

from churnrisk.messages import say, write_number

NOTHING = "–"
Number = int | float | None


def percent(value: Number) -> str:
    """Write a share.

    >>> percent(0.1234), percent(None)
    ('12.3 %', '–')
    """
    return NOTHING if value is None else f"{write_number(100 * value, 1)} %"


def whole(value: Number) -> str:
    """Write a count, or an amount without its fraction.

    >>> whole(-1234567.8)
    '−1,234,568'
    """
    return NOTHING if value is None else write_number(value)


def amount(value: Number) -> str:
    """Write an amount with its fraction."""
    return NOTHING if value is None else write_number(value, 2)


def points(value: float) -> str:
    """Write a difference of two shares, in percentage points.

    >>> points(0.0123), points(-0.0004)
    ('+1.2 points', '0.0 points')
    """
    return say("{difference} points", difference=_with_sign(100 * value))


def growth(value: float, earlier: float) -> str:
    """Write a change against an earlier value above 0, in percent of it.

    >>> growth(90, 100)
    '−10.0 %'
    """
    return f"{_with_sign(100 * (value - earlier) / earlier)} %"


def decimal(value: Number, digits: int = 2) -> str:
    """Write a figure that has no unit with so many decimals."""
    return NOTHING if value is None else write_number(value, digits)


def between(low: Number, high: Number, *, write: Callable[[Number], str]) -> str:
    """Write an interval."""
    return NOTHING if low is None or high is None else say("{low} to {high}", low=write(low), high=write(high))


def _with_sign(value: float) -> str:
    text = write_number(value, 1)
    return "+" + text if value > 0 and any(sign in "123456789" for sign in text) else text


BY_UNIT: dict[str, Callable[[Number], str]] = {"share": percent, "customers": whole, "currency": whole}
"""How figures are written, by the unit of their definition; all others as :func:`amount`."""
