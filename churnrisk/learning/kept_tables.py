"""Which tables beside the purchases a model learns from: those that help with customers it has not seen.

A table that tells nothing costs a little: its columns are fitted to chance. So each is tried on folds of customers over
all snapshots that were over when the test began, with the linear part of the model, on purchases alone and with the
table; it stays where the log loss that it saves is more than one standard error over customers, and where it saves some
at two of three past cutoffs or more. Then all that stay are tried together, and what hurts beside the others goes. The
test itself is not looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from types import MappingProxyType
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from churnrisk.dataset import TrainingSet
from churnrisk.learning.estimators import DECAY, MOST_SNAPSHOTS, fit_ridge, fit_silences
from churnrisk.learning.train import labels_of
from churnrisk.learning.trees import draw_rows
from churnrisk.messages import mark
from churnrisk.regression import Design, to_probability
from churnrisk.timeline import Snapshot
from churnrisk.types import Bools, Floats, Integers

FOLDS = 5
STANDARD_ERRORS = 1.0
"""So many standard errors a table must gain. A useless one lies below 0; two would lose good ones in small shops."""

CUTOFFS_WITH_GAIN = 2 / 3
"""Share of past cutoffs at which a table must gain: what gains by chance does so at one and loses at the next."""

LEAST_CUSTOMERS = 30
"""So many customers must have something in a table, in the snapshots that are tried."""

LONG_AGO, LEFT_SHARE = 90, 0.97
"""Of customers whose last row is so many days old, this share that churned calls for a question."""

MOST_ROWS = 12_000
EDGE = 1e-6
TOO_FEW = mark("too few rows to tell")
ONLY_LEFT = mark(
    "almost everybody in it stopped buying, so it may hold only those who left, or rows written once that was known; "
    "--trust takes it as it is"
)
NO_GAIN = mark("it does not help beyond chance")
HURTS = mark("it does not help beside the others")
TOO_SHORT = mark("the history before the test is too short to tell")


@dataclass(frozen=True)
class TableGain:
    """What a table adds to a model on purchases.

    Parameters
    ----------
    name : str
        The table.
    is_kept : bool
        Whether the model learns from it.
    gain, low, high : float or None
        Log loss that it saves for a customer at a snapshot, tried alone, with an interval of 95 %; None where that
        cannot be told.
    share : float or None
        The gain as a share of the log loss on purchases alone.
    reason : str
        Why it is not kept, in English; empty where it is.
    """

    name: str
    is_kept: bool
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    share: float | None = None
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a card."""
        return {
            "table": self.name,
            "kept": self.is_kept,
            "log_loss_gain": self.gain,
            "low": self.low,
            "high": self.high,
            "log_loss_gain_share": self.share,
            "reason": self.reason or None,
        }


def choose_tables(
    data: TrainingSet,
    until: Snapshot,
    *,
    seed: int = 0,
    aside: Mapping[str, str] = MappingProxyType({}),
    trusted: Collection[str] = (),
) -> tuple[TrainingSet, tuple[TableGain, ...]]:
    """Keep the columns of the tables that help; without tables the training set is given back as it is.

    Parameters
    ----------
    data : TrainingSet
        With the columns of all tables, named ``NAME.feature``.
    until : Snapshot
        The one that is tested on: outcomes that were not over at its cutoff are not looked at.
    seed : int
        Of the folds.
    aside : mapping of str to str
        Tables that are not to be learned from, and why.
    trusted : collection of str
        Tables that are tried though they look as if they knew the future.

    Returns
    -------
    data : TrainingSet
        With the columns of purchases and of the tables that are kept.
    gains : tuple of TableGain
        One for each table, by name.
    """
    tables = sorted({table_of(name) for name in data.names} - {""})
    if not tables:
        return data, ()
    with threadpool_limits(limits=1):  # sums of floats depend on how many threads share them
        past = data.known_at(until)
        left = {name: ONLY_LEFT for name in tables if _holds_only_those_who_left(past, name)}
        out = {name: why for name, why in {**left, **aside}.items() if name in tables and name not in trusted}
        tried = _try_all(past, [name for name in tables if name not in out], seed=seed)
    untried = (TableGain(name, False, reason=why) for name, why in out.items())
    gains = tuple(sorted((*tried, *untried), key=attrgetter("name")))
    kept = {one.name for one in gains if one.is_kept} | {""}
    return _select(data, [table_of(name) in kept for name in data.names]), gains


