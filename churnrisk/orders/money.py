"""Currencies: amounts of several are refused or converted, and a change of a country's money is noticed."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from churnrisk.engines import Database
from churnrisk.errors import AmbiguousFormat, SettingsError
from churnrisk.orders.numbers import NumberPlan
from churnrisk.sources import CURRENCY_SIGNS, ColumnMatch, fill_value, quote_text
from churnrisk.timeline import date_of, day_number

_LEV = Decimal("1.95583")
_LEV_DAY = day_number(dt.date(2026, 1, 1))
_MEDIAN_WITHIN, _QUARTILES_WITHIN = 0.08, 0.15
_LEAST_PURCHASES = 30
_SPAN, _LONG = 60, 730
_TIE = 20.0  # difference of twice the log likelihood

Ask = Callable[[str], list[tuple[Any, ...]]]
"""Runs a query and gives its rows."""

_CODES = {sign: code for code, signs in CURRENCY_SIGNS.items() for sign in signs.split()}


def has_currency(match: ColumnMatch, plan: NumberPlan) -> bool:
    """Tell whether anything in the log names a currency."""
    return "currency" in match.positions or bool(plan.currency) or bool(match.currency)


def currency_sql(match: ColumnMatch, plan: NumberPlan | None, parts: str) -> str:
    """Return SQL for the code of a row's currency: in its amount, its own column, or the header; else empty."""
    column = match.positions.get("currency")
    found = [] if column is None else [_code_sql("currency_text")]
    if plan is not None and plan.currency:
        found.insert(0, _code_sql(f"nullif({fill_value(plan.currency, '', parts)}, '')"))
    return f"coalesce({', '.join([*found, quote_text(match.currency)])})"


def _code_sql(text: str) -> str:
    plain = f"replace(rtrim(upper({text}), '.'), ' ', '')"
    cases = " ".join(f"WHEN {quote_text(sign)} THEN {quote_text(code)}" for sign, code in _CODES.items())
    return f"CASE {plain} {cases} ELSE {plain} END"


def count_currencies(database: Database, source: str, match: ColumnMatch, plan: NumberPlan) -> dict[str, int]:
    """Count the rows of each currency that have an amount; the empty name stands for rows that name none."""
    parts = f", {fill_value(plan.parts, 'amount_text')} AS parts" if plan.parts else ""
    rows = f"(SELECT *{parts} FROM {source} WHERE amount_units IS NOT NULL OR amount_text IS NOT NULL)"
    query = f"SELECT {currency_sql(match, plan, 'parts')} AS k, count(*) FROM {rows} GROUP BY k ORDER BY 2 DESC, 1"
    return {str(name): int(count) for name, count in database.connection.execute(query).fetchall()}


def parse_rates(rates: Mapping[str, str], *, option: str = "--rate") -> dict[str, Decimal]:
    """Read rates given as decimal text."""
    return {plain_code(name): _parse_rate(name, value, option) for name, value in rates.items()}


def plain_code(name: str) -> str:
    """Return the code of a currency that is named by a sign, a word or a code."""
    plain = name.strip().upper().rstrip(".").replace(" ", "")
    return _CODES.get(plain, plain)


def _parse_rate(name: str, value: str, option: str) -> Decimal:
    try:
        rate = Decimal(str(value).strip())
    except InvalidOperation:
        rate = Decimal(0)
    if not (rate.is_finite() and Decimal("1e-9") <= rate < Decimal("1e5")):
        raise SettingsError(f"{option} {name}={value}: give a number above 0, such as PLN=0.235.")
    return rate


