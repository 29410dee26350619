"""The moment that something was remembered at: text that sorts by time."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from churnrisk.clock import utc_now


def now(timespec: Literal["seconds", "microseconds"] = "seconds") -> str:
    """Return the present moment (UTC) as ISO 8601."""
    return utc_now().isoformat(timespec=timespec)


def later(seconds: float) -> str:
    """Return the moment so many seconds from now (before now, if negative), as :func:`now` does."""
    return (utc_now() + dt.timedelta(seconds=seconds)).isoformat(timespec="seconds")
