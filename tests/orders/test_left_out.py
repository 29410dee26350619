"""Customers who are left out: what is read is what a source without their rows gives, whatever is found in the data."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from churnrisk.errors import AmbiguousFormat, SourceError
from churnrisk.orders import IntakeOptions, KeepIn, read_customers, read_orders
from churnrisk.sources import LeftOut
from churnrisk.sources.pseudonyms import pseudonym_of

LINE = re.compile(r"lines? [0-9, ]+")
HEADERS = ("customer_id", "order_id", "date", "total", "email")
Row = tuple[str, ...]


def without(*ids: str) -> LeftOut:
    return LeftOut(str, frozenset(ids))


def write(path: Path, rows: Sequence[Row], headers: Sequence[str] = HEADERS) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([headers, *rows])
    return path


def read(source: Any, options: IntakeOptions) -> tuple[Any, ...]:
    """Return all that reading gives, or what it says in place of that."""
    try:
        with read_orders(source, options) as orders:
            account = {name: value for name, value in orders.report.to_dict().items() if name != "rejected_rows"}
            told = LINE.sub("line", str(account))  # which is that of the file
            assert orders.database is not None
            return told, orders.database.rows_of("SELECT * FROM orders ORDER BY ALL"), orders.fingerprint
    except (SourceError, AmbiguousFormat) as error:
        return type(error).__name__, str(error).split(":")[0]


WHO = ("a", "b", "c", "0", "guest", "")
ROWS = st.lists(
    st.tuples(
        st.sampled_from(WHO),
        st.sampled_from(("o1", "o2", "")),
        st.sampled_from(("2024-01-05", "2024-01-13", "05/02/2024", "25/02/2024", "never")),
        st.sampled_from(("10", "10.50", "-10", "1,5", "x", "0")),
        st.sampled_from(("a@shop.example", "z@shop.example", "", "none")),
    ),
    min_size=3,
    max_size=14,
)


@given(ROWS)
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_reading_is_that_of_a_source_without_them(tmp_path: Path, rows: list[Row]) -> None:
    options = IntakeOptions(reject_limit=1, no_customer_limit=1)
    everybody = write(tmp_path / "log.csv", rows)
    (tmp_path / "less").mkdir(exist_ok=True)
    others = write(tmp_path / "less" / "log.csv", [row for row in rows if row[0] != "a"])
    assert read(everybody, replace(options, left_out=without("a"))) == read(others, options)


def test_what_decides_a_format_goes_with_the_customer(tmp_path: Path) -> None:
    rows = [("a", "1", "25/02/2024", "1", ""), ("b", "2", "05/02/2024", "2", ""), ("b", "3", "06/02/2024", "2", "")]
    log = write(tmp_path / "log.csv", rows)
    read_orders(log).close()
    with pytest.raises(AmbiguousFormat, match="--date-format"):
        read_orders(log, IntakeOptions(left_out=without("a")))
    with pytest.raises(SourceError, match="no rows"):
        read_orders(log, IntakeOptions(left_out=without("a", "b")))


def test_a_guest_is_left_out_by_address_and_an_id_as_it_is_read(tmp_path: Path) -> None:
    rows = [("guest", f"{k}", f"2024-01-{k:02}", "5", f"{'x' if k % 2 else 'y'}@shop.example") for k in range(1, 9)]
    rows += [("007", f"{k}", f"2024-02-{k:02}", "5", "") for k in range(1, 9)]
    log = write(tmp_path / "log.csv", rows)

    def customers(**how: Any) -> set[str]:
        with read_orders(log, IntakeOptions(**how)) as orders:
            assert orders.database is not None
            return {one for (one,) in orders.database.rows_of("SELECT DISTINCT customer_id FROM orders")}

    assert customers() == {"x@shop.example", "y@shop.example", "007"}
    assert customers(left_out=without("x@shop.example")) == {"y@shop.example", "007"}
    assert customers(left_out=without("7"), fold_ids=True) == {"x@shop.example", "y@shop.example"}
    key = b"k" * 32
    gone = pseudonym_of(key, "007")
    left = customers(left_out=without(gone), pseudonym_key=key)
    assert (len(left), gone in left) == (2, False)


def test_rows_keep_their_lines_in_every_form(tmp_path: Path) -> None:
    rows = [("a", "1", "2024-01-05", "1", ""), ("b", "2", "2024-01-06", "2", ""), ("b", "3", "never", "2", "")]
    (tmp_path / "many").mkdir()
    sources: list[Any] = [write(tmp_path / "log.csv", rows), tmp_path / "many"]
    write(tmp_path / "many" / "1.csv", rows[:1])
    write(tmp_path / "many" / "2.csv", rows)
    options = IntakeOptions(reject_limit=1, left_out=without("a"))
    for source in sources:
        with read_orders(source, options) as orders:
            [bad] = orders.report.rejected_rows
            assert (bad.line, orders.report.rows_in, orders.report.customers) == (4, 2, 1)


def test_lists_are_read_without_them_too(tmp_path: Path) -> None:
    listed = write(tmp_path / "ids.csv", [("a",), ("b",), ("c",)], ["customer_id"])
    with read_customers(listed, IntakeOptions(left_out=without("b"))) as found:
        assert (found.customer_ids, found.report.rows_in) == (["a", "c"], 2)
    summary = ("customer_id", "order_count", "mean_order_amount", "days_since_last_order", "tenure_days")
    table = write(tmp_path / "summary.csv", [(one, "2", "5", "10", "90") for one in "abc"], summary)
    with read_customers(table, IntakeOptions(left_out=without("b"))) as found:
        assert (found.kind, found.customer_ids) == ("summary", ["a", "c"])


def test_a_kept_copy_is_of_those_who_were_left_out(tmp_path: Path) -> None:
    log = write(tmp_path / "log.csv", [(one, one, "2024-01-05", "1", "") for one in "abc"])
    options = IntakeOptions(keep=KeepIn(folder=tmp_path / "kept", least=0))

    def count(left_out: LeftOut | None) -> int:
        with read_orders(log, replace(options, left_out=left_out)) as orders:
            return orders.report.customers

    for _ in range(2):
        assert [count(one) for one in (None, without("a"), without("a", "b"), without("b"))] == [3, 2, 1, 2]
    for path in (tmp_path / "kept").rglob("*"):
        assert b"digests" not in (path.read_bytes() if path.is_file() else b"")
