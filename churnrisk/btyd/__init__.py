"""Buy-till-you-die models: who has left, who will buy, how often and for how much, from three numbers a customer.

They need no labels: fitted to all purchases before the cutoff, they forecast the outcome window from their own
structure. Used as features, as baselines, for the base rate of the coming window, and for value.
"""

from churnrisk.btyd.fit import fit_btyd
from churnrisk.btyd.gamma_gamma import GammaGammaModel, fit_gamma_gamma
from churnrisk.btyd.model import BtydModel, Forecast
from churnrisk.btyd.summary import Summary

__all__ = ["BtydModel", "Forecast", "GammaGammaModel", "Summary", "fit_btyd", "fit_gamma_gamma"]
