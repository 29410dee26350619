"""Products that their regulars give up faster than a year ago."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnrisk.products.first import Z, let_through, p_value
from churnrisk.products.items import PairDays
from churnrisk.timeline import YEAR

REGULAR_DAYS, LEAST_REGULARS = 3, 20
"""A regular bought an item on three days or more; a product needs so many of them now and a year ago."""


@dataclass(frozen=True)
class Stopping:
    """How many regulars of each item gave it up, now and a year ago.

    Parameters
    ----------
    days : int
        Regulars bought in so many days before the day that they are taken at, and gave the item up if they bought none
        of it in so many days from it on.
    items : int
        Items with regulars enough to be compared.
    columns : mapping of str to ndarray
        ``item`` (places), ``regulars``, ``gave_up_share``, ``regulars_year_ago``, ``gave_up_share_year_ago``,
        ``difference`` with ``difference_from`` and ``difference_to`` (95 %), ``is_told_apart``; the largest first.
    """

    days: int
    items: int
    columns: Mapping[str, NDArray[Any]]


def find_stopping(pairs: PairDays, days: int) -> Stopping | None:
    """Compare how many regulars give an item up with a year ago, at the same time of the year.

    None where the log is too short: a year and three times the days are needed.
    """
    now = pairs.cutoff - days
    if now - YEAR - 2 * days < pairs.first_day:
        return None
    (regulars, left), (regulars_then, left_then) = (_count(pairs, at, days) for at in (now, now - YEAR))
    item = np.flatnonzero((regulars >= LEAST_REGULARS) & (regulars_then >= LEAST_REGULARS))
    n, m = regulars[item].astype(float), regulars_then[item].astype(float)
    share, share_then = left[item] / n, left_then[item] / m
    both = (left[item] + left_then[item]) / (n + m)
    error = np.sqrt(both * (1 - both) * (1 / n + 1 / m))
    z = np.where(error > 0, (share - share_then) / np.maximum(error, 1e-12), 0.0)
    # one success and one failure more in each makes the interval hold for few regulars, too (Agresti and Caffo, 2000)
    near, near_then = (left[item] + 1) / (n + 2), (left_then[item] + 1) / (m + 2)
    half = Z * np.sqrt(near * (1 - near) / (n + 2) + near_then * (1 - near_then) / (m + 2))
    columns = {
        "item": item,
        "regulars": regulars[item],
        "gave_up_share": share,
        "regulars_year_ago": regulars_then[item],
        "gave_up_share_year_ago": share_then,
        "difference": share - share_then,
        "difference_from": near - near_then - half,
        "difference_to": near - near_then + half,
        "is_told_apart": let_through(p_value(z)),
    }
    order = np.lexsort((item, -columns["difference"]))
    return Stopping(days, len(item), {name: values[order] for name, values in columns.items()})


def _count(pairs: PairDays, at: int, days: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count by item the regulars at a day, and those of them that bought none in the days from it on."""
    starts = np.flatnonzero(
        np.append(True, (pairs.customer[1:] != pairs.customer[:-1]) | (pairs.item[1:] != pairs.item[:-1]))
    )
    before = pairs.day < at
    bought_before = np.add.reduceat(before.astype(np.int32), starts)
    lately = np.add.reduceat((before & (pairs.day >= at - days)).astype(np.int32), starts)
    after = np.add.reduceat((~before & (pairs.day < at + days)).astype(np.int32), starts)
    regular = (bought_before >= REGULAR_DAYS) & (lately > 0)
    item, size = pairs.item[starts], len(pairs.items)
    gave_up = regular & (after == 0)
    return np.bincount(item[regular], minlength=size), np.bincount(item[gave_up], minlength=size)
