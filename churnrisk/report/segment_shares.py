"""The segments: how many customers, and how much of the revenue, stand in each."""

from __future__ import annotations

from churnrisk.report.blocks import Chart, Column, DataTable, Section, Words
from churnrisk.report.charts import Series, share_bars
from churnrisk.report.content import ReportData
from churnrisk.report.formats import percent, whole
from churnrisk.retention import SEGMENTS, Segmentation


def build_segment_shares(data: ReportData) -> Section:
    """Build the bars and the table of segments."""
    segmentation = data.segmentation
    words = Words(
        "RFM: every customer with a purchase is scored by fifths on days since the last purchase, purchase days, and "
        "net revenue, over the whole log; the three scores give the segment. Equal customers have equal scores, so "
        "that fifths may be uneven."
    )
    return Section("segments", "Segments", [words, _draw(segmentation), _explain(segmentation)])


def _draw(segmentation: Segmentation) -> Chart:
    rows = segmentation.rows
    names = [row.name.replace("_", " ") for row in rows]
    series = [Series("of customers", tuple(row.customer_share for row in rows))]
    if any(row.revenue_share is not None for row in rows):
        series.append(Series("of revenue", tuple(row.revenue_share for row in rows)))
    largest = max(rows, key=lambda row: row.customers)
    best = rows[0]
    summary = (
        f"Bars by segment. The largest is {largest.name.replace('_', ' ')}, "
        f"{percent(largest.customer_share)} of customers"
    )
    if best.revenue_share is not None:
        summary += f"; {best.name} bring {percent(best.revenue_share)} of revenue"
    table = _tabulate(segmentation)
    return Chart("segment-shares", table.title, summary + ".", share_bars(names, series), table, height=440)


def _tabulate(segmentation: Segmentation) -> DataTable:
    rows = segmentation.rows
    cells = {
        "customers": [whole(row.customers) for row in rows],
        "of customers": [percent(row.customer_share) for row in rows],
    }
    if any(row.revenue is not None for row in rows):
        cells["revenue"] = [whole(row.revenue) for row in rows]
        cells["of revenue"] = [percent(row.revenue_share) for row in rows]
    if any(row.churn_probability is not None for row in rows):
        cells["mean churn probability"] = [percent(row.churn_probability) for row in rows]
    columns = (Column("Segment", is_number=False), *(Column(name) for name in cells))
    names = (row.name.replace("_", " ") for row in rows)
    return DataTable(
        f"Segments of {whole(len(segmentation.customers))} customers",
        columns,
        tuple((name, *values) for name, *values in zip(names, *cells.values(), strict=True)),
    )


def _explain(segmentation: Segmentation) -> DataTable:
    rows = tuple((row.name.replace("_", " "), SEGMENTS[row.name], whole(row.customers)) for row in segmentation.rows)
    columns = (Column("Segment", is_number=False), Column("Meaning", is_number=False), Column("customers"))
    return DataTable("What the segments mean", columns, rows)
