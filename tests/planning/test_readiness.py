"""check and train judge alike: what is called enough trains, what is not is refused with the same numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import churnrisk
from churnrisk.errors import NotEnoughData
from churnrisk.holes import selling_days
from churnrisk.orders import read_orders
from churnrisk.planning import TrainingTerms, check_readiness
from churnrisk.planning.days import say_if_long_past
from churnrisk.planning.readiness import Readiness, Verdict

FIRST = dt.date(2024, 1, 1)
HORIZON = 30


def write(customer: str, days: Iterable[int]) -> list[tuple[str, dt.date, float]]:
    return [(customer, FIRST + dt.timedelta(days=int(day)), 10.0 + day % 7) for day in days]


def make_log(*, loyal: int, leaving: int, days: int = 200, until: int = 150, seed: int = 0) -> pd.DataFrame:
    """Some buy every ten days or so, some as often, but not in the end."""
    rng = np.random.default_rng(seed)
    rows = []
    for kind, count, end in (("loyal", loyal, days), ("leaving", leaving, until)):
        for k in range(count):
            gaps = rng.integers(5, 15, days)
            known = rng.integers(0, 20) + np.cumsum(gaps)
            rows += write(f"{kind} {k}", known[known < end])
    rows += write("loyal 0", [0, days - 1])
    return pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])


def judge(log: pd.DataFrame, horizon: int | None = HORIZON, lookback: int = 365) -> Verdict:
    ready = check_readiness(log, TrainingTerms(lookback, 0, horizon))
    [verdict] = [one for one in ready.verdicts if one.use.endswith("as set") or one.use == "choosing a horizon"]
    return verdict


def assert_alike(log: pd.DataFrame, horizon: int | None = HORIZON, lookback: int = 365) -> Verdict:
    """Train, and hold it against what check says."""
    verdict = judge(log, horizon, lookback)
    if not verdict.is_enough:
        with pytest.raises(NotEnoughData) as refusal:
            churnrisk.train(log, horizon=horizon, lookback=lookback)
        assert verdict.reason.endswith(str(refusal.value))
    else:
        card = churnrisk.train(log, horizon=horizon, lookback=lookback).card
        assert f"in {len(card['training'][-12:])} snapshot" in verdict.reason
        assert ("later snapshot" in verdict.reason) >= (card["test"]["kind"] == "later snapshot")
    return verdict


@pytest.mark.parametrize(("loyal", "leaving"), [(29, 60), (60, 29), (30, 31)])
def test_at_the_limit(loyal: int, leaving: int) -> None:
    assert_alike(make_log(loyal=loyal, leaving=leaving))


@pytest.mark.parametrize("days", [59, 61])
def test_at_the_shortest_history(days: int) -> None:
    assert_alike(make_log(loyal=40, leaving=40, days=days, until=days // 2 - 5))


def test_random_small_logs() -> None:
    rng = np.random.default_rng(3)
    outcomes = set()
    for seed in range(4):
        loyal, leaving = rng.integers(25, 60, 2)
        log = make_log(loyal=loyal, leaving=leaving, until=int(rng.integers(150, 190)), seed=seed)
        outcomes.add(assert_alike(log, int(rng.choice([14, 30, 45])), int(rng.choice([30, 365]))).is_enough)
    assert outcomes == {True, False}


def test_a_test_of_one_outcome_is_refused() -> None:
    """All who leave have left before the newest snapshots' lookback began, so there nobody churned."""
    log = make_log(loyal=50, leaving=60, days=300, until=195)
    verdict = assert_alike(log, 20, 60)
    assert not verdict.is_enough
    assert "of those active on 2024-10-07, the day to test on, 0 customers churned and 50 bought" in verdict.reason


