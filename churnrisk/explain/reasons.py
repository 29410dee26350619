"""Reasons in words: the families that weigh most in a score, each with a fact that pushes the same way."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from churnrisk.explain.facts import FACTS, Fact
from churnrisk.explain.numbers import Numbers
from churnrisk.explain.shares import BLOCK, Sharer, Shares
from churnrisk.explain.table_facts import table_facts
from churnrisk.learning import FittedModel
from churnrisk.regression import to_probability
from churnrisk.types import Bools, Floats

MOST_REASONS = 3
NEGLIGIBLE = 0.05
"""Log-odds; a family that adds less is no reason."""

AS_GOOD = 1 / 3
"""Of the facts that push at least so far as the strongest, the first in the catalogue is told."""

RAISES, LOWERS = "raises", "lowers"


@dataclass(frozen=True)
class Reason:
    """One reason for a score.

    Parameters
    ----------
    family : str
        One of those of :class:`Shares`.
    direction : {"raises", "lowers"}
        What the family does to the churn probability.
    log_odds : float
        By how much: its Shapley value.
    text : str
        A sentence without a full stop, with this customer's numbers; empty where no single fact goes that way.
    """

    family: str
    direction: str
    log_odds: float
    text: str


@dataclass(frozen=True)
class Explanation:
    """Where one customer's score comes from.

    Parameters
    ----------
    base : float
        Log-odds before anything is known of the customer.
    log_odds : float
        Those of the score; the base and all families sum to it.
    families : tuple of Reason
        All of them, those that weigh most first.
    reasons : tuple of Reason
        At most three, for the terminal and the scores: what raises the risk, or, for a customer of low risk, what
        lowers it.
    numbers : Numbers
        The features behind.
    """

    base: float
    log_odds: float
    families: tuple[Reason, ...]
    reasons: tuple[Reason, ...]
    numbers: Numbers


class Explainer:
    """Prepared once for a model, it explains any number of scores.

    Parameters
    ----------
    model : FittedModel
        Whatever its learner is.

    Raises
    ------
    IncompatibleModel
        For a model of an earlier version, which holds no sample of customers to compare with.
    """

    def __init__(self, model: FittedModel) -> None:
        self._model, self._sharer = model, Sharer(model)
        place = {name: k for k, name in enumerate(model.learner.design.columns)}
        self._typical_columns = _typical(self._sharer.background)
        self._typical = dict(zip(model.names, _typical(self._sharer.sample).tolist(), strict=True))
        facts = (
            (fact, [place[name] for name in fact.columns if name in place]) for fact in (*FACTS, *table_facts(place))
        )
        self._facts: list[tuple[Fact, np.ndarray]] = [(fact, np.array(places)) for fact, places in facts if places]

        self._of_family = {
            family: [k for k, (fact, _) in enumerate(self._facts) if fact.family == family]
            for family in self._sharer.families
        }

    def share(self, values: Floats) -> Shares:
        """Return the shares of the families alone, for feature rows of shape (n, p)."""
        return self._sharer.share_columns(self._sharer.columns_of(values))

    def explain(self, values: Floats, *, both_ways: bool = False) -> list[Explanation]:
        """Explain the scores of customers.

        Parameters
        ----------
        values : ndarray of shape (n, p)
            Their features, NaN where missing.
        both_ways : bool
            Whether a sentence is looked for also for families that push against the reasons.
        """
        found = []
        columns = self._sharer.columns_of(values)
        for start in range(0, len(values), BLOCK):
            block = slice(start, start + BLOCK)
            found += self._explain_block(values[block], columns[block], both_ways=both_ways)
        return found

    def _explain_block(self, values: Floats, columns: Floats, *, both_ways: bool) -> list[Explanation]:
        ranked = self._model.learner.ranking.log_odds(columns)
        shares = self._sharer.share_columns(columns, ranked)
        is_low = self._model.bands.classify(to_probability(shares.log_odds)) == "low"
        wanted = np.where(is_low, -1.0, 1.0)[:, None]
        weighs = np.abs(shares.values) >= NEGLIGIBLE
        is_asked = weighs if both_ways else weighs & (shares.values * wanted > 0)
        pushes = self._push(columns, ranked, is_asked=is_asked)
        return [
            self._tell(values[k], shares, k, pushes=pushes[k], direction=LOWERS if is_low[k] else RAISES)
            for k in range(len(values))
        ]

    def _push(self, columns: Floats, ranked: Floats, *, is_asked: Bools) -> Floats:
        """Return the log-odds that each fact adds by itself, beside typical columns; NaN where its family is not asked.

        Returns
        -------
        ndarray of shape (n, facts)
        """
        families = [self._sharer.families.index(fact.family) for fact, _ in self._facts]
        customers, facts = np.nonzero(is_asked[:, families])
        changed = columns[customers].copy(order="F")
        for fact, (_, places) in enumerate(self._facts):
            rows = np.flatnonzero(facts == fact)
            changed[np.ix_(rows, places)] = self._typical_columns[places]
        pushes = np.full((len(columns), len(self._facts)), np.nan)
        pushes[customers, facts] = ranked[customers] - self._model.learner.ranking.log_odds(changed)
        return pushes

    def _tell(self, values: Floats, shares: Shares, row: int, *, pushes: Floats, direction: str) -> Explanation:
        own = dict(zip(self._model.names, values.tolist(), strict=True))
        numbers = Numbers(own, self._typical, self._model.snapshot)
        weights, pushed = shares.values[row], pushes.tolist()
        families = tuple(
            self._name(shares.families[family], float(weights[family]), pushes=pushed, numbers=numbers)
            for family in np.argsort(-np.abs(weights), kind="stable")
        )
        reasons = [
            one for one in families if one.text and one.direction == direction and abs(one.log_odds) >= NEGLIGIBLE
        ]
        return Explanation(shares.base, float(shares.log_odds[row]), families, tuple(reasons[:MOST_REASONS]), numbers)

    def _name(self, family: str, weight: float, *, pushes: Sequence[float], numbers: Numbers) -> Reason:
        """Tell one of the facts of a family that push the way it does: the strongest, or one about as strong."""
        sign, asked = (1.0 if weight > 0 else -1.0), replace(numbers, raises=weight > 0)
        same_way = [k for k in self._of_family[family] if sign * pushes[k] > 0]
        said = [(k, text) for k in same_way if (text := self._facts[k][0].say(asked))]
        most = max((sign * pushes[k] for k, _ in said), default=0.0)
        text = next((text for k, text in said if sign * pushes[k] >= AS_GOOD * most), "")
        return Reason(family, RAISES if weight > 0 else LOWERS, weight, text)


def measure_drivers(shares: Shares) -> dict[str, float]:
    """The mean absolute share of each family over some customers: what drives the scores of a shop as a whole."""
    means = np.abs(shares.values).mean(axis=0) if len(shares.values) else np.zeros(len(shares.families))
    return {name: round(float(mean), 9) for name, mean in zip(shares.families, means, strict=True)}


def _typical(rows: Floats) -> Floats:
    """Return each column's median, or NaN where more than half of the rows have no value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of columns without any value
        median = np.nanmedian(rows, axis=0)
    return np.where(np.isnan(rows).mean(axis=0) > 0.5, np.nan, median)


def list_texts(reasons: Sequence[Reason]) -> list[str | None]:
    """Return the sentences of at most three reasons, and None for those that there are not."""
    texts: list[str | None] = [reason.text for reason in reasons]
    return texts + [None] * (MOST_REASONS - len(texts))
