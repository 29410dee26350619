"""The rule of the grade, its caps and its sentences, and what it says of logs whose truth is known."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from churnrisk.dataset import build_training_set
from churnrisk.learning import plan_backtest, run_backtest
from churnrisk.learning.evaluate import Interval
from churnrisk.learning.grade import (
    BEST_LETTER,
    LEAST_CUTOFFS_FOR_A,
    LIMITS,
    THRESHOLDS,
    Evidence,
    Grade,
    grade_model,
    grade_tested,
)
from churnrisk.orders import IntakeOptions, read_orders
from churnrisk.timeline import Snapshot
from support.known_logs import DAYS, FIRST_DAY, HORIZON, noise_log, signal_log

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "grade.md"
GOOD = Evidence("backtest", 5, Interval(0.80, 0.78, 0.82), "BG/NBD", Interval(0.04, 0.02, 0.06), 0.01, 0.03)


def test_the_page_in_the_documentation_has_the_same_numbers() -> None:
    rows = {
        cells[0]: cells[1:]
        for cells in (
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in PAGE.read_text(encoding="utf-8").splitlines()
            if line.startswith("|")
        )
    }
    for name, thresholds in THRESHOLDS.items():
        assert [float(cell) for cell in rows[name][1:]] == list(thresholds), name
    for basis, letter in BEST_LETTER.items():
        row = f"backtest, at least {LEAST_CUTOFFS_FOR_A} cutoffs" if basis == "backtest" else basis
        assert rows[row] == [letter]
    assert rows["backtest, fewer cutoffs"] == ["B"]


def test_thresholds_fall_from_a_to_d() -> None:
    assert THRESHOLDS
    for name, thresholds in THRESHOLDS.items():
        assert list(thresholds) == sorted(thresholds, reverse=name != "calibration"), name


@pytest.mark.parametrize("letter", "BCDE")
@pytest.mark.parametrize("name", THRESHOLDS)
def test_the_worst_ingredient_decides(name: str, letter: str) -> None:
    assert grade_model(GOOD).letter == "A"
    previous = THRESHOLDS[name]["ABCD".index(letter) - 1] if letter != "E" else THRESHOLDS[name][3]
    amount = previous + 1e-6 if name == "calibration" else previous - 1e-6
    spoiled = {
        "ranking": replace(GOOD, auc=Interval(0.8, amount, 0.82)),
        "gain": replace(GOOD, gain=Interval(0.04, amount, 0.06)),
        "calibration": replace(GOOD, calibration_error=amount),
        "stability": replace(GOOD, worst_gain=amount),
    }[name]
    grade = grade_model(spoiled)
    assert (grade.letter, grade.letters[name]) == (letter, letter)
    assert {other for key, other in grade.letters.items() if key != name} == {"A"}


@pytest.mark.parametrize(
    ("change", "letter", "words"),
    [
        ({"basis": "later snapshot", "cutoffs": 1, "worst_gain": None}, "B", "B is the best grade for a test at one"),
        (
            {"basis": "other customers", "cutoffs": 1, "worst_gain": None},
            "C",
            "C is the best grade for a test on other",
        ),
        ({"cutoffs": 2}, "B", "B is the best grade for fewer than 3 cutoffs"),
        ({"cutoffs": 3}, "A", "better than the best simple method, BG/NBD: saves +4.0% of its log loss"),
    ],
)
def test_no_grade_is_better_than_its_evidence(change: dict[str, object], letter: str, words: str) -> None:
    grade = grade_model(replace(GOOD, **change))  # type: ignore[arg-type]
    assert grade.letter == letter
    assert words in grade.sentence


def test_a_model_without_skill_gets_one_plain_sentence() -> None:
    grade = grade_model(replace(GOOD, auc=Interval(0.5349, 0.52, 0.55)))
    assert (grade.letter, grade.sentence) == ("E", "ranks hardly better than chance: AUC .53 [.52, .55]")


@pytest.mark.parametrize("letter", "CDE")
@pytest.mark.parametrize("name", sorted(set(THRESHOLDS) - {"ranking"}))
def test_the_sentence_begins_with_what_the_letter_is_owed_to(name: str, letter: str) -> None:
    """Never "ranks very well" first, beside a C."""
    amount = {"C": THRESHOLDS[name][2], "D": THRESHOLDS[name][3], "E": 1.5 * THRESHOLDS[name][3]}[letter]
    spoiled = {
        "gain": replace(GOOD, gain=Interval(amount, amount, 0.06)),
        "calibration": replace(GOOD, calibration_error=amount),
        "stability": replace(GOOD, worst_gain=amount),
    }[name]
    grade = grade_model(spoiled)
    assert grade.letter == letter
    limit, _, told = grade.sentence.partition(": ")
    assert limit == f"{letter} for {LIMITS[name]}"
    assert "ranks very well" in told
    assert not told.startswith("ranks")


def test_what_is_undefined_is_worth_nothing() -> None:
    unknown = float("nan")
    assert grade_model(replace(GOOD, auc=Interval(0.7, unknown, unknown))).letter == "E"
    assert grade_model(replace(GOOD, gain=Interval(0.1, unknown, unknown))).letter == "E"


def test_who_is_the_baseline_is_not_better_than_it() -> None:
    grade = grade_model(replace(GOOD, gain=Interval(0.0, 0.0, 0.0), worst_gain=0.0))
    assert grade.letter == "C"
    assert "not surely better than the best simple method, BG/NBD" in grade.sentence


def test_who_is_surely_worse_is_told_so() -> None:
    grade = grade_model(replace(GOOD, gain=Interval(-0.2, -0.24, -0.16), worst_gain=-0.3, calibration_error=0.3))
    assert grade.letter == "E"
    for words in (
        "worse than the best simple method, BG/NBD: log loss 20.0% higher [16.0%, 24.0%]",
        "off by 0.300",
        "log loss surely 30.0% higher at the worst cutoff",
    ):
        assert words in grade.sentence


def graded(log: pd.DataFrame, *, cutoffs: int) -> Grade:
    current = Snapshot(FIRST_DAY + DAYS, lookback=60, horizon=HORIZON)
    with read_orders(log, IntakeOptions()) as orders:
        plan = plan_backtest(orders.first_day, current, cutoffs=cutoffs)
        data = build_training_set(orders, plan.snapshots)
    return grade_tested(run_backtest(data, plan, seed=0, resamples=50))


def test_a_log_with_signal_gets_a_good_grade() -> None:
    grade = graded(signal_log(), cutoffs=2)
    assert grade.letter in "BC", grade
    assert set(grade.letters) == {"ranking", "gain", "calibration", "stability"}
    assert re.search(r"ranks (very well|well|fairly): AUC \.[789]\d \[", grade.sentence), grade


def test_a_log_without_signal_gets_the_worst_grade_and_says_why() -> None:
    grade = graded(noise_log(), cutoffs=1)
    assert grade.letter == "E", grade
    assert re.fullmatch(r"ranks hardly better than chance: AUC \.[45]\d \[\.[45]\d, \.[56]\d\]", grade.sentence)
