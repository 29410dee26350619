"""What has changed since an earlier scoring run, and whether what it said came true."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from churnrisk.labels import label_churn
from churnrisk.memory.retention_time import tend_state
from churnrisk.orders import Orders
from churnrisk.scoring import Scores, find
from churnrisk.state import (
    Remembered,
    Run,
    RunScore,
    StatePlace,
    find_run,
    list_runs,
    load_scores,
    open_state,
    remember_run,
)
from churnrisk.timeline import Snapshot, date_of

CHANGES = ("new on the list", "rising", "falling", "bought since", "off the list", "unchanged")
"""What may stand in the column ``change``; the list holds those rated high. Empty for one that was or is not scored."""

STEP = 0.05
"""A churn probability that moves by less than five points is called unchanged."""


@dataclass(frozen=True)
class Followed:
    """How the customers rated high went on.

    Parameters
    ----------
    rated_high : int
        In the earlier run.
    followed : int
        Those of them whose purchases since are known here.
    silent : int
        Those who have not bought in the part of the outcome window that is over.
    predicted : float
        How many of the followed were expected not to buy in the whole window: the sum of their probabilities.
    days_over, days : int
        Days of the outcome window that are over, and all of them.
    """

    rated_high: int
    followed: int
    silent: int
    predicted: float
    days_over: int
    days: int


@dataclass(frozen=True)
class Comparison:
    """A run against an earlier one.

    Parameters
    ----------
    earlier : Remembered
        The earlier run.
    change : ndarray of object, shape (n,)
        For each row of the scores, one of :data:`CHANGES` or None.
    followed : Followed or None
        None where none of the outcome window is over, or the file does not tell which customers bought in it.
    """

    earlier: Remembered
    change: np.ndarray
    followed: Followed | None

    def counts(self) -> dict[str, int]:
        """Count the customers of each change, those in words that do not occur as 0."""
        counted = Counter(self.change.tolist())
        return {name: counted[name] for name in CHANGES}

    def line(self, as_of: int) -> str:
        """Say in one sentence whether what was said came true."""
        then = self.earlier.run.snapshot
        if self.followed is None:
            return f"Nothing can be said yet of those rated high on {date_of(then.cutoff)}."
        one = self.followed
        start = f"Of the {one.followed:,} rated high on {date_of(then.cutoff)}"
        if one.followed < one.rated_high:
            start += f" ({one.rated_high - one.followed:,} more are not in this file)"
        if one.days_over == one.days:
            return f"{start}, {one.silent:,} did not buy within {one.days} days; {one.predicted:,.0f} were predicted."
        return (
            f"{start}, {one.silent:,} have not bought by {date_of(as_of)}, when {one.days_over} of the {one.days} days "
            f"of their window are over; {one.predicted:,.0f} are predicted for its end."
        )

    def to_dict(self, as_of: int) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "run": self.earlier.run_id,
            "as_of": date_of(self.earlier.run.snapshot.cutoff).isoformat(),
            "model": self.earlier.run.model,
            "changes": self.counts(),
            "rated_high": None if self.followed is None else vars(self.followed),
            "sentence": self.line(as_of),
        }


@dataclass(frozen=True)
class Memory:
    """Where runs are remembered, and which of them to compare with.

    Parameters
    ----------
    path : Path or str
        The state file or URL.
    since : str
        ``"last"``, the number of a run, or a date.
    may_be_first : bool
        Whether a first run, which has none to be compared with, is no error.
    """

    path: StatePlace
    since: str
    may_be_first: bool = False

    def compare(self, scores: Scores, kind: str, orders: Orders | None) -> Comparison | None:
        """Compare scores with the run that is meant; None for a first run that may be one."""
        cutoff = scores.snapshot.cutoff
        with open_state(self.path) as state:
            runs = (one.run for one in list_runs(state))
            if self.may_be_first and not any(run.kind == kind and run.snapshot.cutoff < cutoff for run in runs):
                return None
            earlier = find_run(state, self.since, before=cutoff, kind=kind)
            before = load_scores(state, earlier.run_id)
        change = tell_changes(scores, before, since=earlier.run.snapshot.cutoff)
        return Comparison(earlier, change, follow_up(scores, before, earlier.run.snapshot, orders))


def remember(path: StatePlace, scores: Scores, *, model: str, kind: str, keep_days: int = 0) -> int:
    """Keep a scoring run in the state file, and give its number.

    The same customers with the same scores by the same model at the same day are the same run, however often and from
    whatever file it is made: it replaces what is there. Runs that are older than ``keep_days`` go; 0 keeps them all.
    """
    columns = scores.columns
    order = np.argsort(columns["customer_id"], kind="stable")
    rank = columns["risk_rank"][order]
    rows = zip(
        columns["customer_id"][order].tolist(),
        columns["status"][order].tolist(),
        _none_for_nan(columns["churn_probability"][order]),
        columns["risk"][order].tolist(),
        [None if value is None else int(value) for value in _none_for_nan(rank)],
        strict=True,
    )
    run = Run(scores.snapshot, model, kind, digest_of(scores), scores.count("status", "scored"))
    tend_state(path, keep_days=keep_days)
    with open_state(path) as state:
        return remember_run(state, run, rows)


def digest_of(scores: Scores) -> str:
    """Digest the customers scored and their results."""
    digest = hashlib.sha256()
    for name in ("customer_id", "status", "churn_probability", "days_since_last_order", "order_count", "total_amount"):
        column = scores.columns[name]
        text = "\x1f".join(column.tolist()).encode() if column.dtype == object else column.astype(float).tobytes()
        digest.update(text + b"\x1e")
    return digest.hexdigest()


def _none_for_nan(values: np.ndarray) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]


def with_change(scores: Scores, comparison: Comparison) -> Scores:
    """Add the column ``change``."""
    return replace(scores, columns={**scores.columns, "change": comparison.change})


def tell_changes(scores: Scores, before: Sequence[RunScore], *, since: int) -> np.ndarray:
    """Return each customer's change since an earlier run, as :data:`CHANGES` names them.

    Parameters
    ----------
    scores : Scores
        Now.
    before : sequence of RunScore
        Then.
    since : int
        The day that was scored at then; a purchase on it or later is a purchase since.
    """
    then = {one.customer_id: one for one in before}
    columns = scores.columns
    last_order = scores.snapshot.cutoff - columns["days_since_last_order"]  # NaN compares as False
    has_bought = (last_order >= since).tolist()
    rows = zip(
        columns["customer_id"].tolist(),
        columns["risk"].tolist(),
        columns["churn_probability"].tolist(),
        has_bought,
        strict=True,
    )
    return np.array(
        [_change(then.get(customer), risk, probability, bought) for customer, risk, probability, bought in rows],
        dtype=object,
    )


def _change(then: RunScore | None, risk: str | None, probability: float, has_bought: bool) -> str | None:
    was_high = then is not None and then.risk == "high"
    if was_high and has_bought:
        return "bought since"
    if was_high and risk != "high":
        return "off the list"
    if risk == "high" and not was_high:
        return "new on the list"
    if then is None or then.churn_probability is None or probability != probability:
        return None
    moved = probability - then.churn_probability
    return "unchanged" if abs(moved) < STEP else ("rising" if moved > 0 else "falling")


def follow_up(scores: Scores, before: Sequence[RunScore], then: Snapshot, orders: Orders | None) -> Followed | None:
    """Look up what the customers rated high did in the part of their outcome window that is over."""
    now = scores.snapshot.cutoff
    days_over = min(then.horizon, now - then.outcome_start)
    silent = None if days_over < 1 else _who_is_silent(scores, replace(then, horizon=days_over), orders)
    if silent is None:
        return None
    high = [one for one in before if one.risk == "high"]
    known = [one for one in high if one.customer_id in silent]
    predicted = sum(one.churn_probability or 0.0 for one in known)
    count = sum(silent[one.customer_id] for one in known)
    return Followed(len(high), len(known), count, predicted, days_over, then.horizon)


def _who_is_silent(scores: Scores, window: Snapshot, orders: Orders | None) -> Mapping[str, bool] | None:
    """Tell which customers of the file bought nothing in a window that is over; None where it cannot tell."""
    ids = scores.columns["customer_id"]
    if orders is not None:
        base, churned = label_churn(orders, window)
        places, is_there = find(ids, base)
        return dict(zip(ids[is_there].tolist(), (churned[places[is_there]] == 1).tolist(), strict=True))
    if scores.snapshot.cutoff > window.outcome_end:
        return None  # one row per customer: the last order may have come after the window
    last_order = scores.snapshot.cutoff - scores.columns["days_since_last_order"]
    return dict(zip(ids.tolist(), (~(last_order >= window.outcome_start)).tolist(), strict=True))
