"""The days on which rows of the tables beside the purchases became known."""

from __future__ import annotations

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from churnrisk.dated import TablesBeside
from churnrisk.engines import collect_arrays


def find_table_days(beside: TablesBeside, as_of: int) -> dict[str, NDArray[np.int64]]:
    """Return of each table the days before ``as_of`` on which a row became known, each once, sorted.

    Attributes that never change have none, and are left out.
    """
    frames = {name: (one.frame(), "known_day") for name, one in beside.tables.items()}
    changing = {name: one for name, one in beside.attributes.items() if not one.is_fixed}
    frames |= {name: (one.frame(), "valid_day") for name, one in changing.items()}
    found = {}
    for name, (rows, day) in sorted(frames.items()):
        days = rows.filter(nw.col(day) < as_of).select(day=nw.col(day)).unique()
        found[name] = collect_arrays(days, sort_by=["day"])["day"].astype(np.int64)
    return found
