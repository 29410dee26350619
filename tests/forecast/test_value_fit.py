"""Fitting the forecast of value: levels of earlier years, giant purchases, nothing of the future."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.errors import NotEnoughData
from churnrisk.forecast.value_check import check_value
from churnrisk.forecast.value_fit import RECENT_SHARES, ValueFit, _choose_decay, _choose_surely, fit_value
from churnrisk.orders import Orders
from churnrisk.timeline import Snapshot
from support.logs import CUTOFF, PlainLog, Row, polars_log
from support.retention_logs import as_log

SPAN, HORIZON = 1500, 60
END = CUTOFF + SPAN


def season_of(day: np.ndarray, peak: float) -> np.ndarray:
    """Purchases per day of a shop: a December of some times the usual."""
    away = (day % 365 - 335 + 182) % 365 - 182
    busy: np.ndarray = 1 + peak * np.exp(-0.5 * (away / 15) ** 2)
    return busy


def rows_of(*, peak: float = 0.0, customers: int = 900, seed: int = 5, drifts: bool = False) -> list[Row]:
    """Own rates in the shop's own time, a tenth leave after each purchase, amounts lognormal.

    Where rates drift, nobody leaves, and each rate is drawn anew about once in a year.
    """
    clock = np.append(0, np.cumsum(season_of(np.arange(SPAN + 500), peak)))
    draw = np.random.default_rng(seed)
    rows: list[Row] = []
    for who in range(customers):
        rate, mean = draw.gamma(1.2, 1 / 60), draw.lognormal(3.5, 0.4)
        now = draw.uniform(0, clock[SPAN])
        while now < clock[SPAN + 400]:
            day = int(np.searchsorted(clock, now, side="right")) - 1
            amount = round(mean * draw.lognormal(0, 0.4) * 10_000)
            rows.append(Row(f"c{who:04d}", f"o{len(rows)}", CUTOFF + day, amount))
            if drifts:
                rate = draw.gamma(1.2, 1 / 60) if draw.random() < 1 - np.exp(-1 / (365 * rate)) else rate
            elif draw.random() < 0.1:
                break
            now += draw.exponential(1 / rate)
    return rows


def log_of(rows: list[Row]) -> Orders:
    return as_log(polars_log(PlainLog(tuple(rows))))


def expected(fit: ValueFit, *days: float) -> tuple[np.ndarray, np.ndarray]:
    base = fit.customers.take(fit.customers.in_base(365))
    return base.customer_ids, fit.model.expect(base.summary(), base.spent(), days)


def came(rows: list[Row], ids: np.ndarray, days: int) -> float:
    wanted = set(ids.tolist())
    return sum(row.amount for row in rows if row.customer in wanted and END <= row.day < END + days) / 10_000


STEADY = rows_of()
KNOWN = [row for row in STEADY if row.day < END]


@pytest.fixture(scope="module")
def fit() -> ValueFit:
    return fit_value(log_of(KNOWN), Snapshot(END, 365, HORIZON))


def test_totals_come_true(fit: ValueFit) -> None:
    ids, value = expected(fit, HORIZON, 365)
    assert fit.years == 3
    assert value[:, 0].sum() == pytest.approx(came(STEADY, ids, HORIZON), rel=0.2)
    assert value[:, 1].sum() == pytest.approx(came(STEADY, ids, 365), rel=0.15)


def test_nothing_on_the_day_or_after_it_is_looked_at(fit: ValueFit) -> None:
    later = fit_value(log_of(STEADY), Snapshot(END, 365, HORIZON))
    assert later.model == fit.model
    np.testing.assert_array_equal(expected(later, 365)[1], expected(fit, 365)[1])


def test_a_stable_december_is_told_from_earlier_years() -> None:
    rows = rows_of(peak=5.0, seed=7)
    busy = fit_value(log_of([row for row in rows if row.day < END]), Snapshot(END, 365, HORIZON))
    for days in (HORIZON, 365):
        ids, value = expected(busy, days)
        assert value.sum() == pytest.approx(came(rows, ids, days), rel=0.2)


@pytest.mark.parametrize("taken_back", [True, False])
def test_a_giant_purchase_changes_nobody_else(fit: ValueFit, taken_back: bool) -> None:
    recent = [row for row in KNOWN if END - 300 < row.day < END - 100]
    who, day = recent[len(recent) // 2].customer, END - 150
    giant = [Row(who, "giant", day, 2_000_000_000)]
    if taken_back:
        giant.append(Row(who, "back", day, -2_000_000_000))
    after = fit_value(log_of([*KNOWN, *giant]), Snapshot(END, 365, HORIZON))
    ids, before = expected(fit, HORIZON, 365)
    same_ids, now = expected(after, HORIZON, 365)
    assert ids.tolist() == same_ids.tolist()
    others = ids != who
    limit = 1e-9 if taken_back else 0.01
    np.testing.assert_allclose(now[others], before[others], rtol=limit)
    if taken_back:
        np.testing.assert_allclose(now[~others], before[~others], rtol=1e-9)


def test_a_look_back_equals_a_count_by_hand() -> None:
    check = check_value(log_of(STEADY), Snapshot(END + HORIZON, 365, HORIZON))
    assert check.as_of == END
    ids, value = expected(fit_value(log_of(KNOWN), Snapshot(END, 365, HORIZON)), HORIZON)
    assert check.customers == len(ids)
    assert check.total("expected_revenue") == pytest.approx(value.sum())
    assert check.total("realised_revenue") == pytest.approx(came(STEADY, ids, HORIZON))
    assert check.interval is not None
    assert check.ratio is not None
    assert check.interval[0] < check.ratio < check.interval[1]
    assert check.is_sound


def test_recent_rates_are_believed_where_rates_drift_and_nowhere_else(fit: ValueFit) -> None:
    assert fit.model.recent_share == 0
    rows = rows_of(drifts=True, seed=11)
    drifting = fit_value(log_of([row for row in rows if row.day < END]), Snapshot(END, 365, HORIZON))
    assert drifting.model.recent_share == RECENT_SHARES[-1]
    base = drifting.customers.take(drifting.customers.in_base(365))
    came_days = dict.fromkeys(base.customer_ids.tolist(), 0)
    for row in rows:
        if row.customer in came_days and END <= row.day < END + HORIZON:
            came_days[row.customer] += 1
    came = np.array(list(came_days.values()))
    with_recent, without = (
        drifting.model.expect_orders(base.summary(), [HORIZON], recent=recent)[:, 0] for recent in (base.recent, None)
    )
    assert ((with_recent - came) ** 2).mean() < 0.97 * ((without - came) ** 2).mean()


def test_what_chance_explains_is_not_chosen() -> None:
    draw = np.random.default_rng(8)
    given = draw.gamma(2, 1, (400, 500))
    other = given + draw.normal(0, 1, (400, 500))
    taken = np.mean([_choose_surely([np.stack(pair)]) for pair in zip(given, other, strict=True)])
    assert 0.02 < taken < 0.09
    assert _choose_surely([np.array([[2.0] * 9, [1.0] * 9, [3.0] * 9]), np.array([[2.0], [1.0], [1.5]])]) == 1


def test_the_decay_of_older_years_is_the_one_that_would_have_told_best() -> None:
    assert _choose_decay(np.array([1.0, 0.9])) == 0.5
    assert _choose_decay(np.array([1.0, 0.8, 0.4, -0.2])) == 0.15, "a peak that moves: believe the last year"
    assert _choose_decay(np.array([1.0, 0.6, 1.0, 0.6, 1.0])) == 0.9, "noise: believe all"


def test_a_distorted_year_is_not_learned_from() -> None:
    seen = fit_value(log_of(KNOWN), Snapshot(END, 365, HORIZON), leave_out=lambda then: then.cutoff < END - 400)
    assert seen.years == 1


def test_what_cannot_be_valued() -> None:
    without = as_log(polars_log(PlainLog(tuple(KNOWN), has_amounts=False)))
    with pytest.raises(NotEnoughData, match="no amounts"):
        fit_value(without, Snapshot(END, 365, 30))
    with pytest.raises(NotEnoughData, match="at least 10 customers"):
        fit_value(log_of(KNOWN[:5]), Snapshot(END, 365, 30))
    with pytest.raises(NotEnoughData, match="needs 182 days of log before them"):
        check_value(log_of(KNOWN), Snapshot(CUTOFF + 400, 365, 365))
