"""Find the one format of a column of dates from all its rows, and read the day of each row by it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from churnrisk.errors import AmbiguousFormat, SettingsError
from churnrisk.messages import mark, wording
from churnrisk.sources import PARTS, VALUE, quote_text

CANONICAL = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?"
"""The shape that a clean log has; its rows are told by this one pattern and not looked at further."""

CANONICAL_SHAPE = "C"

_TIME = r"(?:(?:[T ]|, ?| +)(\d{1,2}:\d{2}(?::\d{2})?)(?:[.,]\d{1,9})?(?: ?([AaPp])\.?[Mm]\.?)?)?"
_ZONE = r" ?(Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?"
_YEAR_WORD = r"(?: ?(?:г|р|год|r)\.?)?"  # "05.01.2024 г." is how Bulgarians and Belarusians write a date
_MONTH = (
    r"(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)"
)
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?"


@dataclass(frozen=True)
class _Family:
    """Dates that are written in one way: a pattern whose first three groups are the parts named by ``order``."""

    name: str
    date: str
    order: str
    has_time: bool = True
    flags: str = ""
    is_short: bool = False

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the pattern's groups."""
        if not self.has_time:
            return (*self.order, "hour", "minute", "second", "p", "z")
        return (*self.order, "t", "p", "z")

    @property
    def pattern(self) -> str:
        tail = _TIME + _ZONE if self.has_time else ""
        return f"{self.flags}^{self.date}{tail}$"


def _numeric(order: str, separator: str, *, is_short: bool = False) -> _Family:
    parts = {"d": r"(\d{1,2})", "m": r"(\d{1,2})", "y": r"(\d{2})" if is_short else r"(\d{4})"}
    mark = re.escape(separator)
    date = mark.join(parts[part] for part in order) + (_YEAR_WORD if order[-1] == "y" else "")
    names = {"d": "dd", "m": "mm", "y": "yy" if is_short else "yyyy"}
    return _Family(separator.join(names[part] for part in order), date, order, is_short=is_short)


_SEPARATORS = ("-", "/", ".")
_FAMILIES = (
    *(_numeric("ymd", separator) for separator in _SEPARATORS),
    *(_numeric("dmy", separator) for separator in _SEPARATORS),
    _Family("yyyymmdd", r"(\d{4})(\d{2})(\d{2})", "ymd"),
    _Family("yyyymmddhhmmss", r"(\d{4})(\d{2})(\d{2})T?(\d{2})(\d{2})(\d{2})?()" + _ZONE, "ymd", has_time=False),
    _Family(
        "d month yyyy", _WEEKDAY + r"(\d{1,2})(?:st|nd|rd|th)?[ .-]+" + _MONTH + r"[ .,-]+(\d{4})", "dmy", flags="(?i)"
    ),
    _Family("month d yyyy", _WEEKDAY + _MONTH + r"[ .]+(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})", "mdy", flags="(?i)"),
    _Family("Excel serial", r"(\d{5})(?:[.,]\d+)?", "", has_time=False),
    _Family("epoch seconds", r"(\d{9,10})(?:[.,]\d+)?", "", has_time=False),
    _Family("epoch milliseconds", r"(\d{12,13})(?:[.,]\d+)?", "", has_time=False),
)
_BY_NAME = {family.name: family for family in _FAMILIES}
_COMPILED = {family.name: re.compile(family.pattern) for family in _FAMILIES}
_EPOCHS = {"epoch seconds": 1_000_000, "epoch milliseconds": 1_000}
_SHORT_YEAR = re.compile(r"\d{1,2}([./-])\d{1,2}[./-]\d{2}(?!\d)")


@dataclass(frozen=True)
class DatePlan:
    """How the dates of one column are read.

    Parameters
    ----------
    name : str
        The format, for people.
    stamp : str
        SQL giving the TIMESTAMP in the log's clock of the text :data:`VALUE`, NULL where it cannot be.
    matches : str
        SQL telling whether the text :data:`VALUE` has this format at all.
    notices : tuple of str
        What the user should know.
    parts : str
        SQL giving the parts of :data:`VALUE`, which the others name :data:`PARTS`; empty where they need none.
    is_total : bool
        Whether every value is known to have the format, so that no row need be asked.
    """

    name: str
    stamp: str
    matches: str
    notices: tuple[str, ...] = field(default=())
    parts: str = ""
    is_total: bool = False


