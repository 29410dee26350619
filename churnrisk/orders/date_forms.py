"""The ways in which dates are written: a pattern for each, with the names of the months in six languages."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

MONTHS = (
    "jan january januar jän jänner янв январь января яну януари ян сту студзень студзеня sty styczeń styczen stycznia",
    "feb february februar feber фев февр февраль февраля февруари лют люты лютага lut luty lutego",
    "mar march mär märz maerz mrz мар март марта сак сакавік сакавіка marzec marca",
    "apr april апр април апрель апреля кра крас красавік красавіка kwi kwiecień kwiecien kwietnia",
    "may mai май мая тра травень траўня maj maja",
    "jun june juni июн июнь июня юни юн чэр чэрвень чэрвеня cze czerwiec czerwca",
    "jul july juli июл июль июля юли юл ліп ліпень ліпеня lip lipiec lipca",
    "aug august авг август августа жні жнівень жніўня sie sierpień sierpien sierpnia",
    "sep sept september сен сент сентябрь сентября сеп септ септември вер верасень верасня wrz wrzesień wrzesien "
    "września wrzesnia",
    "oct october okt oktober окт октябрь октября октомври кас кастр кастрычнік кастрычніка paź paz październik "
    "pazdziernik października pazdziernika",
    "nov november ноя нояб ноябрь ноября ное ноем ноември ліс лістапад лістапада lis listopad listopada",
    "dec december dez dezember дек декабрь декабря декември сне снеж снежань снежня gru grudzień grudzien grudnia",
)
"""Names and abbreviations in English, German, Russian, Bulgarian, Belarusian and Polish, as they stand in a date."""

ZONES = {"PST": -480, "PDT": -420, "EST": -300, "EDT": -240, "CET": 60, "CEST": 120, "MEZ": 60, "MESZ": 120}
ZONES |= {"EET": 120, "EEST": 180, "MSK": 180}
"""Minutes east of Greenwich of the zones that dates name by letters that mean one thing only."""

_TIME = r"(?:(?:[T ]|, ?| +)(\d{1,2}:\d{2}(?::\d{2})?)(?:[.,]\d{1,9})?(?: ?([AaPp])\.?[Mm]\.?)?)?"
_WORDED_TIME = (
    r"(?:(?:,? +(?:at|um|o|о|в|у|а) +|[T:]|,? +|,)(\d{1,2}:\d{2}(?::\d{2})?|\d{1,2}\.\d{2}\.\d{2})"
    r"(?:[.,]\d{1,9})?(?: ?([AaPp])\.?[Mm]\.?)?)?"
)
_ZONE = rf" ?((?:UTC|GMT)?[+-]\d{{2}}(?::?\d{{2}})?|Z|z|UTC|GMT|{'|'.join(ZONES)})?(?: \([^()]*\))?"
_YEAR_WORD = r"(?: ?(?:г|р|год|года|r|roku)\.?)?"  # "05.01.2024 г." is how Bulgarians and Belarusians write a date
_MONTH = f"({'|'.join(sorted(' '.join(MONTHS).split(), key=lambda word: (-len(word), word)))})"
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?"
_WORDED_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"


@dataclass(frozen=True)
class Family:
    """Dates that are written in one way: a pattern whose first three groups are the parts named by ``order``."""

    name: str
    date: str
    order: str
    has_time: bool = True
    is_worded: bool = False
    is_short: bool = False

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the pattern's groups."""
        if not self.has_time:
            return (*self.order, "hour", "minute", "second", "p", "z")
        return (*self.order, "t", "p", "z")

    @property
    def pattern(self) -> str:
        """The pattern of a whole value."""
        tail = (_WORDED_TIME if self.is_worded else _TIME) + _ZONE if self.has_time else ""
        return f"{'(?i)' if self.is_worded else ''}^{self.date}{tail}$"


def numeric(order: str, separator: str, *, is_short: bool = False) -> Family:
    """Return dates of three numbers, such as 31.12.2024."""
    parts = {"d": r"(\d{1,2})", "m": r"(\d{1,2})", "y": r"(\d{2})" if is_short else r"(\d{4})"}
    date = re.escape(separator).join(parts[part] for part in order) + (_YEAR_WORD if order[-1] == "y" else "")
    names = {"d": "dd", "m": "mm", "y": "yy" if is_short else "yyyy"}
    return Family(separator.join(names[part] for part in order), date, order, is_short=is_short)


def worded(order: str, *, is_short: bool = False) -> Family:
    """Return dates that name the month, such as 31 Dec 2024, DEC-31-2024 or 31 grudnia 2024 r."""
    year = r"(\d{2})" if is_short else r"(\d{4})"
    parts = {"d": _WORDED_DAY, "m": _MONTH, "y": year}
    gaps = {"md": "[ ./-]+", "dy": "(?:,? +|[ ,./-])"}
    pairs = [gaps.get(a + b, "[ .,/-]*") for a, b in itertools.pairwise(order)]
    date = "".join(parts[part] + gap for part, gap in zip(order, [*pairs, ""], strict=True))
    names = {"d": "dd", "m": "mon", "y": "yy" if is_short else "yyyy"}
    name = "-".join(names[part] for part in order)
    end = _YEAR_WORD if order[-1] == "y" else ""
    return Family(name, _WEEKDAY + date + end, order, is_worded=True, is_short=is_short)


