"""The learner on any table of numbers: the same parts as in a model of a log, without a log around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from churnrisk.features import feature_of
from churnrisk.learning.blend import prior_weights
from churnrisk.learning.estimators import Blend, fit_ridge
from churnrisk.learning.trees import Sizes, fit_boosted, fit_forest
from churnrisk.regression import SILENCE, flatten, shift_to, to_probability
from churnrisk.types import Floats


@dataclass(frozen=True)
class TableModel:
    """A blend on the columns of a table.

    Parameters
    ----------
    names : tuple of str
        The columns, in order.
    ranking : Blend
        From flattened columns to log-odds, up to their level.
    shift : float
        Brings the mean probability to the rate that was learned from.
    rounds : int
        Trees that were boosted for each member.
    """

    names: tuple[str, ...]
    ranking: Blend
    shift: float
    rounds: int

    def predict(self, values: Floats) -> Floats:
        """Return probabilities for rows of shape (n, p) that may have missing values; each depends on its row alone."""
        return to_probability(self.ranking.log_odds(flatten_table(values, self.names)) + self.shift)


def fit_table(
    values: Floats,
    churned: Floats,
    names: Sequence[str],
    *,
    trees: int,
    rounds: int,
    strength: float,
    seed: int,
) -> TableModel:
    """Fit the parts of a blend on a table, with the weights that a blend starts from: there is no inner test.

    Rows of one customer at several cutoffs are alike, and a table does not say which these are; so a test on other
    rows of it would believe trees that know the customers again.

    Parameters
    ----------
    values : ndarray of shape (n, p)
        NaN where missing.
    churned : ndarray of shape (n,)
        0 or 1, both at least once.
    names : sequence of str
        Of the columns; those of our features are flattened as in a model of a log.
    trees, rounds : int
        Trees that are averaged and trees that are boosted; half as many more on few rows.
    strength : float
        Inverse of the penalty of the linear part.
    seed : int
        Of everything random.
    """
    with threadpool_limits(limits=1):  # sums of floats depend on how many threads share them
        columns = flatten_table(values, names)
        rows, weights = len(columns), np.ones(len(columns))
        sizes = Sizes(forest_trees=trees, boosted_rounds=rounds).spread_over(rows)
        known = (*names, SILENCE)
        one_day = np.zeros(rows, dtype=np.int64)
        parts = (
            fit_ridge(columns, churned, weights, snapshot_of=one_day, names=known, seed=seed, strength=strength),
            fit_forest(columns, churned, weights, sizes=sizes, seed=seed),
            fit_boosted(columns, churned, weights, sizes=sizes, seed=seed),
        )
        blend = Blend(parts, tuple(prior_weights(churned).tolist()), len(names))
        shift = shift_to(blend.log_odds(columns), float(churned.mean()))
        return TableModel(tuple(names), blend, shift, sizes.boosted_rounds)


def flatten_table(values: Floats, names: Sequence[str]) -> Floats:
    """Bring columns to a scale on which equal steps mean as much; the last is of zeros, for the silence of a log."""
    table = np.zeros((len(values), len(names) + 1), order="F")
    for place, name in enumerate(names):
        table[:, place] = flatten("" if feature_of(name) is None else name, values[:, place])
    return table
