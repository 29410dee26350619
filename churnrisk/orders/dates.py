"""Find the one format of a column of dates from all its rows, and read the day of each row by it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from churnrisk.clock import today
from churnrisk.errors import AmbiguousFormat, SettingsError
from churnrisk.messages import mark, wording
from churnrisk.orders import date_forms
from churnrisk.orders.date_forms import BY_NAME, EPOCHS, SHORT, SHORT_FAMILIES, Family, numeric
from churnrisk.sources import PARTS, VALUE, quote_text
from churnrisk.timeline import day_number

CANONICAL = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?"
"""The shape that a clean log has; its rows are told by this one pattern and not looked at further."""

CANONICAL_SHAPE, CANONICAL_NAME = "C", "yyyy-mm-dd"

_EARLIEST = dt.date(1990, 1, 1)
_COARSE = re.compile(r"\d{4}[-/.]\d{2}|\d{4}-?[QW]\d{1,2}|\d{4}-\d{2}-\d{2}/\d{4}-\d{2}-\d{2}")

TO_ZONE = wording("Dates with an offset were brought to {name}.")
OWN_DAYS = wording(
    "Dates carry {offsets} different offsets, and each row counts on the day that it is written with; to use the "
    "shop's own clock, name its zone, for example --timezone Europe/Sofia."
)
SOME_OFFSETS = wording(
    "Some dates carry an offset and others none, and each row counts on the day that it is written with; to use the "
    "shop's own clock, name its zone, for example --timezone Europe/Sofia."
)
UTC_DAYS = wording(
    "Dates are written in UTC, where their days begin; to use the shop's own clock, name its zone, for example "
    "--timezone Europe/Sofia."
)
NO_OFFSETS = wording("--timezone {name} changed nothing, since no date says how far its clock is from UTC.")


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

    A row counts on the day that it is written with, whatever its offset and whatever other rows say; where the zone of
    the shop is named, a row with an offset counts on the day that it was there.

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
        Where a column can be read in several ways and no row decides, or rows contradict each other; it names the
        options that decide.
    """
    order = parse_date_format(date_format) if date_format else None
    family = _choose_family(shapes, order)
    if family is None:
        _refuse_periods(shapes, ask)
        return _plan_canonical(is_total=False, timezone=timezone)
    if family.is_short and not (order or "").endswith(SHORT):
        _refuse_short(family, ask)
    if family.name == CANONICAL_NAME and set(shapes) <= {CANONICAL_SHAPE}:
        return _plan_canonical(is_total=True, timezone=timezone)
    if order is None:
        family = _settle_digits(family, shapes, ask, share=share)
    if family.order == "dmy" and not (family.is_worded or family.is_short):
        family = _settle_order(family, ask, order=order, share=share)
    return _plan(family, ask, shapes, timezone=timezone)


def parse_date_format(text: str) -> str:
    """Reduce a user's date format, such as ``%d/%m/%Y`` or ``dd.mm.yyyy``, to the order of its parts or a name."""
    name = text.strip().casefold()
    if name in date_forms.NAMED:
        return date_forms.NAMED[name]
    is_short = "%y" in text or bool(re.search(r"(?<![yr])(?:yy|rr)(?![yr])", name))
    date = re.split(r"[t ]|hh|%h", re.sub(r"%b|mon(?:th)?", "m", re.sub(r" (?=[dmyr%])", "-", name)))[0]
    letters = re.sub(r"(.)\1+", r"\1", re.sub(r"[^dmy]", "", re.sub("[jr]", "y", date)))
    if sorted(letters) == ["d", "m", "y"]:
        return letters + (SHORT if is_short else "")
    raise SettingsError(
        f"--date-format {text!r}: give the order of the parts, such as dd/mm/yyyy, mm/dd/yyyy, yyyy-mm-dd or "
        "dd-mon-yy, or one of iso, excel, epoch, epoch_ms, epoch_us, epoch_ns, yyyymmddhh."
    )


def _choose_family(shapes: Mapping[str, int], order: str | None) -> Family | None:
    """Return the family of most rows; of two alike, the first in the list."""
    families = [*date_forms.families_of(order), *(() if (order or "").endswith(SHORT) else SHORT_FAMILIES)]
    compiled = [re.compile(family.pattern) for family in families]
    votes = [0] * len(families)
    for shape, count in shapes.items():
        text = "9999-99-99" if shape == CANONICAL_SHAPE else shape
        place = next((k for k, pattern in enumerate(compiled) if pattern.match(text)), None)
        if place is not None:
            votes[place] += count
    best = max(range(len(families)), key=lambda k: votes[k])
    return families[best] if votes[best] else None


