"""The look-back: each method forecasts the last horizon that is known, and the best one is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from churnrisk.errors import NotEnoughData
from churnrisk.products.candidates import Candidates, find_candidates
from churnrisk.products.item_facts import ItemFacts
from churnrisk.products.pair_rows import PairRows, draw, pair_numbers
from churnrisk.products.ranker import LEAST_BOUGHT, SIMPLE, Ranker, trained_scores, untrained_scores
from churnrisk.timeline import date_of
from churnrisk.types import Bools, Floats, Integers, Places

LIST = 10
"""Length of the lists that are measured."""

SAMPLE = 6_000
"""Customers whose lists are measured and learnt from."""

BASE_DAYS = 365
"""Customers who bought in so many days before a cutoff are learnt from."""

LEAST_CUSTOMERS = 30
BINS = 10
Z_95 = 1.96
SEED = 20240229


@dataclass(frozen=True)
class Measured:
    """How lists compare with what was bought.

    Parameters
    ----------
    recall, ndcg : float
        Share of the items bought that the list held, and the same with earlier ranks counting more; means over
        customers with a purchase.
    """

    recall: float
    ndcg: float


@dataclass(frozen=True)
class Calibration:
    """Probabilities of a past horizon against what was bought.

    Parameters
    ----------
    forecast, seen : float
        Mean probability of the rows listed, and the share of them that was bought.
    error : float
        Mean distance of the two over ten groups of equal size.
    """

    forecast: float
    seen: float
    error: float


@dataclass(frozen=True)
class NextLookBack:
    """How the methods did on the last horizon before the cutoff.

    Parameters
    ----------
    cutoff : int
        The day of the look-back: one horizon before what is forecast.
    customers : int
        Customers with a history before it and a purchase after it.
    method, best_simple : str
        The method chosen, and the best of those that combine nothing.
    methods : mapping of str to Measured
        All methods tried.
    recall_gain, ndcg_gain : (float, float, float)
        What the method chosen has more than the best simple one, with a 95 % interval.
    recall_of_new : float or None
        Share of the items that their buyers had never bought before which the lists held.
    share_of_new : float
        Share of such items among all that were bought.
    calibration : Calibration or None
        None where the history is too short to learn from a horizon before that of the look-back.
    """

    cutoff: int
    customers: int
    method: str
    best_simple: str
    methods: Mapping[str, Measured]
    recall_gain: tuple[float, float, float]
    ndcg_gain: tuple[float, float, float]
    recall_of_new: float | None
    share_of_new: float
    calibration: Calibration | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        found["cutoff"] = date_of(self.cutoff).isoformat()
        found["methods"] = {name: vars(one) for name, one in self.methods.items()}
        found["recall_gain"], found["ndcg_gain"] = list(self.recall_gain), list(self.ndcg_gain)
        found["calibration"] = None if self.calibration is None else vars(self.calibration)
        return {**found, "told": self.sentences()}

    def sentences(self) -> list[str]:
        """Say how the method was chosen, how good the probabilities were, and what no method forecasts."""
        day, method, simple = (
            date_of(self.cutoff),
            *(name.replace("_", " ") for name in (self.method, self.best_simple)),
        )
        chosen, other = self.methods[self.method], self.methods[self.best_simple]
        against = (
            "a simple one; no other did better"
            if method == simple
            else f"{other.recall:.1%} by {simple}, the best simple one (difference {_points(self.recall_gain)} points; "
            f"NDCG {chosen.ndcg:.3f} and {other.ndcg:.3f})"
        )
        told = [
            f"Look-back from {day}: of what {self.customers:,} customers bought, the lists of ten held "
            f"{chosen.recall:.1%} by the method {method}, {against}."
        ]
        if self.calibration is None:
            told.append("The history is too short to test the probabilities; they are those of one past horizon.")
        else:
            one = self.calibration
            told.append(
                f"Probabilities then: {one.forecast:.1%} on average, {one.seen:.1%} bought; {one.error:.3f} apart on "
                "average over ten groups."
            )
        if self.recall_of_new is not None:
            told.append(
                f"Products that a customer never bought before are hardly forecast by any method: they were "
                f"{self.share_of_new:.0%} of what was bought, and the lists held {self.recall_of_new:.1%} of them."
            )
        return told


@dataclass(frozen=True)
class Past:
    """Candidates at a past cutoff, and which of them were bought in the horizon after it.

    Parameters
    ----------
    candidates : Candidates
        Items of each customer of a sample.
    is_bought : ndarray of bool
        Which of them were bought.
    outcome : ndarray of int
        Numbers of all pairs of the sample that were bought, candidates or not.
    known : ndarray of int
        Numbers of the pairs that had been bought before.
    items : int
        How many items there are.
    """

    candidates: Candidates
    is_bought: Bools
    outcome: Integers
    known: Integers
    items: int

    @classmethod
    def of(cls, rows: PairRows, numbers: Places, *, cutoff: int, horizon: int) -> Past:
        """Draw customers of the base of a past cutoff; only the outcome looks at the days from there on."""
        before = rows.before(cutoff)
        facts = ItemFacts.learn(before, numbers, cutoff=cutoff, horizon=horizon, seed=SEED)
        base = np.unique(before.between(cutoff - BASE_DAYS, cutoff).customer).astype(np.intp)
        chosen = draw(base, SAMPLE, SEED)
        past = before.of(chosen)
        candidates = find_candidates(past, numbers[chosen], facts)
        outcome = rows.between(cutoff, cutoff + horizon).of(chosen).pairs()
        pairs = pair_numbers(candidates.customer, candidates.item, rows.items)
        return cls(candidates, np.isin(pairs, outcome), outcome, past.pairs(), rows.items)

    def fit(self) -> Ranker | None:
        """Learn from it; None where too little was bought, or everything."""
        bought = int(self.is_bought.sum())
        return Ranker.fit(self.candidates, self.is_bought) if LEAST_BOUGHT <= bought < len(self.is_bought) else None


def look_back(
    rows: PairRows, numbers: Places, *, first_day: int, cutoff: int, horizon: int
) -> tuple[NextLookBack, Ranker]:
    """Compare the methods on the last horizon, and learn from it.

    Parameters
    ----------
    rows : PairRows
        Rows before the cutoff of the customers that are learnt from.
    numbers : ndarray of int
        Their places among all.
    first_day, cutoff, horizon : int
        Where the history begins and ends, and days ahead.

    Raises
    ------
    NotEnoughData
        Where the history is shorter than two horizons, or too little was bought in the last one.
    """
    day, known = cutoff - horizon, cutoff - first_day
    if day - first_day < horizon:
        raise NotEnoughData(
            f"the history has {known} {'day' if known == 1 else 'days'} before {date_of(cutoff)}; a "
            f"horizon of {horizon} days needs {2 * horizon}: one to forecast from and one to learn from. "
            "Set a shorter --horizon."
        )
    past = Past.of(rows, numbers, cutoff=day, horizon=horizon)
    ranker = past.fit()
    customers = np.unique(past.outcome // past.items)
    if ranker is None or len(customers) < LEAST_CUSTOMERS:
        raise NotEnoughData(
            f"of the customers known on {date_of(day)}, {len(customers)} bought in the {horizon} days after it, and "
            f"{int(past.is_bought.sum())} of the products that could be forecast; {LEAST_CUSTOMERS} customers and "
            f"{LEAST_BOUGHT} products are needed. Set a longer --horizon, or --unit category."
        )
    earlier = None
    if day - horizon - first_day >= horizon:
        earlier = Past.of(rows.before(day), numbers, cutoff=day - horizon, horizon=horizon).fit()
    return compare(past, earlier, day), ranker


def compare(past: Past, earlier: Ranker | None, day: int) -> NextLookBack:
    """Measure each method on a past horizon; the re-ranker only where one was learnt from a horizon before it."""
    scores = untrained_scores(past.candidates)
    probability = None if earlier is None else earlier.probability(past.candidates)
    if probability is not None:
        scores |= trained_scores(past.candidates, scores["fusion"], probability)
    ranks = {name: past.candidates.ranks(score) for name, score in scores.items()}
    lists = {name: measure_lists(past, rank) for name, rank in ranks.items()}
    means = {name: Measured(*map(float, found.mean(axis=0))) for name, found in lists.items()}
    simple = choose(means, among=list(SIMPLE))
    method = choose(means, among=list(means), beside=simple)
    gain = lists[method] - lists[simple]
    recall_of_new, share = _measure_new(past, ranks[method])
    listed = ranks[method] < LIST
    calibration = None if probability is None else calibrate(probability[listed], past.is_bought[listed])
    gains = (_interval(gain[:, 0]), _interval(gain[:, 1]))
    return NextLookBack(day, len(gain), method, simple, means, *gains, recall_of_new, share, calibration)


def choose(means: Mapping[str, Measured], *, among: list[str], beside: str | None = None) -> str:
    """Choose the method with the highest recall and NDCG, each as a ratio to the best simple one's.

    Without ``beside`` the ratios are to the highest of each.
    """
    base = [means[beside]] if beside else list(means.values())
    recall, ndcg = max(one.recall for one in base) or 1.0, max(one.ndcg for one in base) or 1.0
    return max(among, key=lambda name: means[name].recall / recall + means[name].ndcg / ndcg)


def measure_lists(past: Past, rank: Places) -> Floats:
    """Return recall and NDCG of each customer with a purchase: lists of ten against what was bought."""
    customers, bought = np.unique(past.outcome // past.items, return_counts=True)
    hits = past.is_bought & (rank < LIST)
    place = np.searchsorted(customers, past.candidates.customer[hits])
    found = np.bincount(place, minlength=len(customers))
    gained = np.bincount(place, 1 / np.log2(rank[hits] + 2), len(customers))
    ideal = np.cumsum(1 / np.log2(np.arange(LIST) + 2))[np.minimum(bought, LIST) - 1]
    return np.column_stack([found / bought, gained / ideal])


def _measure_new(past: Past, rank: Places) -> tuple[float | None, float]:
    """Return the recall among items never bought before, and their share of what was bought."""
    new = past.outcome[~np.isin(past.outcome, past.known)]
    share = len(new) / max(len(past.outcome), 1)
    if not len(new):
        return None, share
    customers, count = np.unique(new // past.items, return_counts=True)
    hits = past.is_bought & past.candidates.is_new & (rank < LIST)
    place = np.searchsorted(customers, past.candidates.customer[hits])
    return float((np.bincount(place, minlength=len(customers)) / count).mean()), share


def calibrate(probability: Floats, bought: Bools) -> Calibration:
    """Compare probabilities with what was bought."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    error = sum(abs(probability[part].mean() - bought[part].mean()) * len(part) for part in parts) / len(order)
    return Calibration(float(probability.mean()), float(bought.mean()), float(error))


def _interval(values: Floats) -> tuple[float, float, float]:
    mean, half = float(values.mean()), Z_95 * float(values.std()) / len(values) ** 0.5
    return mean, mean - half, mean + half


def _points(gain: tuple[float, float, float]) -> str:
    mean, low, high = (f"{100 * value:+.1f}" for value in gain)
    return f"{mean}, 95 % interval {low} to {high}"
