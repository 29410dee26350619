"""Trees as arrays give what scikit-learn's own prediction gives, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier

from churnrisk.learning.tree_tables import DeepTrees, SmallTrees

CLASSES = 12


def make_sample(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    columns = chance.normal(size=(rows, 4))
    columns[:, 3] = np.round(columns[:, 3])
    churned = (chance.random(rows) < 1 / (1 + np.exp(-2 * columns[:, 0] * columns[:, 1]))).astype(float)
    return columns, churned, chance.random(rows) + 0.5


def take_over(boosted: HistGradientBoostingClassifier, *, columns: int) -> SmallTrees:
    trees = [(steps[0].nodes, np.arange(columns)) for steps in boosted._predictors]
    return SmallTrees.of(float(boosted._baseline_prediction[0, 0]), trees, classes=CLASSES)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(40, 400), st.integers(1, 12))
def test_deep_trees_equal_scikit_learn(seed: int, rows: int, trees: int) -> None:
    columns, churned, weight = make_sample(seed, rows)
    forest = ExtraTreesClassifier(trees, min_samples_leaf=3, bootstrap=True, random_state=seed)
    forest.fit(columns, churned, sample_weight=weight)
    mine = DeepTrees.of([one.tree_ for one in forest.estimators_])
    asked = np.vstack([columns, make_sample(seed + 1, 3000)[0]])
    expected = forest.predict_proba(asked)[:, list(forest.classes_).index(1.0)]
    assert mine.mean(asked).tobytes() == expected.tobytes()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(60, 400), st.integers(1, 30))
def test_small_trees_equal_scikit_learn(seed: int, rows: int, rounds: int) -> None:
    columns, churned, weight = make_sample(seed, rows)
    classes = np.clip(np.round(columns * 3 + 5), 0, CLASSES - 1).astype(np.uint8)
    classes[np.random.default_rng(seed).random(classes.shape) < 0.1] = CLASSES
    known = np.where(classes == CLASSES, np.nan, classes.astype(np.float32))
    boosted = HistGradientBoostingClassifier(
        max_iter=rounds, max_leaf_nodes=8, min_samples_leaf=5, early_stopping=False, random_state=seed
    )
    boosted.fit(known, churned, sample_weight=weight)
    mine = take_over(boosted, columns=4)
    assert mine.total(np.asfortranarray(classes)).tobytes() == boosted.decision_function(known).tobytes()


def test_nobody_has_no_predictions() -> None:
    columns, churned, weight = make_sample(1, 80)
    forest = ExtraTreesClassifier(3, random_state=0).fit(columns, churned, sample_weight=weight)
    assert DeepTrees.of([one.tree_ for one in forest.estimators_]).mean(columns[:0]).shape == (0,)


def test_a_tree_that_never_splits() -> None:
    columns, churned = np.zeros((50, 2)), np.arange(50.0) % 2
    forest = ExtraTreesClassifier(2, random_state=0).fit(columns, churned)
    assert DeepTrees.of([one.tree_ for one in forest.estimators_]).mean(columns[:2]) == pytest.approx([0.5, 0.5])
    boosted = HistGradientBoostingClassifier(max_iter=2, early_stopping=False).fit(columns, churned)
    small = take_over(boosted, columns=2)
    assert small.total(columns[:2].astype(np.uint8)).tolist() == boosted.decision_function(columns[:2]).tolist()
