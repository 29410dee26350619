"""A table beside the purchases from the command line: learned from where it helps, and needed from then on."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from churnrisk.timeline import date_of
from support.beside_shop import DAYS, HORIZON, train_on_tables, write, write_shop
from support.shop import churnrisk
from support.simulated import FIRST_DAY


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("beside"))


def test_what_helps_is_learned_from_and_what_knows_the_end_is_set_aside(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop)
    tables = ("--table", "tickets=tickets.csv", "--table", "visits=visits.csv", "--attributes", "tiers=tiers.csv")
    trained = churnrisk("train", "log.csv", "--horizon", HORIZON, "--json", *tables)
    assert trained.code == 0, trained.err
    card = trained.json
    found = {one["table"]: one for one in card["tables"]}
    assert {name: one["kept"] for name, one in found.items()} == {"tickets": True, "visits": False, "tiers": False}
    assert "one row" in found["tiers"]["reason"]
    assert {one["name"].partition(".")[0] for one in card["features"] if "." in one["name"]} == {"tickets"}
    assert list(card["recipe"]["options"]["tables"]) == ["tickets"], "what is not learned from is not needed"

    cutoff = date_of(FIRST_DAY + DAYS - 60).isoformat()
    score = ("score", "log.csv", "--as-of", cutoff, "--reasons", "none", "-o")
    assert churnrisk(*score, "whole.csv").code == 0
    with Path("tickets.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    past = [row for row in rows if row[1] < cutoff]
    assert 0 < len(past) < len(rows)
    later = [(one, "2019-01-01" if k % 2 else day, "question") for k, (one, day, _) in enumerate(rows) if day >= cutoff]
    for name, known in (("deleted", past), ("scrambled", [*past, *(row for row in later if row[1] >= cutoff)])):
        write(Path("other.csv"), tuple(head), [tuple(row) for row in known])
        assert churnrisk(*score, f"{name}.csv", "--table", "tickets=other.csv").code == 0
        assert Path(f"{name}.csv").read_bytes() == Path("whole.csv").read_bytes(), name
    write(Path("other.csv"), tuple(head), [tuple(row) for row in past[::2]])
    assert churnrisk(*score, "fewer.csv", "--table", "tickets=other.csv").code == 0
    assert Path("fewer.csv").read_bytes() != Path("whole.csv").read_bytes(), "the table is looked at"

    Path("tickets.csv").rename("elsewhere.csv")
    lost = churnrisk(*score, "lost.csv")
    assert (lost.code, "tickets.csv" in lost.err, Path("lost.csv").exists()) == (2, True, False)
    assert churnrisk("metrics", "log.csv", "--table", "tickets=nowhere.csv").code == 0, "what is not asked is not read"
    told = churnrisk("segments", "log.csv", "--table", "tickets=elsewhere.csv", "--json").json
    assert any(one["churn_probability"] is not None for one in told["segments"])

    asked = ("monitor", "log.csv", "--state", "looks.db", "--table")
    comes = churnrisk(*asked, "tickets=elsewhere.csv", "--table", "visits=visits.csv", "--json")
    assert [one["has_stopped"] for one in comes.json["tables"]] == [False, False]
    assert comes.code == 0, comes.out
    _cut(Path("visits.csv"), Path("cut.csv"), days=30)
    Path("churnrisk.toml").write_text(
        'purchases = "log.csv"\nstate = "looks.db"\n[tables.tickets]\nsource = "elsewhere.csv"\n'
        '[tables.visits]\nsource = "cut.csv"\n'
    )
    stopped = churnrisk("monitor", "--json")
    assert (stopped.code, stopped.json["values"]["stopped_tables"]) == (3, 1), "without any rule of the settings"
    assert {one["name"].partition(".")[0] for one in stopped.json["drift"]["features"]} >= {"tickets"}
    assert "The table visits has stopped coming." in churnrisk("weekly").words
    Path("churnrisk.toml").unlink()


def _cut(path: Path, target: Path, *, days: int) -> None:
    """Leave out the last days of a table."""
    head, *rows = [line.split(",") for line in path.read_text().split()]
    last = date_of(FIRST_DAY + DAYS - days).isoformat()
    write(target, tuple(head), [tuple(row) for row in rows if row[1] < last])


def test_a_table_that_is_trusted_is_tried(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = train_on_tables(tmp_path_factory)
    card = json.loads((folder / "card.json").read_text())
    found = {one["table"]: (one["kept"], one["trusted"]) for one in card["tables"]}
    assert found == {"tickets": (True, False), "tiers": (True, True)}
    asked = ("train", folder / "log.csv", "--horizon", HORIZON, "--attributes", f"tiers={folder / 'tiers.csv'}")
    wrong = churnrisk(*asked, "--trust", "nobody")
    assert (wrong.code, "Tables that are named: tiers" in wrong.err) == (2, True)
