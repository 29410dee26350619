"""Looks at a model, as `churnrisk monitor` remembers them, without a model and without a log."""

from __future__ import annotations

from typing import Any

from churnrisk.monitor.drift import FeatureDrift
from churnrisk.state import Run, State, add_monitor_run, keep_outcome, remember_run
from churnrisk.timeline import Snapshot

FEATURES = [
    FeatureDrift("order_count", 0.4, 0.01, 0.03, 0.1, 0.0, 0.0),
    FeatureDrift("season_purchase_day_count", 0.3, 0.01, 0.03, 0.1, 0.0, 0.0),
    FeatureDrift("tenure_days", 0.09, 0.01, 0.03, 0.1, 0.0, 0.0),
    FeatureDrift("weekday_count", 0.02, 0.01, 0.03, None, 0.0, 0.0),
]


def view(**more: Any) -> dict[str, Any]:
    values = {"drifted_features": 1, "psi_max": 0.4}
    look = {
        "model": "20261122T014500.250Z-1a2b3c4d",
        "freshness": {"looked_on": "2026-11-22"},
        "values": values,
        "drift": {"features": [one.to_dict() for one in FEATURES]},
        "volume": {"weeks": [{"from": "2026-11-15", "purchases": 1200, "new_customers": 30}]},
        "rules": [
            {"rule": "psi > 0.2", "value": 0.4, "fired": True},
            {"rule": "auc < 0.6", "value": None, "fired": False},
        ],
        "advice": ["Do <b>this</b>."],
    }
    run = {"as_of": "2026-06-01", "customers": 900, "churn_rate": 0.5, "bias": 0.02}
    return {
        "latest": look,
        "days_since_last_purchase": 3,
        "trend": [
            {"as_of": "2026-11-15", "psi_max": 0.1, "fired": []},
            {"as_of": "2026-11-22", "psi_max": None, "fired": ["psi"]},
        ],
        "realised": [
            run | {"auc": 0.71, "auc_low": 0.68, "auc_high": 0.74},
            run | {"auc": None, "auc_low": None, "auc_high": None, "bias": None},
        ],
        **more,
    }


def remember_looks(state: State) -> None:
    """Two looks, and what became of two runs."""
    look = view()["latest"]
    for day, psi_max in (("2026-11-15", 0.1), ("2026-11-22", 0.4)):
        result = look | {"as_of": day, "values": look["values"] | {"psi_max": psi_max}}
        result["freshness"] = {"looked_on": day, "last_purchase_on": "2026-11-14"}
        add_monitor_run(state, as_of=20_000, model=look["model"], result=result)
    for cutoff, as_of, auc in ((19_000, "2026-05-01", 0.74), (19_030, "2026-06-01", 0.71)):
        run = remember_run(state, Run(Snapshot(cutoff, 365, 30), look["model"], "ids", as_of, 1), [])
        keep_outcome(state, run, _outcome(run, as_of, look["model"], auc))


def _outcome(run: int, as_of: str, model: str, auc: float) -> dict[str, Any]:
    figure = {"value": auc, "low": auc - 0.03, "high": auc + 0.03}
    windows = {"as_of": as_of, "window_until": as_of}
    measures = dict.fromkeys(("auc", "log_loss", "bias", "calibration_error"), figure)
    found = {"run": run, "model": model, "customers": 900, "churn_rate": 0.5, "log_loss_saved": figure}
    return {**found, **windows, "measures": measures}