def settle_currency(counts: Mapping[str, int], rates: Mapping[str, Decimal], *, converted: str = "") -> str | None:
    """Return the currency of the log once rates are applied.

    Parameters
    ----------
    counts : mapping of str to int
        Rows of each currency.
    rates : mapping of str to Decimal
        What a unit of each is worth.
    converted : str
        The options by which the file's own converted amounts are read, if it has some.

    Raises
    ------
    AmbiguousFormat
        Where amounts of several currencies would be added up.
    """
    named = {code: count for code, count in counts.items() if code}
    if not named:
        return None
    unrated = [code for code in named if code not in rates]
    listed = ", ".join(f"{code} ({count} rows)" for code, count in named.items())
    if len(unrated) > 1:
        options = " ".join(f"--rate {code}=RATE" for code in unrated[1:])
        raise AmbiguousFormat(
            f"the amounts are in several currencies: {listed}. "
            + (f"The file has them converted, too: {converted}. Or say" if converted else "Say")
            + f" what the others are worth in {unrated[0]}: {options}.",
            code="currency.several",
        )
    if len(named) > 1 and counts.get("") and sum(code in rates for code in named):
        raise AmbiguousFormat(
            f"{counts['']} rows name no currency, and the others name several: {listed}. Name it in every row.",
            code="currency.missing",
        )
    return unrated[0] if unrated else None


def factor_sql(rates: Mapping[str, Decimal], before: Mapping[str, str]) -> str | None:
    """Return SQL for what an amount is multiplied by, of the columns ``currency`` and ``day``; None for nothing."""
    eras = sorted((_parse_date(day), _parse_rate(day, rate, "--rate-before")) for day, rate in before.items())
    if not rates and not eras:
        return None
    currency = " ".join(f"WHEN currency = {quote_text(code)} THEN {_decimal(rate)}" for code, rate in rates.items())
    era = " ".join(f"WHEN day < {day} THEN {_decimal(rate)}" for day, rate in eras)
    parts = [f"CASE {cases} ELSE {_decimal(Decimal(1))} END" for cases in (currency, era) if cases]
    if len(parts) == 1:
        return parts[0]
    return f"CAST({' * '.join(f'CAST({part} AS DECIMAL(17, 9))' for part in parts)} AS DECIMAL(17, 12))"


def _decimal(rate: Decimal) -> str:
    return f"CAST('{rate:f}' AS DECIMAL(17, 12))"


def _parse_date(text: str) -> int:
    try:
        return day_number(dt.date.fromisoformat(text.strip()))
    except ValueError:
        raise SettingsError(f"--rate-before {text}=...: write the date as YYYY-MM-DD, such as 2026-01-01.") from None


def refuse_new_money(ask: Ask, *, orders: str, month: str) -> None:
    """Stop where all amounts fall for good by 1.956 at one day: the lev became the euro, and nobody converted.

    The quartiles of the purchases of 60 days before and after a day, and of all before and after it, must have the
    ratio of the lev to the euro.

    Parameters
    ----------
    ask : callable
        Runs a query and gives its rows.
    orders : str
        The table of orders.
    month : str
        SQL for the first day of the month of ``order_day``, in the dialect of the engine that is asked.

    Raises
    ------
    AmbiguousFormat
        With the day, and the option that converts what lies before it.
    """
    months = _month_quartiles(ask, orders, month)
    for earlier, later, day in _steps(months):
        if not _is_lev(earlier, later):
            continue
        found = _find_day(ask, orders, day)
        if found is not None:
            raise AmbiguousFormat(
                f"from {date_of(found)} on, amounts are lower by 1.956, as the lev is to the euro. Amounts of two "
                f"currencies cannot be added up; convert the older ones with --rate-before {date_of(found)}=0.511292, "
                f"or say that nothing changed with --rate-before {date_of(found)}=1.",
                code="currency.changed",
            )


Quartiles = tuple[float, float, float]

_FINE = 200  # amounts are counted in steps of half a percent, exactly and in little memory
_BUCKET = f"CAST(floor(ln(amount) * {_FINE}) AS INT)"


def _month_quartiles(ask: Ask, orders: str, month: str) -> list[tuple[int, Quartiles]]:
    """Return the first day and the quartiles of each month that has enough purchases."""
    query = (
        f"SELECT {month} AS m, {_BUCKET} AS b, count(*) FROM {orders} WHERE is_purchase = 1 AND amount > 0 "
        "GROUP BY 1, 2 ORDER BY 1, 2"
    )
    counts: dict[int, dict[int, int]] = {}
    for day, bucket, count in ask(query):
        counts.setdefault(int(day), {})[int(bucket)] = int(count)
    return [(day, _read_quartiles(found)) for day, found in counts.items() if sum(found.values()) >= _LEAST_PURCHASES]


