"""Reasons: few, true, about the right family, and pushing the way they are said to push."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest

from churnrisk.explain import Explainer
from churnrisk.explain.facts import FACTS
from churnrisk.explain.numbers import Numbers, compare, count, days, money, number, share
from churnrisk.explain.reasons import NEGLIGIBLE, Explanation, list_texts
from churnrisk.features import TOLD_FAMILIES, customer_features
from churnrisk.learning import FittedModel
from churnrisk.orders import Orders
from churnrisk.regression import families_of, to_probability
from churnrisk.regression.design import FAMILY_OF_MADE, RECIPES, Design
from churnrisk.timeline import Snapshot
from support.shop import CUSTOMERS

SNAPSHOT = Snapshot(15_000, 365, 90)
OVERDUE = re.compile(r"(?:no order for|last order) (\d+) days?(?: ago)?; the usual gap is ([\d.,]+)")


@pytest.fixture(scope="module")
def explanations(trained_model: FittedModel, values: np.ndarray) -> list[Explanation]:
    return Explainer(trained_model).explain(values, both_ways=True)


def every_column() -> list[str]:
    from churnrisk.features import catalogue

    return list(Design.of([feature.name for feature in catalogue()], SNAPSHOT).columns)


def test_every_column_has_one_family() -> None:
    assert set(families_of(every_column())) == set(TOLD_FAMILIES)
    from churnrisk.features import catalogue

    features = {feature.name for feature in catalogue()}
    assert set(FAMILY_OF_MADE) == (set(RECIPES) | {"silence_log_odds", "alive_log_odds"}) - features


def test_every_column_belongs_to_one_fact_of_its_family() -> None:
    of_facts = [name for fact in FACTS for name in fact.columns]
    assert sorted(of_facts) == sorted(every_column())
    for fact in FACTS:
        assert set(families_of(fact.columns)) == {fact.family}, fact


def test_reasons_keep_their_rules(trained_model: FittedModel, explanations: list[Explanation]) -> None:
    assert sum(len(one.reasons) == 3 for one in explanations) > len(explanations) / 2
    for one in explanations:
        assert len(one.families) == len(TOLD_FAMILIES)
        is_low = trained_model.bands.classify(to_probability(np.array([one.log_odds])))[0] == "low"
        weights = [abs(reason.log_odds) for reason in one.reasons]
        assert len(weights) <= 3
        assert weights == sorted(weights, reverse=True)
        for reason in one.reasons:
            assert reason.direction == ("lowers" if is_low else "raises")
            assert abs(reason.log_odds) >= NEGLIGIBLE
        for family in one.families:
            assert (family.direction == "raises") == (family.log_odds > 0)
            assert len(family.text) <= 100, family.text
            assert "nan" not in family.text
            assert abs(family.log_odds) >= NEGLIGIBLE or not family.text


def test_what_is_said_pushes_the_way_of_its_family(
    trained_model: FittedModel, values: np.ndarray, explanations: list[Explanation]
) -> None:
    """Put typical values in the place of a fact's columns, one customer at a time, and look where the score goes."""
    learner = trained_model.learner
    assert trained_model.sample is not None
    background = learner.design.apply(trained_model.sample, learner.silence)
    half = len(background) / 2
    typical = [
        float(np.nan) if np.isnan(column).sum() > half else float(np.median(column[~np.isnan(column)]))
        for column in background.T
    ]
    checked = 0
    for row, one in zip(values[:40], explanations[:40], strict=True):
        columns = learner.design.apply(row[None], learner.silence)
        for reason in one.families:
            own = Numbers(one.numbers.own, one.numbers.typical, trained_model.snapshot, reason.log_odds > 0)
            said = [fact for fact in FACTS if fact.family == reason.family and reason.text == fact.say(own)]
            if reason.text:
                [fact] = said
                changed = columns.copy(order="F")
                for name in fact.columns:
                    if name in learner.design.columns:
                        place = learner.design.columns.index(name)
                        changed[0, place] = typical[place]
                push = learner.ranking.log_odds(columns)[0] - learner.ranking.log_odds(changed)[0]
                assert push * reason.log_odds > 0, reason
                checked += 1
    assert checked > 100


