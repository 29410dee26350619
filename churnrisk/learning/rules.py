"""Simple rules that a blend must beat: silence alone, days since the last order, four figures, or nothing at all.

They are what a shop could do without any learning. Where one of them predicts as well in the inner test, it is
shipped: it is easier to explain, and it cannot fail in ways that nobody has seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from churnrisk.dataset import weighted_mean
from churnrisk.regression import SILENCE, Design, LinearModel, fit_linear, shift_to, to_log_odds, to_probability
from churnrisk.types import Floats

RECENCY_BINS = 10
FIGURES = ("days_since_last_order", "purchase_day_count", "tenure_days", "mean_order_amount")


class Fold(Protocol):
    """Columns and outcomes of one snapshot."""

    @property
    def columns(self) -> Floats:
        """One row for each customer."""

    @property
    def churned(self) -> Floats:
        """0 or 1."""

    @property
    def weights(self) -> Floats:
        """How many customers each row stands for."""


@dataclass(frozen=True)
class Rule:
    """One of the baselines, as a ranking.

    Parameters
    ----------
    name : str
        As in the list of baselines.
    places : tuple of int
        The columns that it looks at.
    edges, rates : ndarray
        For the rule on days since the last order: log-odds by interval.
    linear : LinearModel or None
        For the regression on four figures.
    """

    name: str
    places: tuple[int, ...]
    edges: Floats
    rates: Floats
    linear: LinearModel | None = None

    def log_odds(self, columns: Floats) -> Floats:
        """Return the log-odds, up to their level."""
        if self.linear is not None:
            return self.linear.log_odds(columns[:, list(self.places)])
        if self.name == SILENCE_RULE:
            return columns[:, self.places[0]].copy()
        if not self.places:
            return np.full(len(columns), self.rates[0])
        chosen: Floats = self.rates[np.searchsorted(self.edges, columns[:, self.places[0]], side="right")]
        return chosen

    def refit(self, newest: Fold) -> Rule:
        """Fit the same rule to newer outcomes."""
        return FITS[self.name](newest, self.places)


BASE_RATE, RECENCY_RULE, RFM_RULE, SILENCE_RULE = "base rate", "recency rule", "RFM logistic regression", "MBG/NBD"
_NONE = np.zeros(0)


def _fit_base_rate(known: Fold, places: tuple[int, ...]) -> Rule:
    return Rule(BASE_RATE, places, _NONE, to_log_odds(np.array([weighted_mean(known.churned, known.weights)])))


def _fit_recency(known: Fold, places: tuple[int, ...]) -> Rule:
    days = known.columns[:, places[0]]
    edges = np.unique(np.quantile(days, np.linspace(0, 1, RECENCY_BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, days, side="right")
    size = np.bincount(bins, weights=known.weights, minlength=len(edges) + 1)
    lost = np.bincount(bins, weights=known.weights * known.churned, minlength=len(edges) + 1)
    rate = weighted_mean(known.churned, known.weights)
    return Rule(RECENCY_RULE, places, edges, to_log_odds((lost + rate) / (size + 1)))


def _fit_figures(known: Fold, places: tuple[int, ...]) -> Rule:
    linear = fit_linear(known.columns[:, list(places)], known.churned, known.weights, strength=1.0)
    return Rule(RFM_RULE, places, _NONE, _NONE, linear)


def _fit_silence(_: Fold, places: tuple[int, ...]) -> Rule:
    return Rule(SILENCE_RULE, places, _NONE, _NONE)


FITS: dict[str, Callable[[Fold, tuple[int, ...]], Rule]] = {
    BASE_RATE: _fit_base_rate,
    RECENCY_RULE: _fit_recency,
    RFM_RULE: _fit_figures,
    SILENCE_RULE: _fit_silence,
}


def choose_rule(known: Fold, fold: Fold, blended: Floats, design: Design) -> Rule | None:
    """Return the rule that does best in the inner test, or None where the blend does better.

    Each is judged by log loss after its level has been set right, since the level is forecast apart.

    Parameters
    ----------
    known : Fold
        The newest snapshot that was over when the test began: what rules are usually trained on.
    fold : Fold
        The inner test.
    blended : ndarray of shape (n,)
        The blend's log-odds in it.
    design : Design
        Names of the columns.
    """
    place = {name: k for k, name in enumerate(design.columns)}
    wanted = {
        BASE_RATE: (),
        RECENCY_RULE: (place["days_since_last_order"],),
        RFM_RULE: tuple(place[name] for name in FIGURES if name in place),
        SILENCE_RULE: (place[SILENCE],),
    }
    best, least = None, loss_at_best_level(blended, fold)
    for name, places in wanted.items():
        rule = FITS[name](known, places)
        loss = loss_at_best_level(rule.log_odds(fold.columns), fold)
        if loss < least:
            best, least = rule, loss
    return best


def loss_at_best_level(log_odds: Floats, fold: Fold) -> float:
    """Return the log loss after the mean probability has been shifted to the churn rate."""
    rate = weighted_mean(fold.churned, fold.weights)
    clipped = np.clip(to_probability(log_odds + shift_to(log_odds, rate, fold.weights)), 1e-6, 1 - 1e-6)
    return -weighted_mean(fold.churned * np.log(clipped) + (1 - fold.churned) * np.log(1 - clipped), fold.weights)
