"""How far the expected profit of a list may be off: levels that were missed before, and chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnrisk.decide.profit import Terms, expected_profit
from churnrisk.types import Floats

Z80 = 1.281552
"""Of the normal distribution, for intervals of 80 %."""

USUAL_ERROR = 0.05
"""What levels are off by at least, in log-odds of churn and in logarithms of amounts; counts as one look back."""

UNKNOWN_ERROR = 0.3
"""The same where nothing could be looked back on."""


@dataclass(frozen=True)
class Doubt:
    """What is known about the errors of the forecasts behind a list.

    Parameters
    ----------
    risk : float
        Standard deviation of the level of all churn probabilities, in log-odds.
    value : float
        The same of the amount of a purchase, in logarithms.
    scatter : float
        Standard deviation of a single purchase over its expected amount.
    """

    risk: float = UNKNOWN_ERROR
    value: float = UNKNOWN_ERROR
    scatter: float = 1.0


def learn_error(seen: float | None) -> float:
    """The standard deviation of a level of which one error was seen in a look back; None where there was none."""
    if seen is None or not np.isfinite(seen):
        return UNKNOWN_ERROR
    return float(np.sqrt((USUAL_ERROR**2 + seen**2) / 2))


def profit_interval(
    churn_probability: Floats,
    value_kept: Floats,
    terms: Terms,
    *,
    response: Floats | float = 1.0,
    doubt: Doubt,
) -> tuple[float, float]:
    """Return the 80 % interval of the profit of contacting these customers rather than not.

    It holds errors of the level of churn and of amounts, as large as earlier ones, and the chance of the list itself:
    which customers leave, accept and take the incentive, and how large the saved purchase is. It takes the acceptance
    rate and the redemption for true; what they do to the profit is the break-even.

    Parameters
    ----------
    churn_probability, value_kept, terms, response
        As for :func:`churnrisk.decide.profit.expected_profit`, of the list alone.
    doubt : Doubt
        Errors of the levels, and how single purchases scatter.
    """
    if not len(churn_probability):
        return 0.0, 0.0

    def moved(risk: float, value: float) -> float:
        odds = churn_probability / np.maximum(1 - churn_probability, 1e-12) * np.exp(risk)
        return float(expected_profit(odds / (1 + odds), value_kept * np.exp(value), terms, response=response).sum())

    middle = moved(0.0, 0.0)
    ends = [
        [moved(sign * Z80 * doubt.risk, 0.0) - middle for sign in (-1, 1)],
        [moved(0.0, sign * Z80 * doubt.value) - middle for sign in (-1, 1)],
    ]
    chance = Z80 * _chance(churn_probability, value_kept, terms, response=response, scatter=doubt.scatter)
    below = chance**2 + sum(max(0.0, -min(pair)) ** 2 for pair in ends)
    above = chance**2 + sum(max(0.0, *pair) ** 2 for pair in ends)
    spent = np.mean(terms.contact_cost + terms.incentive_cost)  # all that can be, for nothing
    worst = -len(churn_probability) * float(spent)
    return max(middle - below**0.5, worst), middle + above**0.5


def _chance(
    churn_probability: Floats, value_kept: Floats, terms: Terms, *, response: Floats | float, scatter: float
) -> float:
    """Return the standard deviation of the profit where all forecasts are right."""
    accepts = np.minimum(churn_probability * terms.acceptance_rate * response, 1.0)
    takes = (1 - churn_probability) * terms.redemption
    gain, cost = value_kept - terms.incentive_cost, terms.incentive_cost
    square = accepts * (gain**2 + (scatter * value_kept) ** 2) + takes * cost**2
    return float(np.sqrt(max(float((square - (accepts * gain - takes * cost) ** 2).sum()), 0.0)))