def test_numbers_in_sentences_are_the_customers(
    trained_model: FittedModel, orders: Orders, explanations: list[Explanation]
) -> None:
    bought: dict[str, set[dt.date]] = defaultdict(set)
    with CUSTOMERS.open(newline="") as file:
        for row in csv.DictReader(file):
            if float(row["amount"]) > 0:
                bought[row["customer_id"]].add(dt.date.fromisoformat(row["ordered_at"][:10]))
    customers = customer_features(orders, trained_model.snapshot, names=trained_model.names).customer_ids
    checked = 0
    for customer, one in zip(customers, explanations, strict=True):
        purchase_days = sorted(bought[customer])
        quiet = (dt.date(2011, 12, 10) - purchase_days[-1]).days
        gaps = [(later - day).days for day, later in pairwise(purchase_days)]
        for reason in one.families:
            if found := OVERDUE.match(reason.text):
                assert int(found[1]) == quiet
                assert found[2] == number(float(np.median(gaps)))
                assert (quiet > np.median(gaps)) == (reason.direction == "raises")
                checked += 1
            if found := re.match(r"bought on (\d+) days? in all", reason.text):
                assert int(found[1]) == len(purchase_days)
                checked += 1
    assert checked > 10


def test_reasons_do_not_depend_on_who_else_is_asked(trained_model: FittedModel, values: np.ndarray) -> None:
    explainer = Explainer(trained_model)
    together = [one.reasons for one in explainer.explain(values[:70])][:15]
    assert together == [explainer.explain(values[k : k + 1])[0].reasons for k in range(15)]


def test_texts_are_filled_up_to_three(explanations: list[Explanation]) -> None:
    assert list_texts(()) == [None, None, None]
    assert list_texts(explanations[0].reasons[:1])[1:] == [None, None]


@pytest.mark.parametrize(
    ("value", "written"), [(83, "83"), (1250, "1,250"), (4.25, "4.2"), (0.347, "0.35"), (66.2, "66.2"), (130.4, "130")]
)
def test_numbers_are_short(value: float, written: str) -> None:
    assert number(value) == written


def test_amounts_shares_and_counts() -> None:
    assert [money(one) for one in (1543.6, 30.6, 100.2, 15)] == ["1,544", "30.60", "100", "15"]
    assert (share(0.256), days(1), days(2), count(1, ("{count} return", "{count} returns"))) == (
        "26%",
        "1 day",
        "2 days",
        "1 return",
    )


def test_what_is_typical_is_no_reason() -> None:
    say = compare("tenure_days", "first order {value} days ago")
    numbers = Numbers({"tenure_days": 100.0}, {"tenure_days": 400.0}, SNAPSHOT)
    assert say(numbers) == "first order 100 days ago (typical here: 400)"
    assert say(Numbers({"tenure_days": 100.0}, {"tenure_days": float("nan")}, SNAPSHOT)) == "first order 100 days ago"
    assert say(Numbers({"tenure_days": 100.0}, {"tenure_days": 100.2}, SNAPSHOT)) == ""
    assert say(Numbers({}, {"tenure_days": 100.0}, SNAPSHOT)) == ""


@pytest.mark.parametrize(
    ("own", "raises", "is_said"), [(9.0, True, False), (9.0, False, True), (1.0, True, True), (1.0, False, False)]
)
def test_nobody_is_told_that_many_purchases_raise_the_risk(own: float, raises: bool, is_said: bool) -> None:
    say = compare("purchase_day_count", "bought on {value} days", more="lowers")
    assert bool(say(Numbers({"purchase_day_count": own}, {"purchase_day_count": 4.0}, SNAPSHOT, raises))) == is_said


@pytest.mark.parametrize(
    ("column", "windows"),
    [
        ("last_horizon_purchase_day_share", 2),
        ("last_4_horizons_purchase_day_share", 8),
        ("last_horizon_amount_share", 2),
        ("active_horizon_count_last_4_horizons", 3),
    ],
)
def test_nothing_is_said_of_days_before_the_first_order(column: str, windows: int) -> None:
    [say] = [fact.say for fact in FACTS if column in fact.columns]
    stretches = ("last_horizon", "horizon_before_last", "last_4_horizons", "4_horizons_before_last_4")
    own = {f"{what}_{one}": 1.0 for what in ("purchase_day_count", "total_amount") for one in stretches}
    own |= {"active_horizon_count_last_4_horizons": 1.0}
    typical = dict.fromkeys(own, 3.0)
    reach = windows * SNAPSHOT.horizon
    assert say(Numbers({**own, "tenure_days": reach}, typical, SNAPSHOT))
    assert not say(Numbers({**own, "tenure_days": reach - 1.0}, typical, SNAPSHOT))
