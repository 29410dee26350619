"""What watching a model has found: each look at it, and what became of the customers that a run had scored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from churnrisk.state.clock import now
from churnrisk.state.database import State


@dataclass(frozen=True)
class MonitorRun:
    """One look at a model: when (UTC), on which day's data, at which model, and every figure as plain values."""

    monitor_id: int
    made_at: str
    as_of: int
    model: str
    result: Mapping[str, Any]


def add_monitor_run(state: State, *, as_of: int, model: str, result: Mapping[str, Any]) -> int:
    """Keep a look at a model; give its number. Figures only: no customer id belongs in it."""
    statement = "INSERT INTO monitor_runs (made_at, as_of, model, result) VALUES (?, ?, ?, ?) RETURNING monitor_id"
    return int(state.rows(statement, (now(), as_of, model, _json(result)))[0][0])


def list_monitor_runs(state: State, *, limit: int = 100) -> list[MonitorRun]:
    """Return the newest looks, newest first."""
    query = "SELECT monitor_id, made_at, as_of, model, result FROM monitor_runs ORDER BY monitor_id DESC LIMIT ?"
    return [MonitorRun(*[*row[:-1], json.loads(row[-1])]) for row in state.rows(query, (limit,))]


def keep_outcome(state: State, run_id: int, result: Mapping[str, Any]) -> None:
    """Keep what became of the customers whom a run had scored, in place of what was kept before; goes with the run."""
    with state.transaction():
        state.run("DELETE FROM score_outcomes WHERE run_id = ?", (run_id,))
        state.run("INSERT INTO score_outcomes VALUES (?, ?, ?)", (run_id, now(), _json(result)))


def list_outcomes(state: State) -> dict[int, Mapping[str, Any]]:
    """Return what became of runs, by their numbers, oldest first."""
    query = "SELECT run_id, result FROM score_outcomes ORDER BY run_id"
    return {int(run_id): json.loads(result) for run_id, result in state.rows(query)}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
