"""Numbers as a reader sees them; a dash where there is nothing."""

from __future__ import annotations

from collections.abc import Callable

NOTHING = "–"
Number = int | float | None


def percent(value: Number) -> str:
    """Write a share.

    >>> percent(0.1234), percent(None)
    ('12.3 %', '–')
    """
    return NOTHING if value is None else f"{_signed(100 * value, '.1f')} %"


def whole(value: Number) -> str:
    """Write a count, or an amount without its fraction.

    >>> whole(-1234567.8)
    '−1,234,568'
    """
    return NOTHING if value is None else _signed(value, ",.0f")


def amount(value: Number) -> str:
    """Write an amount with its fraction."""
    return NOTHING if value is None else _signed(value, ",.2f")


def points(value: float) -> str:
    """Write a difference of two shares, in percentage points.

    >>> points(0.0123), points(-0.0004)
    ('+1.2 points', '0.0 points')
    """
    return f"{_with_sign(100 * value, '.1f')} points"


def growth(value: float, earlier: float) -> str:
    """Write a change against an earlier value above 0, in percent of it.

    >>> growth(90, 100)
    '−10.0 %'
    """
    return f"{_with_sign(100 * (value - earlier) / earlier, '.1f')} %"


def _signed(value: float, form: str) -> str:
    text = f"{value:{form}}"
    if not text.startswith("-"):
        return text
    return "−" + text[1:] if any(sign in "123456789" for sign in text) else text[1:]


def _with_sign(value: float, form: str) -> str:
    text = _signed(value, form)
    return "+" + text if value > 0 and any(sign in "123456789" for sign in text) else text


BY_UNIT: dict[str, Callable[[Number], str]] = {"share": percent, "customers": whole, "currency": whole}
"""How figures are written, by the unit of their definition; all others as :func:`amount`."""
