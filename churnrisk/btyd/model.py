"""A fitted buy-till-you-die model, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from churnrisk.btyd.beta_geometric import BG_NBD, MBG_NBD
from churnrisk.btyd.family import Family, ModelName, Params
from churnrisk.btyd.nbd import NBD
from churnrisk.btyd.pareto_nbd import PARETO_NBD
from churnrisk.btyd.summary import Summary, Table
from churnrisk.errors import SettingsError
from churnrisk.types import Floats

FAMILIES: dict[str, Family] = {family.name: family for family in (PARETO_NBD, MBG_NBD, BG_NBD, NBD)}


@dataclass(frozen=True)
class BtydModel:
    """A fitted buy-till-you-die model: a few numbers, and no customer's data.

    Parameters
    ----------
    model : str
        The model in force: the one asked for, or the one it fell back to.
    requested : str
        The model asked for.
    parameters : dict of str to float
        By name; times (alpha, beta) are in the unit of the summary, days by default.
    standard_errors : dict of str to float
        Of the parameters, by the delta method; the prior, where one was needed, counts as data.
    log_likelihood : float
        At the parameters, without the prior; comparable between models on the same summary.
    customers : float
        How many customers it was fitted to.
    penalty : float
        Weight of the prior that was needed, 0 for plain maximum likelihood.
    note : str
        What was out of the ordinary, empty if nothing was.
    """

    model: ModelName
    requested: ModelName
    parameters: dict[str, float]
    standard_errors: dict[str, float]
    log_likelihood: float
    customers: float
    penalty: float
    note: str = ""

    def no_purchase_probability(self, summary: Summary, horizon: float, *, lead: float = 0.0) -> Floats:
        """Return P(no purchase in the outcome window), which is the churn probability under the model.

        Not 1 - P(alive): a one-time buyer has P(alive) = 1 under BG/NBD, and an alive customer may be silent.

        Parameters
        ----------
        summary : Summary
            The customers, seen at the cutoff.
        horizon : float
            Length of the outcome window in days.
        lead : float
            Days between the cutoff and the outcome window. Purchases in them do not count.

        Returns
        -------
        ndarray, shape (n,)
            Falls as the horizon grows; 1 for a horizon of 0.
        """
        _check_days(horizon=horizon, lead=lead)
        return self._ask(summary, lambda family, params, rows: family.no_purchase(params, rows, lead, horizon))

    def no_purchase_curve(self, summary: Summary, horizons: npt.ArrayLike, *, lead: float = 0.0) -> Floats:
        """Return P(no purchase) for several horizons, never rising with the horizon.

        Parameters
        ----------
        summary : Summary
            The customers, seen at the cutoff.
        horizons : array_like, shape (m,)
            Lengths of the outcome window in days, in any order.
        lead : float
            Days between the cutoff and the outcome window.

        Returns
        -------
        ndarray, shape (n, m)
            One row for each customer, one column for each horizon as given.
        """
        days = np.atleast_1d(np.asarray(horizons, dtype=np.float64))
        order = np.argsort(days, kind="stable")
        columns = [self.no_purchase_probability(summary, float(h), lead=lead) for h in days[order]]
        curve = np.empty((len(summary), len(days)))
        if columns:  # the last digit of two close horizons may come out in the wrong order
            curve[:, order] = np.minimum.accumulate(np.stack(columns, axis=1), axis=1)
        return curve

    def alive_probability(self, summary: Summary) -> Floats:
        """Return P(alive): that the customer has not left for good by the cutoff, shape (n,)."""
        return self._ask(summary, lambda family, params, rows: family.alive(params, rows))

    def expected_purchases(self, summary: Summary, days: float) -> Floats:
        """Return the expected number of purchase days in the `days` after the cutoff, shape (n,)."""
        _check_days(days=days)
        return self._ask(summary, lambda family, params, rows: family.expected(params, rows, days))

    def to_dict(self) -> dict[str, object]:
        """Return the fit as plain values for JSON; standard errors that are not a number become None."""
        errors = {k: v if np.isfinite(v) else None for k, v in self.standard_errors.items()}
        return {**asdict(self), "standard_errors": errors}

    def _ask(self, summary: Summary, question: Callable[[Family, Params, Table], Floats]) -> Floats:
        """Answer once for each distinct row, and give every customer his row's answer."""
        family, (_, inverse) = FAMILIES[self.model], summary.collapse()
        params = tuple(self.parameters[name] for name in family.parameters)
        return question(family, params, summary.table)[inverse]


def _check_days(**days: float) -> None:
    for name, value in days.items():
        if not (np.isfinite(value) and value >= 0):
            raise SettingsError(f"{name} is {value}; give a number of days from 0.")
