"""The trends: how the customer base, its movements, retention and revenue went from period to period."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from churnrisk.messages import mark, say, write_period
from churnrisk.report.blocks import Block, Chart, Column, DataTable, Section, Words
from churnrisk.report.charts import Series, Unit, bar_chart, line_chart
from churnrisk.report.content import PeriodFigures
from churnrisk.report.formats import BY_UNIT
from churnrisk.report.periods import is_known, name_column
from churnrisk.retention import RetentionTable


@dataclass(frozen=True)
class Trend:
    """A chart of figures that share a unit."""

    name: str
    title: str
    figures: tuple[tuple[str, str], ...]
    unit: Unit
    is_sum: bool = False


TRENDS = (
    Trend("active", mark("Active customers"), (("customers_at_end", mark("active at the end")),), "customers"),
    Trend(
        "movement",
        mark("New, returned and lost customers"),
        (("new_customers", mark("new")), ("reactivated_customers", mark("returned")), ("lost_customers", mark("lost"))),
        "customers",
    ),
    Trend("retention", mark("Customers retained"), (("retention_rate", mark("retained")),), "share"),
    Trend("revenue", mark("Revenue"), (("revenue", mark("revenue")),), "currency", is_sum=True),
)


def build_trends(data: PeriodFigures) -> Section:
    """Build the charts over periods."""
    return Section("trends", say("Trends"), list(describe_trends(data)))


def describe_trends(data: PeriodFigures) -> Iterator[Block]:
    """Yield a chart for each group of figures over periods."""
    left_out = sum(not row.complete and not row.has_hole for row in data.table.rows)
    if left_out:
        yield Words(
            say(
                "{left_out} of {all} periods are not complete, since the log does not cover them and the {lookback} "
                "days before. They are shown only for figures that need no days before the log.",
                left_out=left_out,
                all=len(data.table.rows),
                lookback=data.table.lookback_days,
            )
        )
    for trend in TRENDS:
        chart = _draw(data, trend)
        if chart is not None:
            yield chart


def _draw(data: PeriodFigures, trend: Trend) -> Chart | None:
    labels, series = _collect(data, trend)
    if len(labels) < 2:
        return None
    draw = bar_chart if trend.is_sum else line_chart
    return Chart(
        trend.name,
        _name(trend, data.table.currency),
        _summarise(trend, labels, series),
        draw(labels, series, unit=trend.unit),
        _tabulate(data.table, trend, labels, series),
        height=280,
    )


def _name(trend: Trend, currency: str | None) -> str:
    if trend.unit == "currency" and currency:
        return say("{figure}, in {currency}", figure=say(trend.title), currency=currency)
    return say(trend.title)


def _collect(data: PeriodFigures, trend: Trend) -> tuple[list[str], list[Series]]:
    """Return the periods from the first known value to the last, and the values in them."""
    rows = data.table.rows
    known = [[row.figures[name] if is_known(data, row, name) else None for row in rows] for name, _ in trend.figures]
    some = [k for k in range(len(rows)) if any(values[k] is not None for values in known)]
    span = slice(some[0], some[-1] + 1) if some else slice(0, 0)
    named = zip(trend.figures, known, strict=True)
    labels = [write_period(row.period.name) + ("!" if row.has_hole else "") for row in rows[span]]
    return labels, [Series(say(title), tuple(values[span])) for (_, title), values in named]


def _summarise(trend: Trend, labels: Sequence[str], series: Sequence[Series]) -> str:
    write = BY_UNIT[trend.unit]
    parts = [
        say(
            "{figure}: {first} in {start}, {last} in {end}",
            figure=one.name,
            first=write(one.values[0]),
            start=labels[0],
            last=write(one.values[-1]),
            end=labels[-1],
        )
        for one in series
    ]
    kind = say("Bars by period.") if trend.is_sum else say("Lines by period.")
    return f"{kind} {'; '.join(parts)}."


def _tabulate(table: RetentionTable, trend: Trend, labels: Sequence[str], series: Sequence[Series]) -> DataTable:
    write = BY_UNIT[trend.unit]
    columns = (Column(name_column(table.kind), is_number=False), *(Column(one.name) for one in series))
    rows = [(label, *(write(one.values[k]) for one in series)) for k, label in enumerate(labels)]
    return DataTable(say(trend.title), columns, tuple(rows))
