"""Items that a customer may buy next, with what is known of each: own ones, those of neighbours, popular ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnrisk.products.item_facts import ItemFacts
from churnrisk.products.neighbours import history_weights
from churnrisk.products.pair_rows import PairRows, PurchaseDays, pair_numbers, rank_within
from churnrisk.products.still_buying import GapSums
from churnrisk.types import Bools, Floats, Integers, Places

MOST_OWN, FROM_NEIGHBOURS, FROM_POPULAR = 60, 10, 15
"""Candidates of each kind; more where longer lists are asked for."""

HALF_LIVES = (10, 40, 150)
"""Days in which a purchase comes to count half."""

LAST_DAYS = 10
"""Purchase days whose share of an item is told."""

LONG_QUIET = 365.0
"""Days of silence of a customer of whom no purchase is known."""

ABSENT = ("count", "due", *(f"decayed_{half}" for half in HALF_LIVES), "share_of_last", "weight")
"""Columns that are nothing, and not missing, for an item that the customer never bought."""


@dataclass(frozen=True)
class Candidates:
    """Items per customer.

    Parameters
    ----------
    customer, item : ndarray of int
        Sorted by the two.
    columns : mapping of str to ndarray of float32
        What is known of each.
    order : ndarray of int
        Popularity rank of the item, by which ties are decided.
    """

    customer: Integers
    item: Integers
    columns: dict[str, np.ndarray]
    order: Places

    def __len__(self) -> int:
        return len(self.item)

    @property
    def is_new(self) -> Bools:
        """Whether the customer never bought the item."""
        found: Bools = self.columns["count"] == 0
        return found

    def ranks(self, score: np.ndarray) -> Places:
        """Rank the items of each customer by a score, from 0 on."""
        return rank_within(self.customer, score, self.order)


def find_candidates(
    rows: PairRows, numbers: Places, facts: ItemFacts, *, offered: Bools | None = None, top: int = 10
) -> Candidates:
    """Find the items that some customers may buy next.

    Parameters
    ----------
    rows : PairRows
        What they bought before the cutoff of ``facts``.
    numbers : ndarray of int
        Their places among all customers.
    facts : ItemFacts
        What is known of items.
    offered : ndarray of bool, optional
        Items that may be listed; all unless it is given.
    top : int
        Length of the lists to come.
    """
    offered = np.ones(rows.items, bool) if offered is None else offered
    days = rows.purchase_days()
    pairs, columns = _describe_pairs(rows, days, facts)
    own_customer, own_item = pairs // rows.items, pairs % rows.items
    votes, new, new_votes = _vote(rows, numbers, pairs, facts, offered, top)
    kept = _keep(own_customer, own_item, columns, facts, offered, top)
    both = np.append(pairs[kept], new)
    place = np.argsort(both)
    customer, item = np.divmod(both[place], rows.items)
    filled = {
        name: np.append(values[kept], np.full(len(new), 0.0 if name in ABSENT else np.nan))[place]
        for name, values in columns.items()
    }
    filled["neighbours"] = np.append(votes[kept], new_votes)[place]
    due_of_all = np.bincount(own_customer, columns["due"], rows.customers)
    for name, values in {**_describe_customers(rows, days, facts.cutoff), "due_of_all": due_of_all}.items():
        filled[name] = values[customer]
    for name, values in facts.columns.items():
        filled[name] = values[item]
    filled["rate"] = filled["count"] / np.maximum(filled["days"], 1)
    filled["quiet_in_gaps"] = filled["quiet"] / np.maximum(filled["gap_of_days"], 1)
    return Candidates(customer, item, {n: v.astype(np.float32) for n, v in filled.items()}, facts.order[item])


def _describe_pairs(rows: PairRows, days: PurchaseDays, facts: ItemFacts) -> tuple[Integers, dict[str, Floats]]:
    """Return the number of each pair, sorted, and what is known of it."""
    sums = GapSums.count(rows)
    starts, cutoff = sums.starts, facts.cutoff
    if not len(starts):
        return np.zeros(0, np.int64), dict.fromkeys(_PAIR_COLUMNS, np.zeros(0))
    gap = facts.gaps.forecast(rows, sums)
    first, last = rows.day[starts], rows.day[starts + sums.gaps]
    quiet = (cutoff - last).astype(np.float64)
    still, due = gap.chances(quiet, facts.horizon)
    counts = days.counts()[rows.customer]
    is_late = (days.from_last() < LAST_DAYS) / np.minimum(counts, LAST_DAYS)
    age = cutoff - rows.day
    columns = {
        "count": sums.gaps + 1.0,
        "quiet": quiet,
        "known_for": (cutoff - first).astype(np.float64),
        "due": due,
        "still": still,
        "gap_centre": gap.centre,
        "gap_spread": gap.spread,
        "overdue": (np.log(np.maximum(quiet, 0.5)) - gap.centre) / gap.spread,
        "mean_gap": np.where(sums.gaps > 0, (last - first) / np.maximum(sums.gaps, 1), np.nan),
        "last_gap": sums.last,
        **{f"decayed_{half}": np.add.reduceat(np.exp2(-age / half), starts) for half in HALF_LIVES},
        "share_of_last": np.add.reduceat(is_late, starts),
        "weight": np.add.reduceat(history_weights(rows, days), starts),
    }
    return pair_numbers(rows.customer[starts], rows.item[starts], rows.items), columns


_PAIR_COLUMNS = (
    *("count", "quiet", "known_for", "due", "still", "gap_centre", "gap_spread", "overdue", "mean_gap", "last_gap"),
    *(f"decayed_{half}" for half in HALF_LIVES),
    *("share_of_last", "weight"),
)


def _describe_customers(rows: PairRows, days: PurchaseDays, cutoff: int) -> dict[str, Floats]:
    first, last = days.bounds()
    count, lines = days.counts(), np.bincount(rows.customer, minlength=rows.customers)
    kinds = np.bincount(rows.pairs() // rows.items, minlength=rows.customers)
    return {
        "days": count.astype(np.float64),
        "days_30": days.counts(cutoff - 30).astype(np.float64),
        "days_90": days.counts(cutoff - 90).astype(np.float64),
        "quiet_of_customer": np.nan_to_num(cutoff - last, nan=LONG_QUIET),
        "known_for_of_customer": np.nan_to_num(cutoff - first, nan=LONG_QUIET),
        "gap_of_days": np.nan_to_num(last - first) / np.maximum(count - 1, 1),
        "items_of_day": lines / np.maximum(count, 1),
        "share_of_kinds": kinds / np.maximum(lines, 1),
    }


def _keep(
    customer: Integers, item: Integers, columns: dict[str, Floats], facts: ItemFacts, offered: Bools, top: int
) -> Bools:
    """Choose the own items that are likeliest by due dates or by weight."""
    most = max(MOST_OWN, top)
    fine = offered[item]
    kept = np.zeros(len(item), bool)
    for name in ("due", "weight"):
        kept |= rank_within(customer, np.where(fine, columns[name], -1.0), facts.order[item]) < most
    return kept & fine


def _vote(
    rows: PairRows, numbers: Places, pairs: Integers, facts: ItemFacts, offered: Bools, top: int
) -> tuple[np.ndarray, Integers, np.ndarray]:
    """Return neighbours' votes for own pairs, and new pairs of each customer with their votes."""
    popular = facts.most_popular(max(FROM_POPULAR, top), offered)
    votes, new, new_votes = np.zeros(len(pairs), np.float32), [], []
    for start, weights in facts.neighbours.votes(rows, numbers):
        low, high = np.searchsorted(pairs, np.array([start, start + len(weights)]) * rows.items)
        place, item = np.divmod(pairs[low:high] - start * rows.items, rows.items)
        votes[low:high] = weights[place, item]
        weights[place, item] = -1.0
        weights[:, ~offered] = -1.0
        count = min(max(FROM_NEIGHBOURS, top), rows.items)
        near = np.argpartition(-weights, count - 1, axis=1)[:, :count]
        both = np.concatenate([near, np.broadcast_to(popular, (len(weights), len(popular)))], axis=1)
        values = np.take_along_axis(weights, both, axis=1)
        values[:, :count][values[:, :count] == 0] = -1.0
        row, column = np.nonzero(values >= 0)
        keys, first = np.unique((row + start) * rows.items + both[row, column], return_index=True)
        new.append(keys)
        new_votes.append(values[row, column][first])
    empty = np.zeros(0)
    return votes, np.concatenate(new or [empty.astype(np.int64)]), np.concatenate(new_votes or [empty])