Ask = Callable[[str], list[tuple[object, ...]]]
"""Runs ``SELECT <this> FROM the values of the column, called v`` and gives the rows."""


def decide_dates(
    shapes: Mapping[str, int], ask: Ask, *, date_format: str | None = None, timezone: str | None = None, share: float
) -> DatePlan:
    """Choose the format of a column from the shapes of all its values.

    Parameters
    ----------
    shapes : mapping of str to int
        Shape of a value (digits as 9; ``"C"`` for :data:`CANONICAL`) and how many rows have it.
    ask : callable
        Asks the column itself, where shapes do not suffice.
    date_format, timezone : str, optional
        The user's choice.
    share : float
        The reject limit: contradictory rows up to this share are rejected, more are an error.

    Raises
    ------
    AmbiguousFormat
        Where day and month could be told apart in no row, or rows contradict each other.
    """
    order = parse_date_format(date_format) if date_format else None
    if order and order.endswith("short"):
        return _plan(_choose_short(shapes, order[:3]), ask, shapes, is_zoned=False, timezone=timezone)
    family, is_zoned = _choose_family(shapes, order)
    if family is None or (family.name == "yyyy-mm-dd" and set(shapes) <= {CANONICAL_SHAPE}):
        return _plan_canonical(is_total=family is not None)
    if family.order == "dmy" and family.name in ("dd/mm/yyyy", "dd-mm-yyyy", "dd.mm.yyyy"):
        family = _settle_order(family, ask, order=order, share=share)
    return _plan(family, ask, shapes, is_zoned=is_zoned, timezone=timezone)


def parse_date_format(text: str) -> str:
    """Reduce a user's date format, such as ``%d/%m/%Y`` or ``dd.mm.yyyy``, to the order of its parts or a name."""
    name = text.strip().casefold()
    named = {"iso": "ymd", "excel": "Excel serial", "epoch": "epoch seconds", "epoch_s": "epoch seconds"}
    named |= {"epoch_ms": "epoch milliseconds", "excel serial": "Excel serial"}
    if name in named:
        return named[name]
    is_short = "%y" in text or bool(re.search(r"(?<!y)yy(?!y)", name))
    letters = re.sub(r"(.)\1+", r"\1", re.sub(r"[^dmyj]", "", re.split(r"[t ]|hh|%h", name)[0].replace("j", "y")))
    if sorted(letters) == ["d", "m", "y"]:
        return letters + ("short" if is_short else "")
    raise SettingsError(
        f"--date-format {text!r}: give the order of the parts, such as dd/mm/yyyy, mm/dd/yyyy or yyyy-mm-dd, "
        "or one of iso, excel, epoch, epoch_ms."
    )


def _choose_family(shapes: Mapping[str, int], order: str | None) -> tuple[_Family | None, bool]:
    """Give the family and zonedness of most rows; of two alike, the first in the list."""
    votes: dict[tuple[str, bool], int] = {}
    for shape, count in shapes.items():
        name, is_zoned = _classify(shape)
        if name and (order is None or _allows(name, order)):
            votes[name, is_zoned] = votes.get((name, is_zoned), 0) + count
    if not votes:
        return None, False
    ranks = {family.name: -rank for rank, family in enumerate(_FAMILIES)}
    name, is_zoned = max(votes, key=lambda key: (votes[key], ranks[key[0]]))
    return _BY_NAME[name], is_zoned


def find_other_format(shapes: Mapping[str, int], *, timezone: str | None) -> str | None:
    """Give a shape that would be read as a date although it is not :data:`CANONICAL`; None where none would be."""
    family, is_zoned = _choose_family(shapes, None)
    if family is None:
        return None
    chosen = {(family.name, is_zoned), *([(family.name, True)] if timezone else [])}
    return next((shape for shape in shapes if shape != CANONICAL_SHAPE and _classify(shape) in chosen), None)


