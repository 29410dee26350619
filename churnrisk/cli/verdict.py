"""What ``churnrisk train`` and ``churnrisk backtest`` say first: the grade, what it means, and what limits it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from churnrisk.cli.show import MOST_NOTES, counted, cut_notes, say

Card = Mapping[str, Any]


def show_verdict(card: Card, *, rejects: Path | None = None) -> None:
    """Print what a model is good for, what limits it, and what it was learned from, without any table."""
    from churnrisk.cli.card import show_draw, show_exposures, show_horizon, show_tried_tables, tell_grade

    for text in (tell_grade(card["grade"]), _tell_test(card), _tell_limits(card)):
        say(text)
    say()
    for text in tell_intake(card["intake"], rejects=rejects, notices=card.get("notices", ())):
        say(text)
    show_draw(card)
    show_tried_tables(card)
    show_exposures(card)
    show_horizon(card)
    if card.get("note"):
        say(card["note"])


def tell_intake(intake: Card, *, rejects: Path | None = None, notices: Sequence[str] = ()) -> Iterator[str]:
    """Tell in a few lines what became of the rows, each kind of them that is not used with its number."""
    kinds = (
        ("rows_rejected", "set aside"),
        ("rows_without_customer", "without customer"),
        ("duplicates_dropped", "duplicates dropped"),
        ("rows_no_sale", "no sale"),
    )
    unused = "".join(f", {intake[key]:,} {words}" for key, words in kinds if intake.get(key))
    yield (
        f"Read {intake['source']}: {counted(intake['rows_in'], 'row')}, {intake['rows_used']:,} used{unused}; "
        f"{counted(intake['orders'], 'order')} of {counted(intake['customers'], 'customer')}, {intake['first_on']} to "
        f"{intake['last_on']}."
    )
    reasons = sorted(intake["reasons"].items(), key=lambda one: (-one[1], one[0]))
    for reason, count in reasons[:MOST_NOTES]:
        yield f"  {counted(count, 'row')} set aside: {reason}"
    if reasons and rejects is not None:
        yield f"  They are listed, each with its line, in {rejects}."
    yield from cut_notes((*intake["notices"], *notices))


def _tell_test(card: Card) -> str:
    test, days = card["test"], card["snapshot"]["horizon_days"]
    bands = test["risk_bands"]
    told = [
        f"{bands[level]['churn_rate']:.0%} of the {bands[level]['customers']:,} at {level} risk"
        for level in ("high", "low")
        if bands[level]["customers"]
    ]
    told.append(f"{test['churn_rate']:.0%} of all {counted(test['customers'], 'customer')}")
    return f"In the test of {test['as_of']}, nothing was bought within {days} days by {', '.join(told)}."


def _tell_limits(card: Card) -> str:
    from churnrisk.cli.card import FLATTERS
    from churnrisk.report import tell_value_trust

    missing = card.get("value_missing") or "the log has no amounts or too few buyers."
    limits = [FLATTERS] if card["test"]["kind"] == "other customers" else []
    limits.append(tell_value_trust(card) or f"No values are forecast, since {missing}")
    return f"Limits: {' '.join(limits)}"
