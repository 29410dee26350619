"""What a page and a gauge are told of earlier looks."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from churnrisk.operations import monitor_gauges, monitor_view, table_gauges
from churnrisk.service.watched import collect_watched
from churnrisk.state import Run, State, add_monitor_run, keep_outcome, open_state, remember_run
from churnrisk.timeline import Snapshot

TODAY = dt.date(2026, 11, 22)


def look(as_of: str, psi_max: float | None, *fired: str) -> dict[str, Any]:
    return {
        "as_of": as_of,
        "values": {"psi_max": psi_max, "psi": 0.0, "auc": None},
        "freshness": {"last_purchase_on": as_of},
        "rules": [{"rule": one, "fired": True} for one in fired] + [{"rule": "quiet > 1", "fired": False}],
    }


def outcome(run: int, as_of: str, auc: float | None) -> dict[str, Any]:
    figure = {"value": auc, "low": 0.6, "high": 0.8}
    names = ("auc", "log_loss", "bias", "calibration_error")
    return {
        "run": run,
        "model": "v1",
        "as_of": as_of,
        "window_until": as_of,
        "customers": 100,
        "churn_rate": 0.5,
        "measures": {} if auc is None else dict.fromkeys(names, figure),
        "log_loss_saved": None if auc is None else figure,
    }


@pytest.fixture
def state(tmp_path: Path) -> Any:
    with open_state(tmp_path / "state.db") as opened:
        yield opened


def test_before_anybody_has_looked(state: State) -> None:
    assert monitor_view(state, today=TODAY) == {
        "latest": None,
        "made_at": None,
        "days_since_last_purchase": None,
        "trend": [],
        "realised": [],
    }
    assert set(monitor_gauges(state, today=TODAY).values()) == {None}
    assert collect_watched(state) == b""


def test_looks_and_what_became_of_scores(state: State) -> None:
    for on, psi_max, fired in (("2026-11-01", 0.1, ()), ("2026-11-08", 0.3, ("psi > 0.2",)), ("2026-11-15", None, ())):
        add_monitor_run(state, as_of=1, model="v1", result=look(on, psi_max, *fired))
    for day, as_of, auc in ((20_100, "2026-03-01", None), (20_000, "2026-01-01", 0.7)):
        run = remember_run(state, Run(Snapshot(day, 365, 30), "v1", "purchases", str(day), 1), [])
        keep_outcome(state, run, outcome(run, as_of, auc))
    found = monitor_view(state, today=TODAY)
    assert found["latest"] == look("2026-11-15", None)
    assert found["days_since_last_purchase"] == 7
    assert [(one["as_of"], one["psi_max"], one["fired"]) for one in found["trend"]] == [
        ("2026-11-01", 0.1, []),
        ("2026-11-08", 0.3, ["psi > 0.2"]),
        ("2026-11-15", None, []),
    ]
    rows = found["realised"]
    assert [(one["as_of"], one["auc"], one["auc_low"], one["log_loss_saved_high"]) for one in rows] == [
        ("2026-01-01", 0.7, 0.6, 0.8),
        ("2026-03-01", None, None, None),
    ]
    assert [one["as_of"] for one in monitor_view(state, today=TODAY, looks=1)["trend"]] == ["2026-11-15"]


def test_gauges(state: State) -> None:
    add_monitor_run(state, as_of=1, model="v1", result=look("2026-11-15", 0.25, "psi > 0.2"))
    found = monitor_gauges(state, today=TODAY)
    assert found == {"psi_max": 0.25, "psi": 0.0, "auc": None, "days_since_last_purchase": 7, "rules_fired": 1}
    text = collect_watched(state).decode()
    assert "# TYPE churnrisk_psi_max gauge\nchurnrisk_psi_max 0.25\n" in text
    assert "churnrisk_rules_fired 1.0\n" in text
    assert "churnrisk_days_since_last_purchase " in text
    assert "churnrisk_auc" not in text


def test_tables_beside_the_purchases(state: State) -> None:
    tables = [
        {"table": "visits", "last_row_on": "2026-11-02", "has_stopped": True},
        {"table": "tickets", "last_row_on": None, "has_stopped": False},
    ]
    add_monitor_run(state, as_of=1, model="v1", result=look("2026-11-15", None) | {"tables": tables})
    assert table_gauges(state, today=TODAY) == {"visits": (20, True), "tickets": (None, False)}
    text = collect_watched(state).decode()
    assert 'churnrisk_table_has_stopped{table="visits"} 1.0\n' in text
    assert 'churnrisk_table_days_since_last_row{table="visits"} ' in text
    assert 'churnrisk_table_days_since_last_row{table="tickets"}' not in text
