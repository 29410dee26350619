"""The metrics table: by hand, and against the oracle on random logs."""

from __future__ import annotations

import narwhals as nw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.errors import SettingsError
from churnrisk.orders import Orders
from churnrisk.retention import Calendar, measure_retention
from churnrisk.timeline import parse_day
from support.logs import CUTOFF, PlainLog, polars_log, random_logs
from support.retention_logs import as_log, buy, small_log
from support.retention_oracle import Shop, assert_same_figures, period_figures

MAY, JUNE, JULY = (parse_day(f"2011-{month:02d}-01", option="test") for month in (5, 6, 7))


@settings(max_examples=60)
@given(
    log=random_logs(customers=5, span=900, after=120).filter(lambda log: len(log.rows) > 0),
    days=st.sampled_from([1, 7, 30, 90, 365, 500]),
    lookback=st.sampled_from([1, 30, 90, 365, 400]),
    window=st.sampled_from([1, 30, 90, 365]),
    last=st.integers(-40, 140),
)
def test_every_figure_equals_the_oracle(log: PlainLog, days: int, lookback: int, window: int, last: int) -> None:
    stop = CUTOFF + last
    table = measure_retention(
        as_log(polars_log(log)), days, start=stop - 3 * days, stop=stop, lookback=lookback, revenue_window=window
    )
    shop = Shop(log.orders(), lookback, window, log.has_amounts)
    assert [row.period.ends_on for row in table.rows] == [stop - 2 * days, stop - days, stop]
    for row in table.rows:
        assert_same_figures(row, period_figures(shop, row.period.starts_on, row.period.ends_on))


@settings(max_examples=25)
@given(log=random_logs(customers=5, span=300, after=60).filter(lambda log: len(log.rows) > 0), days=st.integers(20, 90))
def test_groups_are_frozen_at_the_start_of_the_period(log: PlainLog, days: int) -> None:
    orders = sorted(log.orders(), key=lambda order: (order.order_day, order.order_id))
    group_of = {order.order_id: f"g{int(order.order_id[1:]) % 3}" for order in orders}
    ordered = sorted(orders, key=lambda order: (order.order_day, group_of[order.order_id]))

    def group_before(customer: str, day: int) -> str:
        own = [order for order in ordered if order.customer_id == customer]
        known = [order for order in own if order.order_day < day]
        return group_of[(known[-1] if known else own[0]).order_id]

    with_group = (
        as_log(polars_log(log))
        .frame()
        .with_columns(
            customer_group=nw.concat_str(
                nw.lit("g"), (nw.col("order_id").str.slice(1).cast(nw.Int64) % 3).cast(nw.String)
            )
        )
    )
    table = measure_retention(
        Orders.from_frame(with_group, has_amounts=log.has_amounts), days, start=CUTOFF - 2 * days, stop=CUTOFF,
        lookback=90, revenue_window=60, by_group=True,
    )  # fmt: skip
    shop = Shop(log.orders(), 90, 60, log.has_amounts)
    for row in table.rows:
        a, b = row.period.starts_on, row.period.ends_on
        members = {c for c in shop.customers if group_before(c, a) == row.group}
        assert_same_figures(row, period_figures(shop, a, b, members.__contains__))


def test_one_month_by_hand() -> None:
    log = small_log(
        *buy("stays", MAY - 20, MAY + 5, amount=10),
        *buy("leaves", MAY - 25, amount=30),
        *buy("pauses", MAY - 1, amount=50),
        *buy("new", MAY + 30, amount=20),
        *buy("comes back", MAY - 100, MAY, amount=40),
        *buy("comes and goes", MAY + 0, amount=5),
        *buy("end", JUNE, amount=1),
    )
    table = measure_retention(log, "month", start=MAY, stop=JUNE, lookback=31, revenue_window=31)
    [row] = table.rows
    assert row.period.name == "2011-05"
    assert [row.to_dict()[name] for name in ("starts_on", "ends_on")] == ["2011-05-01", "2011-06-01"]
    wanted = {
        "customers_at_start": 3,  # stays, leaves, pauses
        "customers_at_end": 4,  # stays, new, comes back, comes and goes
        "new_customers": 2,
        "reactivated_customers": 1,
        "lost_customers": 2,
        "retention_rate": 1 / 3,
        "retention_rate_by_count": 2 / 3,
        "churn_rate": 2 / 3,
        "no_purchase_rate": 2 / 3,
        "annual_churn_rate": None,
        "annual_churn_rate_from_period": 1 - (1 / 3) ** (365 / 31),
        "revenue": 75.0,
        "net_revenue_retention": 10 / 90,
        "gross_revenue_retention": 10 / 90,
        "gross_revenue_churn": 80 / 90,
        "revenue_churn_lost_customers": 80 / 90,
        "repeat_purchase_rate": 0.0,
        "orders_per_customer": 1.0,
        "average_order_value": 75 / 4,
        "reactivation_rate": 1.0,
        "quick_ratio": 1.5,
    }
    assert {name: row.figures[name] for name in wanted} == pytest.approx(wanted)


