"""Draw a control group: at random within strata, the same for the same list, name and seed.

Whoever is left alone must differ from whoever is contacted by nothing but chance; then what differs later is the
campaign's doing. Drawing within strata of risk and value changes nothing about that: it only keeps chance from putting
all the good customers on one side.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churnrisk.errors import CampaignError
from churnrisk.messages import wording
from churnrisk.types import Floats

BANDS = 4
"""Bands of churn probability, of equal size; within each, the lower and the upper half by value."""

LEAST_OF_EACH = 2
"""Contacted and control customers that a stratum needs, so that its spread can be told; smaller ones are merged."""


@dataclass(frozen=True)
class ListedCustomers:
    """The customers of a list, sorted by id, with the score as it stands in the list.

    Parameters
    ----------
    customer_ids : ndarray of object, shape (n,)
        Each once.
    churn_probability, value : ndarray of float64, shape (n,)
        NaN where the list does not tell. The value is in currency units.
    """

    customer_ids: NDArray[np.object_]
    churn_probability: Floats
    value: Floats

    @classmethod
    def sort(
        cls, customer_ids: Sequence[str], churn_probability: Sequence[float] | Floats, value: Sequence[float] | Floats
    ) -> ListedCustomers:
        """Take the customers of a list in any order."""
        ids = np.array(customer_ids, dtype=object)
        order = np.argsort(ids, kind="stable")
        columns = (np.asarray(one, dtype=np.float64)[order] for one in (churn_probability, value))
        return cls(ids[order], *columns)

    def __len__(self) -> int:
        return len(self.customer_ids)

    def without(self, customers: Set[str]) -> ListedCustomers:
        """Leave customers out."""
        kept = np.array([one not in customers for one in self.customer_ids], dtype=bool)
        return ListedCustomers(self.customer_ids[kept], self.churn_probability[kept], self.value[kept])


@dataclass(frozen=True)
class Assignment:
    """The customers contacted, and those left alone.

    Parameters
    ----------
    is_treated : ndarray of bool, shape (n,)
        In the order of the list's ids.
    stratum : ndarray of int64, shape (n,)
        Counts from 0.
    control_probability : ndarray of float64, shape (n,)
        Share of the stratum that is kept back: what a control's outcome has to be multiplied up by, inversely.
    """

    is_treated: NDArray[np.bool_]
    stratum: NDArray[np.int64]
    control_probability: Floats


def assign_control(listed: ListedCustomers, *, holdout: float, seed: int, name: str = "") -> Assignment:
    """Draw the control group.

    Parameters
    ----------
    listed : ListedCustomers
        Customers to draw from; those that must not be contacted are out already.
    holdout : float
        Share to keep back; 0 keeps nobody back.
    seed : int
        The same list, seed and name give the same draw.
    name : str
        Of the campaign. It enters the seed: else the same customers of the same list would always be left alone.

    Raises
    ------
    CampaignError
        Where the list is too short for a control group of that share.
    """
    n = len(listed)
    if holdout == 0:
        return Assignment(np.ones(n, dtype=bool), np.zeros(n, dtype=np.int64), np.zeros(n))
    _check_size(n, holdout)
    chance = np.random.default_rng([seed, *name.encode()])
    stratum = _merge_small(_stratify(listed), holdout)
    sizes = np.bincount(stratum)
    kept_back = _round_randomly((sizes * holdout).astype(np.float64), chance)
    is_treated = np.ones(n, dtype=bool)
    for number, count in enumerate(kept_back):
        members = np.flatnonzero(stratum == number)
        is_treated[chance.permutation(members)[:count]] = False
    return Assignment(is_treated, stratum, (kept_back / sizes)[stratum])


def _check_size(n: int, holdout: float) -> None:
    least = int(np.ceil(LEAST_OF_EACH / min(holdout, 1 - holdout)))
    if n < least:
        raise CampaignError(
            wording(
                "{n} customers can be drawn from; a holdout of {holdout} needs at least {least}, so that {each} are in "
                "either group. Take a longer list or a --holdout nearer to 50%."
            ).format(n=n, holdout=f"{holdout:.0%}", least=least, each=LEAST_OF_EACH)
        )


def _stratify(listed: ListedCustomers) -> NDArray[np.int64]:
    """Number the strata: bands of churn probability, in each the lower and the upper half by value."""
    band = _quantile_group(listed.churn_probability, BANDS)
    half = np.zeros(len(listed), dtype=np.int64)
    for number in range(BANDS):
        members = band == number
        half[members] = _quantile_group(listed.value[members], 2)
    return 2 * band + half


def _quantile_group(values: Floats, groups: int) -> NDArray[np.int64]:
    """Cut by rank into groups of equal size, equal values in one group; what is not known goes lowest."""
    known = np.where(np.isnan(values), -np.inf, values)
    rank = np.searchsorted(np.sort(known), known, side="left")
    group: NDArray[np.int64] = (rank * groups // max(len(values), 1)).astype(np.int64)
    return group


def _merge_small(stratum: NDArray[np.int64], holdout: float) -> NDArray[np.int64]:
    """Merge strata with their neighbours until each is sure to have enough of either group, and number them anew."""
    least = LEAST_OF_EACH / min(holdout, 1 - holdout)
    numbers, sizes = np.unique(stratum, return_counts=True)
    merged, total, current = np.zeros(len(numbers), dtype=np.int64), 0, 0
    for place, size in enumerate(sizes):
        merged[place], total = current, total + size
        if total >= least:
            current, total = current + 1, 0
    if total and current:
        merged[merged == current] = current - 1  # what is left over at the end joins the last
    return merged[np.searchsorted(numbers, stratum)]


def _round_randomly(wanted: Floats, chance: np.random.Generator) -> NDArray[np.int64]:
    """Round each number up or down, so that each is kept on average and their sum is the rounded sum.

    One random start and steps of one along the running total: a number is rounded up as often as its fraction says.
    """
    edges = np.concatenate([[0.0], np.cumsum(wanted)])
    whole: NDArray[np.int64] = np.diff(np.floor(np.round(edges, 9) + chance.random())).astype(np.int64)
    return whole
