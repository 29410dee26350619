"""Features of customers at cutoffs, in a pipeline that is searched by time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from churnrisk.dataset import build_training_set
from churnrisk.orders import read_orders
from churnrisk.sklearn import ChurnClassifier, PurchaseFeatures, SnapshotSplit, make_snapshots
from churnrisk.timeline import Snapshot, plan_snapshots
from support.shop import CUSTOMERS

HOW: dict[str, Any] = {"horizon": 60, "lead": 5}


@pytest.fixture(scope="module")
def asked() -> tuple[pd.DataFrame, np.ndarray]:
    return make_snapshots(CUSTOMERS, n_snapshots=5, **HOW)


@pytest.fixture(scope="module")
def table(asked: tuple[pd.DataFrame, np.ndarray]) -> pd.DataFrame:
    features = PurchaseFeatures(CUSTOMERS, **HOW).set_output(transform="pandas")
    made: pd.DataFrame = features.fit_transform(asked[0])
    return made


def test_rows_and_features_are_those_that_a_model_is_trained_on(
    asked: tuple[pd.DataFrame, np.ndarray], table: pd.DataFrame
) -> None:
    X, y = asked
    with read_orders(CUSTOMERS) as orders:
        current = Snapshot(orders.last_day + 1, 365, 60, 5)
        data = build_training_set(
            orders, plan_snapshots(orders.first_day, current, count=5), names=table.columns.tolist()
        )
    newest = data.snapshots[-5:]
    assert X["customer_id"].tolist() == [one for part in newest for one in part.customer_ids]
    assert y.tolist() == [one for part in newest for one in part.churned]  # type: ignore[union-attr]
    assert table.to_numpy().tobytes() == np.vstack([part.values for part in newest]).tobytes()
    assert table.index.equals(X.index)


def test_no_later_purchase_changes_a_feature_or_a_label(
    asked: tuple[pd.DataFrame, np.ndarray], table: pd.DataFrame
) -> None:
    X, y = asked
    day = X["cutoff"].unique()[2]
    log = pd.read_csv(CUSTOMERS, dtype=str)
    at = pd.to_datetime(log["ordered_at"])
    now = (X["cutoff"] == day).to_numpy()
    features = PurchaseFeatures(log[at < day], **HOW)
    assert features.fit_transform(X[now]).tobytes() == table[now].to_numpy().tobytes()
    end = day + pd.Timedelta(days=65)
    again, labels = make_snapshots(log[at < end], n_snapshots=1, as_of=end.date(), **HOW)
    assert again["cutoff"].unique().tolist() == [day]
    assert labels.tolist() == y[now].tolist()


def test_a_row_does_not_depend_on_the_others_nor_on_how_it_is_written(
    asked: tuple[pd.DataFrame, np.ndarray], table: pd.DataFrame
) -> None:
    rows = asked[0].iloc[[900, 3, 3, 250]]
    wanted = table.iloc[[900, 3, 3, 250]].to_numpy()
    features = clone(PurchaseFeatures(CUSTOMERS, **HOW))
    written = rows.assign(cutoff=rows["cutoff"].dt.strftime("%Y-%m-%d"))
    for given in (written.to_numpy().tolist(), pl.from_pandas(rows)):
        assert features.fit(given).transform(given).tobytes() == wanted.tobytes()
    assert features.get_feature_names_out().tolist() == list(table)


def test_whom_nothing_is_known_of_is_named() -> None:
    features = PurchaseFeatures(CUSTOMERS, **HOW)
    with pytest.raises(ValueError, match="customer 'nobody' has no purchase before 2011-06-01"):
        features.fit_transform([["nobody", "2011-06-01"]])
    with pytest.raises(ValueError, match="X has no column 'cutoff'; its columns are customer_id"):
        features.fit(pd.DataFrame({"customer_id": ["1"]}))
    with pytest.raises(ValueError, match=r"X has the shape \(1, 3\); two columns are needed"):
        features.fit([["1", "2011-06-01", "x"]])


def test_a_pipeline_is_searched_by_time(asked: tuple[pd.DataFrame, np.ndarray]) -> None:
    X, y = asked
    pipeline = make_pipeline(PurchaseFeatures(CUSTOMERS, **HOW), ChurnClassifier(n_estimators=10, max_iter=10))
    grid = {"churnclassifier__C": [0.02]}
    search = GridSearchCV(pipeline, grid, cv=SnapshotSplit(1, **HOW), scoring="roc_auc", refit=False).fit(X, y)
    train, test = next(SnapshotSplit(1, **HOW).split(X))
    best = clone(pipeline).set_params(**search.best_params_).fit(X.iloc[train], y[train])
    auc = roc_auc_score(y[test], best.predict_proba(X.iloc[test])[:, 1])
    assert search.best_score_ == pytest.approx(auc)
    assert 0.6 < auc < 0.9  # more would be a look at the future
