"""A shop that changes is noticed, one that does not is left in peace, and a model keeps what that takes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from churnrisk.features import customer_features
from churnrisk.monitor import CustomerBase, Reference, compare_scores, count_base, measure_feature_drift, read_reference
from churnrisk.monitor.bins import Histogram, make_histogram, stability_index
from churnrisk.monitor.drift import FeatureDrift
from monitor.conftest import DAYS, LATER, Shop
from support.simulated import FIRST_DAY, ArrayLog


def base_of(shop: Shop, log: ArrayLog, *, days: int, batch: int = 10_000) -> CustomerBase:
    found = customer_features(log, shop.data.current.snapshot.at(FIRST_DAY + days), names=shop.data.names)
    batches = [(found.names, found.values[k : k + batch]) for k in range(0, len(found.values), batch)]
    return count_base(shop.reference, batches, shop.model)


def test_nothing_has_drifted_on_the_day_of_training(shop: Shop) -> None:
    base = base_of(shop, shop.log, days=DAYS)
    found = measure_feature_drift(shop.reference, base, days=0)
    assert {one.index for one in found} == {0.0}
    score = compare_scores(
        shop.reference.probability,
        base,
        mean_then=shop.reference.mean_probability,
        risk_then=shop.reference.risk,
    )
    assert score is not None
    assert score.index == 0
    assert score.mean_now == pytest.approx(score.mean_then)
    assert score.risk_now == score.risk_then


def test_a_shop_without_a_change_is_left_in_peace(shop: Shop, unchanged: ArrayLog) -> None:
    found = measure_feature_drift(shop.reference, base_of(shop, unchanged, days=DAYS + LATER), days=LATER)
    assert max(one.index for one in found) > 0.05  # histories have grown
    assert [one.name for one in found if one.verdict == "drifted"] == []


def test_a_change_is_noticed_and_named(shop: Shop, dearer: ArrayLog) -> None:
    found = measure_feature_drift(shop.reference, base_of(shop, dearer, days=DAYS + LATER), days=LATER)
    drifted = [one for one in found if one.verdict == "drifted"]
    assert max(one.index for one in drifted) > 0.2
    assert all("amount" in one.name for one in drifted), [one.name for one in drifted]
    assert list(found[: len(drifted)]) == drifted  # those first that matter


def test_batches_change_nothing(shop: Shop, unchanged: ArrayLog) -> None:
    whole, parts = (base_of(shop, unchanged, days=DAYS + LATER, batch=size) for size in (10_000, 7))
    assert (whole.features, whole.probability, whole.risk) == (parts.features, parts.probability, parts.risk)
    assert whole.mean_probability == pytest.approx(parts.mean_probability)


def test_the_card_gives_back_what_was_kept(shop: Shop) -> None:
    text = json.dumps({"monitoring": shop.reference.to_dict()}, allow_nan=False, sort_keys=True)
    assert read_reference(json.loads(text)) == (shop.reference, "")
    assert not [one for one in shop.data.current.customer_ids if one in text]


def test_the_cutoffs_of_training_are_compared_with_each_other(shop: Shop) -> None:
    """The largest index of each feature over all pairs of cutoffs so far apart, in a plain loop."""
    reference, name = shop.reference, "tenure_days"
    place, snapshots = shop.data.names.index(name), shop.data.snapshots
    counts = {one.snapshot.cutoff: reference.features[name].like(one.values[:, place]).counts for one in snapshots}
    expected: dict[int, float] = {}
    for early in counts:
        for late in counts:
            if early < late:
                index = stability_index(counts[early], counts[late])
                expected[late - early] = max(expected.get(late - early, 0), index)
    assert reference.past_days == tuple(sorted(expected))
    for days in reference.past_days:
        assert reference.usual_index(name, days) == pytest.approx(expected[days], abs=1e-4)
    assert reference.usual_days(1) == reference.past_days[0] == 10
    assert reference.usual_days(11) == 20
    assert reference.usual_days(10_000) == reference.past_days[-1]


@pytest.mark.parametrize(
    ("card", "note"),
    [
        ({}, "kept nothing to compare with; `churnrisk train --like current`"),
        ({"monitoring": {"format": 2}}, "has the format 2, and this churnrisk reads 1; update churnrisk"),
    ],
)
def test_other_cards_say_what_is_missing(card: dict[str, object], note: str) -> None:
    reference, said = read_reference(card)
    assert reference is None
    assert note in said


def test_nobody_to_look_at() -> None:
    nothing = Histogram((1.0,), (0, 0, 0))
    some = make_histogram(np.arange(10.0))
    reference = Reference({"a": some}, some, 0.5, {"high": 1, "medium": 1, "low": 1}, (), {"a": ()})
    base = count_base(reference, [], None)
    assert measure_feature_drift(reference, base, days=5) == ()
    assert compare_scores(nothing, base, mean_then=0.5, risk_then={}) is None
    assert reference.usual_days(5) is None


def test_a_limit_is_chance_and_what_is_usual() -> None:
    one = FeatureDrift("a", 0.3, 0.01, 0.04, 0.25, 0.0, 0.0)
    assert (one.limit, one.verdict) == (0.29, "drifted")
    assert FeatureDrift("a", 0.28, 0.01, 0.04, 0.25, 0.0, 0.0).verdict == "usual"
    assert FeatureDrift("a", 0.04, 0.01, 0.04, 0.25, 0.0, 0.0).verdict == "chance"
    assert FeatureDrift("a", 0.05, 0.01, 0.04, None, 0.0, 0.0).verdict == "drifted"


def test_what_counts_days_of_earlier_years_turns_with_the_calendar() -> None:
    one = FeatureDrift("season_purchase_day_count_2_years_ago", 1.3, 0.01, 0.04, 0.25, 0.0, 0.0)
    assert one.verdict == "calendar"
