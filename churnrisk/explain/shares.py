"""What each family adds to a customer's log-odds: exact Shapley values that sum to the score."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from churnrisk.errors import IncompatibleModel
from churnrisk.explain.boosted_game import BoostedGame
from churnrisk.explain.forest_game import ForestGame
from churnrisk.explain.game import ALL_FAMILIES, FAMILIES, Worth, share_out
from churnrisk.explain.linear_game import LinearGame
from churnrisk.learning import Blend, BoostedModel, FittedModel, ForestModel, RidgePart, Rule
from churnrisk.regression import families_of
from churnrisk.types import Floats

Game = LinearGame | BoostedGame | ForestGame

BLOCK = 64
"""Customers at a time; no share depends on it."""

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Shares:
    """Where the log-odds of some customers come from.

    Parameters
    ----------
    base : float
        The log-odds where nothing is known of the customer: those of the stored sample, taken together.
    values : ndarray of shape (n, families)
        Log-odds that each family adds; with ``base`` they sum to ``log_odds``.
    log_odds : ndarray of shape (n,)
        Of the churn probability.
    families : tuple of str
        Those of :data:`churnrisk.features.TOLD_FAMILIES`, and that of tables beside the purchases where a model has
        such features.
    """

    base: float
    values: Floats
    log_odds: Floats
    families: tuple[str, ...] = FAMILIES


class Sharer:
    """Prepared once for a model, it shares out the log-odds of any number of customers.

    Parameters
    ----------
    model : FittedModel
        A blend, or any of the rules.

    Raises
    ------
    IncompatibleModel
        For a model of an earlier version, which holds no sample.
    """

    def __init__(self, model: FittedModel) -> None:
        if model.sample is None:
            raise IncompatibleModel(
                "this model was trained by a version of churnrisk that kept no sample of customers to compare with, "
                "so its scores cannot be explained. Train again: churnrisk train"
            )
        self.learner, self.sample = model.learner, model.sample
        self.background = self.columns_of(model.sample)
        told = families_of(self.learner.design.columns)
        self.families = FAMILIES if set(told) <= set(FAMILIES) else ALL_FAMILIES
        self.players = np.array([self.families.index(name) for name in told])
        with threadpool_limits(limits=1):  # sums of floats depend on how many threads share them
            self._games = list(self._prepare_games())

    def columns_of(self, values: Floats) -> Floats:
        """Return the learner's columns of feature rows."""
        return self.learner.design.apply(values, self.learner.silence)

    def share_columns(self, columns: Floats, ranked: Floats | None = None) -> Shares:
        """Share out the log-odds of customers with these columns, and check that everything sums to the score.

        Parameters
        ----------
        columns : ndarray of shape (n, columns)
            The learner's columns.
        ranked : ndarray of shape (n,), optional
            Their log-odds in the ranking, where the caller has them already.
        """
        if ranked is None:
            ranked = self.learner.ranking.log_odds(columns)
        shares = np.empty((len(columns), len(self.families)))
        for start in range(0, len(columns), BLOCK):
            shares[start : start + BLOCK] = share_out(self.worth(columns[start : start + BLOCK]))
        log_odds = ranked + self.learner.level.shift
        found = Shares(self.base, shares, log_odds, self.families)
        check_sum(found)
        return found

    @functools.cached_property
    def base(self) -> float:
        """The worth of nobody: the log-odds of the stored sample, taken together."""
        return float(self.worth(self.background[:1])[0, 0])

    def worth(self, columns: Floats) -> Floats:
        """Return what each coalition of families is worth for each customer, shape (coalitions, n)."""
        worth, ranking = Worth(len(columns), len(self.families)), self.learner.ranking
        worth.add((), np.array([[self.learner.level.shift]]))
        if isinstance(ranking, Rule):
            self._add_rule(worth, ranking, columns)
            return worth.total()
        for game, weight in self._games:
            game.add_to(worth, columns, weight=weight)
        place = ranking.silence_place
        mine, theirs = columns[:, place], np.full(len(columns), self.background[:, place].mean())
        worth.add((int(self.players[place]),), ranking.weights[-1] * np.vstack([theirs, mine]))
        return worth.total()

    def _prepare_games(self) -> Iterator[tuple[Game, float]]:
        ranking = self.learner.ranking
        if isinstance(ranking, Blend):
            for part, weight in zip(ranking.parts, ranking.weights, strict=False):
                if weight:
                    yield make_game(part, self.background, self.players, len(self.families)), weight

    def _add_rule(self, worth: Worth, rule: Rule, columns: Floats) -> None:
        """A rule looks at few columns: try every coalition with every row of the sample."""
        owners = tuple(sorted({int(self.players[place]) for place in rule.places}))
        table = np.empty((2 ** len(owners), len(columns)))
        for number, chosen in enumerate(itertools.product([False, True], repeat=len(owners))):
            inside = [owner for owner, is_in in zip(owners, chosen[::-1], strict=True) if is_in]
            mixed = mix(columns, self.background, np.isin(self.players, inside))
            table[number] = rule.log_odds(mixed).reshape(len(columns), -1).mean(axis=1)
        worth.add(owners, table)


def check_sum(shares: Shares) -> None:
    """Check that base and shares sum to the log-odds, to a millionth, for every customer.

    Raises
    ------
    AssertionError
        Where they do not, which is a defect of ours: better no reasons than wrong ones.
    """
    gap = np.abs(shares.base + shares.values.sum(axis=1) - shares.log_odds)
    if not (gap <= TOLERANCE).all():
        raise AssertionError(f"the shares of a score are off by {np.max(gap):.3g} log-odds")


def make_game(
    part: RidgePart | ForestModel | BoostedModel, background: Floats, players: np.ndarray, count: int
) -> Game:
    """Prepare the game of one part of a blend."""
    if isinstance(part, RidgePart):
        return LinearGame(part, background, players)
    if isinstance(part, ForestModel):
        return ForestGame(part, background, players, count)
    return BoostedGame(part, background, players)


def mix(columns: Floats, background: Floats, is_inside: np.ndarray) -> Floats:
    """Pair every customer with every row of the sample: columns inside are the customer's, the others the sample's."""
    pairs = np.where(is_inside, columns[:, None, :], background[None, :, :])
    return np.asfortranarray(pairs.reshape(-1, columns.shape[1]))
