"""The segments: how many customers, and how much of the revenue, stand in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from churnrisk.decide import Playbook, Plays
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
    plays = data.playbook.on(data.last_day + 1)
    blocks = describe_segments(segmentation.rows, len(segmentation.customers), plays=plays)
    return Section("segments", say("Segments"), list(blocks))


def describe_segments(
    rows: Sequence[SegmentRow], customers: int, *, plays: Plays | None = None, has_links: bool = False
) -> Iterator[Block]:
    """Yield the bars and the tables of segments that so many customers stand in, with what is done for each.

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
    yield _explain(rows, plays or Playbook().on(0), links)


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


def _explain(rows: Sequence[SegmentRow], plays: Plays, links: tuple[str, ...]) -> DataTable:
    cells = tuple((name_segment(row.name), say(SEGMENTS[row.name]), _advise(row.name, plays)) for row in rows)
    columns = (
        Column(say("Segment"), is_number=False),
        Column(say("Meaning"), is_number=False, is_wide=True),
        Column(say("What to do"), is_number=False),
    )
    return DataTable(say("What the segments mean, and what to do"), columns, cells, links)


def _advise(segment: str, plays: Plays) -> str:
    actions = [one.action for one in plays.options(segment, "", "")]
    if actions[0] == "none":
        return say(plays.text("none"))
    return "; ".join(f"{name_action(one)} – {say(plays.text(one))}" for one in actions)
