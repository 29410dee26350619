"""Which tables a model learns from: one that tells of the end stays, placebos and a handful of rows do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from churnrisk.dataset import SnapshotData, TrainingSet
from churnrisk.learning import choose_tables
from churnrisk.learning.kept_tables import HURTS, NO_GAIN, ONLY_LEFT, TOO_FEW, TOO_SHORT
from churnrisk.timeline import SnapshotPlan
from support.simulated import random_buyers, training_set

DAYS, HORIZON = 400, 30


@pytest.fixture(scope="module")
def built() -> tuple[TrainingSet, SnapshotPlan]:
    return training_set(random_buyers(700, days=DAYS + HORIZON, chance_a_day=0.04, seed=3), days=DAYS, horizon=HORIZON)


def beside(data: TrainingSet, seed: int) -> TrainingSet:
    """Put columns beside those of purchases: a table that tells of the outcome, two placebos, and a tiny one."""
    chance = np.random.default_rng(seed)

    def widen(one: SnapshotData) -> SnapshotData:
        size = len(one.values)
        known = chance.normal(size=(size, 5))
        if one.churned is not None:
            known[:, 0] += 1.5 * one.churned
        tiny = np.full((size, 1), np.nan)
        tiny[:3] = 1.0
        return replace(one, values=np.hstack([one.values, known, tiny]))

    names = ("tickets.open_count", "zodiac.sign=leo", "zodiac.sign=aries", "noise.row_count", "noise.last_value")
    snapshots = tuple(map(widen, data.snapshots))
    return replace(data, names=(*data.names, *names, "few.row_count"), snapshots=snapshots, current=widen(data.current))


def test_what_helps_is_kept_and_placebos_are_not(built: tuple[TrainingSet, SnapshotPlan]) -> None:
    data, plan = built
    kept, gains = choose_tables(beside(data, 1), plan.test, seed=1)
    told = {one.name: one for one in gains}
    assert [one.name for one in gains] == ["few", "noise", "tickets", "zodiac"]
    assert {name: one.reason for name, one in told.items()} == {
        "few": TOO_FEW,
        "noise": NO_GAIN,
        "tickets": "",
        "zodiac": NO_GAIN,
    }
    assert told["tickets"].low is not None
    assert told["tickets"].low > 0
    assert kept.names == (*data.names, "tickets.open_count")
    for one, was in zip((*kept.snapshots, kept.current), (*data.snapshots, data.current), strict=True):
        assert np.array_equal(one.values[:, :-1], was.values, equal_nan=True)


def test_placebos_are_dropped_whatever_the_seed(built: tuple[TrainingSet, SnapshotPlan]) -> None:
    data, plan = built
    found = [one for seed in range(10) for one in choose_tables(beside(data, seed), plan.test, seed=seed)[1]]
    assert [one.is_kept for one in found if one.name == "tickets"] == [True] * 10
    assert sum(one.is_kept for one in found if one.name in ("noise", "zodiac")) <= 1


def test_outcomes_that_were_not_over_are_not_looked_at(built: tuple[TrainingSet, SnapshotPlan]) -> None:
    data, plan = built
    wide = beside(data, 1)

    def hide(one: SnapshotData) -> SnapshotData:
        is_over = one.snapshot.outcome_end <= plan.test.cutoff
        return one if is_over or one.churned is None else replace(one, churned=(1 - one.churned).astype(np.int8))

    blind = replace(wide, snapshots=tuple(map(hide, wide.snapshots)))
    assert choose_tables(wide, plan.test, seed=1)[1] == choose_tables(blind, plan.test, seed=1)[1]


def test_without_tables_nothing_changes(built: tuple[TrainingSet, SnapshotPlan]) -> None:
    data, plan = built
    assert choose_tables(data, plan.test)[0] is data
    first = data.snapshots[0].snapshot
    kept, gains = choose_tables(beside(data, 1), first)
    assert (kept.names, {one.reason for one in gains}) == (data.names, {TOO_SHORT})


def test_a_copy_of_a_table_does_not_help_beside_it(built: tuple[TrainingSet, SnapshotPlan]) -> None:
    data, plan = built
    wide = beside(data, 1)
    place = wide.names.index("tickets.open_count")

    def copy(one: SnapshotData) -> SnapshotData:
        return replace(one, values=np.hstack([one.values, one.values[:, [place]]]))

    snapshots = tuple(map(copy, wide.snapshots))
    both = replace(wide, names=(*wide.names, "copies.open_count"), snapshots=snapshots, current=copy(wide.current))
    gains = {one.name: one for one in choose_tables(both, plan.test, seed=1)[1]}
    assert gains["tickets"].is_kept or gains["copies"].is_kept
    assert {one.reason for one in gains.values()} <= {"", HURTS, NO_GAIN, TOO_FEW}


def test_a_table_of_those_who_left_alone_is_set_aside(built: tuple[TrainingSet, SnapshotPlan]) -> None:
    data, plan = built
    chance = np.random.default_rng(5)

    def widen(one: SnapshotData) -> SnapshotData:
        churned = np.zeros(len(one.values)) if one.churned is None else one.churned
        called = np.where((churned == 1) & (chance.random(len(churned)) < 0.6), 120.0, np.nan)
        visited = np.where(chance.random(len(churned)) < 0.6, 120.0, np.nan)
        silent = np.where((churned == 1) & (chance.random(len(churned)) < 0.6), 120.0, 5.0)
        return replace(one, values=np.column_stack([one.values, called, visited, silent]))

    names = (*data.names, "calls.days_since_last_row", "visits.days_since_last_row", "mails.days_since_last_row")
    wide = replace(data, names=names, snapshots=tuple(map(widen, data.snapshots)), current=widen(data.current))
    told = {one.name: one.reason for one in choose_tables(wide, plan.test, seed=1)[1]}
    assert told == {"calls": ONLY_LEFT, "visits": NO_GAIN, "mails": ""}, "of mails everybody has some"
    trusted = {one.name: one for one in choose_tables(wide, plan.test, seed=1, trusted=("calls",))[1]}
    assert trusted["calls"].is_kept
    aside = choose_tables(wide, plan.test, seed=1, aside={"calls": "said so"}, trusted=("visits",))[1]
    assert {one.name: one.reason for one in aside} == {"calls": "said so", "visits": NO_GAIN, "mails": ""}
