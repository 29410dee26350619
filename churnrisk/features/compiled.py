"""Queries kept as text, with the days left open.

To build the query of a hundred features through Narwhals takes longer than to run it on a small log, and training asks
the same of many cutoffs. Between cutoffs nothing but days differs. So the text is made for two days that lie far apart:
numbers that differ by just that distance are days, everything else stays. Where the texts differ in any other way
there is no template, and the query is built anew each time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from churnrisk.engines import Arrays, Database, MemoryDatabase

APART = 7 * 365 * 400
"""Days between the two texts; whole weeks and years, so that remainders do not differ."""

_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True)
class DayTemplate:
    """A text whose days are filled in.

    Parameters
    ----------
    parts : tuple of str
        What stands between the days; one more than there are days.
    offsets : tuple of int
        How far each day lies from the one that is filled in.
    """

    parts: tuple[str, ...]
    offsets: tuple[int, ...]

    @classmethod
    def of(cls, write: Callable[[int], str], day: int) -> DayTemplate | None:
        """Make a template of what ``write`` gives for a day; None where more than days depends on it."""
        here, there = (_NUMBER.split(write(one)) for one in (day, day + APART))
        if len(here) != len(there):
            return None
        parts, offsets = [""], []
        for place, (near, far) in enumerate(zip(here, there, strict=True)):
            if near == far:
                parts[-1] += near
            elif place % 2 and int(far) - int(near) == APART:
                offsets.append(int(near) - day)
                parts.append("")
            else:
                return None
        return cls(tuple(parts), tuple(offsets))

    def fill(self, day: int) -> str | None:
        """Return the text for a day; None where a day in it would lie before 1970, whose sign has no place in it."""
        days = [day + offset for offset in self.offsets]
        if min(days, default=0) < 0:
            return None
        filled = "".join(part + str(one) for part, one in zip(self.parts, days, strict=False))
        return filled + self.parts[-1]


def run_kept(database: Database, asked: Hashable, write: Callable[[int], str], day: int) -> Arrays | None:
    """Run a query by the text that was kept of it, made where there is none yet.

    Parameters
    ----------
    database : Database
        Where to run it, and which keeps it; one in memory keeps its plan too.
    asked : hashable
        What the query asks for, its day apart.
    write : callable
        Gives the query for a day.
    day : int
        The day asked for.

    Returns
    -------
    dict of str to ndarray or None
        Its columns; None where more than days depends on the day, or a day in it would lie before 1970.
    """
    if asked not in database.kept_queries:
        database.kept_queries[asked] = DayTemplate.of(write, day)
    template = database.kept_queries[asked]
    if template is None:
        return None
    if isinstance(database, MemoryDatabase):
        return database.run_kept(asked, template.fill, day)
    text = template.fill(day)
    return None if text is None else database.run(text)
