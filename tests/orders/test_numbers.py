"""Amounts are exact: any way of writing them, half to even, never through a float; what is ambiguous is an error."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churnrisk.engines import Database, collect_arrays
from churnrisk.errors import AmbiguousFormat, LimitExceeded, SettingsError
from churnrisk.orders import IntakeOptions, dates, load, numbers, read_orders


def amounts(folder: Path, texts: list[str], **options: object) -> list[int]:
    path = folder / "log.csv"
    body = "".join(f"c{k:04};2024-01-05;{text}\n" for k, text in enumerate(texts))
    path.write_text("customer;date;total\n" + body, encoding="utf-8")
    with read_orders(path, IntakeOptions(**({"reject_limit": 0.9} | options))) as orders:  # type: ignore[arg-type]
        found: list[int] = collect_arrays(orders.frame(), sort_by=["customer_id"])["amount"].tolist()
        return found


@pytest.mark.parametrize(
    ("texts", "units"),
    [
        (["1.5", "2", "-3.25"], [15000, 20000, -32500]),
        (["1,5", "1.234,50"], [15000, 12345000]),
        (["1 234,50", "1\u00a0234\u202f567,1"], [12345000, 12345671000]),
        (["1'234.50", "1’234.5"], [12345000, 12345000]),
        (["$1,234.50", "$5.00"], [12345000, 50000]),
        (["12,50 лв.", "1.234,00 лв"], [125000, 12340000]),
        (["12,50 zł", "7 zł"], [125000, 70000]),
        (["EUR 12.50", "12.50 EUR"], [125000, 125000]),
        (["(12.50)", "12.5-", "-12.5", "−12.5"], [-125000] * 4),
        (["1.5e3", "2.5E-05", "1E+2"], [15000000, 0, 1000000]),
        (["12.00005", "12.00015", "-12.00005", "0.00005000000000000000001"], [120000, 120002, -120000, 1]),
        (["0,125", "1,234"], [1250, 12340]),
        (["1.234.567", "5"], [12345670000, 50000]),
        (["1,00,000.50", "5.00"], [1000005000, 50000]),
        (["100000000000000", "1.5"], [10**18, 15000]),
        (["0.5", "0.30000000000000004", "-1.4300000000000002", "12"], [5000, 3000, -14300, 120000]),
        (["7", "-3", "1,5", "1.234"], [70000, -30000, 15000, 12340000]),
    ],
)
def test_amounts_are_read_exactly(texts: list[str], units: list[int], tmp_path: Path) -> None:
    assert amounts(tmp_path, texts) == units


@pytest.mark.parametrize(
    "bad", ["NaN", "inf", "1e15", "1,2,3", "0x10", "1_000", "--5", "(5", "5 apples", "٣", "1.2.3.4"]
)
def test_what_is_no_number_is_rejected(bad: str, tmp_path: Path) -> None:
    assert amounts(tmp_path, ["1.25", bad, "2.5"]) == [12500, 25000]


@pytest.mark.parametrize("text", ["1,234", "1.234", "999,000"])
def test_thousands_or_fractions_are_never_guessed(text: str, tmp_path: Path) -> None:
    with pytest.raises(AmbiguousFormat, match="--decimal"):
        amounts(tmp_path, [text] * 3)
    other = "." if "," in text else ","
    whole = int(text.replace(",", "").replace(".", "")) * 10_000
    assert amounts(tmp_path, [text], decimal=other) == [whole]
    assert amounts(tmp_path, [text], decimal="," if other == "." else ".") == [whole // 1000]


def test_contradictory_signs_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(AmbiguousFormat, match="mix decimal signs"):
        amounts(tmp_path, ["1.50", "1,50"], reject_limit=0.05)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.decimals(-(10**13), 10**13, allow_nan=False, places=7), min_size=1, max_size=30))
def test_rounding_is_half_to_even(values: list[Decimal], tmp_path: Path) -> None:
    texts = ["0.5", *(f"{value:f}" for value in values)]
    wanted = [int((Decimal(t) * 10_000).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)) for t in texts]
    if sum(abs(units) for units in wanted) < 9 * 10**18:
        assert amounts(tmp_path, texts) == wanted


_EXACT = Context(prec=60)
_LARGE = st.decimals(-(10**15), 10**15, allow_nan=False, places=2).map(lambda value: f"{value:f}") | st.sampled_from(
    [
        *(
            "10000000000",
            "9999999999.9999",
            "10000000000.0001",
            "99999999999999.99",
            "100000000000000",
            "-100000000000000",
        ),
        *("100000000000000.01", "1e14", "1.00000000000001e14", "9999999999999.9999", "-10000000000.5"),
    ]
)


def units(value: Decimal) -> int | None:
    """Ten-thousandths as intake counts them; None beyond its limit."""
    if abs(value) > 10**14:
        return None
    return int(_EXACT.multiply(value, Decimal(10_000)).quantize(Decimal(1), ROUND_HALF_EVEN, _EXACT))


def read_each(folder: Path, header: str, rows: list[str], **options: object) -> list[int | None]:
    """The amount of each row, None where it was set aside as beyond the limit; a small first row is always there."""
    path = folder / "log.csv"
    path.write_text(
        "customer;date;" + header + "\n" + "".join(f"c{k:03};2024-01-05;{row}\n" for k, row in enumerate(rows))
    )
    with read_orders(path, IntakeOptions(reject_limit=1, **options)) as orders:  # type: ignore[arg-type]
        assert set(orders.report.reasons) <= {"an amount beyond 1e+14"}
        found = collect_arrays(orders.frame(), sort_by=["customer_id"])
        known = dict(zip(found["customer_id"].tolist(), found["amount"].tolist(), strict=True))
        return [known.get(f"c{k:03}") for k in range(len(rows))]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(_LARGE, min_size=1, max_size=6), is_clean=st.booleans())
def test_large_amounts_are_exact_up_to_the_limit_and_set_aside_beyond_it(
    texts: list[str], is_clean: bool, tmp_path: Path
) -> None:
    first = "1.5" if is_clean else "$1.5"
    wanted = [units(Decimal(text)) for text in ["1.5", *texts]]
    if sum(abs(one or 0) for one in wanted) > 9 * 10**18:
        with pytest.raises(LimitExceeded, match="add up"):
            read_each(tmp_path, "total", [first, *texts])
    else:
        assert read_each(tmp_path, "total", [first, *texts]) == wanted


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    price=st.decimals(-(10**9), 10**14, allow_nan=False, places=4),
    quantity=st.decimals(-(10**6), 10**14, allow_nan=False, places=2),
    rate=st.sampled_from(["0.235", "1.95583", "99999", "0.000000001"]),
)
def test_products_are_exact_up_to_the_limit_and_set_aside_beyond_it(
    price: Decimal, quantity: Decimal, rate: str, tmp_path: Path
) -> None:
    wanted = units(_EXACT.multiply(price, quantity))
    if abs(quantity) <= 5 * 10**13:  # quantities add up, too
        assert read_each(tmp_path, "unit price;quantity", ["2;3", f"{price:f};{quantity:f}"]) == [60_000, wanted]
    wanted = units(_EXACT.multiply(price, Decimal(rate)))
    rows = ["2;EUR", f"{price:f};PLN"]
    assert read_each(tmp_path, "total;currency", rows, rates={"PLN": rate}) == [20_000, wanted]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.floats(-1e15, 1e15) | st.sampled_from([1e10, 9.9e13, 1e14, 1.0000001e14, 1e22, 1e300, float("inf")]))
def test_floats_of_parquet_and_frames_are_read_by_their_digits(value: float, tmp_path: Path) -> None:
    frame = pd.DataFrame({"customer": ["a", "b"], "date": ["2024-01-05"] * 2, "total": [1.5, value]})
    frame.to_parquet(tmp_path / "log.parquet")
    wanted = None if value == float("inf") else units(Decimal(repr(value)))
    for source in (frame, tmp_path / "log.parquet"):
        with read_orders(source, IntakeOptions(reject_limit=1)) as orders:
            found = collect_arrays(orders.frame(), sort_by=["customer_id"])["amount"].tolist()
            assert found == [15_000, *([] if wanted is None else [wanted])]
            reason = "not a finite number" if value == float("inf") else "an amount beyond 1e+14"
            assert set(orders.report.reasons) == (set() if wanted is not None else {reason})


@pytest.mark.parametrize("others", [[1.5, 2.25], [3.0, 4.0]])
def test_a_nan_sets_its_row_aside(others: list[float], tmp_path: Path) -> None:
    amounts = [others[0], float("nan"), others[1]]
    frame = pl.DataFrame({"customer": list("abc"), "date": ["2024-01-05"] * 3, "total": amounts})
    frame.write_parquet(tmp_path / "log.parquet")  # pandas would write NULL for NaN
    for source in (frame, frame.to_pandas(), tmp_path / "log.parquet"):
        with read_orders(source, IntakeOptions(reject_limit=0.5)) as orders:
            [row] = orders.report.rejected_rows
            assert (row.line, row.column, row.reason) == (2, "total", "no amount")
            assert orders.report.rows_used == 2


def test_a_price_of_a_piece_is_multiplied(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("customer,date,unit price,quantity\na,2024-01-05,5.25,2\nb,2024-01-05,0.5,-3\n")
    with read_orders(path) as orders:
        assert collect_arrays(orders.frame(), sort_by=["customer_id"])["amount"].tolist() == [105000, -15000]


def test_options_are_checked() -> None:
    for wrong in ({"decimal": "x"}, {"reject_limit": 2}, {"delimiter": "ab"}):
        with pytest.raises(SettingsError):
            IntakeOptions(**wrong)


WHOLES = "0 -0 7 -7 007 +7 9999999999999 -9999999999999 99999999999999 -999999999999 1_000 0x10 1e3"
DECIMALS = "1.5 1.50 -1.50 -0.00 0.00 .50 1. 1.234 1.2345 1.23456 9999999999999.99 99999999999999.99 1,50"
OTHERS = "nan inf infinity true \u0661\u0662 \u22127 12:30"
NUMBER_LIKE = (*f"{WHOLES} {DECIMALS} {OTHERS}".split(), "", " 7", "7 ", "7\n", "1 000")
DAYS = "2024-01-05 2024-02-30 2024-13-01 2024-1-5 0001-01-01 9999-12-31 10000-01-01 02024-01-05 24-01-05"
WORDS = "infinity -infinity epoch today 2024/01/05 2024.01.05 20240105 2024-01-05T10:00:00.123"
TIMES = ("2024-01-05 10:00", "2024-01-05 10:00:00Z", "0044-03-15 (BC)")
DATE_LIKE = (*f"{DAYS} {WORDS}".split(), *TIMES, "", "2024 01 05", "2024-01-05 ", " 2024-01-05", "2024-01-5 ")


@pytest.mark.parametrize(("role", "texts"), [("amount", NUMBER_LIKE), ("ordered_at", DATE_LIKE)])
def test_clean_values_have_the_shape_that_their_pattern_says(role: str, texts: tuple[str, ...]) -> None:
    """The patterns decide what the shape of a text is called."""
    patterns = {dates.CANONICAL_SHAPE: dates.CANONICAL}
    if role == "amount":
        patterns = {numbers.WHOLE_SHAPE: numbers.WHOLE, numbers.DECIMAL_SHAPE: numbers.DECIMAL}
    with Database() as database:
        for text in texts:
            [shape] = load.count_shapes(database, role, f"(SELECT {database.quote_text(text)} AS v)")[0]
            known = [one for one, pattern in patterns.items() if re.fullmatch(pattern, text, re.ASCII)]
            assert shape == (known[0] if known else re.sub("[0-9]", "9", text)), text