def _refuse_periods(shapes: Mapping[str, int], ask: Ask) -> None:
    """Say what values are that name a month, a quarter or a week, and no day."""
    found = sum(count for shape, count in shapes.items() if _COARSE.fullmatch(shape))
    if found * 2 > sum(shapes.values()):
        [(example,)] = ask(f"any_value(v) FILTER (regexp_full_match(v, {quote_text(_COARSE.pattern)}))")
        raise AmbiguousFormat(
            f"dates such as {example} name a period and no day of it. Give a column with the day of each purchase.",
            code="dates.no_day",
        )


def _refuse_short(family: Family, ask: Ask) -> None:
    """Stop at years of two digits, with the options that read them."""
    [(example,)] = ask(f"any_value(v) FILTER (regexp_matches(v, {quote_text(family.pattern)}))")
    options = [family.name]
    if not family.is_worded:
        separator = family.name[2]
        orders = ("dmy",) if separator == "." else ("dmy", "mdy", "ymd")  # nobody writes mm.dd.yy
        counts = {order: _count_possible(numeric(order, separator, is_short=True), ask) for order in orders}
        likely = [order for order in orders if counts[order] == max(counts.values())]
        if separator == "/" and len(likely) > 1:
            likely = [order for order in likely if order != "ymd"]
        options = [numeric(order, separator, is_short=True).name for order in likely]
    raise AmbiguousFormat(
        f"dates such as {example} have years of two digits, which are read only where their format is named: "
        f"{' or '.join(f'--date-format {option}' for option in options)}.",
        code="dates.two_digit_year",
    )


def _count_possible(family: Family, ask: Ask) -> int:
    """Count the values that have a month and a day of a month where a format has them."""
    part = {
        name: f"try_cast(regexp_extract(v, {quote_text(family.pattern)}, {family.order.index(name) + 1}) AS INT)"
        for name in "dm"
    }
    [(count,)] = ask(f"count(*) FILTER ({part['m']} BETWEEN 1 AND 12 AND {part['d']} BETWEEN 1 AND 31)")
    return int(str(count))


def _settle_digits(family: Family, shapes: Mapping[str, int], ask: Ask, *, share: float) -> Family:
    """Tell ten or twelve digits that write a day and hour from those that count seconds or milliseconds."""
    rivals = {
        "9" * 10: (date_forms.SECONDS, date_forms.HOURS, 1, "%Y%m%d%H"),
        "9" * 12: (date_forms.MILLISECONDS, date_forms.CLOCK, 1000, "%Y%m%d%H%M"),
    }
    shape = max(rivals, key=lambda one: shapes.get(one, 0))
    epoch, clock, scale, parts = rivals[shape]
    if not shapes.get(shape) or family.name not in (epoch, clock):
        return family
    tomorrow = today() + dt.timedelta(days=1)
    first, last = (day_number(day) * 86_400 * scale for day in (_EARLIEST, tomorrow + dt.timedelta(days=1)))
    stamp = f"try_strptime(v, '{parts}')"
    is_moment = f"coalesce(try_cast(v AS BIGINT) BETWEEN {first} AND {last}, false)"
    is_clock = (
        f"coalesce(length(v) = {len(shape)} AND {stamp} >= DATE '{_EARLIEST}' "
        f"AND {stamp} < DATE '{tomorrow}' + 1, false)"
    )
    [(moments, clocks, both, example)] = ask(
        f"count(*) FILTER ({is_moment} AND NOT {is_clock}), count(*) FILTER ({is_clock} AND NOT {is_moment}), "
        f"count(*) FILTER ({is_clock} AND {is_moment}), any_value(v) FILTER ({is_clock} OR {is_moment})"
    )
    only_moment, only_clock = int(str(moments)), int(str(clocks))
    if min(only_moment, only_clock) > share * (only_moment + only_clock) or (both and not only_moment + only_clock):
        options = f"--date-format {'epoch' if scale == 1 else 'epoch_ms'} or --date-format {clock[: len(shape)]}"
        raise AmbiguousFormat(
            f"dates such as {example} can be {epoch} or {clock[: len(shape)]}. Name one: {options}.",
            code="dates.epoch_unsure",
        )
    if not only_moment + only_clock:
        return family
    return BY_NAME[clock if only_clock > only_moment else epoch]