def _choose_short(shapes: Mapping[str, int], order: str) -> _Family:
    """Take years of two digits as 20yy, since the user has named such a format; never without."""
    found = [match.group(1) for shape in shapes if (match := _SHORT_YEAR.match(shape))]
    return _numeric(order, found[0] if found else ".", is_short=True)


def _allows(name: str, order: str) -> bool:
    family = _BY_NAME[name]
    return name == order or (sorted(family.order) == sorted(order) and (family.order[0] == "y") == (order[0] == "y"))


def _classify(shape: str) -> tuple[str | None, bool]:
    if shape == CANONICAL_SHAPE:
        return "yyyy-mm-dd", False
    for family in _FAMILIES:
        match = _COMPILED[family.name].match(shape)
        if match:
            groups = match.groups()
            return family.name, len(groups) >= 6 and bool(groups[-1])
    return None, False


def _settle_order(family: _Family, ask: Ask, *, order: str | None, share: float) -> _Family:
    """Tell day from month by the rows in which only one of them can be the month."""
    separator = family.name[2]
    if order in ("dmy", "mdy"):
        return _numeric(order, separator)
    a, b = (f"try_cast(regexp_extract(v, {quote_text(family.pattern)}, {i}) AS INT)" for i in (1, 2))
    [(day_first, month_first, undecided, example)] = ask(
        f"count(*) FILTER ({a} BETWEEN 13 AND 31 AND {b} <= 12), "
        f"count(*) FILTER ({b} BETWEEN 13 AND 31 AND {a} <= 12), "
        f"count(*) FILTER ({a} <= 12 AND {b} <= 12 AND {a} <> {b}), any_value(v) FILTER ({a} <= 12 AND {b} <= 12)"
    )
    named = " or ".join(f"--date-format {_numeric(parts, separator).name}" for parts in ("dmy", "mdy"))
    first, second = int(str(day_first)), int(str(month_first))
    if first and second and min(first, second) > share * (first + second):
        raise AmbiguousFormat(
            f"the dates mix day/month and month/day: in {first} rows only the first number can be the day, "
            f"in {second} only the second. Split the source, or name the order: {named}."
        )
    if not first and not second and undecided and separator != ".":  # nobody writes mm.dd.yyyy
        raise AmbiguousFormat(
            f"dates such as {example} can be day/month or month/day, and no row of the column decides. "
            f"Name the order: {named}."
        )
    return _numeric("mdy" if second > first else "dmy", separator)


def _plan_canonical(*, is_total: bool) -> DatePlan:
    name = "yyyy-mm-dd" if is_total else "which was not recognised; see --date-format"
    matches = f"regexp_full_match({VALUE}, '{CANONICAL}')"
    return DatePlan(name, f"try_cast({VALUE} AS TIMESTAMP)", matches, is_total=is_total)


def _plan(family: _Family, ask: Ask, shapes: Mapping[str, int], *, is_zoned: bool, timezone: str | None) -> DatePlan:
    if not family.order:
        return _plan_number(family, timezone)
    names = ", ".join(f"'{name}'" for name in family.groups)
    parts = f"regexp_extract({VALUE}, {quote_text(family.pattern)}, [{names}])"
    stamp = _stamp_sql(family, has_halves=any(re.search(r"(?i)\d ?[ap]\.?m", shape) for shape in shapes))
    matches = f"({PARTS}.y <> ''" + ("" if timezone else f" AND {PARTS}.z {'<>' if is_zoned else '='} ''") + ")"
    notices: tuple[str, ...] = ()
    if is_zoned:
        offsets = [str(row[0]) for row in ask(f"DISTINCT {parts.replace(VALUE, 'v')}.z") if row[0]]
        stamp, notices = _bring_to_zone(stamp, offsets, timezone=timezone)
    return DatePlan(family.name, stamp, matches, notices, parts)


