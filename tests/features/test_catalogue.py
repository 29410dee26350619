"""The catalogue: what a log supports, what is left out and why, and the fingerprint."""

from __future__ import annotations

from collections import Counter

import pytest

from churnrisk.errors import ColumnError, IncompatibleModel
from churnrisk.features import catalogue, customer_features, feature_fingerprint, left_out
from churnrisk.features.catalogue import WHOLE_NUMBERS, LogFacts, whole_numbers_of
from churnrisk.features.families import FAMILIES, TOLD_AS, TOLD_FAMILIES
from churnrisk.timeline import Snapshot
from support.logs import CUTOFF, PlainLog, Row, polars_log

SNAPSHOT = Snapshot(CUTOFF, 365, 30)
ONE_ORDER = PlainLog((Row("a", "1", CUTOFF - 1, 10_000),), True, False, False, False)


def test_names_are_unique_and_all_families_are_there() -> None:
    assert max(Counter(feature.name for feature in catalogue()).values()) == 1
    assert tuple(dict.fromkeys(feature.family for feature in catalogue())) == tuple(one.name for one in FAMILIES)


def test_a_family_is_declared_as_its_features_say() -> None:
    for one in FAMILIES:
        assert {feature.family for feature in one.module.FEATURES} == {one.name}
        assert bool(one.words) != bool(one.told_as), "words as a reason, or the family that it is told as"
    assert set(TOLD_AS.values()) == TOLD_FAMILIES.keys()


def test_every_whole_number_is_used_or_needed_for_the_output() -> None:
    used = {number.name for number in whole_numbers_of(catalogue())}
    assert set(WHOLE_NUMBERS) == used


def test_a_log_without_money_has_no_feature_of_money() -> None:
    facts = LogFacts(has_amounts=False, has_quantities=False, has_products=False, has_categories=False)
    supported = catalogue(facts)
    assert not [feature.name for feature in supported if "amount" in feature.name or "return" in feature.name[:6]]
    assert len(supported) > 50
    reasons = left_out(facts)
    assert {*reasons, *(feature.name for feature in supported)} == {feature.name for feature in catalogue()}
    assert reasons["mean_order_amount"] == "the log has no amounts"
    assert reasons["distinct_product_count"] == "the log names no products"
    assert reasons["return_count"] == "the log has neither amounts nor numbers of items, so no returns"


def test_every_need_leaves_something_out_on_its_own() -> None:
    for need in ("amounts", "quantities", "products", "categories"):
        assert left_out(LogFacts(**{f"has_{need}": False})), need


def test_nothing_is_left_out_of_a_full_log() -> None:
    assert left_out(LogFacts()) == {}


def test_the_fingerprint_depends_on_names_and_their_order() -> None:
    first, second, third = (feature.name for feature in catalogue()[:3])
    prints = {feature_fingerprint(names) for names in ([first, second], [second, first], [first], [first, third])}
    assert len(prints) == 4
    assert feature_fingerprint([first, second]) == feature_fingerprint((first, second))


def test_chosen_features_come_in_the_order_asked_for() -> None:
    names = ("total_amount", "days_since_last_order")
    features = customer_features(polars_log(ONE_ORDER), SNAPSHOT, names=names)
    assert features.names == names
    assert features.values.tolist() == [[1.0, 1.0]]


def test_a_feature_that_the_log_cannot_support_is_refused() -> None:
    with pytest.raises(ColumnError, match="the log names no products"):
        customer_features(polars_log(ONE_ORDER), SNAPSHOT, names=["order_count", "top_product_share"])


def test_an_unknown_feature_is_refused() -> None:
    with pytest.raises(IncompatibleModel, match="no feature 'recency'"):
        customer_features(polars_log(ONE_ORDER), SNAPSHOT, names=["recency"])
