"""Qini: how well a ranking puts those first whom a contact moves.

Who is contacted first should be whom the contact changes most, and nobody's own change is ever seen: a customer is
either contacted or not. In a campaign with a control group it can be seen of groups, and so of rankings.

**Curve** (Radcliffe, "Using control groups to target on predicted lift", 2007). Customers are ranked from the highest
score down. After the first k of them

    q(k) = Y_t(k) - Y_c(k) * N_t(k) / N_c(k)

with N_t, N_c the contacted and the controls among the k, and Y_t, Y_c those of them with the outcome; where there is no
control yet, q(k) = Y_t(k). It counts the customers that were gained. Customers with the same score enter together: the
curve has points between groups of equal scores only.

**Coefficient**. The area between the curve and the straight line from (0, 0) to (n, q(n)), which is what contacting in
random order gains, divided by the same area of the best curve there is: the contacted with the outcome first, then
everybody without it, the controls with it last. 0 is random, below 0 is worse, and 1 would take knowing the outcomes,
so that a good model reaches a few hundredths. This is scikit-uplift's ``qini_auc_score`` with
``negative_effect=True``, its default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churnrisk.types import Floats


@dataclass(frozen=True)
class Qini:
    """A coefficient with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """Return plain numbers; an undefined one is None."""
        return {name: None if np.isnan(value) else float(value) for name, value in vars(self).items()}


def qini_curve(
    outcome: Floats, score: Floats, is_treated: NDArray[np.bool_], *, weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """Return the curve: customers taken, and customers gained.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
        1 where the customer did what the campaign was for.
    score : ndarray of shape (n,)
        Highest first.
    is_treated : ndarray of bool, shape (n,)
        As drawn.
    weights : ndarray of shape (n,), optional
        How often each customer counts, as a bootstrap resample has it; once by default.

    Returns
    -------
    taken, gained : ndarray of shape (groups + 1,)
        Both start at 0.
    """
    counts = np.ones(len(score)) if weights is None else weights
    group = np.unique(-score, return_inverse=True)[1]
    return _curve(outcome, group, is_treated, counts)


def _curve(
    outcome: Floats, group: NDArray[np.intp], is_treated: NDArray[np.bool_], counts: Floats
) -> tuple[Floats, Floats]:
    size = int(group.max(initial=-1)) + 1

    def rising(values: Floats) -> Floats:
        return np.concatenate([[0.0], np.cumsum(np.bincount(group, values, size))])

    taken, treated = rising(counts), rising(counts * is_treated)
    treated_gain, all_gain = rising(counts * outcome * is_treated), rising(counts * outcome)
    control = taken - treated
    ratio = np.divide(treated, control, out=np.zeros_like(taken), where=control > 0)
    return taken, treated_gain - (all_gain - treated_gain) * ratio


def qini_coefficient(
    outcome: Floats, score: Floats, is_treated: NDArray[np.bool_], *, weights: Floats | None = None
) -> float:
    """Return the coefficient as the module's description defines it; NaN where it is undefined.

    Parameters
    ----------
    outcome, score, is_treated, weights
        As for :func:`qini_curve`.
    """
    return coefficient_of_counts(outcome, score, is_treated)(np.ones(len(score)) if weights is None else weights)


def coefficient_of_counts(outcome: Floats, score: Floats, is_treated: NDArray[np.bool_]) -> Callable[[Floats], float]:
    """The coefficient as a function of how often each customer counts: ranks are found once for all resamples."""
    group = np.unique(-score, return_inverse=True)[1]
    best = np.unique(-best_possible_score(outcome, is_treated), return_inverse=True)[1]

    def coefficient(counts: Floats) -> float:
        ours = _area(*_curve(outcome, group, is_treated, counts))
        ideal = _area(*_curve(outcome, best, is_treated, counts))
        return ours / ideal if ideal else float("nan")

    return coefficient


def best_possible_score(outcome: Floats, is_treated: NDArray[np.bool_]) -> Floats:
    """Rank as nobody can beforehand: the contacted with the outcome first, the controls with it last."""
    score: Floats = outcome * (2.0 * is_treated - 1.0)
    return score


def _area(taken: Floats, gained: Floats) -> float:
    """Return the area between a curve and the straight line between its ends."""
    whole = float((np.diff(taken) * (gained[1:] + gained[:-1]) / 2).sum())
    return whole - float(taken[-1] * gained[-1] / 2)
