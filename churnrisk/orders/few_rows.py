"""A row of a table beside the purchases that came by itself, typed by its sender: the rules of a file, without one."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping

from churnrisk.dated import CameRow
from churnrisk.errors import SourceError
from churnrisk.orders.few import read_day, read_units, trim_text


def read_table_row(texts: Mapping[str, str], place: int, zone: zoneinfo.ZoneInfo | None, *, came_day: int) -> CameRow:
    """Read a row of a dated table.

    Parameters
    ----------
    texts : mapping of str to str
        ``customer_id`` and ``happened_at``, and what is known of ``known_at``, ``ended_at``, ``kind``, ``value`` and
        ``value_at``.
    place : int
        Which row it is, for messages; the first is 1.
    zone : ZoneInfo, optional
        The shop's, for times with an offset.
    came_day : int
        When it came.

    Raises
    ------
    SourceError
        For a value that cannot be, naming row, column and value.
    """
    if not trim_text(texts["customer_id"]):
        raise SourceError(f"row {place}, customer_id: is empty; every row needs its customer.")
    is_told = "known_at" in texts
    days: dict[str, int | None] = dict.fromkeys(("known_at", "ended_at", "value_at"))
    happened = read_day(texts["happened_at"], place, zone, name="happened_at", is_past=not is_told)
    for name in days:
        if name in texts:
            days[name] = read_day(texts[name], place, zone, name=name, is_past=name == "known_at")
    ended = days["ended_at"]
    if ended is not None and ended < happened:
        raise SourceError(
            f"row {place}, ended_at {texts['ended_at'][:60]!r}: lies before happened_at; mend one of the two."
        )
    value = read_units(texts["value"], place, "value") if "value" in texts else None
    kind = trim_text(texts.get("kind", ""))
    return CameRow(texts["customer_id"], happened, came_day, kind, days["known_at"], ended, value, days["value_at"])