def _holds_only_those_who_left(past: TrainingSet, table: str) -> bool:
    """Tell whether most have nothing in it, and nearly all whose last row is long ago churned, unlike the others.

    Where most customers have rows, as of visits, a long silence means much by itself, and is honest.
    """
    name = f"{table}.days_since_last_row"
    if name not in past.names or not past.snapshots:
        return False
    place = past.names.index(name)
    days = np.concatenate([one.values[:, place] for one in past.snapshots])
    churned = np.concatenate([labels_of(one) for one in past.snapshots])
    ids = np.concatenate([one.customer_ids for one in past.snapshots]).astype(str)
    is_long_ago = days > LONG_AGO
    if len(np.unique(ids[is_long_ago])) < LEAST_CUSTOMERS or np.isnan(days).mean() <= 0.5:
        return False
    return bool(churned[is_long_ago].mean() >= LEFT_SHARE > churned[~is_long_ago].mean())


def table_of(name: str) -> str:
    """Return the table that a feature is of; empty for one of purchases."""
    table, point, _ = name.partition(".")
    return table if point else ""


def _select(data: TrainingSet, is_kept: Sequence[bool]) -> TrainingSet:
    places = np.flatnonzero(is_kept)
    names = tuple(data.names[place] for place in places)
    snapshots = tuple(replace(one, values=one.values[:, places]) for one in data.snapshots)
    current = replace(data.current, values=data.current.values[:, places])
    return replace(data, names=names, snapshots=snapshots, current=current)


def _try_all(past: TrainingSet, tables: Sequence[str], *, seed: int) -> tuple[TableGain, ...]:
    folds = None if not past.snapshots else _Folds.of(past, seed=seed)
    if folds is None or folds.is_too_small:
        return tuple(TableGain(name, is_kept=False, reason=TOO_SHORT) for name in tables)
    known = [name for name in tables if folds.count_customers(name) >= LEAST_CUSTOMERS]
    base = folds.losses(())
    gains = {name: folds.gain(base, folds.losses((name,))) for name in known}
    good = [name for name in known if gains[name].is_sure]
    kept = _drop_what_hurts(folds, good)
    reasons = dict.fromkeys(tables, TOO_FEW) | dict.fromkeys(known, NO_GAIN) | dict.fromkeys(good, HURTS)
    reasons |= dict.fromkeys(kept, "")
    told = {name: gains[name].interval(folds, base) if name in gains else {} for name in tables}
    return tuple(TableGain(name, not reasons[name], **told[name], reason=reasons[name]) for name in tables)


def _drop_what_hurts(folds: _Folds, good: Sequence[str]) -> list[str]:
    """Take away, the worst first, the tables without which the others do better."""
    kept = list(good)
    while len(kept) > 1:
        together = folds.losses(tuple(kept))
        worth = {one: folds.gain(folds.losses(tuple(k for k in kept if k != one)), together).mean for one in kept}
        worst = min(kept, key=lambda one: worth[one])
        if worth[worst] >= 0:
            break
        kept.remove(worst)
    return kept


@dataclass(frozen=True)
class _Gain:
    """Log loss saved by each customer, summed over snapshots: its mean, the standard error of that, and where."""

    mean: float
    error: float
    at_cutoffs: Floats

    @property
    def is_sure(self) -> bool:
        """Whether it is more than chance, over customers and over past cutoffs."""
        return self.mean > STANDARD_ERRORS * self.error and float((self.at_cutoffs > 0).mean()) >= CUTOFFS_WITH_GAIN

    def interval(self, folds: _Folds, base: Floats) -> dict[str, Any]:
        """Return the gain of a row with its interval, and as a share of the loss on purchases alone."""
        per_row = folds.customers / folds.weights.sum()
        loss = float((folds.weights * base).sum() / folds.weights.sum())
        gain, spread = self.mean * per_row, 1.96 * self.error * per_row
        return {"gain": gain, "low": gain - spread, "high": gain + spread, "share": gain / loss}


