"""What a caller from Python may give, and what is refused with what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pandas as pd
import polars as pl
import pytest

import churnrisk
from churnrisk.errors import NotEnoughData, SettingsError, SourceError
from churnrisk.orders import IntakeOptions
from churnrisk.sklearn import make_snapshots
from support.shop import CUSTOMERS

ROWS = 200


def bought() -> pd.DataFrame:
    """Return purchases of fifty customers, every nine days of 2023."""
    days = pd.date_range("2023-01-01", periods=ROWS, freq="2D")
    return pd.DataFrame({"customer_id": [f"c{k % 50}" for k in range(ROWS)], "date": days, "amount": 5.0})


def active(purchases: Any, **given: Any) -> list[Any]:
    return [row["customers_at_start"] for row in churnrisk.metrics(purchases, period="quarter", **given).records()]


def test_a_named_index_is_a_column() -> None:
    frame = bought()
    assert active(frame.set_index("customer_id")) == active(frame.set_index(["customer_id", "date"])) == active(frame)
    assert active(frame.set_index(pd.RangeIndex(ROWS, name="amount"))) == active(frame)  # the column stands


def test_a_header_may_be_a_number() -> None:
    frame = bought().rename(columns={"customer_id": 0})
    assert active(frame, columns={"customer_id": "0"}) == active(bought())


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda frame: frame.rename(columns={"amount": "date"}), "two columns of one name"),
        (lambda frame: frame[[]].reset_index(drop=True), "no columns"),
        (lambda frame: pl.from_pandas(frame).lazy().filter(pl.col("nothing") > 1), "cannot be computed"),
    ],
)
def test_a_frame_that_is_none_is_refused(made: Callable[[pd.DataFrame], Any], said: str) -> None:
    with pytest.raises(SourceError, match=said):
        churnrisk.metrics(made(bought()))


def test_a_stream_that_was_read_before_says_so() -> None:
    reader = pl.from_pandas(bought()).to_arrow().to_reader()
    assert active(reader) == active(bought())
    with pytest.raises(SourceError, match="used up, so make it anew"):
        active(reader)


@pytest.mark.parametrize(
    "day", [dt.date(2011, 9, 1), dt.datetime(2011, 9, 1, 23), pd.Timestamp("2011-09-01 23:00", tz="Europe/Sofia"),
            np.datetime64("2011-09-01T23", "h")],
)  # fmt: skip
def test_a_day_may_be_a_date_or_time_of_any_library(day: Any) -> None:
    expected = churnrisk.segments(CUSTOMERS, as_of="2011-09-01").to_dict()
    assert churnrisk.segments(CUSTOMERS, as_of=day).to_dict() == expected


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: churnrisk.metrics(CUSTOMERS, columns={"a": "b"}, options=IntakeOptions()), "both given"),
        (lambda: churnrisk.metrics(CUSTOMERS, options=cast("Any", {"engine": "polars"})), "IntakeOptions"),
        (lambda: churnrisk.metrics(CUSTOMERS, columns=cast("Any", ["customer_id"])), "'customer_id': 'Klient'"),
        (lambda: churnrisk.train(CUSTOMERS, engine="polars", options=IntakeOptions()), "both given"),
        (lambda: make_snapshots(CUSTOMERS, horizon=60, columns={"a": "b"}, options=IntakeOptions()), "both given"),
        (lambda: churnrisk.metrics(CUSTOMERS, lookback=10**9), "from 1 to 36500"),
        (lambda: churnrisk.metrics(CUSTOMERS, period=10**9), "--period"),
        (lambda: churnrisk.segments(CUSTOMERS, by=cast("Any", "country")), "divided by category alone"),
        (lambda: churnrisk.cohorts(CUSTOMERS, by=cast("Any", "orders")), "customers, revenue"),
        (lambda: churnrisk.segments(CUSTOMERS, as_of="last week"), "is not a date"),
    ],
)
def test_what_would_be_passed_over_is_refused(ask: Callable[[], Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        ask()


def test_the_first_day_of_all_is_a_day(tmp_path: Any) -> None:
    log = tmp_path / "old.csv"
    rows = [f"c{k},1970-0{1 + k % 9}-0{1 + k % 7},5" for k in range(40)]
    log.write_text("\n".join(["customer_id,date,amount", *rows]))
    with pytest.raises(NotEnoughData):  # and not the day after the last order
        churnrisk.ltv(log, as_of="1970-01-01")