def _stamp_sql(family: _Family, *, has_halves: bool) -> str:
    """Give SQL for the clock time as it is written."""
    time = f"{PARTS}.t"
    if "hour" in family.groups:
        time = f"concat({PARTS}.hour, ':', {PARTS}.minute, ':', if({PARTS}.second = '', '00', {PARTS}.second))"
    month = f"{PARTS}.m"
    if "month" in family.name:
        month = f"((strpos('janfebmaraprmayjunjulaugsepoctnovdec', lower(left({month}, 3))) + 2) // 3)"
    year = f"{PARTS}.y" if not family.is_short else f"'20', {PARTS}.y"
    stamp = f"try_cast(trim(concat({year}, '-', {month}, '-', {PARTS}.d, ' ', {time})) AS TIMESTAMP)"
    if not has_halves:
        return f"CASE WHEN {PARTS}.y <> '' THEN {stamp} END"
    return f"""CASE WHEN {PARTS}.y = '' THEN NULL WHEN {PARTS}.p = '' THEN {stamp}
        WHEN hour({stamp}) NOT BETWEEN 1 AND 12 THEN NULL
        ELSE {stamp} + to_hours(CASE WHEN lower({PARTS}.p) = 'p' AND hour({stamp}) < 12 THEN 12
            WHEN lower({PARTS}.p) = 'a' AND hour({stamp}) = 12 THEN -12 ELSE 0 END) END"""


TO_ZONE = wording("Dates with an offset were brought to {name}.")


def _bring_to_zone(stamp: str, offsets: Sequence[str], *, timezone: str | None) -> tuple[str, tuple[str, ...]]:
    """Bring offsets to one clock: the user's zone, or the offset itself where all rows share it, or UTC."""
    zone = f"{PARTS}.z"
    if timezone is None and len({_offset_minutes(offset) for offset in offsets}) <= 1:
        return stamp, ()
    digits = f"replace({zone}, ':', '')"
    minutes = (
        f"CASE WHEN left({digits}, 1) IN ('+', '-') THEN (CASE WHEN left({digits}, 1) = '-' THEN -1 ELSE 1 END) * "
        f"(try_cast(substr({digits}, 2, 2) AS INT) * 60 "
        f"+ coalesce(try_cast(nullif(substr({digits}, 4, 2), '') AS INT), 0)) "
        "ELSE 0 END"
    )
    utc = f"({stamp}) - to_minutes({minutes})"
    if timezone is None:
        said = wording(
            "Dates carry {offsets} different offsets and were brought to UTC; to use the shop's own clock, name its "
            "zone, for example --timezone Europe/Sofia."
        )
        return utc, (said.format(offsets=len(offsets)),)
    name = quote_text(timezone)
    local = f"CASE WHEN {zone} = '' THEN {stamp} ELSE timezone({name}, timezone('UTC', {utc})) END"
    return local, (TO_ZONE.format(name=timezone),)


def _offset_minutes(offset: str) -> int:
    digits = offset.replace(":", "")
    if digits[0] not in "+-":
        return 0
    return (1 if digits[0] == "+" else -1) * (int(digits[1:3]) * 60 + int(digits[3:5] or 0))


def _plan_number(family: _Family, timezone: str | None) -> DatePlan:
    pattern = quote_text(family.pattern)
    number = f"try_cast(regexp_extract({VALUE}, {pattern}, 1) AS BIGINT)"
    matches = f"regexp_matches({VALUE}, {pattern})"
    if family.name in _EPOCHS:
        stamp = f"make_timestamp({number} * {_EPOCHS[family.name]})"
        if timezone is not None:
            stamp = f"timezone({quote_text(timezone)}, timezone('UTC', {stamp}))"
        said = wording("Dates are read as {name}, in {names}.").format(name=family.name, names=timezone or "UTC")
        return DatePlan(family.name, stamp, matches, (said,))
    stamp = f"(TIMESTAMP '1899-12-30' + to_days(CAST({number} AS INT)))"
    return DatePlan(family.name, stamp, matches, (mark("Dates are read as Excel serial numbers."),))
