"""What a file says of a day stays true whatever comes later: part deliveries, refunds, reversals, reused numbers."""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from churnrisk.errors import SourceError
from churnrisk.features import customer_features
from churnrisk.labels import label_churn
from churnrisk.orders import IntakeOptions, Orders, read_day, read_orders
from churnrisk.timeline import Snapshot, day_number
from support.sales_oracle import SaleRow, write_csv

CUTOFF = 19_400
SNAPSHOT = Snapshot(CUTOFF, lookback=180, horizon=60, lead=3)


@st.composite
def rows(draw: st.DrawFn) -> SaleRow:
    """A sale or a return of few customers, amounts and order numbers, so that they meet again and again."""
    amount = draw(st.integers(1, 4)) * 1_000
    day = CUTOFF + draw(st.integers(-250, 90))
    row = SaleRow(draw(st.sampled_from(["", "n1", "n2", "n3", "n4"])), draw(st.sampled_from("abc")), day, amount)
    way = draw(st.sampled_from(["sale", "sale", "return", "refund"]))
    if way == "return":
        return replace(row, kind="refund")
    if way == "sale":
        return row
    return replace(row, refund=draw(st.sampled_from([amount, 500])), refund_day=day + draw(st.integers(0, 120)))


def known_by(log: list[SaleRow], day: int) -> list[SaleRow]:
    """The rows as they stood on the morning of a day: what was paid back later is not in them yet."""
    known = [row for row in log if row.day < day]
    return [row if (row.refund_day or 0) < day else replace(row, refund=0, refund_day=None) for row in known]


def read(log: list[SaleRow], path: Path) -> Orders:
    path.write_text(write_csv(log), encoding="utf-8")
    return read_orders(path, IntakeOptions(amounts="line"))


@given(log=st.lists(rows(), min_size=3, max_size=30))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_features_are_those_of_the_log_as_it_stood(log: list[SaleRow], tmp_path: Path) -> None:
    past = known_by(log, CUTOFF)
    assume(past)
    with read(log, tmp_path / "whole.csv") as whole, read(past, tmp_path / "past.csv") as cut:
        one, other = (customer_features(orders, SNAPSHOT) for orders in (whole, cut))
    assert one.customer_ids.tolist() == other.customer_ids.tolist()
    np.testing.assert_array_equal(one.values, other.values)


@given(log=st.lists(rows(), min_size=3, max_size=30))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_labels_are_those_of_the_log_as_it_stood_after_the_window(log: list[SaleRow], tmp_path: Path) -> None:
    past = known_by(log, CUTOFF + 63)
    assume(past)
    with read(log, tmp_path / "whole.csv") as whole, read(past, tmp_path / "past.csv") as cut:
        one, other = (label_churn(orders, SNAPSHOT) for orders in (whole, cut))
    assert [part.tolist() for part in one] == [part.tolist() for part in other]


def test_a_refund_months_later_takes_nothing_from_the_days_before(tmp_path: Path) -> None:
    log = [SaleRow("n1", "a", CUTOFF - 20, 5_000), SaleRow("n2", "b", CUTOFF - 10, 4_000)]
    log += [SaleRow("n1", "a", CUTOFF + 100, 5_000, kind="refund"), SaleRow("n2", "b", CUTOFF + 20, 4_000)]
    with read(log, tmp_path / "whole.csv") as whole, read(log[:2], tmp_path / "past.csv") as cut:
        one, other = (customer_features(orders, SNAPSHOT) for orders in (whole, cut))
        customers, churned = (part.tolist() for part in label_churn(whole, SNAPSHOT))
        assert (whole.report.purchases, whole.report.undone, whole.report.orders_over_days) == (2, 1, 2)
    np.testing.assert_array_equal(one.values, other.values)
    assert dict(zip(customers, churned, strict=True)) == {"a": 1, "b": 0}


TIMES = ["", "T24", "T24:00", "T24:00:00", " 24:00", " 24:00:00", "T24:00:00.000", "T24:00:00Z", "T24:00:00+02:00"]
TIMES += ["T00:00:00", "T23:59:59", "T23:59:59.999999", "T24:00:01", "T24:01", "T25:00", "T23:59:60"]


@given(
    written=st.lists(
        st.tuples(st.dates(dt.date(1971, 1, 1), dt.date(2024, 12, 31)), st.sampled_from(TIMES)), min_size=1, max_size=20
    )
)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_time_is_of_the_same_day_in_a_file_and_over_http(written: list[tuple[dt.date, str]], tmp_path: Path) -> None:
    texts = [f"{day}{time}" for day, time in written if time != "T24"]  # an hour alone is no time in a file
    assume(texts)
    usual = ["2011-12-01T10:00:00"] * 400  # so that rows of days that do not exist are few enough
    path = tmp_path / "purchases.csv"
    lines = [f"c{number},{number},{text},5" for number, text in enumerate([*texts, *usual])]
    path.write_text("\n".join(["customer_id,order_id,ordered_at,amount", *lines]), encoding="utf-8")
    with read_orders(path, IntakeOptions()) as orders:
        assert orders.database is not None
        found = orders.database.connection.execute("SELECT CAST(order_id AS INT), order_day FROM orders").fetchall()
    of_file = {number: day for number, day in found if number < len(texts)}
    of_http = {}
    for number, text in enumerate(texts):
        with contextlib.suppress(SourceError):
            of_http[number] = read_day(text, 1, None)
    assert of_file == of_http
    assert all(
        of_http[number] == day_number(written_day(text)) for number, text in enumerate(texts) if number in of_http
    )


def written_day(text: str) -> dt.date:
    """The day by the rule in words: the one that is written, and at 24:00 the one after it."""
    return dt.date.fromisoformat(text[:10]) + dt.timedelta(days=text[11:13] == "24")
