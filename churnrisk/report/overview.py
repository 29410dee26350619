"""The overview: the figures of the latest period in large type, beside those of the year before."""

from __future__ import annotations

from collections.abc import Iterator

from churnrisk.report.blocks import Block, Card, Cards, Section, Words
from churnrisk.report.content import ReportData
from churnrisk.report.formats import BY_UNIT, NOTHING, amount, whole
from churnrisk.report.periods import compare, find_latest, find_year_before, is_known, name_kind
from churnrisk.retention import DEFINITIONS, PeriodRow

SHOWN = {
    "customers_at_end": ("Active customers", "with a purchase in the last {lookback} days, at the end of the {kind}"),
    "retention_rate": ("Retained", "of the customers active at its start, still active at its end"),
    "churn_rate": ("Lost", "of the customers active at its start, not active at its end"),
    "no_purchase_rate": ("No purchase", "of the customers active at its start, bought nothing within the {kind}"),
    "revenue": ("Revenue", "of the {kind}, returns taken off{currency}"),
    "net_revenue_retention": (
        "Revenue kept",
        "net: what the customers of {window} days earlier spent in the last {window} days, against before",
    ),
}
"""Figures of the overview: their title, and what they are in the reader's words."""


def build_overview(data: ReportData) -> Section:
    """Build the overview."""
    latest = find_latest(data)
    before = find_year_before(data.table.kind, latest)
    row = data.table.rows[latest]
    earlier = None if before is None else data.table.rows[before]
    cards = tuple(_make_card(data, name, row, earlier) for name in SHOWN if row.figures[name] is not None)
    return Section("overview", "Overview", [Words(_introduce(data, row)), Cards(cards), *_write_notes(data, row)])


def _introduce(data: ReportData, row: PeriodRow) -> str:
    intake, kind = data.intake, name_kind(data.table.kind)
    what = f"the last complete {kind}" if row.complete else f"the last {kind} there is, which is not complete"
    return (
        f"{row.period.name}, {what}. The log holds {whole(intake['orders'])} orders of {whole(intake['customers'])} "
        f"customers from {intake['first_on']} to {intake['last_on']}."
    )


def _make_card(data: ReportData, name: str, row: PeriodRow, earlier: PeriodRow | None) -> Card:
    title, meaning = SHOWN[name]
    table, value = data.table, row.figures[name]
    words = {
        "lookback": table.lookback_days,
        "window": table.revenue_window_days,
        "kind": name_kind(table.kind),
        "currency": f", in {table.currency}" if table.currency else "",
    }
    written = BY_UNIT.get(DEFINITIONS[name].unit, amount)(value)
    return Card(title, written, _compare_years(data, name, row, earlier), meaning.format(**words))


def _compare_years(data: ReportData, name: str, row: PeriodRow, earlier: PeriodRow | None) -> str:
    if not is_known(data, row, name):
        return "the log does not reach back far enough for this figure"
    if earlier is None:
        return "the log has no year before"
    if not is_known(data, earlier, name):
        return f"{earlier.period.name} is not known: the log starts too late"
    value, past = row.figures[name], earlier.figures[name]
    change = "" if value is None or past is None else compare(name, value, past)
    return f"{change or NOTHING} on {earlier.period.name}{_judge_noise(data, name)}"


def _judge_noise(data: ReportData, name: str) -> str:
    figure = "retention_rate" if name == "churn_rate" else name
    for change in data.changes:
        if change.figure == figure and change.is_year_before:
            return ", more than noise" if change.is_more_than_noise else ", may be noise"
    return ""


def _write_notes(data: ReportData, row: PeriodRow) -> Iterator[Block]:
    if not row.complete:
        yield Words("Not complete: read the figures above with care.", is_note=True)
    yield from (Words(notice, is_note=True) for notice in data.table.notices)
