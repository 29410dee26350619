"""RFM segments: customers scored by quintile in three ways, and named by a table of all 125 scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from churnrisk.errors import NotEnoughData
from churnrisk.retention.customers import Customers, profile_customers
from churnrisk.retention.definitions import Definition, divide
from churnrisk.retention.groups import LineLog, main_categories
from churnrisk.retention.histories import OrderLog
from churnrisk.timeline import date_of

SEGMENTS = {
    "champions": "bought lately, often and for much",
    "loyal": "come back regularly",
    "promising": "bought lately, not often yet",
    "new": "bought lately for the first time or nearly so",
    "needs_attention": "average in everything, and not lately",
    "about_to_sleep": "few purchases, and some time ago",
    "at_risk": "bought often or for much, but not for a while",
    "cannot_lose": "among the best, and silent for long",
    "hibernating": "few purchases, long ago",
    "lost": "fewest purchases, longest ago",
}
"""The segments, from the best to the worst, and what they mean."""

# Rows: the score of days since the last order, 5 is latest. Columns: the mean of the scores of frequency and money,
# halves rounded up, 1 to 5.
_NAMES = {
    5: ("new", "promising", "loyal", "champions", "champions"),
    4: ("new", "promising", "loyal", "loyal", "champions"),
    3: ("about_to_sleep", "needs_attention", "needs_attention", "loyal", "loyal"),
    2: ("hibernating", "about_to_sleep", "at_risk", "at_risk", "cannot_lose"),
    1: ("lost", "hibernating", "hibernating", "at_risk", "cannot_lose"),
}

# The lowest score of frequency, which every customer with one purchase day has: money alone makes nobody loyal.
# Columns: scores of money up to 2, and from 3 on.
_RARE = {
    5: ("new", "promising"),
    4: ("new", "promising"),
    3: ("about_to_sleep", "about_to_sleep"),
    2: ("hibernating", "about_to_sleep"),
    1: ("lost", "hibernating"),
}

DEFINITIONS = (
    Definition(
        "rfm_score",
        "RFM",
        "count",
        "three scores from 1 to 5: days since the last order (5 = fewest), purchase days, net revenue, of all history",
        "A score is 1 plus the number of cuts below the value; cuts are the 20, 40, 60 and 80 % quantiles of all "
        "customers, each a value that occurs. Equal values share a score, so fifths may be uneven. In a log without "
        "amounts the score of money is that of frequency.",
        "Many tools break ties by row order to force even fifths, which gives equal customers different scores.",
        "Hughes, A. M. (1994), Strategic Database Marketing, Probus",
    ),
    Definition(
        "segment",
        "segment",
        "count",
        "the name of the cell (R, F, M) in the table of 125 cells below",
        "A customer with one purchase day has F = 1 in every log, and no cell with F = 1 is champions, loyal, "
        "needs_attention, at_risk or cannot_lose, however much was paid.",
        "Names are customary, borders differ from tool to tool.",
    ),
)


def name_cell(r: int, f: int, m: int) -> str:
    """Return the segment of one of the 125 score cells.

    >>> name_cell(5, 5, 5), name_cell(1, 5, 4), name_cell(1, 1, 1)
    ('champions', 'cannot_lose', 'lost')
    >>> name_cell(5, 1, 5)
    'promising'
    """
    return _RARE[r][m > 2] if f == 1 else _NAMES[r][(f + m + 1) // 2 - 1]


CELLS = {cell: name_cell(*cell) for cell in product(range(1, 6), repeat=3)}
"""The segment of each (R, F, M)."""

ORDER = tuple(SEGMENTS)
"""The names alone; a segment's code is its place here."""

_CODE = np.array([[[ORDER.index(CELLS[r, f, m]) for m in range(1, 6)] for f in range(1, 6)] for r in range(1, 6)])


