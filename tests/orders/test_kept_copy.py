"""Kept copies: the same orders and the same account as reading gives, and never those of anything else."""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnrisk.engines import collect_arrays
from churnrisk.errors import TooManyRejects
from churnrisk.orders import IntakeOptions, IntakeReport, KeepIn, Orders, drop_copies, read_customers, read_orders
from churnrisk.orders import kept_copy as module
from support.clocks import YEAR, take_clocks

LOG = """customer_id,ordered_at,amount,order_id,quantity,category
007,2024-01-05 10:00:00,10.50,A,1,tea
007,2024-01-05 09:00:00,4.5,A,2,"cups, large"
b,2024-02-01 00:00:00,3,B,1,tea
b,2024-02-03 23:59:59,-3,C,-1,tea
=c,2024-03-01 12:00:00,0,D,1,
,2024-03-01 12:00:00,1,E,1,
d,never,1,F,1,tea
"""
LOOSE: dict[str, Any] = {"reject_limit": 0.5}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(LOG, encoding="utf-8")
    settle(path)
    return path


@pytest.fixture
def keep(tmp_path: Path) -> KeepIn:
    return KeepIn(folder=tmp_path / "kept", least=0)


def settle(path: Path) -> None:
    """Let a file be one that was not changed just now."""
    os.utime(path, (time.time() - 3600, time.time() - 3600))


def contents(orders: Orders) -> dict[str, Any]:
    """Return everything that orders say: account, facts, rows and lines."""
    tables = {"orders": orders.frame(), "lines": orders.lines()}
    found: dict[str, Any] = {name: getattr(orders, name) for name in module.FACTS}
    for name, frame in tables.items():
        if frame is not None:
            columns = frame.collect_schema().names()
            arrays = collect_arrays(frame, sort_by=columns)
            found[name] = (columns, sorted(zip(*(arrays[column].tolist() for column in columns), strict=True)))
    found["report"] = dataclasses.replace(
        orders.report, notices=tuple(one for one in orders.report.notices if not module.is_of_copy(one))
    )
    return found | {"fingerprint": orders.fingerprint}


def is_copy(orders: Orders) -> bool:
    return any(map(module.is_of_copy, orders.report.notices))


def read(source: Any, keep: KeepIn | None, **options: Any) -> tuple[bool, dict[str, Any]]:
    """Read, and tell whether it was a copy that was read."""
    with read_orders(source, IntakeOptions(keep=keep, **{**LOOSE, **options})) as orders:
        return is_copy(orders), contents(orders)


def copies(keep: KeepIn) -> list[str]:
    return [path.name for path in keep.folder.iterdir() if path.is_dir()]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"pseudonym_key": b"k" * 32},
        {"group_column": "category"},
        {"engine": "polars"},
        {"fold_case": True, "status": {"x": "sale"}, "rates": {"PLN": "0.2"}},
        {"reversals": "keep"},
    ],
    ids=str,
)
def test_the_second_reading_is_the_copy_and_says_the_same(log: Path, keep: KeepIn, options: dict[str, Any]) -> None:
    plain = read(log, None, **options)
    assert [read(log, keep, **options) for _ in range(3)] == [(False, plain[1]), (True, plain[1]), (True, plain[1])]
    assert len(copies(keep)) == 1, "links are gone with the orders, and there is one copy"


def test_a_log_without_lines_and_of_one_row_each(tmp_path: Path, keep: KeepIn) -> None:
    path = tmp_path / "log.csv"
    path.write_text("customer,date\na,2024-01-05\nb,2024-01-06\n")
    assert read(path, keep) == (False, read(path, None)[1])
    assert read(path, keep) == (True, read(path, None)[1])


