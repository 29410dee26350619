"""Rows that happened on a day, and were known on one: visits, tickets, deliveries, answers, messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from churnrisk.dated import DatedTable
from churnrisk.errors import NotEnoughData
from churnrisk.messages import mark
from churnrisk.orders.cells import plan_number
from churnrisk.orders.dated_columns import CHANGED_HEADERS
from churnrisk.orders.dated_rows import NO_NUMBER, DatedRows, Issue, day_issues, no_customer, say_day
from churnrisk.sources import plain_header

_DAYS = ("happened_at", "known_at", "ended_at", "value_at")
_ENDS_EARLY = mark("it ends before it happened")
FREQUENT = 5


def read_events(rows: DatedRows) -> DatedTable:
    """Check the rows of a table, and keep those that are good."""
    places = rows.places
    days = {role: rows.day(role) for role in _DAYS if role in places}
    texts = {f"{role}_text": rows.text(places[role]) for role in (*days, "kind", "value") if role in places}
    cells = {f"{role}_day": (f"{role}_text", day) for role, day in days.items()}
    if "value" in places:
        is_typed = places["value"] in rows.raw.typed
        units = plan_number(
            texts["value_text"],
            rows.raw,
            rows.database,
            rows.options,
            what="value",
            is_typed=is_typed,
            column="value_text",
        )
        cells["units"] = ("value_text", units)
    rows.type_rows(texts, cells, _issues(rows), _kept(rows))
    _keep(rows)
    notices = tuple(dict.fromkeys(said for day in days.values() for said in day.notices))
    found = _tell(rows)
    report = rows.report(notices=(*rows.raw.notices, *notices), **found)
    if not report.rows_used:
        raise NotEnoughData(f"{rows.where}: none of its {report.rows_in:,} rows can be used.")
    first, last = rows.database.rows_of(f"SELECT min(known_day), max(known_day) FROM dated_{rows.name}")[0]
    return DatedTable(
        name=rows.name,
        family=rows.declared.family,
        frame=lambda: rows.database.frame(f"dated_{rows.name}"),
        has_ends="ended_at" in places,
        has_kinds="kind" in places,
        has_values="value" in places,
        first_day=int(first),
        last_day=int(last),
        is_trusted=rows.declared.is_trusted,
        report=report,
    )


def _kept(rows: DatedRows) -> dict[str, str]:
    """Return SQL of what is kept of a row."""
    has = rows.places
    known = "coalesce(known_at_day, happened_at_day)" if "known_at" in has else "happened_at_day"
    nothing = "CAST(NULL AS BIGINT)"
    value = "units" if "value" in has else nothing
    return {
        "happened_day": "CAST(happened_at_day AS BIGINT)",
        "known_day": f"CAST({known} AS BIGINT)",
        "ended_day": "CAST(ended_at_day AS BIGINT)" if "ended_at" in has else nothing,
        "kind": "coalesce(kind_text, '')" if "kind" in has else "''",
        "value": f"CAST({value} AS BIGINT)",
        "valued_day": "CAST(value_at_day AS BIGINT)" if "value_at" in has else f"CAST({known} AS BIGINT)",
    }


def _issues(rows: DatedRows) -> list[Issue]:
    """Return what can be wrong with a row, the first thing first."""
    has_known = "known_at" in rows.places
    found = [no_customer(), *day_issues("happened_at", "happened_at_day", is_needed=True, is_past=not has_known)]
    if has_known:
        found += day_issues("known_at", "known_at_day", is_needed=False, is_past=True)
        found += day_issues("happened_at", "known_day", is_needed=False, is_past=True)[2:]  # known as it happens
    for role in ("ended_at", "value_at"):
        if role in rows.places:
            found += day_issues(role, f"{role}_day", is_needed=False, is_past=False)
    if "ended_at" in rows.places:
        found.append(Issue("ended_day < happened_day", "ended_at", "ended_at_text", _ENDS_EARLY))
    if "value" in rows.places:
        found.append(Issue("value_text IS NOT NULL AND units IS NULL", "value", "value_text", NO_NUMBER))
    return found


def _keep(rows: DatedRows) -> None:
    """Keep the good rows; a value counts from its own day, and is left out where that is not known."""
    value = "CASE WHEN valued_day IS NOT NULL THEN value END AS value"
    day = "greatest(known_day, coalesce(valued_day, known_day)) AS value_day"
    named = "customer_id, happened_day, known_day, ended_day, kind"
    rows.keep(f"SELECT {named}, {value}, {day} FROM {rows.good}")


def _tell(rows: DatedRows) -> dict[str, Any]:
    """Count what is in the rows that are used."""
    table = f"dated_{rows.name}"
    has_ends = "ended_at" in rows.places
    counts = {
        "customers": "count(DISTINCT customer_id)",
        "rows_late": "count(*) FILTER (known_day > happened_day)",
        "rows_ahead": "count(*) FILTER (known_day < happened_day)",
        "rows_open": "count(*) FILTER (ended_day IS NULL)" if has_ends else "0",
        "values": "count(value)",
        "kinds": "count(DISTINCT kind) FILTER (kind <> '')",
    }
    [numbers] = rows.database.rows_of(f"SELECT {', '.join(counts.values())} FROM {table}")
    days = {
        "first_on": "min(happened_day)",
        "last_on": "max(happened_day)",
        "first_known_on": "min(known_day)",
        "last_known_on": "max(known_day)",
    }
    [ends] = rows.database.rows_of(f"SELECT {', '.join(days.values())} FROM {table}")
    frequent = rows.database.rows_of(
        f"SELECT kind, count(*) AS n FROM {table} WHERE kind <> '' GROUP BY kind ORDER BY n DESC, kind LIMIT {FREQUENT}"
    )
    [(unknown,)] = rows.database.rows_of(
        f"SELECT count(*) FROM {rows.good} WHERE value IS NOT NULL AND valued_day IS NULL"
    )
    return {
        **{name: int(number) for name, number in zip(counts, numbers, strict=True)},
        **{name: say_day(day) for name, day in zip(days, ends, strict=True)},
        "frequent_kinds": {str(kind): int(count) for kind, count in frequent},
        "values_unknown": int(unknown),
        "change_column": "" if "known_at" in rows.places else _find_change(rows.raw.headers),
    }


def _find_change(headers: Sequence[str]) -> str:
    """Return the header of the day on which a row was last written, empty for none."""
    return next((header for header in headers if plain_header(header) in CHANGED_HEADERS), "")
