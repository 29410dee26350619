"""A card of a model as training writes it, with figures that are easy to follow."""

from __future__ import annotations

from typing import Any

METHODS = ("churnrisk", "recency rule", "base rate", "RFM logistic regression")


def make_card() -> dict[str, Any]:
    """Return a card with a backtest at three cutoffs; its ROC hull has the corners of a good ranking."""
    return {
        "snapshot": {"as_of": "2022-04-15", "lookback_days": 365, "horizon_days": 90, "lead_days": 0},
        "training": [{"cutoff": "2021-10-01", "customers": 40, "churned": 20}] * 3,
        "grade": {
            "letter": "B",
            "sentence": "ranks well",
            "basis": "backtest",
            "cutoffs": 3,
            "best_baseline": "recency rule",
            "letters": {"ranking": "A", "gain": "B", "calibration": "A", "stability": "B"},
            "ingredients": {
                "auc": interval(0.78),
                "log_loss_saved": interval(0.07),
                "calibration_error_beyond_chance": 0.012,
                "worst_log_loss_saved_upper_end": 0.03,
            },
        },
        "test": {
            **describe_test(0.78),
            "churn_rate": 0.5,
            "reliability": bins(),
            "roc_hull": [[0.0, 0.0], [0.5, 0.1], [0.8, 0.4], [1.0, 1.0]],
        },
        "backtest": {
            "pooled": {**describe_test(0.77), "reliability": {"churnrisk": bins()}},
            "cutoffs": [{"cutoff": f"2021-0{k}-01", **describe_test(0.7 + k / 100)} for k in (1, 4, 7)],
        },
        "drivers": {
            "customers": 20,
            "mean_absolute_log_odds": {"recency": 0.2, "rhythm": 0.7},
            "note": "A reason describes the score, not the cause.",
        },
    }


def interval(value: float) -> dict[str, float]:
    """Return a figure with its interval."""
    return {"value": value, "low": value - 0.02, "high": value + 0.02}


def bins() -> list[dict[str, float]]:
    """Return ten bins, a little too sure of themselves."""
    return [{"customers": 100.0, "mean_probability": k / 10 + 0.05, "churn_rate": 0.1 + 0.08 * k} for k in range(10)]


def describe_test(auc: float) -> dict[str, Any]:
    """Return the measures of every method."""
    kinds = {"auc": auc, "log_loss": 1 - auc, "brier": 0.18, "top_decile_lift": 1.8}
    measures = {
        method: {kind: interval(value - place / 50) for kind, value in kinds.items()}
        for place, method in enumerate(METHODS)
    }
    return {"customers": 1000, "measures": measures}
