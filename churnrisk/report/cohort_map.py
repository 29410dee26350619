"""The cohorts: how many customers came back so many periods after a first purchase, as a heat map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from churnrisk.messages import say, write_period
from churnrisk.report.blocks import LEADS_ON, Block, Chart, Column, DataTable, Section, Words
from churnrisk.report.charts import heat_map
from churnrisk.report.content import ReportData
from churnrisk.report.formats import percent, whole
from churnrisk.report.periods import name_ages
from churnrisk.retention import Cohort, CohortTable
from churnrisk.timeline import date_of

MOST_COHORTS = 36
"""The latest ones are shown, and as many periods."""


def build_cohort_map(data: ReportData) -> Section:
    """Build the heat map."""
    return Section("cohorts", say("Cohorts"), list(describe_cohorts(data.cohorts)))


def describe_cohorts(table: CohortTable, *, has_links: bool = False) -> Iterator[Block]:
    """Yield the heat map with what is to be said about it, or why there is none.

    With ``has_links`` cohorts lead to their customers.
    """
    kind, cohorts = table.kind, table.cohorts[-MOST_COHORTS:]
    shown = [one for one in cohorts if any(value is not None for value in one.classic[1:])]
    if not shown:
        yield Words(say("No period after a first purchase is covered by the log yet, so there is nothing to follow."))
        return
    yield Words(
        say(
            "A row is the customers whose first purchase in the log fell into that period; a cell is the share of them "
            "who bought again so many periods later. Cells whose period the log does not cover whole are empty."
        )
    )
    if any(one.may_include_older for one in shown):
        yield Words(
            say(
                "* Less than {lookback} days of log lie before this cohort: some of its customers may have bought "
                "before, and such early cohorts look more loyal than they are.",
                lookback=table.lookback_days,
            ),
            is_note=True,
        )
    if len(cohorts) < len(table.cohorts):
        yield Words(
            say(
                "The latest {shown} of {all} cohorts; all: churnrisk cohorts --wide.",
                shown=len(cohorts),
                all=len(table.cohorts),
            )
        )
    yield _draw(kind, shown, tuple(map(_address, shown)) if has_links else ())


def _address(cohort: Cohort) -> str:
    first, last = date_of(cohort.period.starts_on), date_of(cohort.period.ends_on - 1)
    return f"/customers?first_order_from={first}&first_order_to={last}"


def _draw(kind: str | int, shown: Sequence[Cohort], links: tuple[str, ...]) -> Chart:
    ages = min(MOST_COHORTS, max(_last_age(one) for one in shown))
    names = [write_period(one.period.name) + ("*" if one.may_include_older else "") for one in shown]
    cells = [[*one.classic[1 : ages + 1], *[None] * ages][:ages] for one in shown]
    heads = [str(age) for age in range(1, ages + 1)]
    columns = (Column(say("Cohort"), is_number=False), Column(say("customers")), *(Column(head) for head in heads))
    rows = [
        (name, whole(one.size), *(percent(value) if value is not None else "" for value in row))
        for name, one, row in zip(names, shown, cells, strict=True)
    ]
    title, ages_name = say("Share of a cohort that bought again"), name_ages(kind)
    return Chart(
        "cohort-map",
        title,
        _summarise(cells),
        heat_map(heads, names, cells, column_name=ages_name),
        DataTable(title, columns, tuple(rows), links),
        height=110 + 24 * len(shown),
        note=say(LEADS_ON) if links else "",
    )


def _last_age(cohort: Cohort) -> int:
    return max((age for age, value in enumerate(cohort.classic) if value is not None), default=0)


def _summarise(cells: Sequence[Sequence[float | None]]) -> str:
    first = [row[0] for row in cells if row[0] is not None]
    return say(
        "Heat map of {cohorts} cohorts. One period after the first purchase, {low} to {high} of a cohort bought again.",
        cohorts=len(cells),
        low=percent(min(first, default=None)),
        high=percent(max(first, default=None)),
    )
