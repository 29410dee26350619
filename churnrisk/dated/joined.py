"""Rows of a dated table that came one by one, joined to those of its source: what stands in both counts once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Row = tuple[str, int, int, int | None, str, int | None, int]
"""A row as the frame of a :class:`churnrisk.dated.DatedTable` has it, in the order of :data:`EVENT_TYPES`."""

EVENT_TYPES = {
    "customer_id": "VARCHAR",
    "happened_day": "BIGINT",
    "known_day": "BIGINT",
    "ended_day": "BIGINT",
    "kind": "VARCHAR",
    "value": "BIGINT",
    "value_day": "BIGINT",
}
MOST_ALIKE = 50
"""Of one customer, day and kind so many rows are looked through for one that a row may be the same as."""


@dataclass(frozen=True)
class CameRow:
    """A row that came by itself on ``came_day``; None stands for what it does not say. Units as of a ``DatedTable``."""

    customer_id: str
    happened_day: int
    came_day: int
    kind: str = ""
    known_day: int | None = None
    ended_day: int | None = None
    value: int | None = None
    value_day: int | None = None

    @property
    def row(self) -> Row:
        """The row by the rules of a source: known when it happened, its value with it, where nothing else is said."""
        known = self.happened_day if self.known_day is None else self.known_day
        value_day = known if self.value_day is None else max(known, self.value_day)
        return self.customer_id, self.happened_day, known, self.ended_day, self.kind, self.value, value_day

    def may_be(self, other: Row) -> bool:
        """Tell whether both may be one row: of one customer, day and kind, and nothing that both say differs."""
        pairs = ((self.known_day, other[2]), (self.ended_day, other[3]), (self.value, other[5]))
        is_one = (self.customer_id, self.happened_day, self.kind) == (other[0], other[1], other[4])
        return is_one and all(None in pair or pair[0] == pair[1] for pair in pairs)

    def fill(self, other: Row) -> Row:
        """Return the other row with the end and the value that only this one has, known when it came at the latest."""
        customer, happened, known, ended, kind, value, value_day = other
        if value is None and self.value is not None:
            value, value_day = self.value, max(known, self.came_day if self.value_day is None else self.value_day)
        return customer, happened, known, self.ended_day if ended is None else ended, kind, value, value_day


def join_rows(rows: Iterable[Row], came: Iterable[CameRow]) -> list[Row]:
    """Return the rows of a source and those that came, each once.

    A row that came is one of the source where nothing that both say differs. A ticket that is still open in the source,
    and closed by what came, is so one closed ticket. Two rows that came are never one row of the source.
    """
    joined: list[Row] = []
    alike: dict[tuple[str, int, str], list[int]] = {}
    for place, row in enumerate(rows):
        joined.append(row)
        alike.setdefault((row[0], row[1], row[4]), []).append(place)
    new: list[Row] = []
    for one in sorted(came, key=lambda one: (one.ended_day is None) + (one.value is None)):  # who says more comes first
        places = alike.get((one.customer_id, one.happened_day, one.kind), [])
        fitting = [place for place in places[:MOST_ALIKE] if one.may_be(joined[place])]
        if not fitting:
            new.append(one.row)
            continue
        own = min(fitting, key=lambda place: joined[place] != one.row)  # the very same row before any that it may be
        places.remove(own)
        joined[own] = one.fill(joined[own])
    return [*joined, *new]
