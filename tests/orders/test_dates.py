"""One format per column of dates, decided on all rows; what could be two things is an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnrisk.errors import AmbiguousFormat, SettingsError, TooManyRejects
from churnrisk.orders import IntakeOptions, read_orders
from churnrisk.orders.dates import parse_date_format

LINES = "customer,date\n"


def days(folder: Path, dates: list[str], **options: object) -> tuple[str, str, int]:
    path = folder / "log.csv"
    path.write_text("customer;date\n" + "".join(f"c{k};{date}\n" for k, date in enumerate(dates)), encoding="utf-8")
    with read_orders(path, IntakeOptions(**({"reject_limit": 0.5} | options))) as orders:  # type: ignore[arg-type]
        report = orders.report
        return report.first_on, report.last_on, report.rows_rejected


@pytest.mark.parametrize(
    "dates",
    [
        ["2024-01-05", "2024-02-13 23:59:59"],
        ["2024-01-05T00:00:00Z", "2024-02-13T23:59:59Z"],
        ["05.01.2024", "13.02.2024 23:59"],
        ["5.1.2024 г.", "13.2.2024 г."],
        ["05/01/2024", "13/02/2024"],
        ["1/5/2024 12:01 AM", "2/13/2024 11:59 PM"],
        ["05-01-2024", "13-02-2024"],
        ["20240105", "20240213"],
        ["2024/01/05", "2024/02/13"],
        ["45296", "45335.99"],
        ["1704412800", "1707868799"],
        ["1704412800000", "1707868799999"],
        ["Jan 5, 2024", "February 13, 2024 11:59 PM"],
        ["5 Jan 2024", "13 Feb 2024"],
    ],
)
def test_formats_are_found(dates: list[str], tmp_path: Path) -> None:
    assert days(tmp_path, dates) == ("2024-01-05", "2024-02-13", 0)


def test_the_order_of_day_and_month_is_never_guessed(tmp_path: Path) -> None:
    dates = ["03/04/2025"] * 500
    with pytest.raises(AmbiguousFormat, match="--date-format dd/mm/yyyy or --date-format mm/dd/yyyy"):
        days(tmp_path, dates)
    assert days(tmp_path, [*dates, "13/04/2025"])[0] == "2025-04-03"
    assert days(tmp_path, dates, date_format="mdy")[0] == "2025-03-04"
    assert days(tmp_path, dates, date_format="%d/%m/%Y")[0] == "2025-04-03"
    with pytest.raises(AmbiguousFormat, match="mix"):
        days(tmp_path, ["13/04/2025", "04/13/2025"], reject_limit=0.05)


def test_years_of_two_digits_need_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(TooManyRejects):
        days(tmp_path, ["13.04.24"])
    assert days(tmp_path, ["13.04.24"], date_format="dd.mm.yy")[0] == "2024-04-13"


@pytest.mark.parametrize("bad", ["31.02.2024", "01.01.0001", "01.01.9999", "5 мая 2024", "2024-01-05", "01.02.24", "x"])
def test_what_is_no_date_of_the_column_is_rejected(bad: str, tmp_path: Path) -> None:
    assert days(tmp_path, ["05.01.2024", "13.02.2024", "14.02.2024", bad]) == ("2024-01-05", "2024-02-14", 1)


def test_offsets_are_brought_to_one_zone(tmp_path: Path) -> None:
    mixed = ["2024-01-05T23:30:00+00:00", "2024-01-06T01:30:00+02:00"]
    assert days(tmp_path, mixed)[:2] == ("2024-01-05", "2024-01-05")
    assert days(tmp_path, mixed, timezone="Europe/Sofia")[:2] == ("2024-01-06", "2024-01-06")
    assert days(tmp_path, ["2024-01-05T23:30:00+02:00"])[0] == "2024-01-05"
    with pytest.raises(SettingsError, match="--timezone"):
        IntakeOptions(timezone="Mars/Base")


def test_named_formats_are_checked() -> None:
    assert parse_date_format("%d.%m.%Y %H:%M") == "dmy"
    assert parse_date_format("YYYY-MM-DD") == "ymd"
    assert parse_date_format("epoch_ms") == "epoch milliseconds"
    with pytest.raises(SettingsError, match="--date-format"):
        parse_date_format("whatever")