@pytest.mark.parametrize("end", [70, 74])
def test_a_handful_of_late_rows_makes_no_model(tmp_path: Path, end: int) -> None:
    """One customer goes on buying where the log of all others ends: nearly everybody looks lost."""
    chance = np.random.default_rng(1)
    rows = write("c1", [0, *range(46, end + 1, 4)])
    for k in range(90):
        days = {*chance.choice(31, 3, replace=False).tolist(), *([36 + k % 10] if k < 50 else [])}
        rows += write(f"c{k}", sorted(days))
    log = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "amount"])
    log.to_csv(tmp_path / "log.csv", index=False)
    with pytest.raises(NotEnoughData) as refusal:
        churnrisk.train(tmp_path / "log.csv", horizon=HORIZON)
    assert "the day to test on" in str(refusal.value)
    assert str(refusal.value).startswith(f"{tmp_path / 'log.csv'}: ")
    assert f"`churnrisk check {tmp_path / 'log.csv'}`" in str(refusal.value)


def test_a_chosen_horizon_is_judged_as_train_takes_it() -> None:
    log = pd.DataFrame(
        write("a", [0, 5]) + write("b", [1, 32]) + write("c", [2]) + write("d", [3]) + write("e", [33]),
        columns=["customer_id", "ordered_at", "amount"],
    )
    verdict = assert_alike(log, None)
    assert not verdict.is_enough
    assert "30 of each are needed" in verdict.reason


def test_one_order_after_a_long_silence_is_named() -> None:
    log = make_log(loyal=80, leaving=10, days=260)
    log.loc[len(log)] = ("stray", FIRST + dt.timedelta(days=400), 5.0)
    verdict = assert_alike(log)
    assert not verdict.is_enough
    assert "everybody known has churned" in verdict.reason
    assert "One order sets the end of the log, by customer stray on 2025-02-04." in verdict.reason
    assert "--as-of 2024-09-17" in verdict.reason


def with_hole(first: int, length: int) -> pd.DataFrame:
    log = make_log(loyal=90, leaving=60, days=420, until=388)
    days = (pd.to_datetime(log["ordered_at"]) - pd.Timestamp(FIRST)).dt.days
    return log[(days < first) | (days >= first + length)]


def test_what_a_hole_distorts_is_left_out_and_counted() -> None:
    card = churnrisk.train(with_hole(260, 45), horizon=HORIZON, lookback=90).card
    assert [(hole["first_day"], hole["days"]) for hole in card["holes"]] == [("2024-09-17", 45)]
    day = {one["cutoff"] for one in card["training"]}
    first, last = dt.date(2024, 9, 17), dt.date(2024, 10, 31)
    for cutoff in map(dt.date.fromisoformat, day):
        window = [cutoff + dt.timedelta(days=k) for k in range(-HORIZON, HORIZON)]
        assert sum(first <= one <= last for one in window[:HORIZON]) <= 3
        assert sum(first <= one <= last for one in window[HORIZON:]) <= 3
    assert card["snapshots_left_out"] > 0
    assert f"{card['snapshots_left_out']} snapshots are left out" in " ".join(card["notices"])


def test_too_little_without_the_hole_is_used_all_the_same() -> None:
    log = make_log(loyal=60, leaving=60, days=130, until=60)
    days = (pd.to_datetime(log["ordered_at"]) - pd.Timestamp(FIRST)).dt.days
    log = log[(days < 65) | (days >= 95)]
    verdict = assert_alike(log, 20)
    assert verdict.is_enough
    assert "are distorted" in " ".join(churnrisk.train(log, horizon=20).card["notices"])


def ready(log: pd.DataFrame) -> Readiness:
    return check_readiness(log, TrainingTerms(365, 0, HORIZON))


def test_check_names_holes_and_a_log_that_ended_long_ago_once() -> None:
    found = ready(with_hole(260, 45))
    assert [hole.days for hole in found.holes] == [45]
    [said] = [notice for notice in found.notices if notice.startswith("The last order is of 2025-02-23")]
    assert "45 days without a purchase" in said


@pytest.mark.parametrize(("days_after", "is_said"), [(10, False), (14, False), (15, True), (45, True)])
def test_the_last_order_is_long_past(days_after: int, is_said: bool) -> None:
    with read_orders(make_log(loyal=60, leaving=0)) as orders:
        longest = selling_days(orders).longest_gap
        assert longest < 14
        said = list(say_if_long_past(orders.last_day, longest, orders.last_day + 1 + days_after))
    assert bool(said) == is_said
    assert not list(say_if_long_past(orders.last_day, 60, orders.last_day + 1 + days_after))