def test_edges_of_a_period() -> None:
    # on the first day, on the last day, and on the day after it
    log = small_log(*buy("first", MAY), *buy("last", JUNE - 1), *buy("after", JUNE), *buy("old", MAY - 1))
    may, june = measure_retention(log, "month", start=MAY, stop=JULY, lookback=90).rows
    assert (may.figures["new_customers"], june.figures["new_customers"]) == (2, 1)
    assert may.figures["customers_at_start"] == 1
    assert june.figures["customers_at_start"] == may.figures["customers_at_end"] == 3


def test_the_first_period_has_nobody_at_the_start() -> None:
    row = measure_retention(small_log(*buy("a", MAY, MAY + 3)), "month").rows[0]
    assert row.figures["customers_at_start"] == 0
    assert row.figures["retention_rate"] is None
    assert row.reasons["retention_rate"] == "no customer was active at the start"
    assert row.to_dict()["retention_rate"] is None


def test_returns_that_exceed_purchases() -> None:
    bought = buy("a", MAY - 40, amount=100) + buy("a", MAY + 2, amount=-150) + buy("b", MAY - 40, amount=100)
    log = small_log(*bought, *buy("b", MAY + 2, amount=300), *buy("c", MAY - 400), *buy("c", JULY))
    row = measure_retention(log, 60, start=MAY - 30, stop=MAY + 30, lookback=60, revenue_window=60).rows[0]
    assert row.figures["net_revenue_retention"] == pytest.approx((-150 + 300) / 200)
    assert row.figures["gross_revenue_retention"] == pytest.approx(100 / 200)
    assert row.figures["revenue_churn_lost_customers"] == pytest.approx(100 / 200)


def test_incomplete_periods_stay_out_of_averages() -> None:
    log = small_log(*buy("a", *range(MAY - 100, JUNE + 10, 9)), *buy("b", MAY - 100, MAY + 2))
    table = measure_retention(log, "month", lookback=30)
    assert [(row.period.name, row.complete) for row in table.rows] == [
        ("2011-01", False),  # the log begins within it
        ("2011-02", False),  # it begins within the first lookback
        ("2011-03", True),
        ("2011-04", True),
        ("2011-05", True),
        ("2011-06", False),  # the log ends within it
    ]
    rates = [row.figures["no_purchase_rate"] or 0.0 for row in table.rows if row.complete]
    assert table.averages["no_purchase_rate"] == pytest.approx(sum(rates) / 3)
    assert table.averages["reactivation_rate"] is None  # never covered by the log


def test_a_log_too_short_says_so() -> None:
    table = measure_retention(small_log(*buy("a", MAY, JUNE + 10)), "month")
    assert any("No period is complete" in notice and "--lookback" in notice for notice in table.notices)
    assert set(table.averages.values()) == {None}


def test_reactivated_customers_push_the_rate_by_count_above_one() -> None:
    log = small_log(*buy("a", MAY - 10, MAY + 20), *buy("b", MAY - 100, MAY + 20))
    table = measure_retention(log, "month", start=MAY, stop=JUNE, lookback=30)
    assert table.rows[0].figures["retention_rate_by_count"] == 2.0
    assert any("retention_rate_by_count exceeds 100 % in 2011-05" in notice for notice in table.notices)


def test_the_label_and_the_figure_coincide_only_where_windows_do() -> None:
    log = small_log(*buy("a", MAY - 10, MAY + 5), *buy("b", MAY - 20), *buy("c", MAY - 3, MAY + 29), *buy("d", JUNE))
    same = measure_retention(log, 30, start=MAY, stop=MAY + 30, lookback=30).rows[0]
    assert same.figures["churn_rate"] == same.figures["no_purchase_rate"] == pytest.approx(1 / 3)
    longer = measure_retention(log, 30, start=MAY, stop=MAY + 30, lookback=60).rows[0]
    assert longer.figures["churn_rate"] == 0.0
    assert longer.figures["no_purchase_rate"] == pytest.approx(1 / 3)


