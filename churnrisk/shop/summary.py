"""The scores of a shop in a few figures."""

from __future__ import annotations

from typing import Any

import numpy as np

from churnrisk.schema import RISKS, STATUSES
from churnrisk.scoring import Scores


def summarise(scores: Scores) -> dict[str, Any]:
    """Return how many customers there are, of which status and risk, and what is at stake."""
    at_risk, columns = scores.columns["value_at_risk"], scores.columns
    is_high = columns["risk"] == "high"
    return {
        "customers": len(scores),
        "status": {name: scores.count("status", name) for name in STATUSES},
        "risk": {name: scores.count("risk", name) for name in RISKS},
        "value_at_risk": None if np.isnan(at_risk).all() else round(float(np.nansum(at_risk)), 2),
        "value_at_high_risk": None if np.isnan(at_risk).all() else round(float(np.nansum(at_risk[is_high])), 2),
        "mean_churn_probability": None
        if np.isnan(columns["churn_probability"]).all()
        else round(float(np.nanmean(columns["churn_probability"])), 9),
    }
