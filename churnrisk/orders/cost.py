"""What a row cost: prices times quantities, discounts, and totals of an order that stand on each of its lines."""

from __future__ import annotations

import re
from collections.abc import Callable

from churnrisk.errors import AmbiguousFormat
from churnrisk.schema import MONEY_LIMIT, MONEY_SCALE
from churnrisk.sources import ColumnMatch, IntakeOptions, plain_header

_PERCENT = re.compile(r"%|percent|prozent|procent|процент|працэнт|\bpct\b|\brate\b", flags=re.IGNORECASE)
_MONEY = re.compile(
    "amount|value|kwota|wartosc|сума|сумма|стойност|betrag|montant|importe|importo|valor|tutar|castka|(eur|usd|pln|bgn|byn|rub)$"
)
SHARE, PERCENT, UNIT, LINE, UNUSED = "share", "percent", "unit", "line", "none"


def line_sql(price: str, discount: str) -> str:
    """Return SQL for the ten-thousandths that a line cost, NULL beyond the limit.

    Parameters
    ----------
    price : str
        SQL for the ten-thousandths of the price of a piece; the column ``quantity`` has those of their number.
    discount : str
        What the column ``discount`` is: a share or percentage of the price, an amount off each piece, an amount off
        the line, or nothing that is used.
    """
    off = "abs(CAST(coalesce(discount, 0) AS HUGEINT))"
    number, divisor = f"CAST({price} AS HUGEINT) * quantity", MONEY_SCALE
    if discount in (SHARE, PERCENT):
        whole = MONEY_SCALE * (100 if discount == PERCENT else 1)
        number, divisor = f"{number} * ({whole} - {off})", MONEY_SCALE * whole
    elif discount == UNIT:
        number = f"(CAST({price} AS HUGEINT) - {off}) * quantity"
    elif discount == LINE:
        number = f"{number} - sign(quantity) * {off} * {MONEY_SCALE}"
    return divide_sql(f"({number})", divisor)


def divide_sql(number: str, divisor: int) -> str:
    """Return SQL for a whole number divided by another, half to even; NULL for more than the largest amount."""
    half = f"abs({number}) % {divisor} * 2"
    return (
        f"CASE WHEN abs({number}) > {MONEY_LIMIT * MONEY_SCALE * divisor} THEN NULL ELSE CAST(sign({number}) * "
        f"(abs({number}) // {divisor} + CASE WHEN {half} > {divisor} OR ({half} = {divisor} "
        f"AND abs({number}) // {divisor} % 2 = 1) THEN 1 ELSE 0 END) AS BIGINT) END"
    )


Ask = Callable[[str], list[tuple[object, ...]]]
"""Runs ``SELECT <this> FROM the source`` and gives the rows."""


def decide_discount(ask: Ask, match: ColumnMatch, options: IntakeOptions) -> str:
    """Tell what the values of a discount beside price and quantity are, by all of them and by the header.

    Raises
    ------
    AmbiguousFormat
        Where they could be off each piece or off the whole line.
    """
    if options.discount is not None:
        return options.discount
    header = match.names["discount"]
    off, price, pieces = (_plain_sql(match.positions[role]) for role in ("discount", "unit_price", "quantity"))
    [row] = ask(
        f"count(*) FILTER ({off} <> 0), max(abs({off})), count(*) FILTER ({off} <> 0 AND abs({off}) < 1), "
        f"count(*) FILTER ({off} <> 0 AND abs({pieces}) > 1), count(*) FILTER (abs({off}) > abs({price})), "
        f"count(*) FILTER (c{match.positions['discount']} LIKE '%\\%%' ESCAPE '\\'), "
        f"count(*) FILTER (abs({off}) > abs({price} * {pieces})), count(*) FILTER ({off} <> floor({off})), "
        f"count(*) FILTER ({off} <> 0 AND NOT regexp_matches(c{match.positions['discount']}, '[.,][0-9][0-9]\\s*$'))"
    )
    given, most, fractions, several, above, signs, beyond, broken, bare = (float(str(value or 0)) for value in row)
    if not given:
        return UNUSED
    if signs or _PERCENT.search(header):
        return PERCENT
    is_money = bool(_MONEY.search(plain_header(header)))
    if not is_money and most <= 1 and fractions:
        return SHARE
    if not is_money and most <= 100 and beyond:
        return PERCENT  # no amount off a line is more than the line
    may_be_share = not is_money and most <= 100 and not broken and bool(bare)
    if not may_be_share and (not several or above):
        return LINE
    if not several:
        raise AmbiguousFormat(
            f"the discount in {header!r} can be an amount or a percentage of the price. Say which: --discount line, "
            f"--discount percent, or --discount none where the price {match.names['unit_price']!r} is after it.",
            code="discount.ambiguous",
        )
    raise AmbiguousFormat(
        f"the discount in {header!r} can come off each piece or off the whole line, and {several:.0f} rows have "
        f"several pieces. Say which: --discount line, --discount unit, --discount percent, or --discount none "
        f"where the price {match.names['unit_price']!r} is after it.",
        code="discount.ambiguous",
    )


def _plain_sql(position: int) -> str:
    return f"try_cast(replace(regexp_replace(c{position}, '[^0-9.,-]', '', 'g'), ',', '.') AS DOUBLE)"
