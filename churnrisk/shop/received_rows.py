"""Rows of tables beside the purchases that were received: on the disk before they are acknowledged, and each once."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from churnrisk.clock import today
from churnrisk.dated import CameRow
from churnrisk.orders import IntakeOptions, read_table_row, trim_text
from churnrisk.state import State, now
from churnrisk.timeline import day_number

_SAID_LATER = ("ended_at", "known_at", "value", "value_at")


@dataclass(frozen=True)
class StoredRow:
    """A row in the state: its place in the sequence, when (UTC) it came, its table, and what it says by our names."""

    seq: int
    received_at: str
    table: str
    texts: Mapping[str, str]

    @property
    def customer_id(self) -> str:
        """The customer whom it is about."""
        return self.texts["customer_id"]


def receive_rows(
    state: State, table: str, rows: Sequence[Mapping[str, str]], *, options: IntakeOptions, key_id: int | None
) -> int:
    """Keep rows of a declared table; give how many are new. An exact copy of a row that was kept changes nothing.

    Raises
    ------
    SourceError
        Where a row is not right; nothing is kept then.
    """
    zone, came_day = _zone(options), day_number(today())
    kept = []
    for place, texts in enumerate(rows, start=1):
        read_table_row(texts, place, zone, came_day=came_day)
        kept.append({**texts, "customer_id": options.own_id(trim_text(texts["customer_id"]))})
    return _add(state, table, kept, key_id=key_id)


def _add(state: State, table: str, rows: Iterable[Mapping[str, str]], *, key_id: int | None) -> int:
    insert = (
        "INSERT INTO received_rows (customer_id, table_name, received_at, key_id, digest, content) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (customer_id, table_name, digest) DO NOTHING RETURNING seq"
    )
    with state.transaction():
        received_at, added = now("microseconds"), 0
        for texts in rows:
            content = json.dumps(dict(texts), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            digest = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
            added += len(state.rows(insert, (texts["customer_id"], table, received_at, key_id, digest, content)))
    return added


def load_rows(state: State, after: int = 0) -> list[StoredRow]:
    """Return the rows received after a place in the sequence, in the order in which they came."""
    query = "SELECT seq, received_at, table_name, content FROM received_rows WHERE seq > ? ORDER BY seq"
    return [StoredRow(int(seq), at, table, json.loads(text)) for seq, at, table, text in state.rows(query, (after,))]


def last_row_seq(state: State) -> int:
    """Return the place of the last row in the sequence; 0 where none has come yet."""
    return int(state.rows("SELECT coalesce(max(seq), 0) FROM received_rows")[0][0])


def read_received(rows: Iterable[StoredRow], options: IntakeOptions) -> dict[str, list[CameRow]]:
    """Return by table what rows say together: one that was sent again with more in it takes the place of the first."""
    zone, found = _zone(options), dict[str, list[CameRow]]()
    for table, group in itertools.groupby(sorted(rows, key=lambda one: (one.table, one.seq)), lambda one: one.table):
        found[table] = list(_settle(list(group), zone))
    return found


def _settle(rows: Sequence[StoredRow], zone: zoneinfo.ZoneInfo | None) -> Iterator[CameRow]:
    known = {frozenset(one.texts.items()) for one in rows}
    gone = {one for row in rows for one in _earlier(row) if one in known}
    for row in rows:
        if frozenset(row.texts.items()) in gone:
            continue
        came_day = day_number(dt.date.fromisoformat(row.received_at[:10]))
        read = read_table_row(row.texts, row.seq, zone, came_day=came_day)
        had_none = any("value" not in dict(one) for one in _earlier(row) if one in known)
        if read.value is not None and read.value_day is None and had_none:
            read = replace(read, value_day=came_day)  # it was not known with the row
        yield read


def _earlier(row: StoredRow) -> Iterator[frozenset[tuple[str, str]]]:
    """Yield what a row may have said before: the same, with less of what becomes known later."""
    said = [name for name in _SAID_LATER if name in row.texts]
    for count in range(1, len(said) + 1):
        for left_out in itertools.combinations(said, count):
            yield frozenset((name, text) for name, text in row.texts.items() if name not in left_out)


def _zone(options: IntakeOptions) -> zoneinfo.ZoneInfo | None:
    return None if options.timezone is None else zoneinfo.ZoneInfo(options.timezone)
