"""What keeping a customer is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from churnrisk.errors import NotEnoughData

NO_VALUES = (
    "the scores carry no value at risk, so nobody can say whom it pays to contact: the model was trained on a log "
    "without amounts or by an older version, or the log is too short. Train on a log with amounts: `churnrisk train`."
)


def value_of_keeping(columns: Mapping[str, Any], *, margin: float, multiple: float = 1.0) -> np.ndarray:
    """Return what keeping each customer is worth, should that customer be about to leave, in currency units of margin.

    The value at risk is the churn probability times the revenue of the one purchase that is saved; so it is taken
    apart again. Not buying within the horizon is not leaving for good: where campaigns have measured that a customer
    kept brings more or less than that purchase, so many times of it count, up to the value of a customer who comes
    back for good.

    Parameters
    ----------
    columns : mapping of str to ndarray
        The columns of the scores: ``churn_probability``, ``value_at_risk`` and ``value_at_risk_most``.
    margin : float
        Share of revenue that is profit.
    multiple : float
        How many times the one purchase a kept customer brings.

    Returns
    -------
    ndarray of float64
        NaN for customers that are not scored.

    Raises
    ------
    NotEnoughData
        Where the scores carry no value.
    """
    if "value_at_risk" not in columns:
        raise NotEnoughData(NO_VALUES)
    risk = np.asarray(columns["churn_probability"], dtype=np.float64)
    at_risk = np.asarray(columns["value_at_risk"], dtype=np.float64)
    most = np.asarray(columns["value_at_risk_most"], dtype=np.float64)
    if np.isnan(at_risk[~np.isnan(risk)]).all():
        raise NotEnoughData(NO_VALUES)
    value = np.where(np.isnan(risk), np.nan, 0.0)
    known = risk > 0
    value[known] = margin * np.minimum(multiple * at_risk, most)[known] / risk[known]
    return value
