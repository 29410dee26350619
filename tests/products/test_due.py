"""When the next purchase of a product is due, and whether it comes."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.errors import NotEnoughData
from churnrisk.products.curves import fit_curve
from churnrisk.products.due import fit_due
from churnrisk.products.due_list import list_due, look_back
from churnrisk.products.gaps import fit_usual_gaps, measure_gaps
from support.products import pairs_of, repeat_buyers

DAYS = 700
BOUGHT = repeat_buyers(1, customers=400, items=9, days=DAYS, give_up=0.15)
CUTOFF = 500


def test_gaps_are_those_of_plain_python() -> None:
    bought = repeat_buyers(3, customers=15, items=4, days=200, give_up=0.2)
    pairs = pairs_of(bought, cutoff=200, first_day=0)
    gaps = measure_gaps(pairs, least_days=2)
    of_pair: dict[tuple[int, int], list[int]] = {}
    for customer, item, day in sorted(set(bought)):
        of_pair.setdefault((customer, item), []).append(day)
    place = 0
    for (customer, item), days in sorted(of_pair.items()):
        if len(days) < 2:
            continue
        logs = np.log(np.diff(days))
        for number, day in enumerate(days):
            assert (gaps.customer[place], gaps.item[place], gaps.day[place]) == (customer, item, day)
            assert gaps.count[place] == number
            assert gaps.is_last[place] == (number == len(days) - 1)
            assert gaps.total[place] == pytest.approx(logs[:number].sum())
            assert gaps.squares[place] == pytest.approx((logs[:number] ** 2).sum())
            following = gaps.next_log_gap[place]
            assert np.isnan(following) if gaps.is_last[place] else following == pytest.approx(logs[number])
            place += 1
    assert place == len(gaps.day)


def test_few_gaps_lean_on_the_customer_and_the_item() -> None:
    pairs = pairs_of(BOUGHT, cutoff=CUTOFF, first_day=0)
    gaps = measure_gaps(pairs, least_days=2)
    usual = fit_usual_gaps(gaps, CUTOFF)
    place = np.flatnonzero(gaps.count > 0)
    mean, _ = usual.posterior(gaps, place)
    own = gaps.total[place] / gaps.count[place]
    prior = usual.prior(gaps, place)
    assert ((mean >= np.minimum(own, prior) - 1e-9) & (mean <= np.maximum(own, prior) + 1e-9)).all()
    weight = np.abs(mean - prior) / np.maximum(np.abs(own - prior), 1e-9)
    few, many = gaps.count[place] == 1, gaps.count[place] > 10
    assert weight[few].mean() < weight[many].mean()
    assert usual.items[2] > usual.items[0], "items 2, 5 and 8 are bought at longer gaps"


def test_a_curve_takes_in_what_is_not_seen_yet() -> None:
    values = np.array([1.0, 2.0, 2.0, 3.0, 4.0, 5.0])
    is_seen = np.array([True, True, False, True, False, True])
    curve = fit_curve(values, is_seen)
    # by hand: 1/6 comes at 1, then 1/5 of the rest at 2, 1/3 of the rest at 3, and all of the rest at 5
    left = [5 / 6, 5 / 6 * 4 / 5, 5 / 6 * 4 / 5 * 2 / 3, 0.0]
    assert curve.at(np.array([0.5, 1, 2, 3, 4.9, 5])).tolist() == pytest.approx(
        [0, *(1 - np.array(left[:3])), 5 / 9, 1]
    )
    assert curve.inverse(np.array([0.1, 0.3, 0.9])).tolist() == [1, 2, 5]


def test_intervals_hold_and_chances_come_true() -> None:
    """Of a log whose whole future is known: what the forecasts of the cutoff promise is compared with it."""
    pairs = pairs_of([one for one in BOUGHT if one[2] < CUTOFF], cutoff=CUTOFF, first_day=0)
    model = fit_due(pairs, within=100)
    nexts: dict[tuple[int, int], int] = {}
    for customer, item, day in sorted(BOUGHT):
        if day >= CUTOFF:
            nexts.setdefault((customer, item), day)
    keys = zip(model.customer.tolist(), model.item.tolist(), strict=True)
    gap = np.array([nexts.get(key, 10**6) for key in keys]) - model.last_day
    came, chance = gap <= 100, model.chance()
    assert abs(chance.mean() - came.mean()) < 0.04
    for low, high in ((0, 0.3), (0.3, 0.7), (0.7, 1.01)):
        part = (chance >= low) & (chance < high)
        assert part.sum() > 30
        assert abs(chance[part].mean() - came[part].mean()) < 0.1
    recent = came & (model.last_day >= CUTOFF - 10)
    early, late = model.quantiles(0.1, 0.9)
    inside = (gap >= np.floor(early)) & (gap <= np.ceil(late))
    assert 0.7 < inside[recent].mean() < 0.93
    soon = model.chance(30)
    assert (soon <= chance + 1e-9).all()
    within = np.array(
        [0 <= nexts.get(key, 10**6) - CUTOFF < 30 for key in zip(model.customer, model.item, strict=True)]
    )
    assert abs(soon.mean() - within.mean()) < 0.04


def test_the_chance_falls_with_silence_and_ends() -> None:
    pairs = pairs_of([one for one in BOUGHT if one[2] < CUTOFF], cutoff=CUTOFF, first_day=0)
    model = fit_due(pairs, within=100)
    silence = CUTOFF - model.last_day
    assert (model.chance()[silence > 100] == 0).all()
    chances = [model.chance()[(silence >= low) & (silence < low + 20)].mean() for low in (0, 20, 40, 60, 80)]
    assert chances == sorted(chances, reverse=True)


def test_dates_stand_in_order_and_nothing_sees_the_future() -> None:
    early = [one for one in BOUGHT if one[2] < CUTOFF]
    made = list_due(pairs_of(early, cutoff=CUTOFF, first_day=0))
    later = pairs_of(BOUGHT, cutoff=DAYS, first_day=0).before(CUTOFF)
    again = list_due(later)
    for name, values in made.columns.items():
        assert np.array_equal(values, again.columns[name]), name
    columns = made.columns
    assert (columns["last_bought_on"] < columns["from_on"]).all()
    assert (columns["from_on"] <= columns["due_on"]).all()
    assert (columns["due_on"] <= columns["to_on"]).all()
    overdue = columns["overdue_days"] > 0
    assert (columns["to_on"][overdue] + columns["overdue_days"][overdue] == CUTOFF).all()
    silence = CUTOFF - columns["last_bought_on"]
    assert ((columns["to_on"] >= CUTOFF) | (silence < 1.5 * columns["usual_gap_days"]))[~overdue].all()


def test_each_pair_is_due_overdue_given_up_or_not_yet_due() -> None:
    """A pair whose day has passed stays due until it is overdue; one that is given up is neither."""
    made = list_due(pairs_of([one for one in BOUGHT if one[2] < CUTOFF], cutoff=CUTOFF, first_day=0), within=100)
    due, overdue = set(made.due_soon(7).tolist()), set(made.overdue().tolist())
    given_up = set(np.flatnonzero(made.is_given_up).tolist())
    later = set(np.flatnonzero(made.columns["due_on"] >= CUTOFF + 7).tolist())
    parts = (due, overdue, given_up, later - due - overdue - given_up)
    assert all(parts)
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(made)
    assert {one for one in due if made.columns["due_on"][one] < CUTOFF}, "late and not yet overdue is due"


def test_a_rare_product_is_not_overdue_before_its_usual_gap_is_over() -> None:
    """Of pairs bought every 160 days, those that come within 100 days say nothing on how late the others are."""
    rare = [(customer, 8, day) for customer in range(400, 440) for day in range(customer % 10, CUTOFF - 150, 160)]
    early = [one for one in BOUGHT if one[2] < CUTOFF]
    made = list_due(pairs_of([*early, *rare], cutoff=CUTOFF, first_day=0), within=100)
    silence = CUTOFF - made.columns["last_bought_on"]
    overdue = made.columns["overdue_days"] > 0
    assert (silence[overdue] >= 1.5 * made.columns["usual_gap_days"][overdue]).all()
    assert not overdue[made.columns["customer"] >= 400].any()


def test_pairs_of_three_days_or_more_have_a_row_each() -> None:
    early = {one for one in BOUGHT if one[2] < CUTOFF}
    counts: dict[tuple[int, int], int] = {}
    for customer, item, _ in early:
        counts[customer, item] = counts.get((customer, item), 0) + 1
    made = list_due(pairs_of(list(early), cutoff=CUTOFF, first_day=0))
    rows = list(zip(made.columns["customer"].tolist(), made.columns["item"].tolist(), strict=True))
    assert rows == sorted(key for key, count in counts.items() if count >= 3)
    table = made.choose(np.arange(3))
    assert table.columns["customer_id"][0] == f"c{rows[0][0]:06d}"
    assert sum(len(one) for one in made.tables()) == len(rows)


def test_the_look_back_is_that_of_an_earlier_list() -> None:
    pairs = pairs_of([one for one in BOUGHT if one[2] < CUTOFF], cutoff=CUTOFF, first_day=0)
    found = look_back(pairs, 100)
    assert found is not None
    model = fit_due(pairs.before(400), within=100)
    days: dict[tuple[int, int], list[int]] = {(customer, item): [] for customer, item, _ in BOUGHT}
    for customer, item, day in sorted(BOUGHT):
        days[customer, item].append(day)
    came = [
        any(400 <= day < CUTOFF and day - last <= 100 for day in days[customer, item])
        for customer, item, last in zip(
            model.customer.tolist(), model.item.tolist(), model.last_day.tolist(), strict=True
        )
    ]
    asked = model.chance() > 0
    assert found.pairs == asked.sum()
    assert found.came == pytest.approx(np.array(came)[asked].mean())
    assert found.expected == pytest.approx(model.chance()[asked].mean())
    assert found.calibration_error < 0.1


def test_a_short_log_is_refused_with_numbers() -> None:
    pairs = pairs_of([(0, 0, day) for day in (1, 5, 16, 20, 25)], cutoff=30, first_day=0)
    with pytest.raises(NotEnoughData, match=r"2 purchases in the second half.*100 are needed"):
        fit_due(pairs)
