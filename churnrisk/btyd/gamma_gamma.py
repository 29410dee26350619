"""Gamma-Gamma: what a customer spends on a purchase day, from what he spent so far.

Amounts of one customer scatter around a mean of his own, and these means differ between customers. The observed
mean of somebody with two purchases says little, so it is pulled towards the mean of all; that of somebody with
fifty stays where it is. The model says how strongly to pull.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy import special

from churnrisk.btyd.optimise import (
    PENALTIES,
    Objective,
    Optimum,
    choose_start,
    climb_ladder,
    describe_trouble,
)
from churnrisk.btyd.summary import FloatArray
from churnrisk.errors import InvalidSummary, NotEnoughData

STARTS = ((1.0, 3.0, 2.0), (5.0, 4.0, 0.6), (0.5, 10.0, 10.0))
NAMES = ("p", "q", "v")
LEAST_BUYERS = 10
LEAST_Q = 1.05  # at q = 1 the mean over all customers is infinite


@dataclass(frozen=True)
class GammaGammaModel:
    """A fitted Gamma-Gamma model, or the pooled mean where it could not be fitted.

    Parameters
    ----------
    model : str
        "gamma_gamma" or "pooled_mean".
    parameters : dict of str to float
        p, q, v (v in the unit of the amounts); for the pooled mean, mean.
    standard_errors : dict of str to float
        By the delta method; nan for the pooled mean.
    log_likelihood : float
        At the parameters, without the prior; nan for the pooled mean.
    customers : float
        Repeat buyers it was fitted to.
    penalty : float
        Weight of the prior that was needed.
    note : str
        What was out of the ordinary, empty if nothing was.
    """

    model: str
    parameters: dict[str, float]
    standard_errors: dict[str, float]
    log_likelihood: float
    customers: float
    penalty: float
    note: str = ""

    def expected_mean_value(self, frequency: npt.ArrayLike, mean_value: npt.ArrayLike) -> FloatArray:
        """Return the expected value of a customer's future purchase, given the mean of the past ones.

        Parameters
        ----------
        frequency : array_like, shape (n,)
            Purchases that `mean_value` is the mean of; 0 for a customer of whom no value is known.
        mean_value : array_like, shape (n,)
            Mean value of these purchases; ignored where `frequency` is 0.

        Returns
        -------
        ndarray, shape (n,)
            Between the customer's own mean and the mean of all.
        """
        x = np.asarray(frequency, dtype=np.float64)
        spent = np.where(x > 0, np.asarray(mean_value, dtype=np.float64), 0.0) * x
        if self.model == "pooled_mean":
            return np.full(x.shape, self.parameters["mean"])
        p, q, v = (self.parameters[name] for name in NAMES)
        expected: FloatArray = p * (v + spent) / (p * x + q - 1)
        return expected

    def expected_value(
        self, purchases: npt.ArrayLike, *, frequency: npt.ArrayLike, mean_value: npt.ArrayLike
    ) -> FloatArray:
        """Return the expected spending over the expected number of purchases, shape (n,).

        That is their product, since the model takes values and frequency for independent. Where frequent buyers
        spend more on each purchase it is too low for them; look at the correlation first.
        """
        return np.asarray(purchases, dtype=np.float64) * self.expected_mean_value(frequency, mean_value)

    def to_dict(self) -> dict[str, object]:
        """Return the fit as plain values for JSON; what is not a number becomes None."""
        errors = {k: v if np.isfinite(v) else None for k, v in self.standard_errors.items()}
        value = self.log_likelihood if np.isfinite(self.log_likelihood) else None
        return {**asdict(self), "standard_errors": errors, "log_likelihood": value}


def fit_gamma_gamma(
    frequency: npt.ArrayLike,
    mean_value: npt.ArrayLike,
    *,
    customers: npt.ArrayLike | None = None,
    penalties: Sequence[float] = PENALTIES,
) -> GammaGammaModel:
    """Fit the Gamma-Gamma model of purchase values by maximum likelihood.

    Values of one customer are Gamma(p, nu) with his own nu ~ Gamma(q, v). Not to be used where value and
    frequency go together, since it takes them for independent, nor for customers whose returns exceed their
    purchases.

    Parameters
    ----------
    frequency : array_like, shape (n,)
        Purchases that the mean is taken of, in the literature the repeat purchases. Rows with 0 are left out.
    mean_value : array_like, shape (n,)
        Mean value of these purchases, above 0 where `frequency` is.
    customers : array_like, shape (n,), optional
        How many customers each row stands for.
    penalties : sequence of float
        Weights of the prior to try, in this order; if none leads to a settled fit, the pooled mean is used.

    Returns
    -------
    GammaGammaModel

    Raises
    ------
    InvalidSummary
        A mean value of a buyer is not above 0, or the columns differ in length.
    NotEnoughData
        Fewer than 10 buyers.

    References
    ----------
    Fader, Hardie & Lee (2005), RFM and CLV: Using Iso-Value Curves for Customer Base Analysis, Journal of
    Marketing Research 42(4).
    """
    x, m, w = _read_buyers(frequency, mean_value, customers)
    scale = float((w * x * m).sum() / (w * x).sum())
    objective: Objective = partial(_sum_log_likelihood, x, m / scale, w)
    n = float(w.sum())
    begin = choose_start(objective, STARTS, n)
    fit = climb_ladder(objective, begin, customers=n, penalties=penalties, accept=_has_mean)
    return _describe_fit(fit, n, scale)


def _has_mean(params: tuple[float, ...]) -> bool:
    return params[1] >= LEAST_Q


def _sum_log_likelihood(
    x: FloatArray, m: FloatArray, w: FloatArray, params: tuple[float, ...]
) -> tuple[float, FloatArray]:
    p, q, v = params
    with np.errstate(all="ignore"):  # what overflows at absurd parameters is refused by the search
        shape, total = p * x, x * m + v
        log_share = np.log(x * m / total)
        value = -special.betaln(shape, q) + q * np.log(v / total) + shape * log_share - np.log(m)
        digamma = special.digamma(shape + q)
        by_p = x * (digamma - special.digamma(shape) + log_share)
        by_q = digamma - special.digamma(q) + np.log(v / total)
        by_v = q / v - (shape + q) / total
        return float((w * value).sum()), np.array([(w * slope).sum() for slope in (by_p, by_q, by_v)])


def _read_buyers(
    frequency: npt.ArrayLike, mean_value: npt.ArrayLike, customers: npt.ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the rows of buyers, sorted, so that sums do not depend on the order given."""
    x = np.asarray(frequency, dtype=np.float64)
    m = np.asarray(mean_value, dtype=np.float64)
    w = np.ones_like(x) if customers is None else np.asarray(customers, dtype=np.float64)
    if not x.shape == m.shape == w.shape:
        raise InvalidSummary(f"The columns have shapes {x.shape}, {m.shape}, {w.shape}; give equal ones.")
    x, m, w = (column[x > 0] for column in (x, m, w))
    bad = ~(np.isfinite(m) & (m > 0) & np.isfinite(x) & np.isfinite(w) & (w > 0))
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidSummary(
            f"A buyer with frequency {x[row]:g} has mean value {m[row]:g} and stands for {w[row]:g} customers "
            f"({bad.sum()} such rows); every number must be finite and above 0."
        )
    if w.sum() < LEAST_BUYERS:
        raise NotEnoughData(f"{w.sum():g} customers with a purchase value; {LEAST_BUYERS} are needed.")
    order = np.lexsort((w, m, x))
    return x[order], m[order], w[order]


def _describe_fit(fit: Optimum | None, n: float, scale: float) -> GammaGammaModel:
    if fit is None:
        note = "Gamma-Gamma did not settle at sane parameters, the mean of all purchases is used instead"
        nan = float("nan")
        return GammaGammaModel("pooled_mean", {"mean": scale}, {"mean": nan}, nan, n, 0.0, note)
    stretch = (1.0, 1.0, scale)
    values = [value * by for value, by in zip(fit.parameters, stretch, strict=True)]
    errors = [error * by for error, by in zip(fit.standard_errors, stretch, strict=True)]
    return GammaGammaModel(
        model="gamma_gamma",
        parameters=dict(zip(NAMES, values, strict=True)),
        standard_errors=dict(zip(NAMES, errors, strict=True)),
        log_likelihood=fit.log_likelihood - n * float(np.log(scale)),  # a density in another unit
        customers=n,
        penalty=fit.penalty,
        note=describe_trouble(fit),
    )
