"""The parts of the forecast of next products, each against a slow plain way."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from scipy.special import ndtr

from churnrisk.products.candidates import HALF_LIVES, LAST_DAYS, Candidates, find_candidates
from churnrisk.products.item_facts import RECENT, ItemFacts
from churnrisk.products.neighbours import ACROSS, GROUPS, WITHIN, Neighbours
from churnrisk.products.pair_rows import PairRows, draw, rank_within
from churnrisk.products.ranker import FUSED, FUSION_OFFSET, SIMPLE, Ranker, untrained_scores
from churnrisk.products.reasons import LEAST_LIFT, LEAST_TOGETHER, Companions
from churnrisk.products.still_buying import GapForecast, GapModel
from support.next_products import START, by_pair, pairs_of, plain_weights, random_triples, rows_of

CUTOFF, HORIZON = START + 90, 30
CUSTOMERS, ITEMS = 16, 9  # the last customer has no row
PAIRS = pairs_of(random_triples(5), CUTOFF, customers=CUSTOMERS, items=ITEMS)
BOUGHT = by_pair(PAIRS)


@pytest.fixture(scope="module")
def facts() -> ItemFacts:
    return ItemFacts.learn(rows_of(PAIRS), np.arange(CUSTOMERS), cutoff=CUTOFF, horizon=HORIZON, seed=1)


@pytest.fixture(scope="module")
def candidates(facts: ItemFacts) -> Candidates:
    return find_candidates(rows_of(PAIRS), np.arange(CUSTOMERS), facts)


def column(candidates: Candidates, name: str) -> dict[tuple[int, int], float]:
    keys = zip(candidates.customer.tolist(), candidates.item.tolist(), strict=True)
    return dict(zip(keys, candidates.columns[name].tolist(), strict=True))


def test_every_customer_has_every_item_of_a_small_shop_once(candidates: Candidates) -> None:
    pairs = list(zip(candidates.customer.tolist(), candidates.item.tolist(), strict=True))
    assert pairs == [(customer, item) for customer in range(CUSTOMERS) for item in range(ITEMS)]
    new = dict(zip(pairs, candidates.is_new.tolist(), strict=True))
    assert all(new[customer, item] == (item not in BOUGHT[customer]) for customer, item in pairs)


def test_simple_methods_are_what_they_say(candidates: Candidates) -> None:
    counts = column(candidates, "count")
    shares = column(candidates, "share_of_last")
    decayed = {half: column(candidates, f"decayed_{half}") for half in HALF_LIVES}
    for (customer, item), count in counts.items():
        days = BOUGHT[customer].get(item, [])
        assert count == len(days)
        last = sorted({day for one in BOUGHT[customer].values() for day in one})[-LAST_DAYS:]
        share = sum(day in days for day in last) / len(last) if last else 0.0
        assert shares[customer, item] == pytest.approx(share, abs=1e-6)
        for half, values in decayed.items():
            expected = sum(0.5 ** ((CUTOFF - day) / half) for day in days)
            assert values[customer, item] == pytest.approx(expected, rel=1e-5)


def test_popularity_counts_customers_of_the_last_days(facts: ItemFacts) -> None:
    now = Counter(
        item for items in BOUGHT.values() for item, days in items.items() if any(d >= CUTOFF - RECENT for d in days)
    )
    total = Counter(PAIRS.item.tolist())
    expected = sorted(range(ITEMS), key=lambda item: (-now[item], -total[item], item))
    assert facts.most_popular(ITEMS, np.ones(ITEMS, bool)).tolist() == expected
    offered = np.ones(ITEMS, bool)
    offered[expected[0]] = False
    assert facts.most_popular(2, offered).tolist() == expected[1:3]


def test_neighbours_are_the_nearest_customers(facts: ItemFacts, candidates: Candidates) -> None:
    vectors = np.zeros((CUSTOMERS, ITEMS))
    for customer, items in BOUGHT.items():
        for item, weight in plain_weights(items, groups=GROUPS, within=WITHIN, across=ACROSS).items():
            vectors[customer, item] = weight
    own, votes = column(candidates, "weight"), column(candidates, "neighbours")
    known, count = [customer for customer, items in BOUGHT.items() if items], facts.neighbours.nearest
    assert count == len(known) // 4
    for customer in range(CUSTOMERS):
        others = [other for other in known if other != customer]
        near = sorted(others, key=lambda other: ((vectors[other] - vectors[customer]) ** 2).sum())[:count]
        mean = vectors[near].mean(axis=0) if customer in known else np.zeros(ITEMS)
        assert [own[customer, item] for item in range(ITEMS)] == pytest.approx(vectors[customer].tolist(), rel=1e-5)
        assert [votes[customer, item] for item in range(ITEMS)] == pytest.approx(mean.tolist(), rel=1e-4, abs=1e-6)


def test_a_customer_alone_has_no_neighbour() -> None:
    pairs = pairs_of([(0, 1, START), (0, 2, START + 5)], CUTOFF, customers=1, items=3)
    neighbours = Neighbours.draw(rows_of(pairs), np.arange(1), seed=1)
    [(start, votes)] = neighbours.votes(rows_of(pairs), np.arange(1))
    assert start == 0
    assert votes.shape == (1, 3)


def test_the_chance_of_a_pair_follows_from_its_gap_and_the_silence() -> None:
    gap = GapForecast(np.array([math.log(30.0)]), np.array([0.5]), np.array([0.8]))
    for quiet in (1.0, 20.0, 60.0):
        ended = ndtr((math.log(quiet) - math.log(30)) / 0.5)
        until = ndtr((math.log(quiet + 14) - math.log(30)) / 0.5)
        still = 0.8 * (1 - ended) / (0.8 * (1 - ended) + 0.2)
        found = gap.chances(np.array([quiet]), 14)
        assert float(found[0][0]) == pytest.approx(still)
        assert float(found[1][0]) == pytest.approx(still * (until - ended) / (1 - ended))


def test_silence_lowers_the_chance_that_an_item_is_still_bought() -> None:
    gap = GapForecast(np.full(40, 3.0), np.full(40, 0.4), np.full(40, 0.9))
    still, soon = gap.chances(np.arange(1.0, 80.0, 2.0), 30)
    assert (np.diff(still) < 0).all()
    assert (soon <= still).all()


def test_the_gap_model_finds_what_a_log_was_made_of() -> None:
    made = np.random.default_rng(3)
    triples = []
    for customer in range(120):
        for item, usual in ((0, 10.0), (1, 40.0)):
            day = float(START)
            for _ in range(14):
                triples.append((customer, item, int(day)))
                day += usual * math.exp(made.normal(0, 0.3))
    pairs = pairs_of(triples, START + 1_000, customers=120, items=2)
    model = GapModel.fit(rows_of(pairs), START + 1_000)
    usual_gaps = np.exp(model.mean + model.of_item)
    assert usual_gaps == pytest.approx([10, 40], rel=0.08)
    assert model.within**0.5 == pytest.approx(0.3, abs=0.03)


def test_a_log_without_repeated_purchases_has_a_gap_model() -> None:
    pairs = pairs_of([(number, number % 5, START + number) for number in range(60)], CUTOFF, customers=60, items=5)
    model = GapModel.fit(rows_of(pairs), CUTOFF)
    assert np.isfinite(model.of_item).all()
    assert (model.again_by_count[0], model.mean) == (pytest.approx(0.0), math.log(30))


def test_the_fusion_adds_reciprocal_ranks(candidates: Candidates) -> None:
    scores = untrained_scores(candidates)
    mine = np.flatnonzero(candidates.customer == 3)
    expected = np.zeros(len(mine))
    for name in FUSED:
        score = SIMPLE[name](candidates.columns)[mine]
        ranked = sorted(range(len(mine)), key=lambda one: (-score[one], candidates.order[mine[one]]))
        for rank, one in enumerate(ranked):
            expected[one] += 1 / (FUSION_OFFSET + rank)
    assert scores["fusion"][mine] == pytest.approx(expected)


def test_ties_are_decided_by_popularity() -> None:
    customer, tie = np.array([0, 0, 0, 1, 1]), np.array([2, 0, 1, 1, 0])
    assert rank_within(customer, np.zeros(5), tie).tolist() == [2, 0, 1, 1, 0]
    assert rank_within(customer, np.array([5.0, 0, 0, 0, 0]), tie).tolist() == [0, 1, 2, 1, 0]


def test_rows_of_chosen_customers_are_theirs() -> None:
    rows = rows_of(PAIRS)
    chosen = np.array([2, 5, 11])
    part = rows.of(chosen)
    expected = [(i, item, day) for i, c in enumerate(chosen) for item in sorted(BOUGHT[c]) for day in BOUGHT[c][item]]
    assert list(zip(part.customer.tolist(), part.item.tolist(), part.day.tolist(), strict=True)) == expected
    block, same = rows.block(4, 7), rows.of(np.arange(4, 7))
    for name in ("customer", "item", "day"):
        assert getattr(block, name).tolist() == getattr(same, name).tolist()


def test_drawing_keeps_the_order_and_the_same_ones() -> None:
    places = np.arange(0, 100, 2)
    found = draw(places, 10, seed=4)
    assert found.tolist() == sorted(set(found.tolist()) & set(places.tolist()))
    assert (len(found), found.tolist()) == (10, draw(places, 10, seed=4).tolist())
    assert draw(places, 50, seed=4) is places


def test_companions_are_items_of_the_same_days() -> None:
    made = np.random.default_rng(8)
    triples = []
    for customer in range(80):
        day = START + int(made.integers(80))
        if customer % 4 == 0:
            triples += [(customer, 0, day), (customer, 1, day)]
        triples.append((customer, int(made.integers(2, 6)), day))
    pairs = pairs_of(triples, CUTOFF, customers=80, items=6)
    companions = Companions.count(rows_of(pairs))
    baskets = [frozenset(item for c, item, _ in triples if c == customer) for customer in range(80)]
    for item in range(6):
        for other in range(6):
            together = sum({item, other} <= basket for basket in baskets)
            own, others = (sum(one in basket for basket in baskets) for one in (item, other))
            good = item != other and together >= LEAST_TOGETHER and together * 80 >= LEAST_LIFT * own * others
            expected = together / others if good else 0.0
            assert companions.shares[item, other] == pytest.approx(expected, rel=1e-5), (item, other)
    assert companions.shares[0, 1] == 1.0


def test_rows_without_any_are_no_trouble(facts: ItemFacts) -> None:
    nothing = PairRows(*(np.zeros(0, np.int32),) * 3, 2, ITEMS)
    found = find_candidates(nothing, np.arange(2), facts)
    assert found.is_new.all()
    assert len(found) == 2 * ITEMS


def test_a_short_history_of_chance_is_not_learnt_by_heart() -> None:
    """What was bought has nothing to do with what is known: the base rate is as good as any forecast."""
    chance = np.random.default_rng(7)
    customers, items = 150, 20
    triples = [(int(chance.integers(customers)), int(chance.integers(items)), START + day) for day in range(90)]
    triples += [(who, int(chance.integers(items)), START + int(chance.integers(90))) for who in range(customers)]
    pairs = pairs_of(triples, CUTOFF, customers=customers, items=items)
    facts = ItemFacts.learn(rows_of(pairs), np.arange(customers), cutoff=CUTOFF, horizon=HORIZON, seed=1)
    candidates = find_candidates(rows_of(pairs), np.arange(customers), facts)
    bought, later = (chance.random(len(candidates)) < 0.04 for _ in range(2))
    told = Ranker.fit(candidates, bought).probability(candidates)
    rate = bought.mean()
    loss = -np.log(np.where(later, told, 1 - told)).mean()
    assert loss < 1.01 * -np.log(np.where(later, rate, 1 - rate)).mean()
    assert told.max() < 4 * rate
