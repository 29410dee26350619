"""Train on earlier snapshots, test on later ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
from sklearn.model_selection import BaseCrossValidator

from churnrisk.types import Integers

CUTOFF = "cutoff"


class SnapshotSplit(BaseCrossValidator):  # type: ignore[misc]  # scikit-learn has no types
    """A splitter by time over several snapshots, which lets nothing see the future.

    Each test is one later snapshot, and what is trained on are all snapshots whose outcome was known on the morning of
    its cutoff: their lead and horizon were over by then. With a snapshot that began only a week before, a model would
    be told of days that the test is about; in production it would not have been.

    Parameters
    ----------
    n_splits : int
        Tests: the newest cutoffs that have so much before them.
    horizon : int
        Days of the outcome window.
    lead : int
        Days between a cutoff and the first day that counts.

    Examples
    --------
    >>> import numpy as np
    >>> from churnrisk.sklearn import SnapshotSplit
    >>> cutoffs = np.array(["2024-01-01", "2024-01-31", "2024-03-01", "2024-03-31"], dtype="datetime64[D]")
    >>> splitter = SnapshotSplit(n_splits=2, horizon=60)
    >>> [(train.tolist(), test.tolist()) for train, test in splitter.split(np.zeros((4, 1)), groups=cutoffs)]
    [([0], [2]), ([0, 1], [3])]
    """

    def __init__(self, n_splits: int = 3, *, horizon: int, lead: int = 0) -> None:
        self.n_splits = n_splits
        self.horizon = horizon
        self.lead = lead

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Integers, Integers]]:
        """Yield the rows to train on and those to test on, oldest test first.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Where it is a frame with a column ``cutoff``, that tells the snapshots and ``groups`` may be left out.
        y : array-like, optional
            Not looked at.
        groups : array-like of shape (n_samples,), optional
            The cutoff of each row: dates, or numbers of days.

        Raises
        ------
        ValueError
            Without cutoffs, or where fewer than ``n_splits`` of them have an earlier snapshot whose outcome was known.
        """
        days = read_cutoffs(find_cutoffs(X) if groups is None else groups)
        reach = self.horizon + self.lead
        cutoffs = np.unique(days)
        tests = [day for day in cutoffs if cutoffs[0] + reach <= day][-self.n_splits :]
        if self.n_splits < 1 or self.horizon < 1 or self.lead < 0 or len(tests) < self.n_splits:
            raise ValueError(
                f"n_splits={self.n_splits}, horizon={self.horizon}, lead={self.lead}: of {len(cutoffs)} cutoffs, "
                f"{len(tests)} have an earlier one whose outcome window of {reach} days was over. Take fewer splits, a "
                "shorter horizon, or more snapshots."
            )
        for day in tests:
            yield np.flatnonzero(days + reach <= day), np.flatnonzero(days == day)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of tests; nothing of the arguments is looked at."""
        return self.n_splits


def find_cutoffs(X: Any) -> Any:
    """Return the column of cutoffs of a frame.

    Raises
    ------
    ValueError
        Where there is none.
    """
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame) and CUTOFF in frame.columns:
        return frame[CUTOFF].to_numpy()
    raise ValueError(f"which snapshot is a row of? Give groups, the cutoff of each row, or a frame with {CUTOFF!r}.")


def read_cutoffs(cutoffs: Any) -> Integers:
    """Return the numbers of days of cutoffs: dates of any kind, or numbers of days already.

    Raises
    ------
    ValueError
        For what is no date, or is missing.
    """
    values = np.asarray(cutoffs)
    if values.dtype.kind in "iu":
        return values.astype(np.int64)
    days = values.astype("datetime64[D]")
    if np.isnat(days).any():
        raise ValueError(f"the cutoff of row {int(np.flatnonzero(np.isnat(days))[0])} is missing.")
    return days.astype(np.int64)