def _settle_order(family: Family, ask: Ask, *, order: str | None, share: float) -> Family:
    """Tell day from month by the rows in which only one of them can be the month."""
    separator = family.name[2]
    if order in ("dmy", "mdy"):
        return numeric(order, separator)
    a, b = (f"try_cast(regexp_extract(v, {quote_text(family.pattern)}, {i}) AS INT)" for i in (1, 2))
    [(day_first, month_first, undecided, example)] = ask(
        f"count(*) FILTER ({a} BETWEEN 13 AND 31 AND {b} <= 12), "
        f"count(*) FILTER ({b} BETWEEN 13 AND 31 AND {a} <= 12), "
        f"count(*) FILTER ({a} <= 12 AND {b} <= 12 AND {a} <> {b}), any_value(v) FILTER ({a} <= 12 AND {b} <= 12)"
    )
    named = " or ".join(f"--date-format {numeric(parts, separator).name}" for parts in ("dmy", "mdy"))
    first, second = int(str(day_first)), int(str(month_first))
    if first and second and min(first, second) > share * (first + second):
        raise AmbiguousFormat(
            f"the dates mix day/month and month/day: in {first} rows only the first number can be the day, "
            f"in {second} only the second. Split the source, or name the order: {named}.",
            code="dates.mixed_order",
        )
    if not first and not second and undecided and separator != ".":  # nobody writes mm.dd.yyyy
        raise AmbiguousFormat(
            f"dates such as {example} can be day/month or month/day, and no row of the column decides. "
            f"Name the order: {named}.",
            code="dates.order_unsure",
        )
    return numeric("mdy" if second > first else "dmy", separator)


def _plan_canonical(*, is_total: bool, timezone: str | None) -> DatePlan:
    name = CANONICAL_NAME if is_total else "which was not recognised; see --date-format"
    matches = f"regexp_full_match({VALUE}, '{CANONICAL}')"
    notices = (NO_OFFSETS.format(name=timezone),) if is_total and timezone else ()
    return DatePlan(name, f"try_cast({VALUE} AS TIMESTAMP)", matches, notices, is_total=is_total)


def _plan(family: Family, ask: Ask, shapes: Mapping[str, int], *, timezone: str | None) -> DatePlan:
    if not family.order:
        return _plan_number(family, timezone)
    names = ", ".join(f"'{name}'" for name in family.groups)
    cut = f"regexp_extract({VALUE}, {quote_text(family.pattern)}, [{names}])"
    stamp = _stamp_sql(family, has_halves=any(re.search(r"(?i)\d ?[ap]\.?m", shape) for shape in shapes))
    own = [found for shape in shapes if (found := re.match(family.pattern, shape))]
    has_offsets, is_mixed = (any(bool(one.groups()[-1]) is kind for one in own) for kind in (True, False))
    is_mixed |= CANONICAL_SHAPE in shapes
    notices: tuple[str, ...] = ()
    if has_offsets:
        offsets = {str(row[0]) for row in ask(f"DISTINCT {cut.replace(VALUE, 'v')}.z") if row[0]}
        notices = _say_offsets(offsets, is_mixed=is_mixed, timezone=timezone)
        stamp = stamp if timezone is None else _bring_to_zone(stamp, timezone)
    elif timezone is not None:
        notices = (NO_OFFSETS.format(name=timezone),)
    usual = _usual_sql(family, shapes)
    parts = f"(CASE WHEN {usual} IS NULL THEN {cut} END)"
    return DatePlan(family.name, f"coalesce({usual}, {stamp})", f"({PARTS} IS NULL OR {PARTS}.y <> '')", notices, parts)


def _usual_sql(family: Family, shapes: Mapping[str, int]) -> str:
    """Return SQL for the clock time of a date in the most frequent form of its family, in a tenth of a pattern's time.

    Its digits are all there, so the length tells it from other forms of the same format.
    """
    known = [shape for shape in shapes if clock_form(family.name, shape)]
    if not known:
        return "CAST(NULL AS TIMESTAMP)"
    shape = max(known, key=lambda one: shapes[one])
    read = strict_strptime_sql(VALUE, clock_form(family.name, shape))
    return f"CASE WHEN length({VALUE}) = {len(shape)} THEN {read} END"


