"""Cohorts: by hand, and against slow plain Python on random logs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.errors import SettingsError
from churnrisk.retention import build_cohorts, make_periods
from churnrisk.schema import CohortMeasure
from churnrisk.timeline import parse_day
from support.logs import CUTOFF, PlainLog, Row, polars_log, random_logs
from support.retention_logs import as_log, buy, small_log
from support.retention_oracle import Shop

JANUARY = parse_day("2011-01-01", option="test")


def expected_curves(shop: Shop, first_day: int, days: int, measure: str) -> dict[str, dict[str, list[float | None]]]:
    """Each cohort's three curves, counted customer by customer."""
    periods = make_periods(days, first_day, shop.end_day)
    cohorts: dict[str, dict[str, list[float | None]]] = {}
    joined: set[str] = set()
    for k, period in enumerate(periods):
        members = [c for c in shop.customers if c not in joined and shop.bought(c, period.starts_on, period.ends_on)]
        joined |= set(members)
        if not members:
            continue
        later = periods[k:]
        bought = [{c for c in members if shop.bought(c, p.starts_on, p.ends_on)} for p in later]
        spent = [sum(shop.net(c, p.starts_on, p.ends_on) for c in members) / 10_000 for p in later]
        sizes = [float(len(who)) for who in bought]
        either = [float(len(set().union(*bought[age:]))) for age in range(len(later))]
        again = [float(len(set().union(*bought[1 : age + 1]))) for age in range(len(later))]
        sums = [sum(spent[age:]) for age in range(len(later))], [sum(spent[: age + 1]) for age in range(len(later))]
        curves = (sizes, either, again) if measure == "customers" else (spent, *sums)
        base = curves[0][0]
        shares = [
            [v / base if base > 0 and p.ends_on <= shop.end_day else None for v, p in zip(curve, later, strict=True)]
            for curve in curves
        ]
        if measure == "customers":
            shares[2][0] = None
        cohorts[period.name] = dict(zip(("classic", "unbounded", "cumulative"), shares, strict=True))
    return cohorts


@settings(max_examples=40)
@given(
    random_logs(customers=6, span=300).filter(lambda log: len(log.rows) > 0),
    st.sampled_from([10, 30, 90, 365]),
    st.sampled_from(["customers", "revenue"]),
)
def test_every_cell_equals_the_oracle(log: PlainLog, days: int, measure: Any) -> None:
    if measure == "revenue" and not log.has_amounts:
        return
    orders = as_log(polars_log(log))
    table = build_cohorts(orders, days, measure=measure)
    expected = expected_curves(Shop(log.orders(), 365, 365), orders.first_day, days, measure)
    assert [cohort.period.name for cohort in table.cohorts] == list(expected)
    for cohort in table.cohorts:
        for name, curve in expected[cohort.period.name].items():
            made = getattr(cohort, name)
            assert [v is None for v in made] == [v is None for v in curve], name
            assert [v for v in made if v is not None] == pytest.approx([v for v in curve if v is not None]), name


def test_by_hand() -> None:
    log = small_log(
        *buy("a", JANUARY, JANUARY + 35, JANUARY + 65),
        *buy("b", JANUARY + 1, JANUARY + 70),
        *buy("c", JANUARY + 2),
        *buy("d", JANUARY + 40, JANUARY + 120),
    )
    table = build_cohorts(log, "month", lookback=30)
    january, february = table.cohorts
    assert (january.size, february.size) == (3, 1)
    assert january.classic == (1.0, 1 / 3, 2 / 3, 0.0, None)  # May is not over
    assert january.unbounded == (1.0, 2 / 3, 2 / 3, 0.0, None)
    assert january.cumulative == (None, 1 / 3, 2 / 3, 2 / 3, None)
    assert january.may_include_older
    assert not february.may_include_older
    assert january.biased_from == 3  # less than 30 days of log after April


def test_incomplete_cells_are_empty_and_not_zero() -> None:
    table = build_cohorts(small_log(*buy("a", JANUARY, JANUARY + 33)), "month")
    assert table.cohorts[0].classic == (1.0, None)
    assert table.cohorts[0].to_dict()["classic"] == [1.0, None]


def test_from_and_to_choose_cohorts_and_not_days() -> None:
    log = small_log(*buy("a", JANUARY, JANUARY + 65), *buy("b", JANUARY + 40))
    [january] = build_cohorts(log, "month", stop=JANUARY + 31).cohorts
    assert january.classic[:2] == (1.0, 0.0)
    assert len(january.classic) == 3


def test_revenue_of_a_log_without_amounts() -> None:
    log = as_log(polars_log(PlainLog(tuple(buy("a", CUTOFF)), has_amounts=False)))
    with pytest.raises(SettingsError, match="no amounts"):
        build_cohorts(log, measure="revenue")


@pytest.mark.parametrize("measure", ["customers", "revenue"])
def test_a_cut_cohort_has_those_alone_who_first_bought_on_the_days_asked_for(measure: CohortMeasure) -> None:
    def customers(days: range) -> list[Row]:
        return [row for k in days for row in buy(f"c{k}", JANUARY + k, JANUARY + k + 25 + k % 9)]

    frame = buy("first", JANUARY - 1)  # so that the logs begin on the same day
    last = buy("last", JANUARY + 130)
    whole = build_cohorts(small_log(*frame, *customers(range(60)), *last), "month", measure=measure,
                          start=JANUARY + 10, stop=JANUARY + 40)  # fmt: skip
    alone = build_cohorts(small_log(*frame, *customers(range(10, 40)), *last), "month", measure=measure,
                          start=JANUARY, stop=JANUARY + 100)  # fmt: skip
    assert [cohort.size for cohort in whole.cohorts] == [21, 9]
    for cut, expected in zip(whole.cohorts, alone.cohorts, strict=True):
        assert cut.period.is_partial
        assert (cut.classic, cut.unbounded, cut.cumulative) == (
            expected.classic,
            expected.unbounded,
            expected.cumulative,
        )
    assert [cohort.to_dict()["starts_on"][-2:] for cohort in whole.cohorts] == ["11", "01"]
