"""The learner as scikit-learn asks for it."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import check_estimator

from churnrisk.features.catalogue import ALL_FEATURES
from churnrisk.learning import RidgePart
from churnrisk.sklearn import ChurnClassifier

SMALL: dict[str, Any] = {"n_estimators": 8, "max_iter": 10}


def make_table(rows: int = 600, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Two columns that tell the class, one by size and one by being missing, and one that does not."""
    chance = np.random.default_rng(seed)
    churned = chance.random(rows) < 0.3
    told = chance.lognormal(churned * 2.0)
    gap = np.where(chance.random(rows) < 0.2 + 0.6 * churned, np.nan, 1.0)
    return np.column_stack([told, gap, chance.normal(size=rows)]), np.where(churned, "left", "stayed")


def test_it_holds_all_that_scikit_learn_checks() -> None:
    found = check_estimator(ChurnClassifier(**SMALL), on_skip=None)
    assert {one["check_name"] for one in found if one["status"] != "passed"} <= {"check_array_api_input"}
    assert len(found) > 50


def test_what_tells_the_class_is_learned_and_the_rate_is_kept() -> None:
    X, y = make_table()
    model = ChurnClassifier().fit(X, y)
    assert model.classes_.tolist() == ["left", "stayed"]
    probability = model.predict_proba(X)
    assert np.allclose(probability.sum(axis=1), 1)
    assert probability[:, 0].mean() == pytest.approx((y == "left").mean(), abs=1e-6)
    later, outcome = make_table(seed=2)
    assert roc_auc_score(outcome, model.predict_proba(later)[:, 1]) > 0.9
    assert model.score(later, outcome) > 0.8 > (outcome == "stayed").mean()


def test_few_rows_stay_near_their_rate() -> None:
    X, y = make_table()
    few, many = (ChurnClassifier().fit(X[:rows], y[:rows]).predict_proba(X)[:, 0].std() for rows in (30, 600))
    assert few < 0.1 < many


def test_same_table_same_bytes_and_rows_do_not_know_each_other() -> None:
    X, y = make_table()
    model = ChurnClassifier(**SMALL).fit(X, y)
    probability = model.predict_proba(X)
    for other in (clone(model).fit(X, y), pickle.loads(pickle.dumps(model))):
        assert other.predict_proba(X).tobytes() == probability.tobytes()
    one_by_one = np.vstack([model.predict_proba(row.reshape(1, -1)) for row in X[:20]])
    assert one_by_one.tobytes() == probability[:20].tobytes()


def test_columns_of_our_features_are_taken_as_in_a_model_of_a_log() -> None:
    """A share stays as it is; another column of the same values is flattened, whatever it is called."""
    share = next(one.name for one in ALL_FEATURES if one.name.endswith("_share"))
    values = np.linspace(0, 1, 300)
    table = pd.DataFrame({share: values, "my_ratio": values - 0.5})
    model = ChurnClassifier(**SMALL).fit(table, values > 0.5).model_
    parts = model.ranking.parts[0]
    assert isinstance(parts, RidgePart)
    assert parts.terms.medians[0] == pytest.approx(np.median(values))
    assert parts.terms.medians[1] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ([1, 1, 1], "one class only, 1"),
        ([0, 1, 2], "The type of the target is multiclass"),
        ([0.5, 1, 2], "continuous"),
    ],
)
def test_other_than_two_classes_are_refused(y: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ChurnClassifier().fit(np.zeros((3, 1)), y)


@pytest.mark.parametrize("wrong", [{"C": 0}, {"n_estimators": 0}, {"max_iter": 0}])
def test_settings_below_what_can_be_are_refused_with_their_value(wrong: dict[str, Any]) -> None:
    name, value = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"{name}={value}"):
        ChurnClassifier(**wrong).fit(*make_table(40))