def _read_quartiles(counts: Mapping[int, int]) -> Quartiles:
    """Return the quartiles of amounts that were counted by bucket."""
    total, seen = sum(counts.values()), 0
    found: list[float] = []
    for bucket in sorted(counts):
        seen += counts[bucket]
        while len(found) < 3 and seen * 4 >= total * (len(found) + 1):
            found.append(math.exp((bucket + 0.5) / _FINE))
    return found[0], found[1], found[2]


def _steps(months: list[tuple[int, Quartiles]]) -> list[tuple[Quartiles, Quartiles, int]]:
    """Return pairs of months next to each other, or with one month between that may be mixed."""
    near = [(a[1], b[1], b[0]) for a, b in itertools.pairwise(months)]
    return near + [(a[1], c[1], b[0]) for a, b, c in zip(months, months[1:], months[2:], strict=False)]


def _is_lev(before: Quartiles, after: Quartiles) -> bool:
    ratios = [a / b / float(_LEV) if b else 0.0 for a, b in zip(before, after, strict=True)]
    within = (_QUARTILES_WITHIN, _MEDIAN_WITHIN, _QUARTILES_WITHIN)
    return all(abs(ratio - 1) <= bound for ratio, bound in zip(ratios, within, strict=True))


def _find_day(ask: Ask, orders: str, near: int) -> int | None:
    """Find the day of the step within a month of ``near``, if the step lasts to both ends of the log."""
    day = _likeliest_day(ask, orders, near)
    sides = [(day - _SPAN, day), (day, day + _SPAN), (day - _LONG, day), (day, day + _LONG)]
    before, after, all_before, all_after = (_quartiles(ask, orders, start, end) for start, end in sides)
    if not (before and after and all_before and all_after):
        return None
    return day if _is_lev(before, after) and _is_lev(all_before, all_after) else None


def _likeliest_day(ask: Ask, orders: str, near: int) -> int:
    """Fit a step of the known height to the logarithms of the amounts; the day of the change of law wins a near tie."""
    query = (
        f"SELECT order_day, count(*), sum(ln(amount)), sum(ln(amount) * ln(amount)) FROM {orders} "
        f"WHERE is_purchase = 1 AND amount > 0 AND order_day BETWEEN {near - 2 * _SPAN} AND {near + 2 * _SPAN} "
        "GROUP BY 1 ORDER BY 1"
    )
    days = [(int(day), int(n), float(x), float(xx)) for day, n, x, xx in ask(query)]
    total, height = sum(n for _, n, _, _ in days), math.log(_LEV)

    def misfit(step: int) -> float:
        before = [(n, x) for day, n, x, _ in days if day < step]
        level = sum(x for _, _, x, _ in days) - height * sum(n for n, _ in before)
        squares = sum(xx for *_, xx in days) + sum(height * height * n - 2 * height * x for n, x in before)
        return squares - level * level / total

    candidates = range(near - 31, near + 63)
    misfits = {step: misfit(step) for step in candidates}
    best = min(candidates, key=lambda step: misfits[step])
    is_tie = _LEV_DAY in misfits and total * math.log(misfits[_LEV_DAY] / misfits[best]) < _TIE
    return _LEV_DAY if is_tie else best


def _quartiles(ask: Ask, orders: str, start: int, end: int, *, least: int = _LEAST_PURCHASES) -> Quartiles | None:
    query = (
        f"SELECT {_BUCKET} AS b, count(*) FROM {orders} "
        f"WHERE is_purchase = 1 AND amount > 0 AND order_day >= {start} AND order_day < {end} GROUP BY 1"
    )
    counts = {int(bucket): int(count) for bucket, count in ask(query)}
    return _read_quartiles(counts) if sum(counts.values()) >= least else None
