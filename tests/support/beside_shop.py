"""A small shop with tables beside its purchases, as files, of which one tells who leaves."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from churnrisk.timeline import date_of
from support.simulated import FIRST_DAY, random_buyers

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


def write(path: Path, head: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
