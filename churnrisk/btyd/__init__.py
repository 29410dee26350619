"""Buy-till-you-die models: who has left, who will buy, how often and for how much, from three numbers a customer.

They need no labels: fitted to all purchases before the cutoff, they forecast the outcome window from their own
structure. Used as features, as baselines, for the base rate of the coming window, and for value.
"""

from churnrisk.btyd.fit import fit_btyd
from churnrisk.btyd.model import BtydModel
from churnrisk.btyd.spending import Credibility, Spent, fit_credibility, largest_usual_amount
from churnrisk.btyd.summary import Summary

__all__ = [
    "BtydModel",
    "Credibility",
    "Spent",
    "Summary",
    "fit_btyd",
    "fit_credibility",
    "largest_usual_amount",
]
