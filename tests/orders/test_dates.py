"""One format per column of dates, decided on all rows; what could be two things is an error."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from pathlib import Path

import pandas as pd
import pytest
from babel.dates import format_date, get_month_names
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churnrisk.engines import collect_arrays
from churnrisk.errors import AmbiguousFormat, SettingsError
from churnrisk.orders import IntakeOptions, PurchaseRow, build_few_orders, read_orders
from churnrisk.orders.date_forms import MONTHS
from churnrisk.orders.dates import parse_date_format


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
        ["05-JAN-2024", "13-feb-2024 10.15.30.123456 PM"],
        ["Jan-05-2024", "Feb-13-2024 23:59:59 PST"],
        ["05JAN2024", "13FEB2024"],
        ["2024-Jan-05", "2024-Feb-13"],
        ["05/Jan/2024:13:55:36 -0700", "13/Feb/2024:23:59:59 -0700"],
        ["Fri Jan 05 2024 10:15:00 GMT+0200 (Eastern European Standard Time)", "Tue Feb 13 2024 23:59:59 GMT+0200"],
        ["Friday, January 5th, 2024 at 10:15", "Tuesday, February 13th, 2024 at 11:59 PM"],
        ["5. Januar 2024", "13. Februar 2024 um 23:59"],
        ["5 stycznia 2024 r.", "13 LUTEGO 2024"],
        ["2024010500", "2024021323"],
        ["202401050000", "202402132359"],
        ["20240105000000", "20240213T235959Z"],
        ["1704412800000000", "1707868799999999"],
        ["1704412800000000000", "1707868799999999999"],
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


@pytest.mark.parametrize("language", ["en", "bg", "pl", "be", "ru", "de"])
def test_months_are_known_by_the_names_that_each_language_has(language: str, tmp_path: Path) -> None:
    """The names are Babel's, which have their own source."""
    found = [dt.date(2023, month, 3 + month) for month in range(1, 13)]
    for width in ("MMMM", "LLLL", "MMM"):
        texts = [format_date(day, f"d {width} y", locale=language) for day in found]
        assert days(tmp_path, texts) == ("2023-01-04", "2023-12-15", 0), texts
    assert len(get_month_names(locale=language)) == len(MONTHS)


def test_three_letters_tell_a_month_in_every_language() -> None:
    starts: dict[str, int] = {}
    for number, names in enumerate(MONTHS):
        assert all(starts.setdefault(name[:3], number) == number for name in names.split())


def test_ten_and_twelve_digits_are_told_by_the_whole_column(tmp_path: Path) -> None:
    hours, seconds = ["2018100100", "2018100123"], ["1538352000", "1538438399"]
    assert days(tmp_path, hours) == days(tmp_path, seconds) == ("2018-10-01", "2018-10-01", 0)
    old = [str(int(dt.datetime(1997, 5, day, tzinfo=dt.UTC).timestamp() * 1000)) for day in (1, 2)]
    assert len(old[0]) == 12
    assert days(tmp_path, old) == ("1997-05-01", "1997-05-02", 0)
    with pytest.raises(AmbiguousFormat, match="--date-format epoch or --date-format yyyymmddhh"):
        days(tmp_path, [*hours, *seconds], reject_limit=0.05)
    assert days(tmp_path, [*hours, *hours, seconds[0]]) == ("2018-10-01", "2018-10-01", 1)
    for named in ("yyyymmddhh", "ymd"):
        assert days(tmp_path, [*hours, seconds[0]], date_format=named) == ("2018-10-01", "2018-10-01", 1)


@pytest.mark.parametrize(
    ("texts", "named", "wanted"),
    [
        (["13.04.24"], ["dd.mm.yy"], "2024-04-13"),
        (["13/04/24"], ["dd/mm/yy"], "2024-04-13"),
        (["04/13/24"], ["mm/dd/yy"], "2024-04-13"),
        (["03/04/24"], ["dd/mm/yy", "mm/dd/yy"], "2024-04-03"),
        (["99-12-31"], ["yy-mm-dd"], "1999-12-31"),
        (["14-JUL-08"], ["dd-mon-yy"], "2008-07-14"),
        (["14-JUL-70"], ["dd-mon-yy"], "1970-07-14"),
        (["Jan-05-21 10:15:00"], ["mon-dd-yy"], "2021-01-05"),
        (["5 maj 24"], ["dd-mon-yy"], "2024-05-05"),
    ],
)
def test_years_of_two_digits_are_read_by_the_option_that_the_refusal_names(
    texts: list[str], named: list[str], wanted: str, tmp_path: Path
) -> None:
    for chosen in ({}, {"date_format": "dmy"}):
        with pytest.raises(AmbiguousFormat) as caught:
            days(tmp_path, texts, **chosen)
        options = str(caught.value).rstrip(".").split("named: ")[1].split(" or ")
        assert options == [f"--date-format {name}" for name in named]
    assert days(tmp_path, texts, date_format=named[0]) == (wanted, wanted, 0)


@pytest.mark.parametrize("text", ["2024-01", "2024Q1", "2024-W05", "2024-01-01/2024-01-07"])
def test_a_period_is_no_day(text: str, tmp_path: Path) -> None:
    with pytest.raises(AmbiguousFormat, match=text):
        days(tmp_path, [text] * 3)


