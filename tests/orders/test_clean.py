"""What is asked of the rows once is what each rule would find out by itself."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.engines import SqlEngine
from churnrisk.errors import ChurnriskError
from churnrisk.orders import IntakeOptions, clean, read_orders
from churnrisk.orders.rows import RowTable

ROWS = st.tuples(
    st.sampled_from(["a", "b", "A", "c", "guest", ""]),
    st.sampled_from(["", *(f"n{number}" for number in range(9))]),
    st.sampled_from(["2024-01-01", "2024-01-02", "2024-03-05", "soon"]),
    st.sampled_from(["10", "10", "20", "-10", "0", "x"]),
)
OPTIONS = IntakeOptions(reject_limit=1, no_customer_limit=1)


def read(path: Path) -> object:
    try:
        with read_orders(path, OPTIONS) as orders:
            return asdict(orders.report), orders.fingerprint
    except ChurnriskError as error:
        return str(error)


def read_knowing(path: Path, **unknown: Any) -> tuple[object, list[RowTable]]:
    """Read a log where some of what was asked of the rows is forgotten; give what was known, too."""
    known: list[RowTable] = []
    know_rows, count = clean.know_rows, clean.count_by_customer

    def know(engine: SqlEngine, table: RowTable) -> RowTable:
        known.append(know_rows(engine, table))
        return replace(known[-1], **unknown)

    def count_orders(engine: SqlEngine, table: RowTable, orders: str, is_one_row_each: bool) -> str:
        return count(engine, table, orders, is_one_row_each and not unknown)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clean, "know_rows", know)
        patch.setattr(clean, "count_by_customer", count_orders)
        return read(path), known


@given(rows=st.lists(ROWS, min_size=1, max_size=9), is_numbered=st.booleans())
@settings(max_examples=40, deadline=None)
def test_what_is_known_of_rows_changes_nothing(rows: list[tuple[str, ...]], is_numbered: bool) -> None:
    if is_numbered:
        rows = [(one, f"n{number}", *rest) for number, (one, _, *rest) in enumerate(rows)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        path.write_text("\n".join(["customer_id,order_id,date,amount", *map(",".join, rows), ""]))
        found, [*known] = read_knowing(path)
        assert found == read_knowing(path, has_own_ids=False)[0]
    assert all(table.has_own_ids for table in known if is_numbered)


@pytest.mark.parametrize(
    ("second", "has_own_ids"),
    [
        ("a,2,2024-01-01", True),
        ("b,1,2024-01-01", True),  # an order is of one customer
        ("a,1,2024-02-01", False),  # one order id on two days
        ("a,1,2024-01-01", False),
        ("a,,2024-01-01", False),
        ("a,1,soon", True),  # no good row
    ],
)
def test_whether_each_row_has_an_order_id_of_its_own(tmp_path: Path, second: str, has_own_ids: bool) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f"customer_id,order_id,date,amount\na,1,2024-01-01,5\n{second},6\n")
    assert [table.has_own_ids for table in read_knowing(path)[1]] == [has_own_ids]
