"""What a line cost: the price of a piece times the pieces, less a discount that evidence or the user explains."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.engines import Database, collect_arrays
from churnrisk.errors import AmbiguousFormat
from churnrisk.orders import IntakeOptions, read_orders
from churnrisk.orders.cost import divide_sql, line_sql

SCALE = 10_000


def amounts(tmp_path: Path, header: str, *rows: str, **options: Any) -> list[float]:
    """Return the amount of each order; a row is price, pieces and discount."""
    path = tmp_path / "log.csv"
    lines = [f"{place},c{place},2024-01-{place + 1:02};{row}".replace(";", ",") for place, row in enumerate(rows)]
    path.write_text("\n".join([f"order_id,customer_id,date,unit_price,quantity,{header}", *lines, ""]))
    with read_orders(path, IntakeOptions(**options)) as orders:
        found = collect_arrays(orders.frame(), sort_by=["order_day"])["amount"].tolist()
    return [amount / SCALE for amount in found]


@pytest.mark.parametrize(
    ("header", "rows", "wanted"),
    [
        ("discount", ("10,2,0", "5,1,"), [20, 5]),
        ("discount", ("10,2,10%", "5,1,0%"), [18, 5]),
        ("discount_percent", ("10,2,10", "5,1,0"), [18, 5]),
        ("Discount (%)", ("10,2,25", "5,1,0"), [15, 5]),
        ("discount", ("10,2,0.10", "5,1,0"), [18, 5]),
        ("discount_amount", ("10,1,0.50", "5,1,0"), [9.5, 5]),  # half a unit, and not half the price
        ("discount", ("2,3,10", "40,1,50"), [5.4, 20]),  # no amount off a line is more than the line
        ("discount", ("10,1,2.50", "5,1,0"), [7.5, 5]),
        ("discount", ("10,1,-2.50", "5,1,0"), [7.5, 5]),
        ("discount", ("10,3,12.50", "5,1,0"), [17.5, 5]),  # more than a piece costs
        ("Kwota rabatu", ("10,1,2", "5,1,0"), [8, 5]),
    ],
)
def test_evidence_tells_what_a_discount_is(
    header: str, rows: tuple[str, ...], wanted: list[float], tmp_path: Path
) -> None:
    assert amounts(tmp_path, header, *rows) == wanted


@pytest.mark.parametrize(
    ("row", "answers"),
    [
        ("10,3,2.50", {"line": 27.5, "unit": 22.5, "none": 30, "percent": 29.25}),
        ("10,1,5", {"line": 5, "percent": 9.5, "none": 10}),
        ("10,3,5", {"line": 25, "unit": 15, "percent": 28.5, "none": 30}),
    ],
)
def test_what_evidence_does_not_tell_is_asked(row: str, answers: dict[str, float], tmp_path: Path) -> None:
    with pytest.raises(AmbiguousFormat) as caught:
        amounts(tmp_path, "discount", row)
    for answer, amount in answers.items():
        assert f"--discount {answer}" in str(caught.value)
        assert amounts(tmp_path, "discount", row, discount=answer) == [amount]


UNITS = st.integers(-(10**9), 10**9)


@given(price=UNITS, pieces=st.integers(-50 * SCALE, 50 * SCALE), off=st.integers(-SCALE, SCALE))
@settings(max_examples=100)
def test_a_line_is_rounded_half_to_even_once(price: int, pieces: int, off: int, engine: Database) -> None:
    exact = {
        "none": Decimal(price * pieces) / SCALE,
        "share": Decimal(price * pieces) * (SCALE - abs(off)) / SCALE**2,
        "percent": Decimal(price * pieces) * (100 * SCALE - abs(off)) / (100 * SCALE**2),
        "unit": Decimal((price - abs(off)) * pieces) / SCALE,
        "line": Decimal(price * pieces) / SCALE - ((pieces > 0) - (pieces < 0)) * abs(off),
    }
    source = f"(SELECT CAST({pieces} AS BIGINT) AS quantity, CAST({off} AS BIGINT) AS discount)"
    assert exact
    for kind, amount in exact.items():
        [(found,)] = engine.rows_of(f"SELECT {line_sql(str(price), kind)} FROM {source}")
        assert found == int(amount.quantize(Decimal(1), ROUND_HALF_EVEN))


@pytest.fixture(scope="module")
def engine() -> Any:
    database = Database()
    yield database
    database.close()


def test_more_than_the_largest_amount_is_nothing(engine: Database) -> None:
    assert engine.rows_of(f"SELECT {divide_sql('CAST(1 AS HUGEINT)', 1)}") == [(1,)]
    huge = f"CAST({10**18} AS HUGEINT) * CAST({10**10} AS HUGEINT)"
    assert engine.rows_of(f"SELECT {divide_sql(f'({huge})', SCALE)}") == [(None,)]
