"""Trees: the same whatever the threads and batches, at ease with missing values."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from churnrisk.learning.trees import (
    CLASSES,
    MISSING,
    RIDGE,
    TOTAL_STEP,
    BoostedModel,
    ForestModel,
    Sizes,
    boost,
    classify,
    find_edges,
    fit_boosted,
    fit_forest,
)
from churnrisk.regression.linear import to_probability

SIZES = Sizes(forest_trees=8, forest_rows=500, boosted_seeds=2, boosted_rounds=10, boosted_rows=600)
Fit = Callable[..., ForestModel | BoostedModel]
both = pytest.mark.parametrize("fit", [fit_forest, fit_boosted])


@pytest.fixture(scope="module")
def sample() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    chance = np.random.default_rng(3)
    columns = chance.normal(size=(900, 5))
    churned = (chance.random(900) < to_probability(2 * columns[:, 0] * (columns[:, 1] > 0))).astype(float)
    columns[chance.random((900, 5)) < 0.2] = np.nan
    columns[:, 4] = np.nan
    columns[7, 4] = 1.0  # known for one row alone, so unknown in nearly all draws
    return columns, churned, np.ones(900)


@both
def test_threads_change_nothing(fit: Fit, sample: tuple[np.ndarray, ...]) -> None:
    models = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            models.append(fit(*sample, sizes=SIZES, seed=5))
    assert models[0].log_odds(sample[0]).tobytes() == models[1].log_odds(sample[0]).tobytes()


@both
def test_batches_change_nothing(fit: Fit, sample: tuple[np.ndarray, ...]) -> None:
    model = fit(*sample, sizes=SIZES, seed=5)
    columns = sample[0]
    alone = np.concatenate([model.log_odds(columns[k : k + 1]) for k in range(40)])
    assert alone.tobytes() == model.log_odds(columns)[:40].tobytes()


@both
def test_seeds_count_and_the_signal_is_found(fit: Fit, sample: tuple[np.ndarray, ...]) -> None:
    one, same, other = (fit(*sample, sizes=SIZES, seed=seed) for seed in (1, 1, 2))
    columns, churned, _ = sample
    assert pickle.dumps(one.log_odds(columns)) == pickle.dumps(same.log_odds(columns))
    assert pickle.dumps(one.log_odds(columns)) != pickle.dumps(other.log_odds(columns))
    odds = one.log_odds(columns)
    assert odds[churned == 1].mean() > odds[churned == 0].mean() + 0.02


def test_classes_keep_order_and_gaps() -> None:
    column = np.concatenate([np.arange(200.0), [np.nan]])[:, None]
    edges = find_edges(column)
    classes = classify(column, edges)[:, 0]
    assert classes[-1] == MISSING
    assert (np.diff(classes[:-1].astype(int)) >= 0).all()
    assert len(np.unique(classes[:-1])) == 64
    few = np.full((100, 1), np.nan)
    few[:5] = 1.0
    np.testing.assert_array_equal(classify(few, find_edges(few)), 0)


def test_boosting_with_all_columns_is_that_of_scikit_learn(sample: tuple[np.ndarray, ...]) -> None:
    columns, churned, _ = sample
    weights = np.random.default_rng(5).random(len(churned)) + 0.5
    classes = classify(columns, find_edges(columns))
    ours = boost(classes, churned, weights, rounds=12, least=20, seed=0, share=1.0).total(classes)
    known = np.where(classes == MISSING, np.nan, classes.astype(np.float32))
    theirs = HistGradientBoostingClassifier(
        learning_rate=TOTAL_STEP / 12,
        max_iter=12,
        max_leaf_nodes=8,
        min_samples_leaf=20,
        l2_regularization=RIDGE,
        max_bins=CLASSES,
        early_stopping=False,
    ).fit(known, churned, sample_weight=weights)
    np.testing.assert_allclose(ours, theirs.decision_function(known), atol=1e-5)


def test_boosting_says_the_rate_where_no_column_differs() -> None:
    classes = np.zeros((60, 3), dtype=np.uint8, order="F")
    boosted = boost(classes, np.arange(60.0) % 4 == 0, np.ones(60), rounds=5, least=5, seed=0)
    np.testing.assert_allclose(to_probability(boosted.total(classes)), 0.25)
    np.testing.assert_allclose(to_probability(boosted.total(np.repeat(classes, 10, axis=0))), 0.25)


def test_with_tables_boosted_trees_draw_more_rows_and_without_them_nothing_changes() -> None:
    plain, beside = Sizes().spread_over(48_000, 12), Sizes().spread_over(48_000, 12, has_tables=True)
    assert (plain.boosted_rows, plain.boosted_rounds) == (20_000, 80)
    assert (beside.boosted_rows, beside.boosted_rounds) == (48_000, 80)
    assert beside.forest_rows == plain.forest_rows
