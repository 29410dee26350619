"""What a split can show: sums to do before a campaign, when they can still change something.

All with a power of 80 % and a two-sided error of 5 %: if the effect is as large as said, four campaigns out of five
will show it, and of campaigns without any effect one in twenty will seem to have one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

POWER, ALPHA = 0.8, 0.05
Z = NormalDist().inv_cdf(1 - ALPHA / 2) + NormalDist().inv_cdf(POWER)
"""Standard errors that an effect must be away from 0: 2.80."""

EFFECT_TO_SHOW = 0.05
"""Five points: a campaign that keeps fewer of a hundred seldom pays, and few lists are long enough to see less."""


@dataclass(frozen=True)
class Plan:
    """What a split can show.

    Parameters
    ----------
    customers, treated, control : int
        Sizes of the list and of its two groups.
    expected_rate : float
        Share of customers who are expected to buy in the window without a campaign.
    smallest_effect : float
        Smallest difference of that share that the split shows; NaN without a control group.
    split_for_effect : float or None
        Smallest holdout with which this list shows 5 points; None where no split does.
    customers_for_effect : int
        Customers needed to show 5 points at this holdout (at one half where there is none).
    """

    customers: int
    treated: int
    control: int
    expected_rate: float
    smallest_effect: float
    split_for_effect: float | None
    customers_for_effect: int


def smallest_effect(expected_rate: float, *, treated: int, control: int) -> float:
    """Return the smallest rise of a share that a split shows, of at most what is left to rise.

    Parameters
    ----------
    expected_rate : float
        The share in the control group.
    treated, control : int
        Customers in the groups.

    Returns
    -------
    float
        As a share: 0.05 is five points. NaN where one of the groups is empty.
    """
    if not treated or not control:
        return float("nan")
    effect = 0.0
    for _ in range(50):  # the spread of the contacted depends on the effect; this settles quickly
        raised = min(expected_rate + effect, 1.0)
        effect = Z * math.sqrt(_spread(raised) / treated + _spread(expected_rate) / control)
    return effect


def needed_customers(expected_rate: float, effect: float, *, holdout: float) -> int:
    """Return how many customers a list must have to show an effect at a holdout.

    Raises
    ------
    ValueError
        For a holdout of 0 or an effect of 0: no number is enough.
    """
    if not 0 < holdout < 1 or effect == 0:
        raise ValueError(f"holdout {holdout} and effect {effect}: no number of customers shows that")
    raised = min(max(expected_rate + effect, 0.0), 1.0)
    per_customer = _spread(raised) / (1 - holdout) + _spread(expected_rate) / holdout
    return max(math.ceil((Z / effect) ** 2 * per_customer), math.ceil(2 / min(holdout, 1 - holdout)))


def plan_split(expected_rate: float, *, treated: int, control: int) -> Plan:
    """Do the sums for a list and its split.

    Parameters
    ----------
    expected_rate : float
        Mean of 1 - churn probability over the list.
    treated, control : int
        Customers in the groups.
    """
    customers = treated + control
    holdout = control / customers if customers and control else 0.5
    return Plan(
        customers,
        treated,
        control,
        expected_rate,
        smallest_effect(expected_rate, treated=treated, control=control),
        _find_split(expected_rate, customers),
        needed_customers(expected_rate, EFFECT_TO_SHOW, holdout=holdout),
    )


def _find_split(expected_rate: float, customers: int) -> float | None:
    """Return the smallest holdout in whole percents, up to a half, with which so many customers show the effect."""
    for percents in range(1, 51):
        if needed_customers(expected_rate, EFFECT_TO_SHOW, holdout=percents / 100) <= customers:
            return percents / 100
    return None


def _spread(rate: float) -> float:
    return max(rate * (1 - rate), 1e-4)
