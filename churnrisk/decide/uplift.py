"""Uplift: for whom a contact does most, learned from a campaign that had a control group.

The riskiest customers are not always those whom a contact moves: some are lost whatever one does. From a campaign with
a control group that can be learned, but the signal is faint, since the effect of a contact is a difference of two
outcomes of which one is never seen. So a learner is used only where it has ranked customers it had not seen better than
their risk does, by more than chance explains.

Two learners, the simplest of their kinds. *Two models*: a logistic regression on the contacted and one on the
controls; the score is the difference of their probabilities. *Transformed outcome* (Athey & Imbens, 2015): a ridge
regression on ``y (w - e) / (e (1 - e))``, whose mean, given the features, is the effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from churnrisk.decide.qini import Qini, coefficient_of_counts, qini_coefficient
from churnrisk.errors import CampaignError
from churnrisk.regression import LinearModel, fit_linear
from churnrisk.types import Bools, Floats

LEAST_CONTROL = 500
"""Controls, and contacted, that are needed to learn from: with fewer, no ranking can be told from chance."""

LEAST_OUTCOMES = 50
"""Customers with and without the outcome that either group needs."""

FOLDS = 5
RESAMPLES = 200
STRENGTH = 0.1
RIDGE = 1.0
RISK = "risk"
TWO_MODELS, TRANSFORMED = "two models", "transformed outcome"


@dataclass(frozen=True)
class UpliftVerdict:
    """One ranking: its Qini coefficient, and by how much it beats the ranking by risk (NaN for that one itself)."""

    qini: Qini
    gain: Qini


@dataclass(frozen=True)
class UpliftTest:
    """Rankings compared on customers that the learners had not seen.

    Parameters
    ----------
    treated, control : int
        Customers in the groups.
    rankings : mapping of str to UpliftVerdict
        The learners and the simple rankings.
    chosen : str
        The ranking to use: risk, unless a learner's gain has an interval above 0.
    """

    treated: int
    control: int
    rankings: Mapping[str, UpliftVerdict]
    chosen: str

    def to_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return {
            "treated": self.treated,
            "control": self.control,
            "rankings": {
                name: {"qini": one.qini.to_dict(), "gain_over_risk": one.gain.to_dict()}
                for name, one in self.rankings.items()
            },
            "chosen": self.chosen,
        }


def compare_rankings(
    features: Floats,
    outcome: Floats,
    is_treated: Bools,
    *,
    treated_probability: Floats,
    risk: Floats,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> UpliftTest:
    """Learn the effect of a contact by cross-fitting, and compare the learners' rankings with that by risk.

    Parameters
    ----------
    features : ndarray of shape (n, p)
        As known at the draw; NaN where missing.
    outcome : ndarray of shape (n,)
        1 where the customer bought in the window.
    is_treated : ndarray of bool, shape (n,)
        As drawn.
    treated_probability : ndarray of shape (n,)
        Of being contacted, as it was drawn: within (0, 1).
    risk : ndarray of shape (n,)
        The simple ranking to beat, highest first: the churn probability at the draw.
    seed : int
        Of folds and resamples.
    resamples : int
        Bootstrap resamples of customers; the scores are held fixed.

    Raises
    ------
    CampaignError
        With fewer than 500 customers in either group, or fewer than 50 with or without the outcome in one.
    """
    _check_enough(outcome, is_treated)
    scores = {RISK: risk}
    with threadpool_limits(limits=1):  # sums of floats depend on how many threads share them
        for name, learn in LEARNERS.items():
            scores[name] = cross_fit(learn, features, outcome, is_treated, treated_probability, seed=seed)
    rankings = judge_rankings(outcome, is_treated, scores, seed=seed, resamples=resamples)
    better = {name: one for name, one in rankings.items() if one.gain.low > 0}
    chosen = max(better, key=lambda name: better[name].qini.value, default=RISK)
    return UpliftTest(int(is_treated.sum()), int((~is_treated).sum()), rankings, chosen)


def _check_enough(outcome: Floats, is_treated: Bools) -> None:
    for group, word in ((is_treated, "contacted"), (~is_treated, "in the control group")):
        if group.sum() < LEAST_CONTROL:
            raise CampaignError(
                f"{int(group.sum()):,} customers were {word}; {LEAST_CONTROL} are needed to learn for whom a contact "
                "does most. Until then rank by risk or by expected profit.",
                code="campaign.too_small",
            )
        rarer = int(min(outcome[group].sum(), (1 - outcome[group]).sum()))
        if rarer < LEAST_OUTCOMES:
            raise CampaignError(
                f"{rarer} of the customers who were {word} differ in outcome from the rest; {LEAST_OUTCOMES} are "
                "needed to learn for whom a contact does most.",
                code="campaign.too_small",
            )


def judge_rankings(
    outcome: Floats, is_treated: Bools, scores: Mapping[str, Floats], *, seed: int, resamples: int
) -> dict[str, UpliftVerdict]:
    """Return each ranking's Qini coefficient and its gain over risk, with intervals from the same resamples."""
    generator = np.random.default_rng(seed)
    size = len(outcome)
    values = {name: qini_coefficient(outcome, score, is_treated) for name, score in scores.items()}
    measures = {name: coefficient_of_counts(outcome, score, is_treated) for name, score in scores.items()}
    draws = {name: np.empty(resamples) for name in scores}
    for k in range(resamples):
        counts = np.bincount(generator.integers(0, size, size), minlength=size).astype(np.float64)
        for name, measure in measures.items():
            draws[name][k] = measure(counts)
    return {
        name: UpliftVerdict(
            _interval(values[name], draws[name]),
            Qini(*[float("nan")] * 3)
            if name == RISK
            else _interval(values[name] - values[RISK], draws[name] - draws[RISK]),
        )
        for name in scores
    }


