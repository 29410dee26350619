"""What the buy-till-you-die models see of a customer: how often, until when, for how long."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from churnrisk.errors import InvalidSummary
from churnrisk.types import Bools, Floats, Places


@dataclass(frozen=True, eq=False, init=False)
class Summary:
    """Purchase histories, each reduced to three numbers.

    The models assume that purchases fall at random at a customer's own rate until the customer leaves. Under
    that assumption nothing else in the history matters: not the single dates, not the amounts. So a million
    customers become a few ten thousand distinct rows.

    A day counts once, however many orders it holds. The first purchase day starts the clock and is not counted
    in `frequency`.

    Parameters
    ----------
    frequency : array_like, shape (n,)
        Repeat purchase days: purchase days minus one. Whole numbers from 0.
    age_at_last_order : array_like, shape (n,)
        Days from the first purchase day to the last one; 0 exactly where `frequency` is 0.
    tenure : array_like, shape (n,)
        Days from the first purchase day to the cutoff, not less than `age_at_last_order`.
    customers : array_like, shape (n,), optional
        How many customers each row stands for. One each by default.

    Raises
    ------
    InvalidSummary
        The columns differ in length, hold something that is not a finite number, or contradict each other.

    Notes
    -----
    Any unit of time may stand in for days (the literature uses weeks), as long as all three columns, the
    horizons and the fitted rates are in the same one.

    Examples
    --------
    A customer who bought on days 0, 10 and 40 and is looked at on day 100, and one who bought on day 93 only:

    >>> Summary([2, 0], [40, 0], [100, 7]).tenure
    array([100.,   7.])
    """

    frequency: Floats
    age_at_last_order: Floats
    tenure: Floats
    customers: Floats

    def __init__(
        self,
        frequency: npt.ArrayLike,
        age_at_last_order: npt.ArrayLike,
        tenure: npt.ArrayLike,
        customers: npt.ArrayLike | None = None,
    ) -> None:
        columns = {"frequency": frequency, "age_at_last_order": age_at_last_order, "tenure": tenure}
        columns["customers"] = np.ones(np.shape(frequency)) if customers is None else customers
        for name, values in columns.items():
            object.__setattr__(self, name, _read_column(name, values))
        _check_summary(self)

    def __len__(self) -> int:
        return len(self.frequency)

    def collapse(self) -> tuple[Summary, Places]:
        """Merge equal rows and sort.

        Returns
        -------
        distinct : Summary
            One row per distinct (frequency, age at last order, tenure), sorted, with summed customers.
        inverse : ndarray of int, shape (n,)
            Where each row of this summary stands in `distinct`.
        """
        return self._collapsed

    @cached_property
    def _collapsed(self) -> tuple[Summary, Places]:
        # The weight is the last sort key, so that sums of fractional weights do not depend on the row order.
        order = np.lexsort((self.customers, self.tenure, self.age_at_last_order, self.frequency))
        columns = [c[order] for c in (self.frequency, self.age_at_last_order, self.tenure)]
        first, inverse = _mark_distinct(columns, order)
        weights = np.add.reduceat(self.customers[order], first) if len(first) else self.customers
        x, t_x, T = (column[first] for column in columns)
        return Summary(x, t_x, T, weights), inverse

    @cached_property
    def table(self) -> Table:
        """The distinct rows in the letters of the literature; many questions are asked of the same."""
        return Table.from_summary(self.collapse()[0])


@dataclass(frozen=True, eq=False)
class Table:
    """Distinct rows in the letters of the literature, with the smaller tables that save work.

    `x` repeat purchases, `t_x` age at the last order, `T` tenure, `weight` customers. Most terms of a
    likelihood depend on `x` alone, or on `x` and one time, and these have far fewer distinct values.
    """

    x: Floats
    t_x: Floats
    T: Floats
    weight: Floats

    @classmethod
    def from_summary(cls, summary: Summary, scale: float = 1.0) -> Table:
        """Take the rows of a (collapsed) summary, times divided by `scale`."""
        times = summary.age_at_last_order / scale, summary.tenure / scale
        return cls(summary.frequency, *times, summary.customers)

    @cached_property
    def customers(self) -> float:
        """The sum of the weights."""
        return float(self.weight.sum())

    @cached_property
    def by_x(self) -> tuple[Floats, Floats, Places]:
        """Distinct `x`, the weight on each, and the place of each row among them."""
        x, inverse = np.unique(self.x, return_inverse=True)
        weight = np.bincount(inverse, weights=self.weight, minlength=len(x)).astype(np.float64)
        return x, weight, inverse

    @cached_property
    def by_last(self) -> tuple[Floats, Floats, Places]:
        """Distinct pairs `(x, t_x)`, and the place of each row among them."""
        return distinct_pairs(self.x, self.t_x)

    @cached_property
    def by_tenure(self) -> tuple[Floats, Floats, Places]:
        """Distinct pairs `(x, T)`, and the place of each row among them."""
        return distinct_pairs(self.x, self.T)

    def take_every(self, step: int) -> Table:
        """Return every `step`-th row: a smaller table of the same shape, to find a starting point on."""
        return Table(*(c[::step].copy() for c in (self.x, self.t_x, self.T, self.weight)))


def distinct_pairs(left: Floats, right: Floats) -> tuple[Floats, Floats, Places]:
    """Return the distinct pairs of two columns, sorted, and the place of each row among them."""
    order = np.lexsort((right, left))
    columns = [left[order], right[order]]
    first, inverse = _mark_distinct(columns, order)
    return columns[0][first], columns[1][first], inverse


def _mark_distinct(sorted_columns: list[Floats], order: Places) -> tuple[Places, Places]:
    """Return the first row of each run of equal rows, and the run that each unsorted row belongs to."""
    new = np.zeros(len(order), dtype=bool)
    new[:1] = True
    for column in sorted_columns:
        new[1:] |= column[1:] != column[:-1]
    inverse = np.empty(len(order), dtype=np.intp)
    inverse[order] = np.cumsum(new) - 1
    return np.flatnonzero(new), inverse


def _read_column(name: str, values: npt.ArrayLike) -> Floats:
    try:
        column = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidSummary(f"{name} holds something that is not a number ({error}); give numbers.") from None
    if column.ndim != 1:
        raise InvalidSummary(f"{name} has {column.ndim} dimensions; give one number for each row.")
    column.flags.writeable = False
    return column


def _check_summary(summary: Summary) -> None:
    x, t_x, T = summary.frequency, summary.age_at_last_order, summary.tenure
    lengths = {len(c) for c in (x, t_x, T, summary.customers)}
    if len(lengths) > 1:
        raise InvalidSummary(f"The columns have {sorted(lengths)} rows; give the same number in each.")
    finite = np.isfinite(x) & np.isfinite(t_x) & np.isfinite(T) & np.isfinite(summary.customers)
    _refuse_rows(summary, ~finite, "every number must be finite")
    _refuse_rows(summary, (x < 0) | (x != np.floor(x)), "frequency must be a whole number from 0")
    _refuse_rows(summary, (t_x < 0) | (t_x > T), "age_at_last_order must lie between 0 and tenure")
    _refuse_rows(summary, (t_x > 0) != (x > 0), "age_at_last_order must be 0 exactly where frequency is 0")
    _refuse_rows(summary, summary.customers <= 0, "customers must be above 0")


def _refuse_rows(summary: Summary, bad: Bools, rule: str) -> None:
    if not bad.any():
        return
    row = int(np.argmax(bad))
    names = ("frequency", "age_at_last_order", "tenure", "customers")
    values = ", ".join(f"{name}={getattr(summary, name)[row]:g}" for name in names)
    raise InvalidSummary(f"Row {row} of the summary has {values} ({bad.sum()} such rows): {rule}.")
