"""A grade from A to E for a model: how far its scores can be relied on, by a rule that is written down.

The rule stands in :data:`THRESHOLDS` and in the reference of the documentation; a test keeps the two alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from churnrisk.learning.backtest import Backtest, Figures
from churnrisk.learning.evaluate import Interval
from churnrisk.learning.train import OURS, TestResult

LETTERS = ("A", "B", "C", "D", "E")

THRESHOLDS: Mapping[str, tuple[float, float, float, float]] = {
    "ranking": (0.75, 0.70, 0.65, 0.62),
    "gain": (0.01, 0.001, -0.05, -0.15),
    "calibration": (0.03, 0.06, 0.12, 0.2),
    "stability": (0.0, -0.02, -0.05, -0.15),
}
"""For each ingredient what is needed for A, B, C and D: at least so much, of calibration at most so much."""

LEAST_CUTOFFS_FOR_A = 3

Basis = Literal["backtest", "later snapshot", "other customers"]
BEST_LETTER: Mapping[Basis, str] = {"backtest": "A", "later snapshot": "B", "other customers": "C"}
"""The best grade that each kind of evidence can bear."""

SKILL = {"A": "ranks very well", "B": "ranks well", "C": "ranks fairly", "D": "ranks weakly"}
LIMITS = {
    "ranking": "its ranking",
    "gain": "its gain",
    "calibration": "its probabilities",
    "stability": "single cutoffs",
}
"""What a grade is owed to, in the sentence beside it."""


@dataclass(frozen=True)
class Evidence:
    """What a grade is made from.

    Parameters
    ----------
    basis : {"backtest", "later snapshot", "other customers"}
        Where the figures come from.
    cutoffs : int
        How many cutoffs.
    auc : Interval
        Of the model.
    best_baseline : str
        The baseline with the least log loss.
    gain : Interval
        Share of that baseline's log loss that the model saves; below 0 the baseline is better.
    calibration_error : float
        Distance of predicted and observed churn rates, 0 where chance explains it.
    worst_gain : float or None
        The smallest upper end of the gain over that baseline at any cutoff: below 0 it was surely worse there.
        None where there is one cutoff only.
    """

    basis: Basis
    cutoffs: int
    auc: Interval
    best_baseline: str
    gain: Interval
    calibration_error: float
    worst_gain: float | None


@dataclass(frozen=True)
class Grade:
    """A letter, a plain sentence, and what they come from.

    Parameters
    ----------
    letter : str
        A to E: the worst letter of the ingredients, and no better than the evidence can bear.
    sentence : str
        What the model is worth.
    letters : mapping of str to str
        The letter of each ingredient: ranking, gain, calibration and, over several cutoffs, stability.
    evidence : Evidence
        The figures.
    """

    letter: str
    sentence: str
    letters: Mapping[str, str]
    evidence: Evidence


def grade_tested(tested: TestResult | Backtest) -> Grade:
    """Grade a model by its one test, or by a backtest over several cutoffs."""
    return grade_model(evidence_of_backtest(tested) if isinstance(tested, Backtest) else evidence_of_test(tested))


def grade_model(evidence: Evidence) -> Grade:
    """Grade a model by the written rule.

    Each ingredient gets the best letter whose threshold it reaches, E below all. The model gets the worst of them,
    and no better than its evidence can bear: C where the test was on other customers of the same weeks, B where it
    was on one later snapshot, or a backtest had fewer than three cutoffs.

    Ranking and gain are judged by the lower end of their 95 % intervals, so little data gives no good grade.
    """
    amounts = {
        "ranking": evidence.auc.low,
        "gain": evidence.gain.low,
        "calibration": evidence.calibration_error,
    }
    if evidence.worst_gain is not None:
        amounts["stability"] = evidence.worst_gain
    letters = {name: _letter(name, amount) for name, amount in amounts.items()}
    letter = max(*letters.values(), best_letter(evidence))
    return Grade(letter, _write_sentence(evidence, letters, letter), letters, evidence)


def best_letter(evidence: Evidence) -> str:
    """Return the best grade that evidence of this kind can bear."""
    if evidence.basis == "backtest" and evidence.cutoffs < LEAST_CUTOFFS_FOR_A:
        return "B"
    return BEST_LETTER[evidence.basis]


def evidence_of_test(result: TestResult) -> Evidence:
    """Take the evidence from the one test snapshot of a training."""
    best = _best_baseline(result.measures)
    loss = result.measures[best]["log_loss"].value
    return Evidence(
        result.kind,
        1,
        result.measures[OURS]["auc"],
        best,
        _relative_gain(result.gains[best]["log_loss"], loss),
        result.calibration,
        None,
    )


def evidence_of_backtest(backtest: Backtest) -> Evidence:
    """Take the evidence from a backtest."""
    pooled, cutoffs = backtest.pooled, [one.figures for one in backtest.cutoffs]
    best = _best_baseline(pooled.measures)
    gains = [_gain_over(best, figures) for figures in cutoffs]
    return Evidence(
        "backtest",
        len(cutoffs),
        pooled.measures[OURS]["auc"],
        best,
        _gain_over(best, pooled),
        pooled.calibration,
        min(gain.high for gain in gains) if len(gains) > 1 else None,
    )


def _best_baseline(measures: Mapping[str, Mapping[str, Interval]]) -> str:
    return min((name for name in measures if name != OURS), key=lambda name: measures[name]["log_loss"].value)


def _gain_over(baseline: str, figures: Figures) -> Interval:
    return _relative_gain(figures.gains[baseline]["log_loss"], figures.measures[baseline]["log_loss"].value)


def _relative_gain(difference: Interval, loss: float) -> Interval:
    """Turn ours minus theirs into the share of their log loss that is saved; 0.0 and never -0.0."""
    return Interval(*(0.0 - figure / loss for figure in (difference.value, difference.high, difference.low)))


def _letter(name: str, amount: float) -> str:
    """Return the best letter that an amount reaches; an unknown amount reaches none."""
    for letter, threshold in zip(LETTERS, THRESHOLDS[name], strict=False):
        if amount <= threshold if name == "calibration" else amount >= threshold:
            return letter
    return "E"


def _write_sentence(evidence: Evidence, letters: Mapping[str, str], letter: str) -> str:
    """Say what holds the letter down, and then what else is to be known: the two cannot contradict each other."""
    auc = f"AUC {_short(evidence.auc.value)} [{_short(evidence.auc.low)}, {_short(evidence.auc.high)}]"
    if letters["ranking"] == "E":
        return f"ranks hardly better than chance: {auc}"
    told = {"ranking": f"{SKILL[letters['ranking']]}: {auc}", "gain": _say_gain(evidence, letters["gain"])}
    if letters["calibration"] in "CDE":
        told["calibration"] = f"probabilities are off by {evidence.calibration_error:.3f} on average beyond chance"
    if evidence.worst_gain is not None and letters["stability"] in "CDE":
        told["stability"] = f"log loss surely {-evidence.worst_gain:.1%} higher at the worst cutoff"
    limits = [name for name in told if letters[name] == letter] if letter > "B" else []
    held = f"{letter} for {' and '.join(LIMITS[name] for name in limits)}: " if limits else ""
    parts = [*(told[name] for name in limits), *(words for name, words in told.items() if name not in limits)]
    if letter == best_letter(evidence) > max(letters.values()):
        parts.append(_say_cap(evidence, letter))
    return held + "; ".join(parts)


def _say_gain(evidence: Evidence, letter: str) -> str:
    gain, name = evidence.gain, evidence.best_baseline
    if gain.high < 0:
        interval = f"{-gain.value:.1%} higher [{-gain.high:.1%}, {-gain.low:.1%}]"
        return f"worse than the best simple method, {name}: log loss {interval}"
    verdict = "better" if letter in "AB" else "not surely better"
    interval = f"{_percent(gain.value)} of its log loss [{_percent(gain.low)}, {_percent(gain.high)}]"
    return f"{verdict} than the best simple method, {name}: saves {interval}"


def _say_cap(evidence: Evidence, letter: str) -> str:
    if evidence.basis == "other customers":
        return f"{letter} is the best grade for a test on other customers of the same weeks"
    if evidence.basis == "later snapshot":
        return f"{letter} is the best grade for a test at one cutoff; a backtest can give more"
    return f"{letter} is the best grade for fewer than {LEAST_CUTOFFS_FOR_A} cutoffs"


def _short(figure: float) -> str:
    """Write .53 for 0.53, as the field does; a dash for what is undefined."""
    return "–" if np.isnan(figure) else f"{figure:.2f}".removeprefix("0")


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{share:+.1%}"
