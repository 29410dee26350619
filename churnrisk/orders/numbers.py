"""Find how the numbers of a column are written from all its rows, and read them as exact whole units."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from churnrisk.errors import AmbiguousFormat
from churnrisk.schema import MONEY_LIMIT, MONEY_SCALE
from churnrisk.sources import PARTS, VALUE, quote_text

WHOLE = r"-?\d{1,13}"
DECIMAL = r"-?\d{1,13}\.(?:\d{1,2}|\d{4})"
"""Shapes that a clean log has. Three decimals are not among them: 1.234 could be a thousand."""

WHOLE_SHAPE, DECIMAL_SHAPE = "I", "D"

_DIGITS = f"try_cast({VALUE} AS DECIMAL(18, 4))"
_CLEAN_UNITS = (
    f"CASE WHEN abs({_DIGITS}) < 10000000000 THEN CAST({_DIGITS} * {MONEY_SCALE} AS BIGINT) "
    f"ELSE try_cast(concat({VALUE}, 'e4') AS BIGINT) END"  # DECIMAL(18, 4) has no room for ten thousand times more
)
_CLEAN_EXACT = f"try_cast({VALUE} AS DECIMAL(33, 18))"

_SPACE = "[ \u00a0\u202f\u2009'’]"
_CODE = r"(?:[€$£¥₽₴₸₺₹₩]|[A-Z]{3}|(?i:лв|лева|лев|zł|zl|руб|р|бел\.? ?руб|br|kč|kc|ft|lei|kr|грн|дин|din|eur|euro)\.?)"
_CODE_PART = rf"(?:{_CODE})?"
_MINUS = "[-−–]"


@dataclass(frozen=True)
class NumberPlan:
    """How the numbers of one column are read.

    Parameters
    ----------
    decimal : str
        The decimal sign, ``"."`` or ``","``.
    units : str
        SQL giving the whole number of ten-thousandths of the text :data:`VALUE`, NULL where it is not a number.
    exact : str
        SQL giving the number itself as DECIMAL(33, 18).
    currency : str
        SQL giving the sign or code of a currency in the text; empty where no text has any.
    parts : str
        SQL giving the parts of :data:`VALUE`, which ``units`` and ``exact`` name :data:`PARTS`; empty for none.
    """

    decimal: str
    units: str
    exact: str
    currency: str = ""
    parts: str = ""


Ask = Callable[[str], list[tuple[object, ...]]]


def decide_numbers(
    shapes: Mapping[str, int],
    ask: Ask,
    *,
    decimal: str | None,
    share: float,
    what: str,
    is_complete: bool = True,
) -> NumberPlan:
    """Choose the decimal sign of a column from the shapes of all its values.

    Where the shapes are not complete, currencies are looked for in every row.

    Raises
    ------
    AmbiguousFormat
        Where numbers such as 1,234 are all the evidence, or rows contradict each other.
    """
    if set(shapes) <= {WHOLE_SHAPE, DECIMAL_SHAPE} and decimal in (None, "."):
        return NumberPlan(".", _CLEAN_UNITS, _CLEAN_EXACT)
    sign = decimal or find_decimal(shapes, ask, share=share, what=what)
    return _plan(sign, names_currency=not is_complete or any(_may_name_currency(shape) for shape in shapes))


def _may_name_currency(shape: str) -> bool:
    """Tell whether something in a shape may be the sign or code of a currency: a letter, but no exponent, or a sign."""
    if shape in (WHOLE_SHAPE, DECIMAL_SHAPE):
        return False
    return re.search(r"[^\W\d_]|[€$£¥₽₴₸₺₹₩]", re.sub(r"\d[eE][+-]?\d", "", shape)) is not None


def find_decimal(shapes: Mapping[str, int], ask: Ask, *, share: float, what: str) -> str:
    """Return the decimal sign of a column by the shapes of all its values; see :func:`decide_numbers`."""
    votes = {".": shapes.get(DECIMAL_SHAPE, 0), ",": 0}
    undecided: dict[str, int] = {}
    for shape, count in shapes.items():
        sign = _evidence(shape)
        if sign in votes:
            votes[sign] += count
        elif sign:
            undecided[sign[1]] = undecided.get(sign[1], 0) + count
    if not any(votes.values()) and undecided:
        votes = _leading_zeros(ask)
    if min(votes.values()) > share * sum(votes.values()):
        raise AmbiguousFormat(
            f"the values of {what} mix decimal signs: {votes['.']} rows can only have a point, "
            f"{votes[',']} only a comma. "
            "Split the source, or name the sign with --decimal . or --decimal ,",
            code="numbers.mixed_decimal_signs",
        )
    if not any(votes.values()) and undecided:
        sign = max(undecided, key=lambda key: undecided[key])
        [(example,)] = ask("any_value(v) FILTER (regexp_matches(v, '\\d[.,]\\d{3}\\D*$'))")
        raise AmbiguousFormat(
            f"values of {what} such as {example} can be thousands or have three decimals, and no row decides. "
            f"Name the decimal sign: --decimal {'.' if sign == ',' else ','} reads {example} as thousands, "
            f"--decimal {sign} as a fraction.",
            code="numbers.decimal_sign_unsure",
        )
    return "," if votes[","] > votes["."] else "."


def _evidence(shape: str) -> str:
    """Tell which decimal sign a shape needs, ``.`` or ``,``; with a ``?`` before it where it could be for thousands."""
    if shape in (WHOLE_SHAPE, DECIMAL_SHAPE):
        return ""
    match = re.search(r"\d[\d., \u00a0\u202f\u2009'’]*|[.,]\d+", shape)
    core = re.sub(_SPACE, " ", match.group()).strip(" ") if match else ""
    marks: list[str] = re.findall(r"[.,]", core)
    if not marks:
        return ""
    if len(set(marks)) == 2:
        return marks[-1] if marks.count(marks[-1]) == 1 else ""
    other = "," if marks[0] == "." else "."
    if len(marks) > 1:
        mark = re.escape(marks[0])
        return other if re.fullmatch(rf"\d{{1,3}}(?:{mark}\d{{3}})+|\d{{1,2}}(?:,\d\d)+,\d{{3}}", core) else ""
    before, after = core.split(marks[0])
    if len(after) != 3 or len(before) > 3 or not before or " " in before:
        return marks[0]
    return "?" + marks[0]


def _leading_zeros(ask: Ask) -> dict[str, int]:
    """Count numbers such as 0.125, whose sign cannot be one of thousands."""
    signs = (".", ",")
    counts = ", ".join(
        f"count(*) FILTER (regexp_matches(v, '(^|[^0-9])0{re.escape(s)}[0-9]{{3}}([^0-9]|$)'))" for s in signs
    )
    [row] = ask(counts)
    return {sign: int(str(count)) for sign, count in zip(signs, row, strict=True)}


def number_pattern(decimal: str) -> str:
    """Return the pattern of a number with its sign, currency, thousands and exponent; the groups are its parts."""
    mark = re.escape(decimal)
    thousands = f"(?:{_SPACE}|{re.escape('.' if decimal == ',' else ',')})"
    indian = rf"\d{{1,2}}(?:,\d\d)+,\d{{3}}(?:{mark}\d*)?|" if decimal == "." else ""
    digits = rf"{indian}\d{{1,3}}(?:{thousands}\d{{3}})+(?:{mark}\d*)?|\d+(?:{mark}\d*)?|{mark}\d+"
    return (
        rf"^(\()?\s*({_MINUS}|\+)?\s*({_CODE_PART})\s*({_MINUS}|\+)?\s*({digits})((?:[eE][+-]?\d{{1,3}})?)"
        rf"\s*({_CODE_PART})\s*({_MINUS})?\s*(\))?$"
    )


def _plan(decimal: str, *, names_currency: bool) -> NumberPlan:
    """Read clean numbers by a cast, and cut only the others into parts, which takes many times as long."""
    names = "['open','s1','c1','s2','digits','exponent','c2','s3','close']"
    is_clean = f"regexp_full_match({VALUE}, '{WHOLE}|{DECIMAL.replace(chr(92) + '.', re.escape(decimal))}')"
    clean = VALUE if decimal == "." else f"replace({VALUE}, ',', '.')"
    parts, cut = PARTS, f"regexp_extract({VALUE}, {quote_text(number_pattern(decimal))}, {names})"
    other = "." if decimal == "," else ","
    digits = f"regexp_replace({parts}.digits, {quote_text(f'{_SPACE}|{re.escape(other)}')}, '', 'g')"
    if decimal == ",":
        digits = f"replace({digits}, ',', '.')"
    number = f"concat({digits}, {parts}.exponent)"
    minus = f"concat({parts}.s1, {parts}.s2, {parts}.s3)"
    is_negative = f"(({minus} NOT IN ('', '+')) OR {parts}.open <> '')"
    is_whole = (
        f"(({parts}.open = '') = ({parts}.close = '') AND length({minus}) <= 1 "
        f"AND NOT ({minus} <> '' AND {parts}.open <> ''))"
    )
    sign = f"(CASE WHEN {is_negative} THEN -1 ELSE 1 END)"
    exact = f"try_cast(CASE WHEN {is_whole} THEN {_keep_remainder(number)} END AS DECIMAL(33, 18))"
    return NumberPlan(
        decimal,
        f"CASE WHEN {parts} IS NULL THEN {_CLEAN_UNITS.replace(VALUE, clean)} ELSE {sign} * {round_sql(exact)} END",
        f"CASE WHEN {parts} IS NULL THEN {_CLEAN_EXACT.replace(VALUE, clean)} ELSE {sign} * {exact} END",
        f"upper(concat({parts}.c1, {parts}.c2))" if names_currency else "",
        f"CASE WHEN NOT {is_clean} THEN {cut} END",
    )


def _keep_remainder(number: str) -> str:
    """Shorten a number of very many decimals so that a tie is one only where all the rest are zeros."""
    return rf"regexp_replace({number}, '^(\d*\.\d{{17}})\d*[1-9]\d*$', '\11')"


def round_sql(exact: str) -> str:
    """Round a decimal to ten-thousandths, half to even, exactly; NULL where it is none or too large."""
    rounded = f"try_cast({exact} AS DECIMAL(20, 4))"
    is_tie = f"abs({rounded} - {exact}) = 0.00005"
    whole = f"try_cast({rounded} * {MONEY_SCALE} AS BIGINT)"
    return (
        f"CASE WHEN abs({exact}) > {MONEY_LIMIT} THEN NULL WHEN {is_tie} AND {whole} % 2 <> 0 "
        f"THEN {whole} - CAST(sign({exact}) AS BIGINT) ELSE {whole} END"
    )