def test_a_log_without_amounts_has_no_revenue() -> None:
    plain = PlainLog(tuple(buy("a", MAY, MAY + 40)), has_amounts=False)
    row = measure_retention(as_log(polars_log(plain)), "month").rows[0]
    assert row.figures["revenue"] is None
    assert row.reasons["revenue"] == row.reasons["net_revenue_retention"] == "the log has no amounts"
    assert row.figures["orders_per_customer"] == 1


@pytest.mark.parametrize(("wrong", "option"), [({"lookback": 0}, "--lookback"), ({"revenue_window": -1}, "--revenue")])
def test_impossible_windows(wrong: dict[str, int], option: str) -> None:
    with pytest.raises(SettingsError, match=option):
        measure_retention(small_log(*buy("a", MAY)), **wrong)  # type: ignore[arg-type]


def test_too_many_groups() -> None:
    log = small_log(*[row for k in range(250) for row in buy(f"c{k}", MAY)])
    grouped = Orders.from_frame(log.frame().with_columns(customer_group=nw.col("customer_id")), has_amounts=True)
    with pytest.raises(SettingsError, match="250 different values"):
        measure_retention(grouped, by_group=True)


@settings(max_examples=30)
@given(
    log=random_logs(customers=5, span=400, after=120).filter(lambda log: len(log.rows) > 0),
    kind=st.sampled_from(["week", "month", "quarter", "year", 45]),
    first=st.integers(-200, 0),
    days=st.integers(1, 200),
)
def test_cut_periods_count_their_own_days_alone(log: PlainLog, kind: str | int, first: int, days: int) -> None:
    start = CUTOFF + first
    table = measure_retention(
        as_log(polars_log(log)), kind, start=start, stop=start + days, lookback=60, revenue_window=30,
        calendar=Calendar("04-06", "sunday"),
    )  # fmt: skip
    assert table.rows[0].period.starts_on == start
    assert table.rows[-1].period.ends_on == start + days
    shop = Shop(log.orders(), 60, 30, log.has_amounts)
    for row in table.rows:
        assert_same_figures(row, period_figures(shop, row.period.starts_on, row.period.ends_on))
        assert not (row.complete and row.period.is_partial)


def test_averages_leave_cut_periods_out_and_say_so() -> None:
    log = small_log(*[row for k in range(40) for row in buy(f"c{k}", *range(MAY - 200 + k, MAY + 100, 3 + k))])
    table = measure_retention(log, "month", start=MAY + 9, stop=JULY + 10, lookback=30)
    may, june, july = table.rows
    assert [row.period.is_partial for row in table.rows] == [True, False, True]
    assert (may.to_dict()["starts_on"], may.to_dict()["last_day"]) == ("2011-05-10", "2011-05-31")
    assert july.to_dict()["last_day"] == "2011-07-10"
    assert table.averages["customers_at_end"] == june.figures["customers_at_end"]
    assert any("2011-05 (2011-05-10 to 2011-05-31), 2011-07 (2011-07-01" in notice for notice in table.notices)


def test_averages_leave_out_what_a_hole_bends_and_the_hole_is_named() -> None:
    gone = range(MAY + 3, MAY + 40)
    days = [day for day in range(MAY - 150, MAY + 250) if day not in gone]
    log = small_log(*[row for k in range(20) for row in buy(f"c{k}", *days[k % 3 :: 3])])
    table = measure_retention(log, "month", lookback=60)
    assert [hole["first_day"] for hole in table.to_dict()["holes"]] == ["2011-05-04"]
    held = [row.period.name for row in table.rows if row.has_hole]
    # 25 of the 60 days before July are in the hole, and 11 of those before the end of August
    assert held == ["2011-05", "2011-06", "2011-07"]
    assert not any(row.complete for row in table.rows if row.has_hole)
    assert table.averages["churn_rate"] == 0
    assert any("2011-05-04 to 2011-06-09 (37 days)" in notice for notice in table.notices)
    assert not measure_retention(small_log(*buy("a", *days[:100])), "month", lookback=60).holes
