"""What ``churnrisk train`` and ``churnrisk backtest`` say first: the grade, what it means, and what limits it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from churnrisk.cli.show import MOST_NOTES, counted, cut_notes, say

Card = Mapping[str, Any]

BASES = {
    "later snapshot": "It was tested on one later snapshot, which bears no better grade than B; `churnrisk backtest` "
    "tests at several.",
    "other customers": "The history is too short for a later snapshot, so it was tested on other customers of the same "
    "weeks. That flatters, and bears no better grade than C.",
}
"""What a kind of test leaves open."""


def show_verdict(card: Card, *, rejects: Path | None = None) -> None:
    """Print what a model is good for, what limits it, and what it was learned from, without any table."""
    from churnrisk.cli.card import show_draw, show_exposures, show_horizon

    for text in (*tell_grade(card["grade"]), *_tell_test(card), *_tell_limits(card)):
        say(text)
    say()
    for text in tell_intake(card["intake"], rejects=rejects, notices=card.get("notices", ())):
        say(text)
    show_draw(card)
    show_exposures(card)
    show_horizon(card)
    if card.get("note"):
        say(card["note"])


def tell_grade(grade: Card) -> Iterator[str]:
    """Tell the letter and its sentence."""
    yield f"Grade {grade['letter']}: {grade['sentence']}."


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


def _tell_test(card: Card) -> Iterator[str]:
    test, days = card["test"], card["snapshot"]["horizon_days"]
    bands = test["risk_bands"]
    told = [
        f"{bands[level]['churn_rate']:.0%} of the {bands[level]['customers']:,} at {level} risk"
        for level in ("high", "low")
        if bands[level]["customers"]
    ]
    yield (
        f"In the test of {test['as_of']}, {', '.join(told)} and {test['churn_rate']:.0%} of all "
        f"{counted(test['customers'], 'customer')} bought nothing within {days} days."
    )


def _tell_limits(card: Card) -> Iterator[str]:
    from churnrisk.report import tell_value_trust

    grade = card["grade"]
    limits = [BASES[grade["basis"]]] if grade["basis"] in BASES else []
    missing = card.get("value_missing") or "the log has no amounts or too few buyers."
    limits.append(tell_value_trust(card) or f"No values are forecast, since {missing}")
    yield f"Limits: {' '.join(limits)}"