@dataclass(frozen=True)
class _Folds:
    """The rows that tables are tried on, and the fold of each, customers kept together."""

    design: Design
    columns: Floats
    has_something: dict[str, Bools]
    churned: Floats
    weights: Floats
    snapshot_of: Integers
    customer: Integers
    fold: Integers
    seed: int

    @classmethod
    def of(cls, past: TrainingSet, *, seed: int) -> _Folds:
        """Draw the rows of the newest snapshots, and make their columns."""
        design, snapshots = Design.of(past.names, past.current.snapshot), past.snapshots[-MOST_SNAPSHOTS:]
        drawn = [draw_rows(len(one.values), MOST_ROWS // len(snapshots), seed=seed) for one in snapshots]
        models = fit_silences([*snapshots, past.current])
        each = list(zip(snapshots, drawn, models, strict=False))
        values = np.vstack([one.values[rows] for one, rows, _ in each])
        ids = np.concatenate([one.customer_ids[rows] for one, rows, _ in each])
        _, customer = np.unique(ids.astype(str), return_inverse=True)
        age = np.repeat(np.arange(len(drawn))[::-1], [len(rows) for rows in drawn])
        fold = np.random.default_rng(seed).permutation(int(customer.max()) + 1) % FOLDS
        of_table, has_any = np.array([table_of(name) for name in past.names]), ~np.isnan(values) & (values != 0)
        return cls(
            design,
            np.vstack([design.apply(one.values[rows], model) for one, rows, model in each]),
            {name: has_any[:, of_table == name].any(axis=1) for name in set(of_table.tolist())},
            np.concatenate([labels_of(one)[rows] for one, rows, _ in each]).astype(np.float64),
            DECAY**age * np.concatenate([one.weights[rows] for one, rows, _ in each]),
            age,
            customer,
            fold[customer],
            seed,
        )

    @property
    def customers(self) -> int:
        """How many there are."""
        return int(self.customer.max()) + 1

    @property
    def is_too_small(self) -> bool:
        """Whether too few customers churned, or bought again."""
        outcomes = (len(np.unique(self.customer[self.churned == one])) for one in (0, 1))
        return min(outcomes) < LEAST_CUSTOMERS

    def count_customers(self, table: str) -> int:
        """Count the customers that have something in a table."""
        return len(np.unique(self.customer[self.has_something[table]]))

    def losses(self, tables: Sequence[str]) -> Floats:
        """Return the log loss of each row, predicted from the customers of other folds, with some tables."""
        wanted = {"", *tables}
        places = [place for place, name in enumerate(self.design.columns) if table_of(name) in wanted]
        design = replace(self.design, columns=tuple(self.design.columns[place] for place in places))
        columns, losses = self.columns[:, places], np.empty(len(self.columns))
        for fold in range(FOLDS):
            own, rest = self.fold == fold, self.fold != fold
            part = fit_ridge(
                columns[rest],
                self.churned[rest],
                self.weights[rest],
                snapshot_of=self.snapshot_of[rest],
                names=design.columns,
                seed=self.seed,
            )
            probability = np.clip(to_probability(part.log_odds(columns[own])), EDGE, 1 - EDGE)
            churned = self.churned[own]
            losses[own] = -(churned * np.log(probability) + (1 - churned) * np.log(1 - probability))
        return losses

    def gain(self, without: Floats, with_table: Floats) -> _Gain:
        """Compare the losses of the same rows, customer by customer."""
        each = self.weights * (without - with_table)
        saved = np.bincount(self.customer, weights=each, minlength=self.customers)
        at_cutoffs = np.bincount(self.snapshot_of, weights=each).astype(np.float64)
        return _Gain(float(saved.mean()), float(saved.std(ddof=1) / np.sqrt(len(saved))), at_cutoffs)
