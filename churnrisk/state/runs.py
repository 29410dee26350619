"""Scoring runs: which customers were said to be at what risk, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from churnrisk.errors import StateError
from churnrisk.state.clock import now
from churnrisk.state.database import State
from churnrisk.timeline import Snapshot, date_of, parse_day


@dataclass(frozen=True)
class Run:
    """What a scoring run was.

    Parameters
    ----------
    snapshot : Snapshot
        The model's windows at the day that was scored at.
    model : str
        Version of the model.
    kind : str
        What the file of customers was taken for: ``purchases``, ``ids`` or ``summary``.
    source_digest : str
        Of what was scored: the same run again replaces this one.
    customers : int
        How many were scored.
    """

    snapshot: Snapshot
    model: str
    kind: str
    source_digest: str
    customers: int


@dataclass(frozen=True)
class Remembered:
    """A run in the state file, with its number and the moment (UTC) it was made at."""

    run_id: int
    made_at: str
    run: Run


class RunScore(NamedTuple):
    """The score of one customer in a run; what a customer has not got is None."""

    customer_id: str
    status: str
    churn_probability: float | None
    risk: str | None
    risk_rank: int | None


_COLUMNS = "run_id, made_at, as_of, lookback, horizon, lead, model, kind, source_digest, customers"


def remember_run(state: State, run: Run, scores: Iterable[tuple[object, ...]]) -> int:
    """Keep a run with all its scores, in place of the same run if it is there.

    Parameters
    ----------
    state : State
        The open file.
    run : Run
        What it was.
    scores : iterable of tuple
        As :class:`RunScore`, sorted by customer id: rows that come in order are written four times as fast.

    Returns
    -------
    int
        The number of the run; that of the run which it replaces, if there is one.
    """
    same = (run.model, run.snapshot.cutoff, run.kind, run.source_digest)
    with state.transaction():
        query = "SELECT run_id FROM runs WHERE model = ? AND as_of = ? AND kind = ? AND source_digest = ?"
        known = state.rows(query, same)
        if known:
            state.run("DELETE FROM runs WHERE run_id = ?", known[0])
        snapshot = run.snapshot
        values = (now(), snapshot.cutoff, snapshot.lookback, snapshot.horizon, snapshot.lead)
        run_id = _insert_run(state, known, (*values, run.model, run.kind, run.source_digest, run.customers))
        rows = ((run_id, *score) for score in scores)
        state.fill("run_scores", columns=("run_id", *RunScore._fields), rows=rows)
    return run_id


def _insert_run(state: State, known: list[tuple[int, ...]], values: tuple[object, ...]) -> int:
    """Write the row of a run, under the number of the one that it replaces if there is one."""
    columns = _COLUMNS if known else _COLUMNS.removeprefix("run_id, ")
    row = (*known[0], *values) if known else values
    marks = ", ".join("?" * len(row))
    statement = f"INSERT INTO runs ({columns}) VALUES ({marks}) RETURNING run_id"  # noqa: S608 - names of ours
    return int(state.rows(statement, row)[0][0])


def list_runs(state: State) -> list[Remembered]:
    """Return every run, newest day first."""
    return [_run(row) for row in state.rows(f"SELECT {_COLUMNS} FROM runs ORDER BY as_of DESC, run_id DESC")]  # noqa: S608 - as above


def load_scores(state: State, run_id: int) -> list[RunScore]:
    """Return the scores of a run, sorted by customer id."""
    query = (
        "SELECT customer_id, status, churn_probability, risk, risk_rank FROM run_scores WHERE run_id = ? "
        "ORDER BY customer_id"
    )
    return [RunScore(*row) for row in state.rows(query, (run_id,))]


def load_history(state: State, customer_id: str) -> list[tuple[Remembered, RunScore]]:
    """Return the scores of one customer in every run that has one, oldest day first."""
    columns = ", ".join(f"r.{name}" for name in _COLUMNS.split(", "))
    query = (
        f"SELECT {columns}, s.customer_id, s.status, s.churn_probability, s.risk, s.risk_rank FROM runs r "  # noqa: S608 - as above
        "JOIN run_scores s ON s.run_id = r.run_id AND s.customer_id = ? ORDER BY r.as_of, r.run_id"
    )
    return [(_run(row[:-5]), RunScore(*row[-5:])) for row in state.rows(query, (customer_id,))]


def find_run(state: State, since: str, *, before: int, kind: str) -> Remembered:
    """Find the run that a user means.

    Parameters
    ----------
    state : State
        The open file.
    since : str
        ``"last"``, the number of a run, or a date: the newest run at or before it.
    before : int
        The day that is scored now; a run of the same day or a later one is nothing to compare with.
    kind : str
        What the file of customers is; a list of a few ids says nothing about a whole shop, and the reverse.

    Raises
    ------
    StateError
        Where there is none; the message names those that there are.
    """
    runs = [one for one in list_runs(state) if one.run.snapshot.cutoff < before]
    if since.isdigit():
        chosen = [one for one in runs if one.run_id == int(since)]
    else:
        limit = before if since == "last" else parse_day(since, option="--since") + 1
        chosen = [one for one in runs if one.run.snapshot.cutoff < limit and one.run.kind == kind]
    if chosen:
        return chosen[0]
    known = ", ".join(f"{one.run_id} ({date_of(one.run.snapshot.cutoff)}, {one.run.kind})" for one in runs[:5])
    raise StateError(
        f"--since {since}: no such scoring run is remembered from before {date_of(before)} in {state.path}. "
        + (f"There are: {known}." if known else "Every `churnrisk score` is remembered from now on.")
    )


def _run(row: tuple[object, ...]) -> Remembered:
    run_id, made_at, as_of, lookback, horizon, lead, model, kind, digest, customers = row
    snapshot = Snapshot(_whole(as_of), _whole(lookback), _whole(horizon), _whole(lead))
    return Remembered(
        _whole(run_id), str(made_at), Run(snapshot, str(model), str(kind), str(digest), _whole(customers))
    )


def _whole(value: object) -> int:
    return int(str(value))
