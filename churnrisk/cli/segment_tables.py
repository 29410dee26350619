"""Segments on the terminal: their sizes, their categories, and how customers move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from churnrisk.cli.retention_tables import MARKS, whole_amount
from churnrisk.cli.show import percent, say, show_table

if TYPE_CHECKING:
    from churnrisk.retention import Movement, Period, Segmentation

STANDING = {
    "regular": ("champions", "loyal"),
    "new": ("promising", "new"),
    "fading": ("needs_attention", "about_to_sleep", "at_risk", "cannot_lose"),
    "gone": ("hibernating", "lost"),
}
"""Segments as a table of categories puts them together."""

MOST_CATEGORIES = 25


def show_segments(segmentation: Segmentation) -> None:
    """Print the cuts and a row per segment."""
    cuts = segmentation.cuts
    named = [("days since last order", cuts.days_since_last_order), ("purchase days", cuts.purchase_days)]
    named += [("net revenue", cuts.revenue)] if cuts.revenue is not None else []
    rows = [
        {"cuts between fifths": name, **{f"{20 * (k + 1)} %": v for k, v in enumerate(values)}}
        for name, values in named
    ]
    show_table("", rows, formats=dict.fromkeys(("20 %", "40 %", "60 %", "80 %"), lambda value: f"{value:,.10g}"))
    shown = [
        {
            "segment": row.name.replace("_", " "),
            "customers": row.customers,
            "of all": row.customer_share,
            "revenue": row.revenue,
            "of revenue": row.revenue_share,
            "churn": row.churn_probability,
        }
        for row in segmentation.rows
    ]
    if all(row.churn_probability is None for row in segmentation.rows):
        shown = [{name: value for name, value in row.items() if name != "churn"} for row in shown]
    formats = dict.fromkeys(("of all", "of revenue", "churn"), percent)
    show_table(
        f"Segments of {len(segmentation.customers):,} customers", shown, formats=formats | {"revenue": whole_amount}
    )


def show_categories(segmentation: Segmentation) -> None:
    """Print how the customers of each category are spread over the segments."""
    rows = [
        {
            "category": row.category or "(none)",
            "customers": row.customers,
            "revenue": row.revenue,
            **{name: sum(row.segments[one] for one in those) / row.customers for name, those in STANDING.items()},
        }
        for row in segmentation.categories[:MOST_CATEGORIES]
    ]
    formats = {**dict.fromkeys(STANDING, percent), "revenue": whole_amount}
    show_table("Customers by the category that they paid most for", rows, formats=formats)
    said = "; ".join(f"{name}: {', '.join(those).replace('_', ' ')}" for name, those in STANDING.items())
    say(said[0].upper() + said[1:] + ".")
    left = len(segmentation.categories) - len(rows)
    if left:
        say(f"{left:,} more categories are in --json.")


def show_movement(movements: Sequence[Movement]) -> None:
    """Print the sizes of the segments over time, and the largest movements of the last period."""
    from churnrisk.retention import SEGMENTS

    for first in range(0, len(movements), 6):
        part = movements[first : first + 6]
        rows = [
            {"at the end of": name.replace("_", " ")} | {_name(m.period): int(m.counts[:, k].sum()) for m in part}
            for k, name in enumerate(SEGMENTS)
        ]
        show_table("Segments over time, under the cuts of the first day", rows)
    if any(movement.period.is_partial for movement in movements):
        say(f"^ {MARKS['^']}.")
    moves = [move for move in movements[-1].to_dict()["moves"] if move["from"] != move["to"]]
    moves.sort(key=lambda move: -move["customers"])
    rows = [
        {key: str(value).replace("_", " ") if key != "customers" else value for key, value in m.items()}
        for m in moves[:8]
    ]
    if rows:
        show_table(f"Largest movements in {movements[-1].period.name}", rows)


def _name(period: Period) -> str:
    return period.name + ("^" if period.is_partial else "")