def clock_form(name: str, shape: str) -> str:
    """The form, in the words of strptime, of a shape of dates whose digits are all there; empty for any other."""
    day, time = re.sub("[dmy]", "9", name), shape[len(name) :]
    times = {"": "", " 99:99": " %H:%M", " 99:99:99": " %H:%M:%S", "T99:99:99": "T%H:%M:%S"}
    if not shape.startswith(day) or time not in times or "yyyy" not in name or day.isdigit():
        return ""
    return name.replace("dd", "%d").replace("mm", "%m").replace("yyyy", "%Y") + times[time]


def strict_strptime_sql(value: str, form: str) -> str:
    """Return SQL that reads a clock time by a form, in which a space is a space and not a tab or a line's end."""
    return f"CASE WHEN NOT regexp_matches({value}, '[\\t-\\r]') THEN try_strptime({value}, '{form}') END"


def _stamp_sql(family: Family, *, has_halves: bool) -> str:
    """Return SQL for the clock time as it is written."""
    time, month, year = (f"{PARTS}.{name}" for name in ("t", "m", "y"))
    if "hour" in family.groups:
        minute, second = (f"if({PARTS}.{name} = '', '00', {PARTS}.{name})" for name in ("minute", "second"))
        time = f"concat({PARTS}.hour, ':', {minute}, ':', {second})"
    if family.is_worded:
        time, month = f"replace({time}, '.', ':')", date_forms.month_sql(month)
    if family.is_short:
        year = date_forms.full_year_sql(year)
    stamp = f"try_cast(trim(concat({year}, '-', {month}, '-', {PARTS}.d, ' ', {time})) AS TIMESTAMP)"
    if not has_halves:
        return f"CASE WHEN {PARTS}.y <> '' THEN {stamp} END"
    return f"""CASE WHEN {PARTS}.y = '' THEN NULL WHEN {PARTS}.p = '' THEN {stamp}
        WHEN hour({stamp}) NOT BETWEEN 1 AND 12 THEN NULL
        ELSE {stamp} + to_hours(CASE WHEN lower({PARTS}.p) = 'p' AND hour({stamp}) < 12 THEN 12
            WHEN lower({PARTS}.p) = 'a' AND hour({stamp}) = 12 THEN -12 ELSE 0 END) END"""


def _say_offsets(offsets: set[str], *, is_mixed: bool, timezone: str | None) -> tuple[str, ...]:
    """Say by which clocks a row counts, where its day could be another one in the shop."""
    if timezone is not None:
        return (TO_ZONE.format(name=timezone),)
    minutes = {date_forms.zone_minutes(offset) for offset in offsets}
    if len(minutes) > 1:
        return (OWN_DAYS.format(offsets=len(minutes)),)
    if is_mixed:
        return (SOME_OFFSETS,)
    return (UTC_DAYS,) if minutes == {0} else ()


def _bring_to_zone(stamp: str, timezone: str) -> str:
    """Return SQL for the clock time in a zone; what has no offset is taken as its time already."""
    zone = f"{PARTS}.z"
    utc = f"({stamp}) - to_minutes({date_forms.zone_minutes_sql(zone)})"
    return f"CASE WHEN {zone} = '' THEN {stamp} ELSE timezone({quote_text(timezone)}, timezone('UTC', {utc})) END"


def _plan_number(family: Family, timezone: str | None) -> DatePlan:
    pattern = quote_text(family.pattern)
    number = f"try_cast(regexp_extract({VALUE}, {pattern}, 1) AS BIGINT)"
    matches = f"regexp_matches({VALUE}, {pattern})"
    if family.name in EPOCHS:
        stamp = f"make_timestamp({EPOCHS[family.name].format(number)})"
        if timezone is not None:
            stamp = f"timezone({quote_text(timezone)}, timezone('UTC', {stamp}))"
        said = wording("Dates are read as {name}, in {names}.").format(name=family.name, names=timezone or "UTC")
        return DatePlan(family.name, stamp, matches, (said,))
    stamp = f"(TIMESTAMP '1899-12-30' + to_days(CAST({number} AS INT)))"
    moved = () if timezone is None else (NO_OFFSETS.format(name=timezone),)
    return DatePlan(family.name, stamp, matches, (mark("Dates are read as Excel serial numbers."), *moved))
