"""What customers are: a row of attributes holds from its day on, and its columns have the types that all rows show."""

from __future__ import annotations

import re
from dataclasses import dataclass

from churnrisk.dated import AttributeTable, DatedReport
from churnrisk.errors import ColumnError, NotEnoughData
from churnrisk.orders.cells import Cells, plan_day, plan_number
from churnrisk.orders.dated_rows import DatedRows, day_issues, no_customer, say_day
from churnrisk.sources import plain_header, quote_text

ALWAYS = -1_000_000
"""The day of attributes that never change: before every other."""

_DAY = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}([T ].*)?"
_NUMBER = r"[-+−]?(\d+([.,]\d+)?|\d{1,3}([  .,'’]\d{3})+([.,]\d+)?)"
_CODE = r"[-+]?0\d.*|\d{16,}"
_KEPT = {"text": "VARCHAR", "number": "BIGINT", "day": "BIGINT"}
_OWN = ("customer_id", "valid_day")


@dataclass(frozen=True)
class _Attribute:
    """A column: its header, the name that it gets, its type, SQL of its text, and how its value is read."""

    header: str
    name: str
    type: str
    text: str
    cells: Cells


def read_attributes(rows: DatedRows) -> AttributeTable:
    """Check the rows of a table of attributes, and keep of each customer and day the one that stands."""
    is_fixed = rows.declared.is_fixed
    _refuse_snapshot(rows)
    found = _find_attributes(rows)
    texts = {f"a{place}_text": one.text for place, one in enumerate(found)}
    cells = {f"a{place}": (f"a{place}_text", one.cells) for place, one in enumerate(found)}
    then = {"valid_day": f"CAST({ALWAYS} AS BIGINT)"}
    issues = [no_customer()]
    if not is_fixed:
        texts["valid_from_text"] = rows.text(rows.places["valid_from"])
        cells["valid_from_day"] = ("valid_from_text", rows.day("valid_from"))
        then["valid_day"] = "CAST(valid_from_day AS BIGINT)"
        issues += day_issues("valid_from", "valid_from_day", is_needed=True, is_past=True)
    kept = {f"v{place}": f"CAST(a{place} AS {_KEPT[one.type]})" for place, one in enumerate(found)}
    rows.type_rows(texts, cells, issues, {**then, **kept})
    settled = _keep(rows, found)
    report = _report(rows, found, settled)
    if not report.rows_used:
        raise NotEnoughData(f"{rows.where}: none of its {report.rows_in:,} rows can be used.")
    of_type = {kind: tuple(one.name for one in found if one.type == kind) for kind in ("text", "number", "day")}
    return AttributeTable(
        name=rows.name,
        frame=lambda: rows.database.frame(f"dated_{rows.name}"),
        texts=of_type["text"],
        numbers=of_type["number"],
        days=of_type["day"],
        is_fixed=is_fixed,
        is_trusted=rows.declared.is_trusted,
        report=report,
    )


def _refuse_snapshot(rows: DatedRows) -> None:
    """Ask where nothing says from when on an attribute holds, or two things do."""
    if rows.declared.is_fixed and rows.declared.columns.get("valid_from"):
        raise ColumnError(f"{rows.where}: valid_from and fixed = true exclude each other; leave one under {rows.key}.")
    if not rows.declared.is_fixed and "valid_from" not in rows.places:
        raise ColumnError(
            f"{rows.where}: no column says from when on a row holds, and today's attributes of a customer tell of what "
            f'came later. Name the column under {rows.key} in churnrisk.toml, as valid_from = "HEADER"; or, if they '
            f"never change (a year of birth, how somebody was found), write fixed = true there. The file has "
            f"{', '.join(rows.raw.headers)}.",
            code="columns.not_found",
        )