def _interval(value: float, draws: Floats) -> Qini:
    low, high = np.nanquantile(draws, (0.025, 0.975), method="weibull")
    return Qini(value, float(low), float(high))


Score = Callable[[Floats], Floats]
Learn = Callable[[Floats, Floats, Bools, Floats], Score]


def cross_fit(
    learn: Learn, features: Floats, outcome: Floats, is_treated: Bools, treated_probability: Floats, *, seed: int
) -> Floats:
    """Score each fifth of the customers with what was learned from the other four."""
    fold_of = np.random.default_rng(seed).permutation(len(outcome)) % FOLDS
    score = np.empty(len(outcome))
    for fold in range(FOLDS):
        held = fold_of == fold
        learned = learn(features[~held], outcome[~held], is_treated[~held], treated_probability[~held])
        score[held] = learned(features[held])
    return score


def learn_two_models(features: Floats, outcome: Floats, is_treated: Bools, _: Floats) -> Score:
    """Fit a logistic regression to the contacted and one to the controls."""
    fill = _fill_of(features)
    sides = [_fit_side(fill(features[group]), outcome[group]) for group in (is_treated, ~is_treated)]

    def score(rows: Floats) -> Floats:
        contacted, alone = (1 / (1 + np.exp(-side.log_odds(fill(rows)))) for side in sides)
        difference: Floats = contacted - alone
        return difference

    return score


def _fit_side(features: Floats, outcome: Floats) -> LinearModel:
    return fit_linear(features, outcome, np.ones(len(outcome)), strength=STRENGTH)


def learn_transformed_outcome(
    features: Floats, outcome: Floats, is_treated: Bools, treated_probability: Floats
) -> Score:
    """Fit a ridge regression to the outcome that has the effect for its mean."""
    fill = _fill_of(features)
    filled = fill(features)
    centre, spread = filled.mean(axis=0), np.maximum(filled.std(axis=0), 1e-9)
    table = np.clip((filled - centre) / spread, -8, 8)
    e = treated_probability
    effect = (outcome - outcome.mean()) * (is_treated - e) / (e * (1 - e))
    normal = table.T @ table + RIDGE * len(table) / 100 * np.eye(table.shape[1])
    slopes = np.linalg.solve(normal, table.T @ (effect - effect.mean()))

    def score(rows: Floats) -> Floats:
        standard = np.clip((fill(rows) - centre) / spread, -8, 8)
        total = np.zeros(len(rows))
        for place, slope in enumerate(slopes):  # column by column: a row's score does not depend on its batch
            total += slope * standard[:, place]
        return total

    return score


def _fill_of(features: Floats) -> Score:
    """Return a step that puts the medians of these rows in place of missing values."""
    known = [column[~np.isnan(column)] for column in features.T]
    medians = np.array([np.median(column) if len(column) else 0.0 for column in known])

    def fill(rows: Floats) -> Floats:
        filled: Floats = np.where(np.isnan(rows), medians, rows)
        return filled

    return fill


def learn_effect(
    name: str, features: Floats, outcome: Floats, is_treated: Bools, *, treated_probability: Floats
) -> Score:
    """Fit one of the learners on everybody, for customers of another day.

    Parameters
    ----------
    name : str
        As :func:`compare_rankings` has chosen; not risk.
    features, outcome, is_treated, treated_probability : ndarray
        As there.

    Returns
    -------
    callable
        From feature rows to the share of customers whom a contact keeps, which may be below 0.
    """
    with threadpool_limits(limits=1):
        learned = LEARNERS[name](features, outcome, is_treated, treated_probability)
    seen = learned(features)
    difference = float(outcome[is_treated].mean() - outcome[~is_treated].mean())
    level = difference - float(seen.mean()) if name == TRANSFORMED else 0.0  # that one learns differences alone
    return lambda rows: learned(rows) + level


def response_of(effect: Floats, churn_probability: Floats) -> Floats:
    """Turn effects into how many times the mean acceptance rate each would-be leaver accepts.

    No customer is kept that would not have left, and none is driven away for sure: effects are cut to between 0 and the
    churn probability.

    Parameters
    ----------
    effect : ndarray of shape (n,)
        Share whom a contact keeps.
    churn_probability : ndarray of shape (n,)
        Above 0.

    Returns
    -------
    ndarray of shape (n,)
        1 on average over would-be leavers; 1 for everybody where a contact is expected to keep nobody.
    """
    kept = np.clip(effect, 0, churn_probability)
    if kept.sum() <= 0:
        return np.ones(len(kept))
    response: Floats = kept / np.maximum(churn_probability, 1e-9) * (churn_probability.sum() / kept.sum())
    return response


LEARNERS: Mapping[str, Learn] = {TWO_MODELS: learn_two_models, TRANSFORMED: learn_transformed_outcome}