def code_segments(scores: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the code of the segment of each row of scores, shape (n, 3)."""
    codes: NDArray[np.int64] = _CODE[tuple(scores.T - 1)]
    return codes


@dataclass(frozen=True)
class Cuts:
    """The four values between the fifths: days since the last order, purchase days, net revenue (None without)."""

    days_since_last_order: tuple[float, ...]
    purchase_days: tuple[float, ...]
    revenue: tuple[float, ...] | None

    def score(
        self, days_since: NDArray[np.int64], purchase_days: NDArray[Any], revenue: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Return R, F and M, each from 1 to 5, shape (n, 3)."""
        r = 5 - np.searchsorted(self.days_since_last_order, days_since, side="left")
        f = 1 + np.searchsorted(self.purchase_days, purchase_days, side="left")
        m = f if self.revenue is None else 1 + np.searchsorted(self.revenue, revenue, side="left")
        return np.stack([r, f, m], axis=1)

    def name(self, days_since: int, purchase_days: int, revenue: float) -> str:
        """Return the segment of one customer."""
        [cell] = self.score(np.array([days_since]), np.array([purchase_days]), np.array([revenue])).tolist()
        return name_cell(*cell)

    def to_dict(self) -> dict[str, list[float] | None]:
        """Return plain values for JSON."""
        return {
            "days_since_last_order": list(self.days_since_last_order),
            "purchase_days": list(self.purchase_days),
            "revenue": None if self.revenue is None else list(self.revenue),
        }


@dataclass(frozen=True)
class SegmentRow:
    """One segment.

    Parameters
    ----------
    name : str
        One of :data:`SEGMENTS`.
    customers : int
        How many.
    customer_share : float or None
        Of all customers.
    revenue : float or None
        Net revenue of its customers to date.
    revenue_share : float or None
        Of all; None where all revenue is not above 0.
    churn_probability : float or None
        Mean over those of its customers that a model has scored.
    """

    name: str
    customers: int
    customer_share: float | None
    revenue: float | None
    revenue_share: float | None
    churn_probability: float | None


@dataclass(frozen=True)
class CategoryRow:
    """The customers who paid most for one category.

    Parameters
    ----------
    category : str
        Its name; empty text for customers none of whose rows names one.
    customers : int
        How many.
    revenue : float or None
        Net revenue of these customers to date, of all categories.
    segments : mapping of str to int
        How many of them are in each segment.
    """

    category: str
    customers: int
    revenue: float | None
    segments: Mapping[str, int]


@dataclass(frozen=True)
class Segmentation:
    """Every customer's scores and segment, and a row per segment.

    Parameters
    ----------
    customers : Customers
        Who was scored, sorted by id.
    scores : ndarray of int64, shape (n, 3)
        R, F, M.
    names : ndarray of object, shape (n,)
        Segment of each customer.
    cuts : Cuts
        Between the fifths.
    rows : tuple of SegmentRow
        In the order of :data:`SEGMENTS`, all of them.
    categories : tuple of CategoryRow
        The segments by the category that most was paid for, those with most customers first; empty unless asked for.
    """

    customers: Customers
    scores: NDArray[np.int64]
    names: NDArray[np.object_]
    cuts: Cuts
    rows: tuple[SegmentRow, ...]
    categories: tuple[CategoryRow, ...] = ()

    def segment_of(self) -> dict[str, str]:
        """Return each customer's segment by id."""
        return dict(zip(self.customers.customer_ids.tolist(), self.names.tolist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, without single customers."""
        return {
            "as_of": date_of(self.customers.as_of).isoformat(),
            "customers": len(self.customers),
            "cuts": self.cuts.to_dict(),
            "segments": [
                {"segment": row.name, **{k: v for k, v in vars(row).items() if k != "name"}} for row in self.rows
            ],
            **({"categories": [vars(row) for row in self.categories]} if self.categories else {}),
        }


def build_segments(
    log: OrderLog,
    as_of: int | None = None,
    *,
    cuts: Cuts | None = None,
    churn_probability: Mapping[str, float] | None = None,
    by_category: bool = False,
) -> Segmentation:
    """Score every customer with a purchase and put each into a segment.

    Parameters
    ----------
    log : Orders
        The log, on any engine.
    as_of : int, optional
        Orders before this day count; by default all.
    cuts : Cuts, optional
        Cuts of another day, to be held fixed; by default the quintiles of these customers.
    churn_probability : mapping of str to float, optional
        By customer id, from a model.
    by_category : bool
        Also count the segments of each category.

    Raises
    ------
    NotEnoughData
        Where nobody has bought.
    """
    customers = profile_customers(log, log.last_day + 1 if as_of is None else as_of)
    if not len(customers):
        raise NotEnoughData(
            f"no customer has a purchase before {date_of(customers.as_of)}; choose a later --as-of.",
            code="as_of.before_the_log",
        )
    cuts = find_cuts(customers, has_amounts=log.has_amounts) if cuts is None else cuts
    scores = cuts.score(customers.days_since_last_order, customers.purchase_days, customers.revenue)
    codes = code_segments(scores)
    names = np.array(ORDER, dtype=object)[codes]
    rows = _summarise(customers, codes, log.has_amounts, churn_probability or {})
    made = Segmentation(customers, scores, names, cuts, rows)
    return replace(made, categories=_count_categories(log, made)) if by_category else made


def _count_categories(log: OrderLog, made: Segmentation) -> tuple[CategoryRow, ...]:
    of_customer = main_categories(cast(LineLog, log), made.customers.as_of)
    category = np.array([of_customer.get(one, "") for one in made.customers.customer_ids.tolist()], dtype=object)
    rows = []
    for name in sorted(set(category.tolist())):
        is_in = category == name
        counts = Counter(made.names[is_in].tolist())
        revenue = float(made.customers.revenue[is_in].sum()) if log.has_amounts else None
        rows.append(CategoryRow(name, int(is_in.sum()), revenue, {one: counts[one] for one in SEGMENTS}))
    return tuple(sorted(rows, key=lambda row: -row.customers))


def find_cuts(customers: Customers, *, has_amounts: bool = True) -> Cuts:
    """Find the quintiles."""

    def quintiles(values: NDArray[Any]) -> tuple[float, ...]:
        return tuple(np.quantile(values, (0.2, 0.4, 0.6, 0.8), method="inverted_cdf").tolist())

    revenue = quintiles(customers.revenue) if has_amounts else None
    return Cuts(quintiles(customers.days_since_last_order), quintiles(customers.purchase_days), revenue)


def _summarise(
    customers: Customers, codes: NDArray[np.int64], has_amounts: bool, probability: Mapping[str, float]
) -> tuple[SegmentRow, ...]:
    total = float(customers.revenue.sum())
    rows = []
    for code, name in enumerate(ORDER):
        inside = codes == code
        size, revenue = int(inside.sum()), float(customers.revenue[inside].sum())
        known = [probability[one] for one in customers.customer_ids[inside] if one in probability]
        rows.append(
            SegmentRow(
                name,
                size,
                divide(size, len(customers)),
                revenue if has_amounts else None,
                divide(revenue, total) if has_amounts else None,
                float(np.mean(known)) if known else None,
            )
        )
    return tuple(rows)
