"""The overview: the figures of the latest period in large type, beside those of the year before."""

from __future__ import annotations

from collections.abc import Iterator

from churnrisk.messages import mark, say, write_date, write_period
from churnrisk.report.blocks import Block, Card, Cards, Section, Words
from churnrisk.report.content import PeriodFigures, ReportData
from churnrisk.report.formats import BY_UNIT, NOTHING, amount, whole
from churnrisk.report.periods import compare, find_latest, find_year_before, is_known
from churnrisk.report.trends import describe_trends
from churnrisk.retelling import retell
from churnrisk.retention import DEFINITIONS, PeriodRow

SHOWN = {
    "customers_at_end": (mark("Active customers"), mark("with a purchase in the last {lookback} days, at the end")),
    "retention_rate": (mark("Retained"), mark("of the customers active at the start, still active at the end")),
    "churn_rate": (mark("Lost"), mark("of the customers active at the start, not active at the end")),
    "no_purchase_rate": (
        mark("No purchase"),
        mark("of the customers active at the start, bought nothing in the period"),
    ),
    "revenue": (mark("Revenue"), mark("of the period, returns taken off")),
    "net_revenue_retention": (
        mark("Revenue kept"),
        mark("net: what the customers of {window} days earlier spent in the last {window} days, against before"),
    ),
}
"""Figures of the overview: their title, and what they are in the reader's words."""


def build_overview(data: ReportData) -> Section:
    """Build the overview."""
    row = data.table.rows[find_latest(data)]
    blocks = [Words(_introduce(data, row)), Cards(make_cards(data)), *_write_notes(data, row)]
    return Section("overview", say("Overview"), blocks)


def make_cards(data: PeriodFigures) -> tuple[Card, ...]:
    """Make the cards of the latest period, beside the same one a year before; else beside the period before."""
    latest = find_latest(data)
    before = find_year_before(data.table.kind, latest)
    rows = data.table.rows
    year_before, last = (None if k is None or k < 0 else rows[k] for k in (before, latest - 1))
    shown = [name for name in SHOWN if rows[latest].figures[name] is not None]
    return tuple(_make_card(data, name, rows[latest], year_before, last) for name in shown)


def describe_periods(data: PeriodFigures) -> Iterator[Block]:
    """Yield the latest period with its cards, and the charts over all periods, for a page of figures alone."""
    yield Words(_name_period(data.table.rows[find_latest(data)]))
    yield Cards(make_cards(data))
    yield from describe_trends(data)


def _name_period(row: PeriodRow) -> str:
    period = write_period(row.period.name)
    if row.complete:
        return say("{period} is the last complete period.", period=period)
    return say("{period} is the last period there is, and not complete.", period=period)


def _introduce(data: ReportData, row: PeriodRow) -> str:
    intake = data.intake
    log = say(
        "The log holds {orders} orders of {customers} customers from {first} to {last}.",
        orders=whole(intake["orders"]),
        customers=whole(intake["customers"]),
        first=write_date(intake["first_on"]),
        last=write_date(intake["last_on"]),
    )
    return f"{_name_period(row)} {log}"


def _make_card(
    data: PeriodFigures, name: str, row: PeriodRow, year_before: PeriodRow | None, last: PeriodRow | None
) -> Card:
    title, meaning = SHOWN[name]
    table, value = data.table, row.figures[name]
    said = say(meaning, lookback=table.lookback_days, window=table.revenue_window_days)
    if name == "revenue" and table.currency:
        said = say("{meaning}, in {currency}", meaning=said, currency=table.currency)
    written = BY_UNIT.get(DEFINITIONS[name].unit, amount)(value)
    return Card(say(title), written, _compare_years(data, name, row, year_before, last), said)


def _compare_years(
    data: PeriodFigures, name: str, row: PeriodRow, year_before: PeriodRow | None, last: PeriodRow | None
) -> str:
    """Compare with the same season where it is known; else with the period before, and say what is not known."""
    if not is_known(data, row, name):
        return say("the log does not reach back far enough for this figure")
    if year_before is not None and is_known(data, year_before, name):
        return _compare_with(name, row, year_before) + _judge_noise(data, name)
    if last is None or not is_known(data, last, name):
        return say("the log has no year before")
    return _compare_with(name, row, last) + ", " + say("the season is in it: the log has no year before")


def _compare_with(name: str, row: PeriodRow, earlier: PeriodRow) -> str:
    value, past = row.figures[name], earlier.figures[name]
    change = "" if value is None or past is None else compare(name, value, past)
    return say("{change} on {period}", change=change or NOTHING, period=write_period(earlier.period.name))


def _judge_noise(data: PeriodFigures, name: str) -> str:
    figure = "retention_rate" if name == "churn_rate" else name
    for change in data.changes:
        if change.figure == figure and change.is_year_before:
            return ", " + (say("more than noise") if change.is_more_than_noise else say("may be noise"))
    return ""


def _write_notes(data: PeriodFigures, row: PeriodRow) -> Iterator[Block]:
    if not row.complete:
        yield Words(say("Not complete: read the figures above with care."), is_note=True)
    yield from (Words(retell(notice), is_note=True) for notice in data.table.notices)
