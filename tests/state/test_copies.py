"""Backups and moves: everything comes along, from any kind of place to any other; and what is old goes."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from churnrisk.campaigns import Campaign, Measured, Member, list_campaigns
from churnrisk.campaigns.records import add_campaign, add_measured
from churnrisk.desk import save_filter, write_note
from churnrisk.errors import OutputError, StateError
from churnrisk.state import (
    ReceivedOrder,
    Run,
    State,
    StatePlace,
    WrittenFile,
    add_job,
    add_monitor_run,
    add_objections,
    add_received,
    add_tombstones,
    backup_state,
    copy_state,
    create_key,
    find_key,
    keep_outcome,
    list_runs,
    load_received,
    note_audit,
    now,
    open_session,
    open_state,
    prune_state,
    remember_run,
)
from churnrisk.state.copying import TABLES
from churnrisk.state.written import note_written
from churnrisk.timeline import Snapshot
from support.failing import Failing


def fill(state: State) -> str:
    """Put something into every table; give a key."""
    run = Run(Snapshot(20_000, 365, 30, 0), "m", "purchases", "d", 1)
    number = remember_run(state, run, [("é'", "scored", 1 / 3, "high", 1), ("ž", "lapsed", None, None, None)])
    keep_outcome(state, number, {"auc": 0.7})
    with state.transaction():
        campaign = add_campaign(
            state, Campaign("spring", 20_000, 30, "retained", 0.5, 1), [Member("a", True, 0, 0.5, None, 0.1)]
        )
        state.run("INSERT INTO erased_members VALUES (?, 1, 2)", (campaign,))
    add_measured(state, campaign, Measured("f", None, 0.1, {"saves": None}))
    key, secret = create_key(state, name="x", role="admin")
    open_session(state, key.key_id, seconds=60)
    note_audit(state, "something", key_id=key.key_id)
    add_received(state, [ReceivedOrder("a", "1", ({"amount": "1"},))])
    add_job(state, "score", {"n": 1})
    add_tombstones(state, {"d": "2026-01-01"})
    add_monitor_run(state, as_of=20_000, model="m", result={})
    note_written(state, WrittenFile("here", "/list.csv", "list", "2026-01-01", 1, 2))
    add_objections(state, {"d": "2026-01-01"})
    state.run("INSERT INTO week_lists VALUES (20000, 'a', 1, ?)", (now(),))
    save_filter(state, "quiet", "risk=high", key_id=None)
    write_note(state, "ž", "called", key_id=None)
    content = '{"customer_id":"a","happened_at":"2026-01-01"}'
    columns = "customer_id, table_name, received_at, digest, content"
    state.run(f"INSERT INTO received_rows ({columns}) VALUES ('a', 't', ?, 'd', ?)", (now(), content))
    state.run("INSERT INTO due_tasks VALUES ('weekly', '2026-01-01', 'daily 06:00', '2026-01-01', 1)")
    return secret


def everything(state: State) -> dict[str, list[tuple[object, ...]]]:
    return {table: sorted(state.rows(f"SELECT * FROM {table}"), key=repr) for table in TABLES}


def test_the_list_of_tables_is_complete(tmp_path: Path) -> None:
    with open_state(tmp_path / "state.db") as state:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        assert sorted(TABLES) == sorted(name for (name,) in state.rows(query))
        fill(state)
        assert all(everything(state).values())


def test_a_backup_is_the_whole_state_in_one_private_file(state: State, place: StatePlace, tmp_path: Path) -> None:
    secret = fill(state)
    target = tmp_path / "backup.db"
    size = backup_state(place, target)
    assert target.stat().st_size == size
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.glob("*backup*")) == ["backup.db"]
    with open_state(target) as copy:
        assert everything(copy) == everything(state)
        assert find_key(copy, secret) is not None
    backup_state(place, target)  # replaces the older one


def test_a_backup_moves_to_a_new_place_and_goes_on_there(state: State, place: StatePlace, tmp_path: Path) -> None:
    fill(state)
    backup_state(place, tmp_path / "backup.db")
    before = everything(state)
    for table in reversed(TABLES):
        state.run(f"DELETE FROM {table}")
    counts = copy_state(tmp_path / "backup.db", place)
    assert counts == {table: len(rows) for table, rows in before.items()}
    assert everything(state) == before
    number = remember_run(state, Run(Snapshot(20_001, 365, 30, 0), "m", "purchases", "d", 0), [])
    assert number > 1  # numbers go on after those that came along
    add_received(state, [ReceivedOrder("a", "2", ())])
    assert [one.order.order_id for one in load_received(state)] == ["1", "2"]
    with pytest.raises(StateError, match="something is remembered there already"):
        copy_state(tmp_path / "backup.db", place)


def test_a_backup_under_writers_is_of_one_moment(state: State, place: StatePlace, tmp_path: Path) -> None:
    """Each transaction writes two orders; a copy never has one without the other."""
    is_over = threading.Event()

    def write() -> None:
        n = 0
        while not is_over.is_set():
            n += 1
            add_received(state, [ReceivedOrder("a", str(n), ()), ReceivedOrder("b", str(n), ())])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for k in range(3):
            backup_state(place, tmp_path / f"{k}.db")
    finally:
        is_over.set()
        writer.join()
    for k in range(3):
        with open_state(tmp_path / f"{k}.db") as copy:
            orders = load_received(copy)
            assert len([one for one in orders if one.order.customer_id == "a"]) * 2 == len(orders)


def test_no_other_file_is_overwritten_and_nothing_is_left_of_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with pytest.raises(StateError, match="nothing to copy"):
        backup_state(path, tmp_path / "backup.db")
    open_state(path).close()
    (tmp_path / "purchases.csv").write_text("customer_id\n")
    for target in (tmp_path / "purchases.csv", path, tmp_path / "no" / "backup.db"):
        with pytest.raises(StateError):
            backup_state(path, target)
    assert (tmp_path / "purchases.csv").read_text() == "customer_id\n"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["purchases.csv", "state.db"]


def test_what_is_old_goes_and_evidence_and_orders_stay(state: State) -> None:
    fill(state)
    assert not any(vars(prune_state(state, older_than=1)).values())
    before = everything(state)
    for table, column in (
        ("runs", "made_at"),
        ("audit", "at"),
        ("monitor_runs", "made_at"),
        ("week_lists", "made_at"),
        ("sessions", "expires_at"),
    ):
        state.run(f"UPDATE {table} SET {column} = '2020-01-01T00:00:00+00:00'")
    state.run("UPDATE jobs SET status = 'done', ended_at = '2020-01-01T00:00:00+00:00'")
    state.run("UPDATE received_orders SET received_at = '2020-01-01T00:00:00.000000+00:00'")
    looked = prune_state(state, older_than=365, is_dry=True)
    assert list_runs(state)
    pruned = prune_state(state, older_than=365)
    assert (
        vars(pruned)
        == vars(looked)
        == {"runs": 1, "scores": 2, "jobs": 1, "monitor_runs": 1, "audit": 1, "sessions": 1, "week_lists": 1}
    )
    left = everything(state)
    gone = {"runs", "run_scores", "score_outcomes", "jobs", "monitor_runs", "audit", "sessions", "week_lists"}
    assert {table for table in TABLES if not left[table]} == gone
    assert left["campaign_members"] == before["campaign_members"]
    assert (len(list_campaigns(state)), len(load_received(state))) == (1, 1)


@pytest.mark.parametrize("copy", [backup_state, copy_state])
@pytest.mark.parametrize(("call", "number"), [("fsync", 1), ("replace", 1), ("fsync", 2)])
def test_a_copy_that_fails_at_any_step_leaves_no_file(
    copy: Callable[[Path, Path], object], call: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "state.db", tmp_path / "copies" / "copy.db"
    target.parent.mkdir()
    with open_state(source) as state:
        fill(state)
    Failing(monkeypatch, call, number)
    with pytest.raises(OutputError, match="Input/output error"):
        copy(source, target)
    assert list(target.parent.iterdir()) == []
    copy(source, target)
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    with open_state(target) as state:
        assert len(list_campaigns(state)) == 1
