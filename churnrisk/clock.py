"""The time of now: its one home.

The **wall clock** is for moments that people, files and other processes see. It may jump, by an hour or a year and both
ways: when it was wrong and is set right, when a machine wakes, or is moved. The **steady clock** only ever goes on,
and counts from a moment of its own: whatever lasts within one process (a throttle, a lease, how old an answer is) goes
by it. What outlasts a process goes by the wall clock, and within bounds: see :data:`SKEW_SECONDS`.
"""

from __future__ import annotations

import datetime as dt
import time

SKEW_SECONDS = 300.0
"""Clocks of machines may differ by so much; what was made later than that is of a clock that was wrong."""


def wall() -> float:
    """Return the seconds since 1970 by the wall clock."""
    return time.time()


def steady() -> float:
    """Return seconds that only ever go on; for comparing with one another, within one process."""
    return time.monotonic()


def utc_now() -> dt.datetime:
    """Return the present moment by the wall clock, in UTC."""
    return dt.datetime.fromtimestamp(wall(), dt.UTC)


def today() -> dt.date:
    """Return the day of today by the wall clock, as this machine counts days."""
    return dt.date.fromtimestamp(wall())
