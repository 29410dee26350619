"""The definitions page and the glossary of the documentation, written from what the program computes with."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from churnrisk.retention import cohorts, economics, lifetime, segments, survey
from churnrisk.retention.catalogue import PERIOD_FIGURES
from churnrisk.retention.definitions import Definition
from churnrisk.retention.glossary import TERMS
from churnrisk.retention.segments import CELLS, SEGMENTS

SECTIONS: tuple[tuple[str, str, tuple[Definition, ...]], ...] = (
    ("Periods", "churnrisk metrics", tuple(figure.definition for figure in PERIOD_FIGURES)),
    ("Cohorts", "churnrisk cohorts", cohorts.DEFINITIONS),
    ("Segments", "churnrisk segments", segments.DEFINITIONS),
    ("Lifetime value", "churnrisk ltv", lifetime.DEFINITIONS),
    ("Surveys", "churnrisk nps", survey.DEFINITIONS),
    ("Economics", "churnrisk economics", economics.DEFINITIONS),
)

DEFINITIONS: dict[str, Definition] = {
    definition.name: definition for _, _, definitions in SECTIONS for definition in definitions
}
"""Every figure by its name."""

INTRODUCTION = """\
# Definitions of the retention figures

This page is generated from the list that the program computes from (`churnrisk/retention`); a test checks that it is up
to date.

An **order** is the rows of one customer with one order id on one day; rows of the same id on another day are an order
of that day. A **purchase** is an order with a positive net amount that is not undone; in a log without amounts, every
order that is no return. It is **undone** where returns have taken it back whole: those of its own order id, or one of
the same customer over the same amount within `reversal_days`. That is known from the day of the return on, and before
it the purchase stands.

**No later row changes an earlier day.** The figures of a period are what was known at its end, and whether a customer
is active at a day is what was known on its morning. So a purchase of January that is returned in February counts in
January and for nobody after the return; its money is booked in January, and the return in February. Cells of cohorts
are as known at the end of their period, segments and lifetime values at `as_of`, second orders at the end of the days
within which they are counted.

A customer is **active at day t** with a purchase in `[t - lookback, t)`. Periods are `[starts_on, ends_on)`:
`ends_on` is the day after the last.

| letter | meaning |
|---|---|
| S | customers active at `starts_on` |
| E | customers active at `ends_on` |
| N | new: first purchase in the period, and active at its end |
| R | reactivated: in E, neither in S nor in N |
| L | lost: in S, not in E |
| w | days of a revenue window |
| m0, m1 | net revenue of a customer in `[ends_on - 2w, ends_on - w)` and in `[ends_on - w, ends_on)` |

A ratio whose denominator is not above 0 is null, with the reason in `reasons`. A period is **complete** when the log
covers it whole and one lookback before it, so that new and reactivated customers can be told apart, no day of it was
cut off, and no hole bends it; averages and trends leave the others out. Where a figure of a complete period needs
days before the log, `caveats` says so, and averages leave it out.

**Days and names of periods.** `--from` is the first day that is covered, and `--to` the day after the last. A period
that has days outside of them is cut there: its figures are of the days from `starts_on` to `last_day` alone,
`is_partial` is true, and averages leave it out. A cohort that is cut has only customers who first bought on these
days. With `--year-starts 04-01` quarters and years begin then, and are named `2024/25-Q1` and `2024/25`; quarters
begin every three months on the same day of the month, or on the last day of a shorter month. With `--week-starts
sunday` weeks begin then, and are named by their first day.

**Holes.** A hole is a run of days on which the whole shop sold nothing, for longer than it ever does: it was closed,
or a part of the export is missing. A gap between two days with a purchase of anybody is a hole where all of this is
true:

- it has 14 days or more, and more than twice as many as every gap that is neither a hole nor yearly;
- it is not yearly: no gap of at least half its length lies within 30 days of the same date of another year;
- at the pace of the 20 gaps before it, or of the 20 after it where that is slower, a log of as many selling days is
  expected to have fewer than .001 gaps so long;
- the log has 20 gaps or more in all, 10 of them before it, and three holes at most.

So days off in every week, a holiday in every year, and the silences of a small shop are none. A period has one
(`has_hole`) where a hole has any of its days, or more than a quarter of the lookback before its first day or its end.
Training leaves out snapshots of whose outcome window, or of as many days before the cutoff, a hole has more than a
tenth.

**Lost is not churned.** A customer is lost who is active at the start of a period and not active at its end. The churn
label of the scores asks another question: no purchase in the horizon. `no_purchase_rate` measures that. The two
coincide only where period = lookback = horizon and lead = 0.
"""


def definitions_page() -> str:
    """Write the definitions page in Markdown."""
    lines = [INTRODUCTION.rstrip()]
    for title, command, definitions in SECTIONS:
        lines += ["", f"## {title}: `{command}`"]
        for definition in definitions:
            lines += ["", *_describe(definition)]
        if title == "Segments":
            lines += ["", *_segment_tables()]
    return "\n".join(lines) + "\n"


def _describe(definition: Definition) -> Iterator[str]:
    yield f"### {definition.name}"
    yield ""
    yield f"- **On the screen**: {definition.title}"
    yield f"- **Unit**: {definition.unit}"
    yield f"- **Formula**: {definition.formula}"
    rest = (("Edge cases", definition.edge_cases), ("Elsewhere", definition.elsewhere), ("Source", definition.source))
    yield from (f"- **{title}**: {text}" for title, text in rest if text)


def _segment_tables() -> Sequence[str]:
    lines = ["| segment | meaning | cells RFM |", "|---|---|---|"]
    for name, meaning in SEGMENTS.items():
        cells = " ".join("".join(map(str, cell)) for cell, segment in CELLS.items() if segment == name)
        lines.append(f"| {name} | {meaning} | {cells} |")
    return lines


def glossary_page() -> str:
    """Write the glossary in Markdown."""
    lines = [
        "# Glossary",
        "",
        "The terms of the field in four languages. Generated from `churnrisk/retention/glossary.py`.",
        "",
        "| English | Bulgarian | Polish | Belarusian | remark |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {t.english} | {t.bulgarian} | {t.polish} | {t.belarusian} | {t.remark} |" for t in TERMS]
    return "\n".join(lines) + "\n"


def write_pages(folder: Path) -> None:
    """Write both pages into the reference section of the documentation."""
    for name, page in (("definitions.md", definitions_page()), ("glossary.md", glossary_page())):
        (folder / name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
