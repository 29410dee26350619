"""What contacting a customer is expected to cost and to bring."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from churnrisk.errors import SettingsError
from churnrisk.types import Floats, Places


@dataclass(frozen=True)
class ContactTerms:
    """What a contact costs, and what it is assumed to do.

    Parameters
    ----------
    contact_cost : float
        Of reaching one customer, in currency units.
    incentive_cost : float
        Of what is offered, to the shop, for each customer who takes it, in currency units.
    acceptance_rate : float
        Share of the would-be leavers who stay *because* they were contacted, from 0 to 1. Not the share that redeems
        a coupon: most of those would have stayed.
    redemption : float
        Share of the contacted who would have stayed anyway and take the incentive, from 0 to 1.

    Raises
    ------
    SettingsError
        For a value that cannot be.
    """

    contact_cost: float
    incentive_cost: float
    acceptance_rate: float
    redemption: float = 1.0

    def __post_init__(self) -> None:
        for name in ("contact_cost", "incentive_cost"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise SettingsError(f"--{name.replace('_', '-')} {value}: give an amount of 0 or more.")
        if not 0 <= self.acceptance_rate <= 1:
            raise SettingsError(
                f"--acceptance-rate {self.acceptance_rate}: give a share from 0 to 1, such as 0.1 where 10 of 100 "
                "would-be leavers stay because they were contacted."
            )
        if not 0 <= self.redemption <= 1:
            raise SettingsError(f"--redemption {self.redemption}: give a share from 0 to 1.")

    def take(self, chosen: Places) -> ContactTerms:  # noqa: ARG002 - as of EachTerms
        """Return those of some customers: the same for all."""
        return self


@dataclass(frozen=True)
class EachTerms:
    """:class:`ContactTerms` of several actions: arrays with those of the action of each customer."""

    contact_cost: Floats
    incentive_cost: Floats
    acceptance_rate: Floats
    redemption: Floats

    def take(self, chosen: Places) -> EachTerms:
        """Return those of some customers."""
        return EachTerms(*(values[chosen] for values in vars(self).values()))


Terms = ContactTerms | EachTerms
"""Of one action for everybody, or of an action for each customer."""


def expected_profit(
    churn_probability: Floats, value_kept: Floats, terms: Terms, *, response: Floats | float = 1.0
) -> Floats:
    """Return the expected profit of contacting each customer rather than not, in currency units.

    A would-be leaver accepts with probability g, then costs the incentive d and keeps the value v; one who does not
    accept costs the contact only. A customer who would have stayed takes the incentive with probability r. With p
    the churn probability and c the cost of a contact:

        profit = p g (v - d) - (1 - p) r d - c.

    With r = 1 and one v for everybody it is the profit of Neslin et al. on which the expected maximum profit measure
    rests. It holds g to be equal for all; where a campaign with a control group has shown which can be kept, g is
    multiplied by each customer's response.

    Parameters
    ----------
    churn_probability, value_kept : ndarray of float64, shape (n,)
        p, and v in currency units of margin.
    terms : ContactTerms or EachTerms
        c, d, g and r.
    response : ndarray of float64, shape (n,), or float
        How many times the acceptance rate each one accepts, 1 on average.

    References
    ----------
    Neslin, S. A., Gupta, S., Kamakura, W., Lu, J. & Mason, C. H. (2006), Defection detection, J. Marketing Research
    43(2), 204-211. Verbraken, T., Verbeke, W. & Baesens, B. (2013), A novel profit maximizing metric for measuring
    classification performance of customer churn prediction models, IEEE TKDE 25(5), 961-973.
    """
    gain = gain_of(churn_probability, value_kept, terms, response=response)
    profit: Floats = gain * terms.acceptance_rate - sure_cost_of(churn_probability, terms)
    return profit


def gain_of(churn_probability: Floats, value_kept: Floats, terms: Terms, *, response: Floats | float = 1.0) -> Floats:
    """Return p (v - d), times the response: what full acceptance would bring, from each customer."""
    gain: Floats = churn_probability * response * (value_kept - terms.incentive_cost)
    return gain


def sure_cost_of(churn_probability: Floats, terms: Terms) -> Floats:
    """Return c + (1 - p) r d: what is spent on each customer even if nobody is kept."""
    cost: Floats = terms.contact_cost + (1 - churn_probability) * terms.redemption * terms.incentive_cost
    return cost


def expected_cost(churn_probability: Floats, terms: Terms, *, response: Floats | float = 1.0) -> Floats:
    """Return what contacting each customer is expected to cost: c + ((1 - p) r + p g) d. A budget is spent on this."""
    kept = churn_probability * response * terms.acceptance_rate * terms.incentive_cost
    cost: Floats = sure_cost_of(churn_probability, terms) + kept
    return cost


def break_even(
    churn_probability: Floats, value_kept: Floats, terms: Terms, *, response: Floats | float = 1.0
) -> float | None:
    """Return the acceptance rate from which contacting these customers pays; None where no rate up to 1 does."""
    gain = float(gain_of(churn_probability, value_kept, terms, response=response).sum())
    cost = float(sure_cost_of(churn_probability, terms).sum())
    return cost / gain if gain > 0 and cost <= gain else None


def least_break_even(
    churn_probability: Floats, value_kept: Floats, terms: Terms, *, response: Floats | float = 1.0
) -> float | None:
    """Return the acceptance rate from which contacting the best single customer pays; None where no rate does."""
    gain = gain_of(churn_probability, value_kept, terms, response=response)
    cost = sure_cost_of(churn_probability, terms)
    rates = np.divide(cost, gain, out=np.full(len(gain), np.inf), where=gain > 0)
    least = float(rates.min(initial=np.inf))
    return least if least <= 1 else None


def say_rate(rate: float) -> str:
    """Write an acceptance rate as a count, rounded up: a list that breaks even there still pays.

    >>> say_rate(0.0612), say_rate(0.0004)
    ('7 of 100', '1 of 1,000')
    """
    for size in (100, 1000):
        if rate * size >= 1 or size == 1000:
            # a rate of 0.07 times 100 is 7.000000000000001
            return f"{max(1, math.ceil(round(rate * size, 6)))} of {size:,}"
    raise AssertionError("unreachable")
