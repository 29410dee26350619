"""Tables beside purchases, made in a test, on any engine, and what their features are in plain Python."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, fields, replace
from statistics import fmean
from typing import Any

import narwhals as nw

from churnrisk.dated import AttributeTable, DatedTable, TablesBeside
from churnrisk.engines import Database
from support.logs import CUTOFF

FAR = 10_000_000
UNIT = 10_000


@dataclass(frozen=True)
class Dated:
    """A row of a dated table."""

    customer_id: str
    happened_day: int
    known_day: int
    ended_day: int | None
    kind: str
    value: int | None
    value_day: int


@dataclass(frozen=True)
class Held:
    """A row of attributes."""

    customer_id: str
    valid_day: int
    channel: str
    points: int | None
    joined: int | None


TYPES = {"customer_id": "text", "kind": "text", "channel": "text"}


def seeded_rows(*, seed: int, count: int = 700, customers: int = 40) -> list[Dated]:
    """Make rows around the cutoff: late and early news, open rows, ends before the news, values known later."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        happened = CUTOFF - draw.choice([0, 1, 7, 30, 90, 91, 180, 365, draw.randint(-60, 700)])
        known = happened + draw.choice([0, 0, 0, 3, 40, -20])
        ended = draw.choice([None, happened + draw.randint(0, 50)])
        value = draw.choice([None, draw.randint(-50, 100) * 2_500])
        who = f"c{int(customers * draw.random() ** 2):03d}"
        kind = draw.choice(["", "late", "late", "complaint", "=odd.kind", "rare"])
        rows.append(Dated(who, happened, known, ended, kind, value, known + draw.choice([0, 0, 30])))
    return rows


def seeded_held(*, seed: int, customers: int = 40) -> list[Held]:
    """Make attributes with a history, one row of a customer and a day."""
    draw, held = random.Random(seed), {}
    for _ in range(90):
        who, day = f"c{draw.randrange(customers):03d}", CUTOFF - draw.randint(-50, 600)
        joined = draw.choice([None, CUTOFF - draw.randint(1, 900)])
        held[who, day] = Held(who, day, draw.choice(["", "app", "web"]), draw.choice([None, 5 * UNIT, -1]), joined)
    return list(held.values())


def to_polars(rows: list[Any], kind: type[Dated] | type[Held]) -> nw.LazyFrame[Any]:
    """Put rows on Polars."""
    import polars as pl

    names = [field.name for field in fields(kind)]
    schema = {name: pl.String() if name in TYPES else pl.Int64() for name in names}
    return nw.from_native(pl.DataFrame({n: [getattr(r, n) for r in rows] for n in names}, schema=schema).lazy())


def to_duckdb(rows: list[Any], kind: type[Dated] | type[Held], database: Database, table: str) -> nw.LazyFrame[Any]:
    """Put rows into a table of a database."""
    names = [field.name for field in fields(kind)]
    typed = ", ".join(f"{name} {'VARCHAR' if name in TYPES else 'BIGINT'}" for name in names)
    database.connection.execute(f"CREATE OR REPLACE TABLE {table} ({typed})")
    database.connection.register("incoming", to_polars(rows, kind).collect().to_native())
    database.connection.execute(f"INSERT INTO {table} SELECT * FROM incoming")
    database.connection.unregister("incoming")
    return database.frame(table)


def beside_of(rows: list[Dated], held: list[Held], database: Database | None = None) -> TablesBeside:
    """Return the tables ``tickets`` and ``members`` on Polars, or in a database."""
    if database is None:
        frames = to_polars(rows, Dated), to_polars(held, Held)
    else:
        frames = to_duckdb(rows, Dated, database, "t_rows"), to_duckdb(held, Held, database, "t_held")
    known = [row.known_day for row in rows]
    tickets = DatedTable(
        name="tickets", family="tickets", frame=lambda: frames[0], has_ends=True, has_kinds=True, has_values=True,
        first_day=min(known), last_day=max(known),
    )  # fmt: skip
    members = AttributeTable(
        name="members", frame=lambda: frames[1], texts=("channel",), numbers=("points",), days=("joined",)
    )
    return TablesBeside(tables={"tickets": tickets}, attributes={"members": members})


def oracle(rows: list[Dated], name: str, who: str, cutoff: int, *, last_purchase: int) -> float:
    """Return a feature of the table ``tickets``, slowly, without its windows before the table."""
    item, sign, kind = name.removeprefix("tickets.").partition("=")
    known = [_as_known(row, cutoff) for row in rows if row.known_day < cutoff and row.customer_id == who]
    known = [row for row in known if not sign or row.kind == kind]
    past = sorted((row for row in known if row.happened_day < cutoff), key=lambda row: row.happened_day)
    ages = [cutoff - row.happened_day for row in past]
    opened = [cutoff - row.happened_day for row in past if row.ended_day is None]
    spans = [row.ended_day - row.happened_day for row in past if row.ended_day is not None]
    valued = [(row.happened_day, row.value / UNIT) for row in past if row.value is not None]
    lately = [value for day, value in valued if cutoff - day <= 90]
    values = [value for _, value in valued]
    days = sorted({row.happened_day for row in past})
    last = max(valued)[1] if valued else math.nan
    if item.startswith("row_count_last_"):
        return sum(age <= int(item.removeprefix("row_count_last_").removesuffix("d")) for age in ages)
    made = {
        "row_count": len(past),
        "announced_row_count": len(known) - len(past),
        "days_since_last_row": min(ages, default=math.nan),
        "row_count_change_last_90d": sum(a <= 90 for a in ages) - sum(90 < a <= 180 for a in ages),
        "row_count_after_last_purchase": sum(row.happened_day > last_purchase for row in past),
        "mean_gap_days": (days[-1] - days[0]) / (len(days) - 1) if len(days) > 1 else math.nan,
        "open_count": len(opened),
        "oldest_open_days": max(opened, default=math.nan),
        "mean_days_to_end": fmean(spans) if spans else math.nan,
        "last_value": last,
        "mean_value": fmean(values) if values else math.nan,
        "mean_value_last_90d": fmean(lately) if lately else math.nan,
        "last_value_change": last - fmean(values) if values else math.nan,
    }
    return made[item]


def _as_known(row: Dated, cutoff: int) -> Dated:
    ended = row.ended_day if row.ended_day is not None and row.ended_day < cutoff else None
    return replace(row, ended_day=ended, value=row.value if row.value_day < cutoff else None)
