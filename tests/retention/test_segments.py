"""RFM segments: the table of cells, ties, cuts held fixed."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.errors import NotEnoughData
from churnrisk.retention import SEGMENTS, build_segments, follow_segments, make_periods, profile_customers
from churnrisk.retention.segments import CELLS, find_cuts
from churnrisk.timeline import RECENT_DAYS
from support.logs import CUTOFF, PlainLog, polars_log, random_logs
from support.retention_logs import as_log, buy, small_log
from support.retention_oracle import Shop


def test_each_of_the_125_cells_stands_exactly_once() -> None:
    assert sorted(CELLS) == sorted(product(range(1, 6), repeat=3))
    assert set(CELLS.values()) == set(SEGMENTS)


def test_better_scores_never_lead_from_champions_away() -> None:
    assert CELLS[5, 5, 5] == "champions"
    assert CELLS[1, 1, 1] == "lost"
    assert CELLS[1, 5, 5] == "cannot_lose"
    assert CELLS[5, 1, 1] == "new"


REGULARS = {"champions", "loyal", "needs_attention", "at_risk", "cannot_lose"}


@settings(max_examples=25)
@given(random_logs(customers=12).filter(lambda log: any(o.is_purchase for o in log.orders())))
def test_one_time_buyers_are_no_regulars_however_much_they_paid(log: PlainLog) -> None:
    made = build_segments(as_log(polars_log(log)))
    once = made.customers.purchase_days == 1
    assert not REGULARS & set(made.names[once])


def test_a_one_time_buyer_of_much_is_told_from_one_of_little() -> None:
    log = small_log(*[row for k in range(10) for row in buy(f"c{k}", CUTOFF, amount=k + 1)])
    assert Counter(build_segments(log).names.tolist()) == {"new": 4, "promising": 6}


@settings(max_examples=30)
@given(random_logs(customers=8).filter(lambda log: len(log.rows) > 0), st.integers(-60, 60))
def test_profile_equals_plain_python(log: PlainLog, days: int) -> None:
    as_of = CUTOFF + days
    made = profile_customers(as_log(polars_log(log)), as_of)
    shop = Shop([order for order in log.orders() if order.order_day < as_of], 365, 365)
    bought = {c: shop.days(c, as_of) for c in shop.customers if shop.days(c, as_of)}
    buyers = list(bought)
    assert made.customer_ids.tolist() == buyers
    assert made.purchase_days.tolist() == [len(bought[c]) for c in buyers]
    assert made.first_day.tolist() == [bought[c][0] for c in buyers]
    assert made.last_day.tolist() == [bought[c][-1] for c in buyers]
    recent = [[sum(day >= as_of - last for day in bought[c]) for last in RECENT_DAYS] for c in buyers]
    assert made.recent.tolist() == recent
    assert made.revenue.tolist() == [shop.net(c, -(10**9), as_of) / 10_000 for c in buyers]
    mine = {c: [o for o in shop.orders if o.customer_id == c and o.bought(as_of)] for c in buyers}
    assert made.purchases.tolist() == [len(mine[c]) for c in buyers]
    assert made.purchase_amount.tolist() == [sum(o.amount for o in mine[c]) / 10_000 for c in buyers]


def test_ties_share_a_score_and_fifths_are_right_without_ties() -> None:
    log = small_log(*[row for k in range(10) for row in buy(f"c{k}", CUTOFF - 10 * k, amount=k + 1)])
    made = build_segments(log)
    r, f, m = made.scores.T
    assert r.tolist() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert set(f.tolist()) == {1}  # all bought once
    assert m.tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert made.cuts.revenue == (2.0, 4.0, 6.0, 8.0)


@settings(max_examples=25)
@given(random_logs(customers=12).filter(lambda log: log.has_amounts and any(o.is_purchase for o in log.orders())))
def test_equal_customers_have_equal_scores_and_shares_add_up(log: PlainLog) -> None:
    made = build_segments(as_log(polars_log(log)))
    customers = made.customers
    seen: dict[tuple[float, ...], tuple[int, ...]] = {}
    facts = zip(customers.last_day, customers.purchase_days, customers.revenue, strict=True)
    for key, scores in zip(facts, made.scores.tolist(), strict=True):
        assert seen.setdefault(tuple(map(float, key)), tuple(scores)) == tuple(scores)
    assert sum(row.customers for row in made.rows) == len(customers)
    assert [row.name for row in made.rows] == list(SEGMENTS)
    if customers.revenue.sum() > 0:
        assert sum(row.revenue_share or 0 for row in made.rows) == pytest.approx(1)


def test_churn_probability_is_averaged_over_those_who_have_one() -> None:
    log = small_log(*[row for k in range(5) for row in buy(f"c{k}", CUTOFF)])
    rows = build_segments(log, churn_probability={"c0": 0.2, "c1": 0.6, "unknown": 1.0}).rows
    [known] = [row for row in rows if row.customers]
    assert known.churn_probability == pytest.approx(0.4)
    assert {row.churn_probability for row in rows if not row.customers} == {None}


def test_without_amounts_money_scores_as_frequency() -> None:
    rows = tuple(row for k in range(10) for row in buy(f"c{k}", *range(CUTOFF - k, CUTOFF + 1)))
    made = build_segments(as_log(polars_log(PlainLog(rows, has_amounts=False))))
    assert (made.scores[:, 1] == made.scores[:, 2]).all()
    assert made.cuts.revenue is None
    assert {row.revenue for row in made.rows} == {None}


@settings(max_examples=20)
@given(random_logs(customers=10, span=400).filter(lambda log: len(log.orders()) > 8))
def test_movements_equal_segments_taken_day_by_day(log: PlainLog) -> None:
    orders = as_log(polars_log(log))
    periods = make_periods(60, CUTOFF - 400, CUTOFF + 120, start=CUTOFF - 120, stop=CUTOFF)
    before = profile_customers(orders, periods[0].starts_on)
    if not len(before):
        with pytest.raises(NotEnoughData, match="no customer has a purchase before"):
            follow_segments(orders, periods)
        return
    cuts = find_cuts(before, has_amounts=log.has_amounts)
    for movement in follow_segments(orders, periods):
        days = movement.period.starts_on, movement.period.ends_on
        start, end = (build_segments(orders, day, cuts=cuts).segment_of() for day in days)
        expected = Counter((start.get(who, "no_purchase_yet"), name) for who, name in end.items())
        made = {(move["from"], move["to"]): move["customers"] for move in movement.to_dict()["moves"]}
        assert made == dict(expected)


def test_nobody_to_score() -> None:
    with pytest.raises(NotEnoughData, match="--as-of"):
        build_segments(small_log(*buy("a", CUTOFF)), CUTOFF)
