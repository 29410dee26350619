"""What the current model says about the customers of a log, for figures that it makes richer and that live without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from churnrisk.errors import ChurnriskError, ModelNotFound
from churnrisk.forecast import StoredValue
from churnrisk.orders import Orders
from churnrisk.scoring import score_orders
from churnrisk.workflows.model import load


@dataclass(frozen=True)
class KnownChurn:
    """Churn probability by customer, or a sentence on why there is none."""

    probability: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


def predict_churn(orders: Orders, models_dir: Path, *, as_of: int | None = None) -> KnownChurn:
    """Score everybody in a log with the current model, if there is one that fits.

    Parameters
    ----------
    orders : Orders
        The log.
    models_dir : Path
        The folder of stored models.
    as_of : int, optional
        The day to score at; by default the day after the last order.
    """
    day = orders.last_day + 1 if as_of is None else as_of
    try:
        model = load(models_dir=models_dir)
        scores = score_orders(model.model, orders, day).columns
    except ModelNotFound:
        return KnownChurn(
            note=f"No churn probabilities: no model is stored in {models_dir}; `churnrisk train` makes one."
        )
    except ChurnriskError as error:
        return KnownChurn(note=f"No churn probabilities: {error}")
    known = ~np.isnan(scores["churn_probability"])
    pairs = zip(scores["customer_id"][known], scores["churn_probability"][known], strict=True)
    note = f"Churn probabilities within {model.model.snapshot.horizon} days, by model {model.version}."
    return KnownChurn({str(customer): float(probability) for customer, probability in pairs}, note)


def stored_value(orders: Orders, models_dir: Path, as_of: int) -> StoredValue | None:
    """Return the current model's forecast of value for the customers of a log; None without a model that has one."""
    if not orders.has_amounts:
        return None
    try:
        model = load(models_dir=models_dir)
    except ChurnriskError:
        return None
    outlook = model.model.outlook
    if outlook is None or outlook.value is None:
        return None
    probability = predict_churn(orders, models_dir, as_of=as_of).probability
    return StoredValue(outlook.value, probability, str(model.version))
