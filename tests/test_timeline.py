"""Snapshots, the plan of cutoffs, and the choice of a horizon."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from churnrisk.errors import NotEnoughData, SettingsError
from churnrisk.timeline import (
    Snapshot,
    choose_horizon,
    cumulative_return,
    date_of,
    day_number,
    parse_day,
    plan_snapshots,
)

snapshots = st.builds(
    Snapshot,
    cutoff=st.integers(-1000, 30_000),
    lookback=st.integers(1, 800),
    horizon=st.integers(1, 400),
    lead=st.integers(0, 60),
)


@given(st.dates())
def test_days_and_dates_are_inverse(day: dt.date) -> None:
    assert date_of(day_number(day)) == day
    assert parse_day(day.isoformat(), option="--as-of") == day_number(day)


def test_the_epoch_is_day_zero_and_a_bad_date_names_its_option() -> None:
    assert day_number(dt.date(1970, 1, 1)) == 0
    with pytest.raises(SettingsError, match=r"--as-of: .10\.12\.2011. is not a date"):
        parse_day("10.12.2011", option="--as-of")


@given(snapshots, st.integers(-2000, 32_000))
def test_no_day_lies_in_both_windows(snapshot: Snapshot, day: int) -> None:
    assert not (snapshot.in_base(day) and snapshot.in_outcome(day))
    assert not (snapshot.is_past(day) and snapshot.in_outcome(day))
    assert not snapshot.in_base(day) or snapshot.is_past(day)


@given(snapshots, st.integers(-2000, 32_000))
def test_windows_are_as_long_as_they_say(snapshot: Snapshot, day: int) -> None:
    window = range(snapshot.cutoff + snapshot.lead, snapshot.cutoff + snapshot.lead + snapshot.horizon)
    assert snapshot.in_outcome(day) == (day in window)
    assert snapshot.in_base(day) == (day in range(snapshot.cutoff - snapshot.lookback, snapshot.cutoff))


@pytest.mark.parametrize("bad", [{"horizon": 0}, {"lookback": 0}, {"lead": -1}])
def test_an_impossible_window_is_refused(bad: dict[str, int]) -> None:
    with pytest.raises(SettingsError, match=f"--{next(iter(bad))}"):
        Snapshot(**({"cutoff": 0, "lookback": 365, "horizon": 30} | bad))


@given(snapshots, st.integers(1, 2000), st.integers(1, 20))
def test_no_outcome_window_reaches_past_what_is_known(current: Snapshot, history: int, count: int) -> None:
    assume(history >= 2 * current.horizon + current.lead)
    plan = plan_snapshots(current.cutoff - history, current, count=count)
    assert all(s.outcome_end <= current.cutoff for s in plan.labelled)
    assert all(s.outcome_end <= plan.test.cutoff for s in plan.fitting)
    assert all(s.cutoff - current.horizon >= current.cutoff - history for s in plan.labelled + plan.fitting)
    for snapshots_of in (plan.labelled, plan.fitting):
        assert list(snapshots_of) == sorted(set(snapshots_of))
        assert len(snapshots_of) <= count
    assert plan.test.outcome_end == current.cutoff  # nothing that is known is left unused


@given(snapshots)
def test_a_history_too_short_for_one_outcome_window_is_refused_with_numbers(current: Snapshot) -> None:
    first_day = current.cutoff - (2 * current.horizon + current.lead) + 1
    with pytest.raises(NotEnoughData, match=f"needs {2 * current.horizon + current.lead} days"):
        plan_snapshots(first_day, current)


def test_the_shortest_history_that_is_enough_has_one_outcome_window_to_the_last_day() -> None:
    current = Snapshot(1000, 365, 30, 2)
    plan = plan_snapshots(1000 - 62, current)
    assert [one.cutoff for one in plan.labelled] == [968]
    assert plan.labelled[0].outcome_end == current.cutoff
    assert plan.labelled[0].in_outcome(999), "the last day that is known counts"
    with pytest.raises(NotEnoughData, match="the log has 61"):
        plan_snapshots(1000 - 61, current)


def test_the_share_who_come_back_by_hand() -> None:
    """Ten waits: 2 return on day 3, 1 is censored on day 5, 3 return on day 7, 4 are censored on day 9."""
    shares, at_risk = cumulative_return({3: 2, 7: 3}, {5: 1, 9: 4}, days=10)
    assert shares[2] == 0
    assert shares[3] == pytest.approx(0.2)
    assert shares[7] == pytest.approx(1 - 0.8 * (1 - 3 / 7))
    assert shares[10] == shares[7]
    assert at_risk == [10, 10, 10, 10, 8, 8, 7, 7, 4, 4, 0]


def test_who_bought_on_the_last_day_was_never_watched() -> None:
    assert cumulative_return({1: 1}, {0: 5, 1: 1}, days=1)[0][1] == pytest.approx(0.5)


def test_the_horizon_is_the_shortest_that_covers_four_fifths() -> None:
    choice = choose_horizon({5: 79, 20: 10, 300: 11}, {400: 50}, history=2000)
    assert (choice.horizon, choice.is_reached) == (30, True)
    assert choice.share == pytest.approx(89 / 150)
    assert choice.followed == 400
    assert choice.followed_share == pytest.approx(100 / 150)


def test_the_few_who_buy_most_often_do_not_choose_the_horizon() -> None:
    """Nine of ten customers wait 120 days each time, one of ten only 5, and so has 24 times as many gaps."""
    assert choose_horizon({5: 10, 120: 90}, {}, history=2000).horizon == 180


def test_open_gaps_lengthen_the_horizon() -> None:
    """Leaving out who has not come back yet would make everybody look faster than they are."""
    gaps = {6: 80, 200: 20}
    assert choose_horizon(gaps, {}, history=2000).horizon == 7
    assert choose_horizon(gaps, {100: 100}, history=2000).horizon > 7


def test_no_horizon_is_judged_by_a_time_that_it_fills() -> None:
    """Half of those who come back take longer than a year: 365 days hold half of them, and not all by construction."""
    choice = choose_horizon({305: 0.5, 577: 0.5, 350: 0.5, 773: 0.5}, {}, history=1128)
    assert (choice.horizon, choice.is_reached, choice.share) == (365, False, 0.5)
    assert "50.0% buy again within 365 days" in choice.reason


def test_one_customer_who_could_be_followed_for_long_sets_no_horizon() -> None:
    many = {6: 600, 20: 100}
    assert choose_horizon(many, {25: 400}, history=2000) == choose_horizon(many, {25: 399, 700: 1}, history=2000)


def test_the_history_bounds_the_horizon_and_it_is_said() -> None:
    choice = choose_horizon({5: 10, 200: 90}, {}, history=100)
    assert (choice.horizon, choice.is_reached) == (30, False)
    assert "the longest usual horizon that this history allows" in choice.reason
    with pytest.raises(NotEnoughData, match="covers 20 days"):
        choose_horizon({5: 10}, {}, history=20)
    with pytest.raises(NotEnoughData, match="bought on two days"):
        choose_horizon({}, {3: 10}, history=1000)


@given(
    horizon=st.integers(1, 60),
    lead=st.integers(0, 5),
    more=st.integers(0, 600),
    hole=st.tuples(st.integers(0, 400), st.integers(1, 200)),
)
def test_older_snapshots_take_the_place_of_those_left_out(
    horizon: int, lead: int, more: int, hole: tuple[int, int]
) -> None:
    current = Snapshot(1000, lookback=365, horizon=horizon, lead=lead)
    first_day = current.cutoff - 2 * horizon - lead - more

    def is_held(snapshot: Snapshot) -> bool:
        return hole[0] <= current.cutoff - snapshot.cutoff < sum(hole)

    every = plan_snapshots(first_day, current, count=10_000)
    plan = plan_snapshots(first_day, current, leave_out=is_held)
    usable = [one for one in every.labelled if not is_held(one)]
    assert list(plan.labelled) == usable[-12:]
    assert all(one.outcome_end <= plan.test.cutoff for one in plan.fitting)
    assert set(plan.fitting) <= set(usable)
    reached = [one for one in every.labelled if len(usable) < 12 or one >= usable[-12]]
    assert list(plan.left_out) == [one for one in reached if is_held(one)]