def test_periods_of_a_frame_count_where_they_are_days() -> None:
    frame = pd.DataFrame({"customer": ["a", "b"], "date": pd.period_range("2024-01-31", periods=2, freq="D")})
    with read_orders(frame) as orders:
        assert (orders.report.first_on, orders.report.last_on) == ("2024-01-31", "2024-02-01")
    with pytest.raises(AmbiguousFormat, match="2024-01"):
        read_orders(frame.assign(date=pd.period_range("2024-01", periods=2, freq="M")))


@pytest.mark.parametrize("bad", ["31.02.2024", "01.01.0001", "01.01.9999", "5 мая 2024", "2024-01-05", "01.02.24", "x"])
def test_what_is_no_date_of_the_column_is_rejected(bad: str, tmp_path: Path) -> None:
    assert days(tmp_path, ["05.01.2024", "13.02.2024", "14.02.2024", bad]) == ("2024-01-05", "2024-02-14", 1)


_STAMPS = st.builds(
    lambda minutes, zone: f"{dt.datetime(2024, 1, 1) + dt.timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}{zone}",
    st.integers(0, 500_000),
    st.sampled_from(["", "Z", "+00:00", "+02:00", "+03:00", "-05:30", "+14:00"]),
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stamps=st.lists(_STAMPS, min_size=1, max_size=12), zone=st.sampled_from([None, "Europe/Sofia", "America/New_York"])
)
def test_a_row_falls_on_the_same_day_whatever_other_rows_say(
    stamps: list[str], zone: str | None, tmp_path: Path
) -> None:
    wanted = []
    for stamp in stamps:
        moment = dt.datetime.fromisoformat(stamp)
        if zone is not None and moment.tzinfo is not None:
            moment = moment.astimezone(zoneinfo.ZoneInfo(zone))
        wanted.append((moment.date() - dt.date(1970, 1, 1)).days)
    path = tmp_path / "log.csv"
    path.write_text("customer,date\n" + "".join(f"c{k:02},{stamp}\n" for k, stamp in enumerate(stamps)))
    with read_orders(path, IntakeOptions(timezone=zone)) as orders:
        assert collect_arrays(orders.frame(), sort_by=["customer_id"])["order_day"].tolist() == wanted
    few = build_few_orders(
        [PurchaseRow(f"c{k:02}", stamp) for k, stamp in enumerate(stamps)], IntakeOptions(timezone=zone)
    )
    assert [order[2] for order in few.orders] == wanted


def notices(source: object, **options: object) -> str:
    with read_orders(source, IntakeOptions(**options)) as orders:  # type: ignore[arg-type]
        return " ".join(orders.report.notices)


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["2024-01-05T23:30:00+02:00"], ""),
        (["2024-01-05T23:30:00+02:00", "2024-07-05T23:30:00+03:00"], "2 different offsets"),
        (["2024-01-05T23:30:00+02:00", "2024-07-05T23:30:00"], "others none"),
        (["2024-01-05T23:30:00Z", "2024-07-05T23:30:00+00:00"], "in UTC"),
    ],
)
def test_clocks_that_may_surprise_are_named_with_the_option(texts: list[str], says: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("customer,date\n" + "".join(f"a,{text}\n" for text in texts))
    said = notices(path)
    assert says in said
    assert ("--timezone" in said) == bool(says)
    assert "brought to Europe/Sofia" in notices(path, timezone="Europe/Sofia")
    path.write_text("customer,date\na,2024-01-05 23:30:00\n")
    assert "--timezone Europe/Sofia changed nothing" in notices(path, timezone="Europe/Sofia")
    with pytest.raises(SettingsError, match="--timezone"):
        IntakeOptions(timezone="Mars/Base")


def test_times_of_frames_and_parquet_have_the_clock_that_they_know(tmp_path: Path) -> None:
    """A frame knows its zone, and each of its objects may have one of its own; Parquet keeps the moment only."""
    times = pd.to_datetime(["2024-01-01 00:30", "2024-07-01 00:30"]).tz_localize("Europe/Sofia")
    frame = pd.DataFrame({"customer": ["a", "b"], "date": times})
    frame.to_parquet(tmp_path / "log.parquet")
    objects = frame.assign(date=pd.Series(list(times), dtype=object))
    utc = frame.assign(date=times.tz_convert("UTC"))
    cases = {"own zone": (frame, 1), "objects": (objects, 1), "UTC": (utc, 0), "parquet": (tmp_path / "log.parquet", 0)}
    for name, (source, is_local) in cases.items():
        with read_orders(source) as orders, read_orders(source, IntakeOptions(timezone="Europe/Sofia")) as moved:
            assert (orders.report.first_on == "2024-01-01") == bool(is_local), name
            assert any("UTC" in one for one in orders.report.notices) == (not is_local), name
            assert (moved.report.first_on, moved.report.last_on) == ("2024-01-01", "2024-07-01"), name


def test_named_formats_are_checked() -> None:
    assert parse_date_format("%d.%m.%Y %H:%M") == "dmy"
    assert parse_date_format("YYYY-MM-DD") == "ymd"
    assert parse_date_format("epoch_ms") == "epoch milliseconds"
    assert (
        parse_date_format("DD-MON-RR") == parse_date_format("%d-%b-%y") == parse_date_format("d month yy") == "dmyshort"
    )
    assert parse_date_format("dd-mm-rrrr") == parse_date_format("%d %B %Y") == "dmy"
    with pytest.raises(SettingsError, match="--date-format"):
        parse_date_format("whatever")
