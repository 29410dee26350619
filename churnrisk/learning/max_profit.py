"""The expected maximum profit measure: what a ranking is worth in money, where the acceptance rate is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from churnrisk.learning.evaluate import Scored

Point = tuple[float, float]
"""Share of the churned, and share of the kept, that are contacted."""


@dataclass(frozen=True)
class MaxProfit:
    """What a ranking is worth.

    Parameters
    ----------
    value : float
        Expected maximum profit per customer of the base, in currency units.
    share : float
        Share of the base that would be contacted, expected over the acceptance rate.
    """

    value: float
    share: float


def roc_hull(scored: Scored) -> tuple[Point, ...]:
    """Return the corners of the convex hull of a ranking's ROC curve, from nobody contacted to everybody.

    All that the measure needs of a test, and no customer: of equal probabilities all are contacted or none.

    Parameters
    ----------
    scored : Scored
        Outcomes and probabilities; where all customers have one outcome there is no curve, and no corner.
    """
    churned, kept = (np.cumsum(side[::-1]) for side in scored.by_level(scored.weight))
    if churned[-1] == 0 or kept[-1] == 0:
        return ()
    corners: list[tuple[float, float]] = [(0.0, 0.0)]
    for x, y in zip(kept.tolist(), churned.tolist(), strict=True):
        while len(corners) > 1 and _turns_left(corners[-2], corners[-1], (x, y)):
            corners.pop()
        corners.append((x, y))
    return tuple((y / float(churned[-1]), x / float(kept[-1])) for x, y in corners)


def _turns_left(first: Point, second: Point, third: Point) -> bool:
    """Whether the way over three points does not turn right, so that the second is no corner of the hull."""
    (ax, ay), (bx, by), (cx, cy) = first, second, third
    return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) >= 0


def expected_maximum_profit(
    hull: Sequence[Point],
    churn_rate: float,
    *,
    value: float = 200.0,
    incentive_cost: float = 10.0,
    contact_cost: float = 1.0,
    alpha: float = 6.0,
    beta: float = 14.0,
) -> MaxProfit:
    """Return the expected maximum profit of a ranking, per customer of the base.

    A churner who is contacted accepts with probability g, then costs the incentive d and stays, worth v; one who is
    not a churner takes the incentive. With the best part of the list contacted for each g, the measure is the mean
    over g ~ Beta(alpha, beta):

        EMP = ∫ max over t of [ (g (v - d) - f) r F0(t) - (d + f) (1 - r) F1(t) ] h(g) dg,

    r the churn rate, f the cost of a contact, F0 and F1 the shares of the churned and of the kept that score above
    t. The maximum lies on the convex hull of the ROC curve, so the integral is a sum over its corners of incomplete
    beta functions. It compares models; it is not the profit of a list, since the best t is taken with g known.

    Parameters
    ----------
    hull : sequence of (float, float)
        From :func:`roc_hull`.
    churn_rate : float
        Share of the base that churned.
    value, incentive_cost, contact_cost : float
        v, d and f in currency units; the defaults are those of the paper.
    alpha, beta : float
        Of the acceptance rate; the defaults have the mean 0.3.

    References
    ----------
    Verbraken, T., Verbeke, W. & Baesens, B. (2013), A novel profit maximizing metric for measuring classification
    performance of customer churn prediction models, IEEE Transactions on Knowledge and Data Engineering 25(5),
    961-973.
    """
    from scipy.special import betainc  # here, since scoring starts without it

    churned, kept = np.array(hull, dtype=np.float64).T
    if value <= incentive_cost:
        return MaxProfit(0.0, 0.0)
    slope = (value - incentive_cost) * churn_rate * churned
    fixed = -contact_cost * churn_rate * churned - (incentive_cost + contact_cost) * (1 - churn_rate) * kept
    step = np.diff(slope)
    bounds = np.divide(-np.diff(fixed), step, out=np.full(len(step), np.inf), where=step > 0)
    edges = np.concatenate([[0.0], np.clip(bounds, 0.0, 1.0), [1.0]])
    mass = np.diff(betainc(alpha, beta, edges))
    mean = np.diff(betainc(alpha + 1, beta, edges)) * alpha / (alpha + beta)
    contacted = churn_rate * churned + (1 - churn_rate) * kept
    return MaxProfit(float((slope * mean + fixed * mass).sum()), float((contacted * mass).sum()))
