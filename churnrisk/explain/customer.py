"""Why one customer has the score that he has, as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from churnrisk.engines import MemoryDatabase
from churnrisk.errors import NoScore
from churnrisk.explain.facts import CAUTION
from churnrisk.explain.reasons import Explainer, Explanation, Reason
from churnrisk.features import feature_of
from churnrisk.learning import FittedModel
from churnrisk.orders import Orders
from churnrisk.regression import families_of, to_probability
from churnrisk.scoring import score_orders, standing_of
from churnrisk.timeline import Snapshot, date_of

DECIMALS = 9


def explain_customer(
    model: FittedModel, orders: Orders, as_of: int, customer_id: str, *, explainer: Explainer | None = None
) -> dict[str, Any]:
    """Explain the score of one customer.

    Parameters
    ----------
    model : FittedModel
        The model.
    orders : Orders
        The log; nothing but the orders of this customer counts.
    as_of : int
        The day to score at.
    customer_id : str
        Who.
    explainer : Explainer, optional
        One that was prepared for the model before.

    Returns
    -------
    dict
        The probability, the risk, the log-odds with their base, all families with what they add (they sum to
        the log-odds with the base), their features beside those typical of the customer base, and the reasons.

    Raises
    ------
    NoScore
        For a customer who is not in the log, has lapsed, or has bought nothing before that day.
    """
    found: list[Explanation] = []
    chosen = explainer or Explainer(model)
    # of a few customers in memory, the queries are kept for all of them
    mine = orders if isinstance(orders.database, MemoryDatabase) else orders.of_customer(customer_id)

    def explain(_: np.ndarray, values: np.ndarray, *__: np.ndarray) -> None:
        found.extend(chosen.explain(values, both_ways=True))

    scores = score_orders(model, mine, as_of, only=[customer_id], watch=explain)
    if not found:
        raise NoScore(_say_why(mine, scores.snapshot, customer_id))
    [explanation] = found
    return {
        "customer_id": customer_id,
        **{name: scores.columns[name].tolist()[0] for name in ("as_of", "churn_probability", "risk")},
        "horizon_days": scores.snapshot.horizon,
        **_describe_log_odds(explanation),
        "families": [_describe_family(one, explanation, model) for one in explanation.families],
        "reasons": [
            {"family": one.family, "direction": one.direction, "text": one.text} for one in explanation.reasons
        ],
        "note": CAUTION,
    }


def _describe_log_odds(explanation: Explanation) -> dict[str, float]:
    base = float(to_probability(np.array([explanation.base]))[0])
    return {
        "log_odds": round(explanation.log_odds, DECIMALS),
        "base_log_odds": round(explanation.base, DECIMALS),
        "base_probability": round(base, DECIMALS),
    }


def _describe_family(reason: Reason, explanation: Explanation, model: FittedModel) -> dict[str, Any]:
    own, typical = explanation.numbers.own, explanation.numbers.typical
    units = {one.name: one.unit for one in filter(None, map(feature_of, model.names))}
    features = [
        {"name": name, "value": _known(own[name]), "typical": _known(typical[name]), "unit": units[name]}
        for name, family in zip(model.names, families_of(model.names), strict=True)
        if family == reason.family
    ]
    return {
        "family": reason.family,
        "log_odds": round(reason.log_odds, DECIMALS),
        "direction": reason.direction,
        "text": reason.text or None,
        "features": features,
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(value, DECIMALS)


def _say_why(mine: Orders, snapshot: Snapshot, customer_id: str) -> str:
    """Say why a customer has no score: unknown, lapsed, or without a purchase."""
    standing, day = standing_of(mine, snapshot), date_of(snapshot.cutoff)
    if not standing.size:
        return (
            f"no customer {customer_id!r} is in {mine.report.source}. Ids are compared as text, so leading zeros and "
            "case count; `churnrisk score` lists everybody."
        )
    [quiet] = standing.days_since_last_order
    if np.isnan(quiet):
        return f"customer {customer_id} has bought nothing before {day}: there is no churn probability to explain."
    return (
        f"customer {customer_id} has lapsed: the last order was {quiet:.0f} days before {day}, and without one in the "
        f"last {snapshot.lookback} days there is no churn probability. Choose an earlier --as-of to explain one."
    )