def _find_attributes(rows: DatedRows) -> list[_Attribute]:
    """Find the columns that count, and what each of them holds."""
    used = {rows.places["customer_id"], *([] if rows.declared.is_fixed else [rows.places["valid_from"]])}
    plain = [plain_header(header) for header in rows.raw.headers]
    wanted = [place for place in range(len(plain)) if place not in used]
    if rows.declared.attributes:
        asked = {plain_header(one): one for one in rows.declared.attributes}
        missing = [header for name, header in asked.items() if name not in plain]
        if missing:
            raise ColumnError(
                f"{rows.where}: there is no column {missing[0]!r}, which columns under {rows.key} names; the file has "
                f"{', '.join(rows.raw.headers)}.",
                code="columns.not_found",
            )
        wanted = [place for place in wanted if plain[place] in asked]
    if not wanted:
        raise ColumnError(f"{rows.where}: it has no attribute beside the customer and the day.")
    names: list[str] = []
    for place in wanted:
        names.append(_name(rows.raw.headers[place], place, names))
    return [_type_column(rows, place, names[k], k) for k, place in enumerate(wanted)]


def _name(header: str, place: int, taken: list[str]) -> str:
    """Return a name of letters, digits and underscores that no other column has."""
    name = re.sub(r"\W+", "_", header.casefold()).strip("_")[:60] or f"column_{place + 1}"
    return f"{name}_{place + 1}" if name in taken or name in _OWN else name


def _type_column(rows: DatedRows, place: int, name: str, number: int) -> _Attribute:
    """Tell by all values whether a column holds days, numbers or texts."""
    text, header = rows.text(place), rows.raw.headers[place]
    is_day, is_number, is_code = (f"regexp_full_match(v, {quote_text(one)})" for one in (_DAY, _NUMBER, _CODE))
    [(values, days, numbers)] = rows.database.rows_of(
        f"SELECT count(v), count(*) FILTER ({is_day}), count(*) FILTER ({is_number} AND NOT {is_code}) "
        f"FROM (SELECT {text} AS v FROM {rows.raw.sql})"
    )
    column = f"a{number}_text"
    if values and days == values:
        day = plan_day(text, rows.raw, rows.database, rows.options, column=column)
        return _Attribute(header, name, "day", text, day)
    if values and numbers == values:
        is_typed = place in rows.raw.typed
        units = plan_number(text, rows.raw, rows.database, rows.options, what=header, is_typed=is_typed, column=column)
        return _Attribute(header, name, "number", text, units)
    return _Attribute(header, name, "text", text, Cells(f"coalesce({column}, '')"))


def _keep(rows: DatedRows, found: list[_Attribute]) -> int:
    """Keep one row of each customer and day, the last by its content; give how many others there were."""
    columns = [f"v{place}" for place in range(len(found))]
    order = ", ".join(f"{one} DESC NULLS LAST" for one in columns)
    named = ", ".join(f'{one} AS "{attribute.name}"' for one, attribute in zip(columns, found, strict=True))
    last = f"QUALIFY row_number() OVER (PARTITION BY customer_id, valid_day ORDER BY {order}) = 1"
    rows.keep(f"SELECT customer_id, valid_day, {named} FROM {rows.good} {last}")
    [(good, kept)] = rows.database.rows_of(
        f"SELECT (SELECT count(*) FROM {rows.good}), (SELECT count(*) FROM dated_{rows.name})"
    )
    return int(good) - int(kept)


def _report(rows: DatedRows, found: list[_Attribute], settled: int) -> DatedReport:
    [(customers, first, last)] = rows.database.rows_of(
        f"SELECT count(DISTINCT customer_id), min(valid_day), max(valid_day) FROM dated_{rows.name}"
    )
    ends = (None, None) if rows.declared.is_fixed else (first, last)
    days = {
        f"{end}{known}_on": say_day(day)
        for end, day in zip(("first", "last"), ends, strict=True)
        for known in ("", "_known")
    }
    used = {one.header for one in found} | {rows.raw.headers[place] for place in rows.places.values()}
    return rows.report(
        customers=int(customers),
        rows_settled=settled,
        types={one.header: one.type for one in found},
        ignored_columns=tuple(header for header in rows.raw.headers if header not in used),
        **days,
    )