def test_other_bytes_or_options_are_another_copy(log: Path, keep: KeepIn) -> None:
    read(log, keep)
    assert read(log, keep, fold_case=True)[0] is False
    assert read(log, keep, columns={"amount": "quantity"})[0] is False
    text = log.read_text(encoding="utf-8")
    log.write_text(text.replace("10.50", "10.51"), encoding="utf-8")  # as long as before
    settle(log)
    was_copy, found = read(log, keep)
    assert (was_copy, found) == (False, read(log, None)[1])
    log.write_text(text, encoding="utf-8")
    assert read(log, keep)[0] is True, "by its bytes, whenever they were written"


def test_a_change_that_leaves_size_and_time_is_noticed(log: Path, keep: KeepIn) -> None:
    read(log, keep)
    before = log.stat()
    log.write_text(log.read_text(encoding="utf-8").replace("10.50", "10.51"), encoding="utf-8")
    os.utime(log, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (log.stat().st_size, log.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert read(log, keep) == (False, read(log, None)[1])


def test_a_file_that_changes_while_it_is_read_is_not_kept(log: Path, keep: KeepIn) -> None:
    def change_and_read() -> Orders:
        log.write_text(LOG.replace("10.50", "99.00"), encoding="utf-8")
        return module_read(log)

    options = IntakeOptions(keep=keep, **LOOSE)
    module.read_through(log, options, change_and_read).close()
    assert copies(keep) == []


def module_read(path: Path) -> Orders:
    return read_orders(path, IntakeOptions(**LOOSE))


def test_the_name_of_the_file_is_part_of_the_account(log: Path, keep: KeepIn, tmp_path: Path) -> None:
    read(log, keep)
    other = tmp_path / "other.csv"
    shutil.copy(log, other)
    assert read(other, keep)[0] is False
    assert read(other, keep)[1]["report"].source == "other.csv"


def test_a_folder_is_its_files_with_their_names(log: Path, keep: KeepIn, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for name in ("a.csv", "b.csv"):
        (folder / name).write_text(LOG.replace("007", name), encoding="utf-8")
    rejects = tmp_path / "rejects.csv"
    assert read(folder, keep, rejects=rejects)[0] is False
    listed = rejects.read_text()
    assert "b.csv,8,ordered_at,never" in listed
    rejects.unlink()
    assert read(folder, keep, rejects=rejects) == (True, read(folder, None)[1])
    assert rejects.read_text() == listed
    (folder / "c.csv").write_text(LOG.replace("007", "c"), encoding="utf-8")
    assert read(folder, keep)[0] is False
    assert read(str(folder / "*.csv"), keep)[0] is False, "a pattern is called otherwise than its folder"


def test_rejects_are_listed_from_the_copy_as_from_the_file(log: Path, keep: KeepIn, tmp_path: Path) -> None:
    files = [tmp_path / f"{k}.csv" for k in range(2)]
    for path in files:
        read(log, keep, rejects=path)
    assert files[0].read_text().splitlines()[1:] == [
        "7,customer_id,,no customer id",
        '8,ordered_at,never,"not a date of the column\'s format, yyyy-mm-dd"',
    ]
    assert files[1].read_text() == files[0].read_text()


def test_under_pseudonyms_the_copy_holds_no_id_and_no_value(log: Path, keep: KeepIn) -> None:
    log.write_text(LOG.replace("d,never,1", "d,secret-id,1"), encoding="utf-8")
    options = IntakeOptions(keep=keep, pseudonym_key=b"k" * 32, **LOOSE)
    read_orders(log, options).close()
    [folder] = copies(keep)
    account = (keep.folder / folder / "account.json").read_text()
    assert "secret-id" not in account
    assert '"007"' not in account
    with read_orders(log, options) as orders:
        assert is_copy(orders)
        database = orders.database
        assert database is not None
        assert {row[0][:2] for row in database.rows_of("SELECT customer_id FROM orders")} == {"p_"}
    assert "secret-id" not in (keep.folder / folder / "set_aside.csv").read_text()
    named = (keep.folder / "digests.json").read_text() + account
    assert (b"k" * 32).decode() not in named
    assert read_key(options) != read_key(dataclasses.replace(options, pseudonym_key=b"j" * 32))


def read_key(options: IntakeOptions) -> str:
    return json.dumps(module._describe(options), sort_keys=True)


def test_everything_is_for_its_owner_alone(log: Path, keep: KeepIn) -> None:
    read(log, keep)
    assert keep.folder.stat().st_mode & 0o777 == 0o700
    for path in keep.folder.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def damage_parquet(folder: Path) -> None:
    (folder / "orders.parquet").write_bytes(b"PAR1 and no more PAR1")


def lose_rows(folder: Path) -> None:
    pd.DataFrame({"customer_id": ["a"]}).to_parquet(folder / "orders.parquet")


def damage_account(folder: Path) -> None:
    (folder / "account.json").write_text('{"made_on": "2024-01-01"')


def misstate_account(folder: Path) -> None:
    account = json.loads((folder / "account.json").read_text())
    account["report"]["rows_in"] += 1
    (folder / "account.json").write_text(json.dumps(account))


def lose_account(folder: Path) -> None:
    (folder / "account.json").unlink()


def lose_rejects(folder: Path) -> None:
    (folder / "set_aside.csv").unlink()


def cut_rejects(folder: Path) -> None:
    (folder / "set_aside.csv").write_text("line,column,value,reason\n")


@pytest.mark.parametrize(
    "damage",
    [damage_parquet, lose_rows, damage_account, misstate_account, lose_account, lose_rejects, cut_rejects],
)
def test_a_damaged_copy_is_made_again(log: Path, keep: KeepIn, damage: Callable[[Path], None]) -> None:
    read(log, keep)
    [folder] = copies(keep)
    damage(keep.folder / folder)
    assert read(log, keep) == (False, read(log, None)[1])
    assert read(log, keep)[0] is True
    assert copies(keep) == [folder]


def test_orders_that_are_open_outlive_their_copy(log: Path, keep: KeepIn) -> None:
    found = read(log, keep)[1]
    with read_orders(log, IntakeOptions(keep=keep, **LOOSE)) as orders:
        assert is_copy(orders)
        assert drop_copies(keep.folder) == 1
        assert contents(orders) == found
    assert copies(keep) == []


def test_what_a_killed_process_left_goes_with_the_rest(log: Path, keep: KeepIn) -> None:
    read(log, keep)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    for name in (f".open-{ended.pid}-0a", ".part-0b", f".open-{os.getpid()}-0c"):
        (keep.folder / name).mkdir()
    assert drop_copies(keep.folder, is_dry=True) == 1
    assert len(copies(keep)) == 4
    drop_copies(keep.folder, days=30)
    assert len(copies(keep)) == 4, "it may be at work"
    drop_copies(keep.folder)
    assert copies(keep) == [f".open-{os.getpid()}-0c"]


def test_copies_go_by_age_of_use_and_by_size(log: Path, keep: KeepIn) -> None:
    for decimal in (".", ","):
        read(log, keep, decimal=decimal, reject_limit=1.0)
    old, new = sorted(copies(keep), key=lambda name: (keep.folder / name / "account.json").stat().st_mtime)
    account = keep.folder / old / "account.json"
    os.utime(account, (time.time() - 31 * 86_400,) * 2)
    assert drop_copies(keep.folder, days=32) == 0
    size = sum(path.stat().st_size for path in (keep.folder / new).iterdir())
    assert drop_copies(keep.folder, size=size, is_dry=True) == 1
    read(log, dataclasses.replace(keep, least=10**9))  # a small source is not kept, and old copies go all the same
    assert copies(keep) == [new]
    assert drop_copies(keep.folder, size=size - 1) == 1


def test_use_keeps_a_copy_young(log: Path, keep: KeepIn) -> None:
    read(log, keep)
    [name] = copies(keep)
    account = keep.folder / name / "account.json"
    os.utime(account, (time.time() - 29 * 86_400,) * 2)
    assert read(log, keep)[0] is True
    assert time.time() - account.stat().st_mtime < 3600


@pytest.mark.parametrize(("row", "holds"), [("", True), ("e,2998-01-01,1,G,1,\n", False)])
def test_a_row_of_the_future_may_be_none_another_day(
    log: Path, keep: KeepIn, monkeypatch: pytest.MonkeyPatch, row: str, holds: bool
) -> None:
    log.write_text(LOG + row, encoding="utf-8")
    keep = dataclasses.replace(keep, days=1_000_000)
    read(log, keep)
    assert read(log, keep)[0] is True
    take_clocks(monkeypatch).jump(YEAR * 973)  # to the year 2999
    was_copy, found = read(log, keep)
    assert was_copy is holds
    assert found["report"].last_on == ("2024-03-01" if holds else "2998-01-01")


def test_nothing_is_kept_of_what_has_no_bytes_of_its_own(log: Path, keep: KeepIn, tmp_path: Path) -> None:
    import sqlite3

    frame = pd.DataFrame({"customer": ["a"], "date": ["2024-01-05"]})
    with sqlite3.connect(tmp_path / "shop.db") as database:
        frame.to_sql("orders", database)
    for source in (frame, tmp_path / "shop.db", f"sqlite:///{tmp_path / 'shop.db'}"):
        assert read(source, keep)[0] is False
        assert read(source, keep)[0] is False
    assert read(log, None)[0] is False
    assert read(log, dataclasses.replace(keep, least=10**6))[0] is False
    assert not keep.folder.exists()


def test_a_log_that_is_refused_leaves_no_copy(log: Path, keep: KeepIn) -> None:
    for _ in range(2):
        with pytest.raises(TooManyRejects):
            read(log, keep, reject_limit=0.0)
    assert copies(keep) == []


def test_a_place_that_cannot_be_written_is_no_error(log: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert read(log, KeepIn(folder=tmp_path / "file" / "kept", least=0)) == (False, read(log, None)[1])


def test_who_is_to_be_scored_comes_from_the_same_copy(log: Path, keep: KeepIn) -> None:
    options = IntakeOptions(keep=keep, **LOOSE)
    with read_customers(log, options) as first:
        assert first.orders is not None
        assert not is_copy(first.orders)
        found = contents(first.orders)
        assert read(log, keep) == (True, found)
    with read_customers(log, options) as second:
        assert (second.kind, second.is_everybody, second.customer_ids) == ("purchases", True, [])
        assert second.orders is not None
        assert contents(second.orders) == found
        assert second.report.notices[0] == first.report.notices[0]
    with read_customers(log, options, as_kind="ids") as listed:
        assert listed.kind == "ids"


def test_a_choice_that_the_file_lacks_is_not_passed_over_for_a_copy(log: Path, keep: KeepIn) -> None:
    options = IntakeOptions(keep=keep, columns={"customer_id": "customer_id", "product_id": "sku"}, **LOOSE)
    read_customers(log, options).close()
    with pytest.raises(Exception, match="sku"):
        read_orders(log, options)


def test_every_fact_and_every_option_is_thought_of() -> None:
    given = set(inspect.signature(Orders.__init__).parameters) - {"self", "database", "report", "made", "keeper"}
    assert given - {"beside"} == set(module.FACTS), "tables beside the purchases are read anew, and are in no copy"
    described = module._describe(IntakeOptions())
    assert described.keys() | module.NOT_KEYED == {one.name for one in dataclasses.fields(IntakeOptions)}
    json.dumps(described)  # plain values


def test_an_account_comes_back_from_json_as_it_was(log: Path) -> None:
    with read_orders(log, IntakeOptions(**LOOSE)) as orders:
        report = orders.report
    assert report.rejected_rows
    assert IntakeReport.from_dict(json.loads(json.dumps(report.to_dict()))) == report