_SEPARATORS = ("-", "/", ".")
_CLOCK = r"(\d{4})(\d{2})(\d{2})T?(\d{2})"
SECONDS, MILLISECONDS, MICROSECONDS, NANOSECONDS = (
    f"epoch {unit}" for unit in ("seconds", "milliseconds", "microseconds", "nanoseconds")
)
SERIAL, HOURS, CLOCK = "Excel serial", "yyyymmddhh", "yyyymmddhhmmss"
FAMILIES = (
    *(numeric("ymd", separator) for separator in _SEPARATORS),
    *(numeric("dmy", separator) for separator in _SEPARATORS),
    Family("yyyymmdd", r"(\d{4})(\d{2})(\d{2})", "ymd"),
    Family(CLOCK, rf"{_CLOCK}(\d{{2}})(\d{{2}})?(){_ZONE}", "ymd", has_time=False),
    *(worded(order) for order in ("dmy", "mdy", "ymd")),
    Family(SERIAL, r"(\d{5})(?:[.,]\d+)?", "", has_time=False),
    Family(SECONDS, r"(\d{9,10})(?:[.,]\d+)?", "", has_time=False),
    Family(MILLISECONDS, r"(\d{12,13})(?:[.,]\d+)?", "", has_time=False),
    Family(MICROSECONDS, r"(\d{15,16})", "", has_time=False),
    Family(NANOSECONDS, r"(\d{18,19})", "", has_time=False),
    Family(HOURS, rf"{_CLOCK}()()(){_ZONE}", "ymd", has_time=False),
)
"""All ways, each tried before those behind it: where two fit, the rows of the whole column decide."""

SHORT_FAMILIES = (
    *(numeric("dmy", separator, is_short=True) for separator in _SEPARATORS),
    *(worded(order, is_short=True) for order in ("dmy", "mdy")),
)
"""Dates whose years have two digits: they are read only where the user names their format."""

BY_NAME = {family.name: family for family in FAMILIES}
SHORT = "short"
"""Ends the order of a date whose year has two digits."""

EPOCHS = {SECONDS: "{} * 1000000", MILLISECONDS: "{} * 1000", MICROSECONDS: "{}", NANOSECONDS: "{} // 1000"}
"""How the count of an epoch becomes microseconds, in SQL."""

NAMED = {"iso": "ymd", "excel": SERIAL, "epoch": SECONDS, "epoch_s": SECONDS, "epoch_ms": MILLISECONDS}
NAMED |= {"epoch_us": MICROSECONDS, "epoch_ns": NANOSECONDS, "yyyymmddhh": HOURS, "yyyymmddhhmm": CLOCK, CLOCK: CLOCK}
NAMED |= {name.casefold(): name for name in (SERIAL, *EPOCHS)}
"""What a user can name, and which way it is; ``ymd`` stands for all that begin with the year."""


def families_of(order: str | None) -> tuple[Family, ...]:
    """Return the ways that a user's choice allows: those of its order, or the one that it names.

    Parameters
    ----------
    order : str, optional
        Parts such as ``"dmy"``, with :data:`SHORT` behind them for years of two digits, or a name of :data:`BY_NAME`.
    """
    if order is None:
        return FAMILIES
    if order in BY_NAME:
        return (BY_NAME[order],)
    parts = order.removesuffix(SHORT)

    def is_alike(other: str) -> bool:
        return len(other) == len(parts) and (other[0] == "y") == (parts[0] == "y")

    if order == parts:
        return tuple(family for family in FAMILIES if is_alike(family.order))
    return (
        *(numeric(parts, separator, is_short=True) for separator in _SEPARATORS),
        *(worded(other, is_short=True) for other in ("dmy", "mdy", "ymd") if is_alike(other)),
    )


def full_year_sql(year: str) -> str:
    """Return SQL for the four digits of a year of two: from 1970 to 2069, since nothing before 1970 is a date here."""
    return f"concat(CASE WHEN {year} >= '70' THEN '19' ELSE '20' END, {year})"


def month_sql(word: str) -> str:
    """Return SQL for the number of a month by its name: three letters tell it in every language."""
    start = f"left(lower({word}), 3)"
    cases = [
        f"WHEN {start} IN ({', '.join(sorted({repr(name[:3]) for name in names.split()}))}) THEN '{number:02}'"
        for number, names in enumerate(MONTHS, start=1)
    ]
    return f"CASE {' '.join(cases)} END"


def zone_minutes(offset: str) -> int:
    """Return minutes east of Greenwich of an offset as it is written, or of a zone's letters."""
    digits = offset.upper().removeprefix("UTC").removeprefix("GMT").replace(":", "")
    if digits in ZONES:
        return ZONES[digits]
    if not digits or digits[0] not in "+-":
        return 0
    return (1 if digits[0] == "+" else -1) * (int(digits[1:3]) * 60 + int(digits[3:5] or 0))


def zone_minutes_sql(zone: str) -> str:
    """Return SQL for :func:`zone_minutes`."""
    digits = f"replace(ltrim(upper({zone}), 'UTCGM'), ':', '')"
    names = " ".join(f"WHEN '{name}' THEN {minutes}" for name, minutes in ZONES.items())
    return (
        f"CASE WHEN left({digits}, 1) IN ('+', '-') THEN (CASE WHEN left({digits}, 1) = '-' THEN -1 ELSE 1 END) * "
        f"(try_cast(substr({digits}, 2, 2) AS INT) * 60 "
        f"+ coalesce(try_cast(nullif(substr({digits}, 4, 2), '') AS INT), 0)) "
        f"ELSE CASE upper({zone}) {names} ELSE 0 END END"
    )
