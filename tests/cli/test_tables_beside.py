"""A table beside the purchases from the command line: learned from where it helps, and needed from then on."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from churnrisk.errors import NoModel
from churnrisk.shop.answers import CurrentModel
from churnrisk.timeline import date_of
from support.shop import churnrisk
from support.simulated import FIRST_DAY, random_buyers

CUSTOMERS, DAYS, HORIZON = 900, 460, 30


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log, complaints five days before customers leave, visits that tell nothing, and a snapshot of tiers."""
    folder, chance = tmp_path_factory.mktemp("beside"), np.random.default_rng(4)
    orders = random_buyers(CUSTOMERS, days=DAYS, chance_a_day=0.04, seed=4).orders
    end = FIRST_DAY + chance.integers(100, 800, CUSTOMERS)
    number = np.array([int(who.rpartition("-")[2]) for who in orders["customer_id"]])
    kept = np.flatnonzero(orders["order_day"] < end[number])
    bought = [(orders["customer_id"][k], date_of(int(orders["order_day"][k])), 10) for k in kept]
    names = [f"customer-{k:06d}" for k in range(CUSTOMERS)]
    told = [(names[k], date_of(int(end[k]) - 5), "complaint") for k in np.flatnonzero(end < FIRST_DAY + DAYS)]
    told += [(name, date_of(FIRST_DAY + int(chance.integers(20, DAYS))), "question") for name in names[::5]]
    visits = [(name, date_of(FIRST_DAY + int(day))) for name in names for day in chance.integers(0, DAYS, 4)]
    now = np.where(end > FIRST_DAY + DAYS, "gold", "basic").tolist()
    tiers = [(name, date_of(FIRST_DAY), tier) for name, tier in zip(names, now, strict=True)]
    files: tuple[tuple[str, tuple[str, ...], Sequence[tuple[object, ...]]], ...] = (
        ("log.csv", ("customer_id", "date", "amount"), bought),
        ("tickets.csv", ("customer_id", "happened_at", "kind"), told),
        ("visits.csv", ("customer_id", "happened_at"), visits),
        ("tiers.csv", ("customer_id", "valid_from", "tier"), tiers),
    )
    for file, head, rows in files:
        write(folder / file, head, rows)
    return folder


def write(path: Path, head: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])


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
    with pytest.raises(NoModel, match="learned from tables beside the purchases, which the service does not read"):
        CurrentModel(Path("models")).get()


def test_a_table_that_is_trusted_is_tried(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    asked = ("train", "log.csv", "--horizon", HORIZON, "--json", "--models-dir", "trusted")
    table = ("--attributes", "tiers=tiers.csv")
    [tiers] = churnrisk(*asked, *table, "--trust", "tiers").json["tables"]
    assert (tiers["kept"], tiers["trusted"]) == (True, True)
    wrong = churnrisk(*asked, *table, "--trust", "nobody")
    assert (wrong.code, "Tables that are named: tiers" in wrong.err) == (2, True)
