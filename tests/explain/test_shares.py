"""Shares of whole models: they sum to the score, and equal brute force, whatever the learner is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from churnrisk.btyd import BtydModel
from churnrisk.errors import IncompatibleModel
from churnrisk.explain import Explainer
from churnrisk.explain.game import FAMILIES, share_out
from churnrisk.explain.shares import Sharer, check_sum
from churnrisk.learning import Blend, FittedModel
from churnrisk.learning.rules import BASE_RATE, FIGURES, FITS, RECENCY_RULE, RFM_RULE, SILENCE_RULE
from churnrisk.regression import families_of, to_probability
from churnrisk.regression.design import SILENCE
from support.coalitions import shares_by_orders, worth_by_definition
from support.folds import Drawn

PLACES = {BASE_RATE: (), RECENCY_RULE: ("days_since_last_order",), RFM_RULE: FIGURES, SILENCE_RULE: (SILENCE,)}


def with_rule(model: FittedModel, name: str, values: np.ndarray) -> FittedModel:
    learner = model.learner
    columns = learner.design.apply(values, learner.silence)
    churned = (np.random.default_rng(1).random(len(values)) < 0.4).astype(float)
    places = tuple(learner.design.columns.index(one) for one in PLACES[name])
    known = Drawn(columns, churned, np.ones(len(values)))
    return replace(model, learner=replace(learner, ranking=FITS[name](known, places)))


def test_shares_of_a_blend_equal_brute_force(model: FittedModel, values: np.ndarray) -> None:
    assert isinstance(model.learner.ranking, Blend)
    sharer = Sharer(model)
    columns = sharer.columns_of(values[:2])
    shares = sharer.share_columns(columns)
    for k in range(len(columns)):
        worth = worth_by_definition(sharer, columns[k])
        assert sharer.worth(columns)[:, k] == pytest.approx(worth, abs=1e-9)
        assert shares.values[k].tolist() == pytest.approx(shares_by_orders(worth), abs=1e-9)
    assert shares.base == pytest.approx(worth[0], abs=1e-9)


@pytest.mark.parametrize("name", PLACES)
def test_shares_of_a_rule_equal_brute_force(model: FittedModel, values: np.ndarray, name: str) -> None:
    sharer = Sharer(with_rule(model, name, values))
    columns = sharer.columns_of(values[:4])
    shares = sharer.share_columns(columns)
    assert len(columns) == 4
    for k in range(len(columns)):
        worth = worth_by_definition(sharer, columns[k])
        assert shares.values[k] == pytest.approx(share_out(worth[:, None])[0], abs=1e-9)
    looked_at = set(families_of(PLACES[name]))
    for place, family in enumerate(FAMILIES):
        assert family in looked_at or shares.values[:, place] == pytest.approx(0, abs=1e-12)


def test_base_and_shares_sum_to_the_score(trained_model: FittedModel, values: np.ndarray) -> None:
    shares = Explainer(trained_model).share(values)
    total = shares.base + shares.values.sum(axis=1)
    assert np.abs(total - shares.log_odds).max() < 1e-9
    assert np.abs(to_probability(total) - trained_model.predict(values)).max() < 1e-8


def test_a_model_without_a_forecast_of_silence(model: FittedModel, values: np.ndarray) -> None:
    learner = replace(model.learner, silence=None)
    sharer = Sharer(replace(model, learner=learner))
    columns = sharer.columns_of(values[:2])
    worth = worth_by_definition(sharer, columns[1])
    assert sharer.worth(columns)[:, 1] == pytest.approx(worth, abs=1e-9)
    assert isinstance(model.learner.silence, BtydModel)


def test_a_share_does_not_depend_on_who_else_is_asked(trained_model: FittedModel, values: np.ndarray) -> None:
    explainer = Explainer(trained_model)
    whole = explainer.share(values[:100])
    single = np.vstack([explainer.share(values[k : k + 1]).values for k in range(20)])
    assert whole.values[:20].tobytes() == single.tobytes()


def test_shares_that_do_not_sum_to_the_score_are_a_defect(trained_model: FittedModel, values: np.ndarray) -> None:
    shares = Explainer(trained_model).share(values[:5])
    check_sum(shares)
    for wrong in (shares.log_odds + 2e-6, np.full(5, np.nan)):
        with pytest.raises(AssertionError, match="off by"):
            check_sum(replace(shares, log_odds=wrong))


def test_nobody_has_no_shares(trained_model: FittedModel, values: np.ndarray) -> None:
    explainer = Explainer(trained_model)
    assert explainer.share(values[:0]).values.shape == (0, len(FAMILIES))
    assert explainer.explain(values[:0]) == []


def test_a_model_without_a_sample_says_to_train_again(model: FittedModel) -> None:
    with pytest.raises(IncompatibleModel, match="churnrisk train"):
        Explainer(replace(model, sample=None))
