"""A small shop with tables beside its purchases, as files, of which one tells who leaves."""

from __future__ import annotations

import csv
import fcntl
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from churnrisk.timeline import date_of
from support.shop import churnrisk
from support.simulated import FIRST_DAY, random_buyers
from support.trained import shared_folder

CUSTOMERS, DAYS, HORIZON = 900, 460, 30


def write_shop(folder: Path) -> Path:
    """A log, complaints five days before customers leave, visits that tell nothing, and a snapshot of tiers."""
    chance = np.random.default_rng(4)
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


def train_on_tables(factory: pytest.TempPathFactory) -> Path:
    """Write the shop and train on tickets and on tiers, which are trusted, once for a whole run of the tests.

    In the folder, which is for reading, are the files, ``models``, and ``card.json``.
    """
    folder = shared_folder(factory) / "beside-shop"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "card.json").exists():
            write_shop(folder)
            tables = ("--table", f"tickets={folder / 'tickets.csv'}", "--attributes", f"tiers={folder / 'tiers.csv'}")
            asked = ("--horizon", HORIZON, "--json", "--models-dir", folder / "models", "--trust", "tiers")
            trained = churnrisk("train", folder / "log.csv", *asked, *tables)
            assert trained.code == 0, trained.err
            (folder / "card.json").write_text(trained.out, encoding="utf-8")
    return folder


def write(path: Path, head: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
