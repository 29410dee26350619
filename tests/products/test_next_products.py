"""Lists of next products: nothing of the future, the same bytes, a tested method, and chances that come true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.errors import NotEnoughData, SourceError
from churnrisk.products import NextProducts, PairDays, forecast_next, read_ids
from churnrisk.products import next_products as module
from churnrisk.products.look_back import LIST, Measured, Past, calibrate, choose, measure_lists
from churnrisk.products.ranker import SIMPLE
from support.next_products import START, pairs_of, plain_list_measures, rows_of, simulate

CUSTOMERS, ITEMS, HORIZON = 401, 40, 30  # the last customer has no row
CUTOFF = START + 230
TRIPLES = simulate(11)
PAIRS = pairs_of(TRIPLES, CUTOFF, customers=CUSTOMERS, items=ITEMS)


@pytest.fixture(scope="module")
def lists() -> NextProducts:
    return forecast_next(PAIRS, horizon=HORIZON, top=10)


def by_customer(lists: NextProducts) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for customer, item in zip(lists.customer.tolist(), lists.item.tolist(), strict=True):
        found.setdefault(customer, []).append(item)
    return found


def assert_same(one: NextProducts, other: NextProducts) -> None:
    for name in ("customer", "item", "rank", "probability", "is_new"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name
    assert one.choose(slice(None)).columns == other.choose(slice(None)).columns
    assert one.look_back.to_dict() == other.look_back.to_dict()


def test_every_customer_gets_a_list_without_repeats(lists: NextProducts) -> None:
    found = by_customer(lists)
    assert sorted(found) == list(range(CUSTOMERS))
    assert all(len(items) == len(set(items)) == 10 for items in found.values())
    assert lists.rank.tolist() == list(range(1, 11)) * CUSTOMERS
    assert ((lists.probability >= 0) & (lists.probability <= 1)).all()


def test_a_customer_of_whom_no_purchase_is_known_gets_what_is_popular(lists: NextProducts) -> None:
    recent = PAIRS.day >= CUTOFF - 30
    pairs = {(c, i) for c, i in zip(PAIRS.customer[recent].tolist(), PAIRS.item[recent].tolist(), strict=True)}
    buyers = np.bincount([item for _, item in pairs], minlength=ITEMS)
    mine = lists.customer == CUSTOMERS - 1
    assert buyers[lists.item[mine]].min() >= np.sort(buyers)[-15]
    assert lists.is_new[mine].all()
    assert set(lists.choose(np.flatnonzero(mine)).columns["why"]) == {"popular now"}


def test_new_items_are_those_that_the_customer_never_bought(lists: NextProducts) -> None:
    known = set(zip(PAIRS.customer.tolist(), PAIRS.item.tolist(), strict=True))
    for customer, item, new in zip(lists.customer.tolist(), lists.item.tolist(), lists.is_new.tolist(), strict=True):
        assert new == ((customer, item) not in known)


def test_chances_come_true(lists: NextProducts) -> None:
    after = {(customer, item) for customer, item, day in TRIPLES if CUTOFF <= day < CUTOFF + HORIZON}
    pairs = zip(lists.customer.tolist(), lists.item.tolist(), strict=True)
    bought = np.array([pair in after for pair in pairs])
    assert lists.probability.sum() == pytest.approx(bought.sum(), rel=0.2)
    assert calibrate(lists.probability, bought).error < 0.02
    high = lists.probability > 0.5
    assert high.sum() > 100
    assert bought[high].mean() == pytest.approx(lists.probability[high].mean(), abs=0.1)


def test_the_look_back_sees_nothing_of_its_horizon() -> None:
    day = CUTOFF - HORIZON
    rows = rows_of(PAIRS)
    whole = Past.of(rows, np.arange(CUSTOMERS), cutoff=day, horizon=HORIZON)
    early = Past.of(rows.before(day), np.arange(CUSTOMERS), cutoff=day, horizon=HORIZON)
    for name, values in whole.candidates.columns.items():
        assert values.tobytes() == early.candidates.columns[name].tobytes(), name
    assert (whole.is_bought.sum() > 0, early.is_bought.sum()) == (True, 0)


def test_threads_and_blocks_change_no_byte(lists: NextProducts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_THREADS", 1)
    monkeypatch.setattr(module, "BLOCK", 37)
    assert_same(forecast_next(PAIRS, horizon=HORIZON, top=10), lists)


def test_excluded_items_are_in_no_list_and_change_no_chance(lists: NextProducts) -> None:
    gone = {PAIRS.items[place] for place in np.bincount(PAIRS.item).argsort()[-3:]}
    fewer = forecast_next(PAIRS, horizon=HORIZON, top=10, excluded=[*gone, "no such id"])
    assert not gone & {PAIRS.items[item] for item in fewer.item.tolist()}
    assert all(len(items) == 10 for items in by_customer(fewer).values())
    assert fewer.look_back.to_dict() == lists.look_back.to_dict()
    before = lists_by_pair(lists)
    both = [(one, before[pair]) for pair, one in lists_by_pair(fewer).items() if pair in before]
    assert len(both) > 1_000
    assert np.median([abs(one - other) for one, other in both]) < 0.01


def lists_by_pair(lists: NextProducts) -> dict[tuple[int, int], float]:
    pairs = zip(lists.customer.tolist(), lists.item.tolist(), strict=True)
    return dict(zip(pairs, lists.probability.tolist(), strict=True))


def test_all_items_excluded_are_refused() -> None:
    with pytest.raises(NotEnoughData, match="all 40 products are excluded"):
        forecast_next(PAIRS, excluded=PAIRS.items)


def test_a_history_of_less_than_two_horizons_is_refused_with_numbers() -> None:
    short = pairs_of(TRIPLES, START + 50, customers=CUSTOMERS, items=ITEMS)
    with pytest.raises(NotEnoughData, match=r"has 50 days .* needs 60"):
        forecast_next(short, horizon=30)


def test_one_customer_is_refused_with_numbers() -> None:
    alone = pairs_of([(0, day % 3, START + day) for day in range(230)], CUTOFF, customers=1, items=3)
    with pytest.raises(NotEnoughData, match="1 bought in the 30 days after it"):
        forecast_next(alone, horizon=30)


def test_a_shop_whose_customers_never_repeat_gets_lists_of_new_items() -> None:
    draw = np.random.default_rng(2)
    triples, popular = [], np.arange(ITEMS, 0, -1.0)
    for customer in range(300):
        items = draw.choice(ITEMS, size=6, replace=False, p=popular / popular.sum())
        triples += [(customer, int(item), START + int(draw.integers(230))) for item in items]
    lists = forecast_next(pairs_of(triples, CUTOFF, customers=300, items=ITEMS), horizon=HORIZON)
    assert lists.look_back.recall_of_new is not None
    assert lists.look_back.share_of_new > 0.9
    assert len(lists) == 300 * 10


def test_the_look_back_is_in_the_answer(lists: NextProducts) -> None:
    back = lists.look_back
    assert back.cutoff == CUTOFF - HORIZON
    assert set(SIMPLE) < set(back.methods)
    chosen, simple = back.methods[back.method], back.methods[back.best_simple]
    assert back.recall_gain[0] == pytest.approx(chosen.recall - simple.recall)
    assert back.recall_gain[1] <= back.recall_gain[0] <= back.recall_gain[2]
    assert back.calibration is not None
    assert back.calibration.forecast == pytest.approx(back.calibration.seen, rel=0.25)


def test_a_re_ranker_is_chosen_only_where_it_was_tested() -> None:
    start = CUTOFF - 80
    late = [one for one in TRIPLES if one[2] >= start]
    pairs = replace(pairs_of(late, CUTOFF, customers=CUSTOMERS, items=ITEMS), first_day=start)
    back = forecast_next(pairs, horizon=HORIZON).look_back
    assert back.calibration is None
    assert set(back.methods) == {*SIMPLE, "fusion"}


measured = st.builds(Measured, st.floats(0, 1), st.floats(0, 1))


@given(st.dictionaries(st.sampled_from([*SIMPLE, "fusion", "re-ranker"]), measured, min_size=9, max_size=9))
def test_what_is_chosen_is_never_worse_than_the_best_simple_method(means: dict[str, Measured]) -> None:
    simple = choose(means, among=list(SIMPLE))
    found, base = means[choose(means, among=list(means), beside=simple)], means[simple]
    ratio = found.recall / (base.recall or 1) + found.ndcg / (base.ndcg or 1)
    assert ratio >= (base.recall > 0) + (base.ndcg > 0) - 1e-9


def test_lists_are_measured_customer_by_customer() -> None:
    past = Past.of(rows_of(PAIRS), np.arange(CUSTOMERS), cutoff=CUTOFF - HORIZON, horizon=HORIZON)
    rank = past.candidates.ranks(past.candidates.columns["due"])
    found = measure_lists(past, rank)
    customers = sorted({int(pair) // ITEMS for pair in past.outcome})
    for place, customer in enumerate(customers):
        mine = np.flatnonzero(past.candidates.customer == customer)
        listed = past.candidates.item[mine[np.argsort(rank[mine])]].tolist()
        bought = {int(pair) % ITEMS for pair in past.outcome if pair // ITEMS == customer}
        assert found[place].tolist() == pytest.approx(plain_list_measures(listed, bought, LIST))


def test_a_calibration_error_is_the_mean_over_ten_groups() -> None:
    chance = np.repeat([0.2, 0.8], 500)
    right = np.concatenate([np.arange(500) % 5 == 0, np.arange(500) % 5 != 0])
    assert calibrate(chance, right).error == pytest.approx(0.0, abs=1e-9)
    assert calibrate(chance, ~right).error == pytest.approx(0.6)


def test_ids_are_read_one_per_line(tmp_path: Path) -> None:
    path = tmp_path / "out_of_stock.txt"
    path.write_text("\ufeffproduct_id\n00038\n\n  p 1 \n", encoding="utf-8")
    assert read_ids(path) == ["00038", "p 1"]
    path.write_bytes("p1\nкафе\n".encode("cp1251"))
    with pytest.raises(SourceError, match=r"out_of_stock.txt, line 2: is not UTF-8"):
        read_ids(path)
    with pytest.raises(SourceError, match="cannot be read"):
        read_ids(tmp_path / "missing.txt")


def test_ranks_do_not_depend_on_days_being_shifted(lists: NextProducts) -> None:
    moved = [(customer, item, day + 1_000) for customer, item, day in TRIPLES]
    pairs: PairDays = pairs_of(moved, CUTOFF + 1_000, customers=CUSTOMERS, items=ITEMS)
    later = forecast_next(replace(pairs, first_day=START + 1_000), horizon=HORIZON)
    assert later.item.tobytes() == lists.item.tobytes()
    assert later.probability.tobytes() == lists.probability.tobytes()
