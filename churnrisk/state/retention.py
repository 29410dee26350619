"""How long things are remembered: what is old goes, and what is evidence or the shop's own data stays."""

from __future__ import annotations

from dataclasses import dataclass

from churnrisk.state.clock import later, now
from churnrisk.state.database import State

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Pruned:
    """How many of each kind went, or would go."""

    runs: int = 0
    scores: int = 0
    jobs: int = 0
    monitor_runs: int = 0
    audit: int = 0
    sessions: int = 0
    week_lists: int = 0


def prune_state(state: State, *, older_than: int, is_dry: bool = False) -> Pruned:
    """Forget scoring runs with their scores, ended jobs, looks at models, audit entries and sessions that are old.

    Campaigns stay: the draw of the control group is evidence. Received orders stay: they are the shop's data and
    may stand nowhere else. Keys and the hashes of the erased stay, too.

    Parameters
    ----------
    state : State
        The open state.
    older_than : int
        Days since a thing was made, for a job since it ended. Sessions go once they have expired.
    is_dry : bool
        Only count.
    """
    before = later(-older_than * DAY_SECONDS)
    old = {
        "jobs": ("ended_at IS NOT NULL AND ended_at < ?", before),
        "monitor_runs": ("made_at < ?", before),
        "audit": ("at < ?", before),
        "sessions": ("expires_at < ?", now()),
        "runs": ("made_at < ?", before),
        "week_lists": ("made_at < ?", before),
    }
    with state.transaction():
        query = "SELECT count(*) FROM run_scores WHERE run_id IN (SELECT run_id FROM runs WHERE made_at < ?)"
        scores = int(state.rows(query, (before,))[0][0])
        counts = {}
        for table, (where, value) in old.items():
            counts[table] = int(state.rows(f"SELECT count(*) FROM {table} WHERE {where}", (value,))[0][0])  # noqa: S608 - names of ours
            if not is_dry and counts[table]:
                state.run(f"DELETE FROM {table} WHERE {where}", (value,))  # noqa: S608 - as above
    return Pruned(scores=scores, **counts)
