"""``churnrisk state backup | migrate | prune``, and the retention time that keeps itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from churnrisk.memory import tend_state
from churnrisk.state import Run, list_runs, open_state, remember_run
from churnrisk.timeline import Snapshot
from support.shop import churnrisk

SCORES = [("a", "scored", 0.5, "high", 1)]


@pytest.fixture
def old_and_new() -> None:
    """A state with a run of long ago and one of today, and an old and a new file of rejects."""
    with open_state(Path("state.db")) as state:
        for day in (10_000, 20_000):
            remember_run(state, Run(Snapshot(day, 365, 30, 0), "m", "purchases", "d", 1), SCORES)
        state.run("UPDATE runs SET made_at = '2020-01-01T00:00:00+00:00' WHERE as_of = 10000")
    for name, age in (("old.rejects.csv", 9e8), ("new.rejects.csv", 0), ("mine.rejects.csv", 9e8)):
        header = "line,column,value,reason" if "mine" not in name else "my,own,file"
        Path(name).write_text(f"{header}\n")
        moment = Path(name).stat().st_mtime - age
        os.utime(name, (moment, moment))


def days(path: str = "state.db") -> list[int]:
    with open_state(Path(path)) as state:
        return [one.run.snapshot.cutoff for one in list_runs(state)]


@pytest.mark.usefixtures("old_and_new")
def test_prune_lets_go_of_old_runs_and_rejects() -> None:
    looked = churnrisk("state", "prune", "--older-than", 365, "--dry-run", "--state", "state.db", "--json")
    assert looked.code == 0, looked.err
    assert (looked.json["state"]["runs"], looked.json["rejects"]) == (1, ["old.rejects.csv"])
    assert days() == [20_000, 10_000]
    pruned = churnrisk("state", "prune", "--state", "state.db", "--json")  # by the setting
    assert (pruned.code, pruned.json) == (0, looked.json)
    assert days() == [20_000]
    assert sorted(path.name for path in Path().glob("*.rejects.csv")) == ["mine.rejects.csv", "new.rejects.csv"]
    shown = churnrisk("state", "prune", "--state", "state.db")
    assert "0 scoring runs" in shown.words
    assert "Campaigns and received orders stay" in shown.words


@pytest.mark.usefixtures("old_and_new")
def test_the_retention_time_keeps_itself() -> None:
    tend_state(Path("state.db"), keep_days=0)
    assert days() == [20_000, 10_000]
    tend_state(Path("state.db"), keep_days=730)
    assert days() == [20_000]
    tend_state(Path("absent.db"), keep_days=730)
    assert not Path("absent.db").exists()


@pytest.mark.usefixtures("old_and_new")
def test_backup_and_migrate() -> None:
    made = churnrisk("state", "backup", "copy.db", "--state", "state.db", "--json")
    assert (made.code, made.json["backup"]) == (0, "copy.db"), made.err
    assert days("copy.db") == [20_000, 10_000]
    moved = churnrisk("state", "migrate", "--to", "moved.db", "--state", "copy.db", "--json")
    assert (moved.code, moved.json["rows"]["runs"]) == (0, 2), moved.err
    assert days("moved.db") == [20_000, 10_000]
    assert churnrisk("state", "migrate", "--state", "copy.db").code == 0
    again = churnrisk("state", "migrate", "--to", "moved.db", "--state", "copy.db")
    assert (again.code, "already" in again.err) == (2, True)
    assert churnrisk("state", "migrate", "--state", "absent.db").code == 2
    assert churnrisk("state", "backup", "x.db", "--state", "absent.db").code == 2
    assert not Path("absent.db").exists()
