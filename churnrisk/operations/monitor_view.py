"""What is remembered of watching a model, as plain values for a page, a chart or a gauge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from churnrisk import clock
from churnrisk.state import MonitorRun, State, list_monitor_runs, list_outcomes

LOOKS = 60
TREND = ("psi", "psi_max", "score_psi", "mean_churn_probability", "retention_rate", "days_since_last_purchase")
MEASURES = ("auc", "log_loss", "bias", "calibration_error")


def monitor_view(state: State, *, today: dt.date | None = None, looks: int = LOOKS) -> dict[str, Any]:
    """Return everything that a page on monitoring shows.

    Parameters
    ----------
    state : State
        The open state.
    today : date, optional
        For the days since the last purchase that the newest look knew; by default today.
    looks : int
        So many looks, the newest, make the trend.

    Returns
    -------
    dict
        ``latest``: the newest look as ``churnrisk monitor --json`` gives it, or None where nobody has looked yet;
        ``made_at``: when (UTC); ``days_since_last_purchase``; ``trend``: a row per look, oldest first, with ``as_of``,
        ``model``, ``fired`` (rules) and some of its values; ``realised``: a row per scoring run whose window is over,
        oldest first, each figure with ``_low`` and ``_high``.
    """
    runs = list_monitor_runs(state, limit=looks)
    newest = runs[0] if runs else None
    return {
        "latest": None if newest is None else dict(newest.result),
        "made_at": None if newest is None else newest.made_at,
        "days_since_last_purchase": _days_since(newest, today),
        "trend": [_trend_row(one) for one in reversed(runs)],
        "realised": sorted(
            map(_realised_row, list_outcomes(state).values()), key=lambda row: (row["as_of"], row["run"])
        ),
    }


def monitor_gauges(state: State, *, today: dt.date | None = None) -> dict[str, float | None]:
    """``psi_max``, ``psi``, ``auc`` and ``rules_fired`` of the newest look, and the days since the last purchase.

    None for what is not known. One short query: cheap enough for each time that a gauge is read.
    """
    runs = list_monitor_runs(state, limit=1)
    newest = runs[0] if runs else None
    values = {} if newest is None else newest.result.get("values", {})
    return {
        "psi_max": values.get("psi_max"),
        "psi": values.get("psi"),
        "auc": values.get("auc"),
        "days_since_last_purchase": _days_since(newest, today),
        "rules_fired": None if newest is None else float(len(_fired(newest.result))),
    }


def table_gauges(state: State, *, today: dt.date | None = None) -> dict[str, tuple[int | None, bool]]:
    """Return of each table beside the purchases the days from its newest row to today, and whether it has stopped.

    As of the newest look; as cheap as :func:`monitor_gauges`.
    """
    runs, now = list_monitor_runs(state, limit=1), today or clock.today()
    tables = runs[0].result.get("tables", ()) if runs else ()
    return {one["table"]: (_age(one["last_row_on"], now), bool(one["has_stopped"])) for one in tables}


def _age(day: str | None, today: dt.date) -> int | None:
    return None if day is None else (today - dt.date.fromisoformat(day)).days


def _days_since(newest: MonitorRun | None, today: dt.date | None) -> int | None:
    last = None if newest is None else newest.result.get("freshness", {}).get("last_purchase_on")
    return _age(last, today or clock.today())


def _fired(result: Mapping[str, Any]) -> list[str]:
    return [one["rule"] for one in result.get("rules", ()) if one["fired"]]


def _trend_row(one: MonitorRun) -> dict[str, Any]:
    values = one.result.get("values", {})
    head = {"made_at": one.made_at, "as_of": one.result.get("as_of"), "model": one.model, "fired": _fired(one.result)}
    return head | {name: values.get(name) for name in TREND}


def _realised_row(one: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: one[name] for name in ("run", "model", "as_of", "window_until", "customers", "churn_rate")}
    figures = {name: one["measures"].get(name) for name in MEASURES} | {"log_loss_saved": one["log_loss_saved"]}
    for name, figure in figures.items():
        interval = figure or {"value": None, "low": None, "high": None}
        row |= {name: interval["value"], f"{name}_low": interval["low"], f"{name}_high": interval["high"]}
    return row
