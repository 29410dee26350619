"""The segments: how many customers, and how much of the revenue, stand in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from churnrisk.decide import ACTIONS, check_playbook, choose_actions
from churnrisk.messages import say
from churnrisk.report.blocks import LEADS_ON, Block, Chart, Column, DataTable, Section, Words
from churnrisk.report.charts import Series, share_bars
from churnrisk.report.content import ReportData
from churnrisk.report.formats import percent, whole
from churnrisk.report.names import name_action, name_segment
from churnrisk.retention import SEGMENTS, SegmentRow


def build_segment_shares(data: ReportData) -> Section:
    """Build the bars and the table of segments."""
    segmentation = data.segmentation
    blocks = describe_segments(segmentation.rows, len(segmentation.customers), playbook=data.playbook)
    return Section("segments", say("Segments"), list(blocks))


def describe_segments(
    rows: Sequence[SegmentRow],
    customers: int,
    *,
    playbook: Mapping[str, str] | None = None,
    has_links: bool = False,
) -> Iterator[Block]:
    """Yield the bars and the tables of segments that so many customers stand in, with what a playbook does for each.

    With ``has_links`` segments lead to their customers.
    """
    yield Words(
        say(
            "RFM: every customer with a purchase is scored by fifths on days since the last purchase, purchase days, "
            "and net revenue, over the whole log; the three scores give the segment. Equal customers have equal "
            "scores, so that fifths may be uneven."
        )
    )
    links = tuple(f"/customers?segment={row.name}" for row in rows) if has_links else ()
    yield _draw(rows, customers, links)
    yield _explain(rows, playbook or {}, links)


def _draw(rows: Sequence[SegmentRow], customers: int, links: tuple[str, ...]) -> Chart:
    names = [name_segment(row.name) for row in rows]
    series = [Series(say("of customers"), tuple(row.customer_share for row in rows))]
    if any(row.revenue_share is not None for row in rows):
        series.append(Series(say("of revenue"), tuple(row.revenue_share for row in rows)))
    largest = max(rows, key=lambda row: row.customers)
    best = rows[0]
    summary = say(
        "Bars by segment. The largest is {segment}, {share} of customers.",
        segment=name_segment(largest.name),
        share=percent(largest.customer_share),
    )
    if best.revenue_share is not None:
        summary += " " + say(
            "{segment}: {share} of revenue.", segment=name_segment(best.name), share=percent(best.revenue_share)
        )
    table, note = _tabulate(rows, customers, links), say(LEADS_ON) if links else ""
    return Chart("segment-shares", table.title, summary, share_bars(names, series), table, height=440, note=note)


def _tabulate(rows: Sequence[SegmentRow], customers: int, links: tuple[str, ...]) -> DataTable:
    cells = {
        say("customers"): [whole(row.customers) for row in rows],
        say("of customers"): [percent(row.customer_share) for row in rows],
    }
    if any(row.revenue is not None for row in rows):
        cells[say("revenue")] = [whole(row.revenue) for row in rows]
        cells[say("of revenue")] = [percent(row.revenue_share) for row in rows]
    if any(row.churn_probability is not None for row in rows):
        cells[say("mean churn probability")] = [percent(row.churn_probability) for row in rows]
    columns = (Column(say("Segment"), is_number=False), *(Column(name) for name in cells))
    names = (name_segment(row.name) for row in rows)
    return DataTable(
        say("Segments of {customers} customers", customers=whole(customers)),
        columns,
        tuple((name, *values) for name, *values in zip(names, *cells.values(), strict=True)),
        links,
    )


def _explain(rows: Sequence[SegmentRow], playbook: Mapping[str, str], links: tuple[str, ...]) -> DataTable:
    names = [row.name for row in rows]
    actions = choose_actions(names, {name: name for name in names}, playbook=check_playbook(playbook))
    cells = tuple(
        (name_segment(name), say(SEGMENTS[name]), _advise(one.action)) for name, one in zip(names, actions, strict=True)
    )
    columns = (
        Column(say("Segment"), is_number=False),
        Column(say("Meaning"), is_number=False, is_wide=True),
        Column(say("What to do"), is_number=False),
    )
    return DataTable(say("What the segments mean, and what to do"), columns, cells, links)


def _advise(action: str) -> str:
    meaning = ACTIONS[action]
    return say(meaning) if action == "none" else f"{name_action(action)} – {say(meaning)}"
