"""The state file: for its owner only, whole or not at all, and never another program's."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from churnrisk.campaigns import Campaign, Measured, Member, list_campaigns, list_measured, load_campaign, load_members
from churnrisk.campaigns.records import add_campaign, add_measured, find_overlaps
from churnrisk.errors import CampaignError, StateError
from churnrisk.state import (
    FORMAT,
    ReceivedOrder,
    Run,
    StatePlace,
    WrittenFile,
    add_job,
    add_objections,
    add_received,
    claim_job,
    create_key,
    drop_written,
    find_key,
    find_run,
    find_state,
    identify,
    list_audit,
    list_jobs,
    list_keys,
    list_objections,
    list_runs,
    list_written,
    load_received,
    load_scores,
    note_audit,
    open_state,
    remember_run,
    stamp_tombstones,
    standing,
)
from churnrisk.state.migrations import MIGRATIONS
from churnrisk.state.written import note_written
from churnrisk.timeline import Snapshot

SPRING = Campaign("spring", 15_000, 60, "retained", 0.5, 7, contact_cost=1.0)
MEMBERS = [Member("b", True, 0, 0.5, 0.7, None), Member("a", False, 0, 0.5, None, 12.5)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def run_at(day: int, *, kind: str = "purchases", digest: str = "d") -> Run:
    return Run(Snapshot(day, 365, 60, 2), "model-1", kind, digest, 2)


SCORES = [("a", "scored", 0.75, "high", 1), ("b", "lapsed", None, None, None)]


def test_a_new_file_is_for_its_owner_only_and_durable(path: Path) -> None:
    with open_state(path) as state:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert state.rows("PRAGMA journal_mode") == [("wal",)]
        assert state.rows("PRAGMA synchronous") == [(2,)]
        assert state.rows("PRAGMA foreign_keys") == [(1,)]
        assert state.format == FORMAT
    assert [one.name for one in path.parent.iterdir()] == ["state.db"]  # no log is left beside it


def test_there_is_no_file_until_something_is_remembered(path: Path) -> None:
    assert find_state(path) is None
    assert not path.exists()
    with pytest.raises(StateError, match="there is no folder"):
        open_state(path / "deeper" / "state.db")


def test_a_newer_format_is_refused_with_the_way_out_and_left_alone(path: Path) -> None:
    open_state(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StateError, match=rf"its format is {FORMAT + 1}.*up to {FORMAT}.*--upgrade.*--state"):
        open_state(path)
    assert path.read_bytes() == before


def test_files_of_others_are_refused(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE accounts (id)")
    connection.close()
    with pytest.raises(StateError, match="not made by churnrisk"):
        open_state(path)
    path.write_text("customer_id,amount\n" * 500)
    with pytest.raises(StateError, match="no state file, or it is damaged"):
        open_state(path)


def test_a_transaction_happens_whole_or_not_at_all(place: StatePlace) -> None:
    with open_state(place) as state:
        with pytest.raises(ZeroDivisionError), state.transaction():
            add_campaign(state, SPRING, (one for one in MEMBERS if one.stratum or 1 / 0))
        assert list_campaigns(state) == []
        with state.transaction():
            add_campaign(state, SPRING, MEMBERS)
    with open_state(place) as state:
        [stored] = list_campaigns(state)
        assert (stored.campaign, stored.treated, stored.control) == (SPRING, 1, 1)
        assert load_members(state, stored.campaign_id) == sorted(MEMBERS)


def test_an_assignment_cannot_be_changed(place: StatePlace) -> None:
    with open_state(place) as state:
        with state.transaction():
            add_campaign(state, SPRING, MEMBERS)
        with pytest.raises(StateError, match="cannot be changed"):
            state.run("UPDATE campaign_members SET is_treated = 1")
        with pytest.raises(StateError, match="cannot be changed"):
            state.run("UPDATE campaigns SET outcome = 'revenue'")
        with pytest.raises(CampaignError, match="there is a campaign 'spring' already"), state.transaction():
            add_campaign(state, SPRING, [])
        with pytest.raises(CampaignError, match="There are: spring"):
            load_campaign(state, "summer")


@pytest.mark.parametrize(
    ("start", "end", "meets"),
    [
        (15_059, 15_070, True),
        (15_060, 15_070, False),
        (14_990, 15_000, False),
        (14_990, 15_001, True),
        (14_000, 16_000, True),
    ],
)
def test_campaigns_overlap_by_a_day_and_a_customer(place: StatePlace, start: int, end: int, meets: bool) -> None:
    with open_state(place) as state:
        with state.transaction():
            add_campaign(state, SPRING, MEMBERS)
        assert find_overlaps(state, ["a", "c"], start=start, end=end) == ({"spring": {"a"}} if meets else {})
        assert find_overlaps(state, ["c"], start=start, end=end) == {}


def test_what_was_measured_comes_back(place: StatePlace) -> None:
    measured = Measured("f", 0.25, 0.05, {"verdict": "kept „more“", "saves": 3})
    with open_state(place) as state:
        with state.transaction():
            number = add_campaign(state, SPRING, MEMBERS)
        for one in (Measured("old", None, None, {}), measured):
            add_measured(state, number, one)
        assert list_measured(state) == {"spring": measured}


def test_the_same_run_again_replaces_the_first(place: StatePlace) -> None:
    with open_state(place) as state:
        first = remember_run(state, run_at(15_000), SCORES)
        other = remember_run(state, run_at(15_000, digest="e"), SCORES)
        again = remember_run(state, run_at(15_000), SCORES[:1])
        assert (again == first, other != first) == (True, True)
        assert {one.run_id for one in list_runs(state)} == {first, other}
        assert [tuple(one) for one in load_scores(state, first)] == SCORES[:1]
        assert [tuple(one) for one in load_scores(state, other)] == SCORES
        assert list_runs(state)[0].run.snapshot == Snapshot(15_000, 365, 60, 2)


def test_runs_are_found_by_word_number_and_date(place: StatePlace) -> None:
    with open_state(place) as state:
        old, new, listed = (
            remember_run(state, one, SCORES) for one in (run_at(15_000), run_at(15_030), run_at(15_040, kind="ids"))
        )
        assert find_run(state, "last", before=15_060, kind="purchases").run_id == new
        assert find_run(state, "last", before=15_060, kind="ids").run_id == listed
        assert find_run(state, "last", before=15_030, kind="purchases").run_id == old  # never the day itself
        assert find_run(state, str(old), before=15_060, kind="ids").run_id == old
        assert find_run(state, "2011-02-13", before=15_060, kind="purchases").run_id == old  # day 15018
        with pytest.raises(StateError, match=r"There are: 1 \(2011-01-26, purchases\)"):
            find_run(state, "last", before=15_010, kind="summary")


def test_there_is_no_state_until_something_is_remembered(place: StatePlace) -> None:
    assert find_state(place) is None
    with open_state(place) as state:
        assert state.format == FORMAT
        assert str(state.path) == str(place)
    again = find_state(place)
    assert again is not None
    again.close()


def test_several_that_open_it_at_once_make_it_once(place: StatePlace) -> None:
    script = (
        "import sys, churnrisk.state as s\n"
        "with s.open_state(s.parse_place(sys.argv[1])) as state: s.note_audit(state, 'opened')"
    )
    several = [subprocess.Popen([sys.executable, "-c", script, str(place)]) for _ in range(3)]
    assert [one.wait() for one in several] == [0, 0, 0]
    with open_state(place) as state:
        assert len(list_audit(state)) == 3


def test_two_processes_see_each_others_changes(place: StatePlace) -> None:
    with open_state(place) as one, open_state(place) as other:
        with one.transaction():
            add_campaign(one, SPRING, MEMBERS)
            assert list_campaigns(other) == []
        assert len(list_campaigns(other)) == 1


STEPS = [
    "90f7eb579fe602af",
    "9f684ee98d0ca2c8",
    "de651eca982eea69",
    "062256daff62f506",
]  # digests of released steps: files took them, so they never change


NEWEST = ("week_lists", "saved_filters", "notes", "due_tasks", "received_rows")
"""Tables of the newest step."""


def test_the_documentation_names_the_format() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "state-file.md"
    assert f"writes format {FORMAT}." in " ".join(page.read_text(encoding="utf-8").split())


def test_released_steps_are_never_edited() -> None:
    digests = [hashlib.sha256(repr(step).encode()).hexdigest()[: len(STEPS[0])] for step in MIGRATIONS]
    assert digests[: len(STEPS)] == STEPS, "add a step at the end instead"


@pytest.fixture
def first_format(path: Path) -> Path:
    """A file as the first released version left it, with a run and a campaign."""
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        for statement in MIGRATIONS[0]:
            file.execute(statement)
        file.execute("INSERT INTO runs VALUES (7, '2026-01-01T00:00:00+00:00', 15000, 60, 365, 2, 'm', 'ids', 'd', 2)")
        file.executemany("INSERT INTO run_scores VALUES (7, ?, ?, ?, ?, ?)", SCORES)
        file.execute(
            "INSERT INTO campaigns VALUES "
            "(3, 'spring', '2026-01-01T00:00:00+00:00', 15000, 60, 'retained', 0.5, 7, 0, 0, 1.0, 0.0, 1.0)"
        )
        file.executemany("INSERT INTO campaign_members VALUES (3, ?, ?, ?, ?, ?, ?)", MEMBERS)
        file.execute(f"PRAGMA application_id = {0x6368726B}")
        file.execute("PRAGMA user_version = 1")
    return path


def test_a_file_of_the_first_format_is_brought_to_the_newest_by_whoever_comes_first(first_format: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from churnrisk.state import open_state; open_state(Path(sys.argv[1]))"
    )
    several = [subprocess.Popen([sys.executable, "-c", script, str(first_format)]) for _ in range(3)]
    assert [one.wait() for one in several] == [0, 0, 0]
    with open_state(first_format) as state:
        assert state.format == FORMAT
        assert [tuple(one) for one in load_scores(state, 7)] == SCORES
        [stored] = list_campaigns(state)
        assert stored.campaign == SPRING
        assert load_members(state, 3) == sorted(MEMBERS)
        assert list_keys(state) == []
        assert remember_run(state, run_at(15_001), SCORES) == 8


def test_jobs_done_before_results_had_names_stay_and_further_ones_have_them(place: StatePlace) -> None:
    with open_state(place) as state:
        add_job(state, "score", {"n": 1})
        claim_job(state, runner="here")
        name = identify(state)
        state.run("ALTER TABLE jobs DROP COLUMN result_token")
        for table in ("written_files", "objections", *NEWEST):
            state.run(f"DROP TABLE {table}")
        state.run("PRAGMA user_version = 4" if state.dialect == "sqlite" else "UPDATE state_format SET format = 4")
    with open_state(place) as state:
        assert (state.format, identify(state)) == (FORMAT, name)
        add_job(state, "score", {"n": 2})
        claim_job(state, runner="here")
        further, before = list_jobs(state)
        assert (before.request, before.status, before.result_token) == ({"n": 1}, "running", None)
        assert len(str(further.result_token)) == 32


def test_orders_received_before_days_were_told_apart_stay_and_numbers_go_on(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        for statement in (one for step in MIGRATIONS[:3] for one in step):
            file.execute(statement)
        columns = "customer_id, order_id, received_at, digest, lines"
        for who in ("a", "gone"):
            file.execute(f"INSERT INTO received_orders ({columns}) VALUES (?, '1', 't', 'd', '[]')", (who,))
        file.execute("DELETE FROM received_orders WHERE customer_id = 'gone'")  # its number is not given again
        file.execute(f"PRAGMA application_id = {0x6368726B}")
        file.execute("PRAGMA user_version = 3")
    with open_state(path) as state:
        again = [ReceivedOrder("a", "1", ({"amount": "1"},), day) for day in ("2026-01-05", "2026-01-06", "2026-01-06")]
        assert add_received(state, again) == ["accepted", "accepted", "duplicate"]
        kept = [(one.seq, one.order.customer_id, one.order.ordered_on) for one in load_received(state)]
        assert kept == [(1, "a", ""), (3, "a", "2026-01-05"), (4, "a", "2026-01-06")]


def test_a_state_from_before_files_were_remembered_takes_them_and_objections(place: StatePlace) -> None:
    with open_state(place) as state:
        note_audit(state, "before")
        for table in ("written_files", "objections", *NEWEST):
            state.run(f"DROP TABLE {table}")
        state.run("PRAGMA user_version = 5" if state.dialect == "sqlite" else "UPDATE state_format SET format = 5")
    file = WrittenFile("here", "/shop/list.csv", "list", "2026-01-01", 10, 2**60)
    with open_state(place) as state:
        assert (state.format, [one.action for one in list_audit(state)]) == (FORMAT, ["before"])
        note_written(state, file)
        note_written(state, replace(file, size=11))
        note_written(state, replace(file, host="there"))
        assert list_written(state) == [replace(file, size=11), replace(file, host="there")]
        drop_written(state, file)
        assert [one.host for one in list_written(state)] == ["there"]
        add_objections(state, {"a": "2026-01-02", "b": "2026-01-02 withdrawn"})
        add_objections(state, {"a": "2026-01-02 withdrawn", "b": "2026-01-01"})
        assert standing(list_objections(state)) == {}
        stamp = stamp_tombstones(state)
        add_objections(state, {"b": "2026-01-03"})
        assert list(standing(list_objections(state))) == ["b"]
        assert stamp_tombstones(state) != stamp


def test_keys_and_sessions_of_before_stay_where_a_role_is_added(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        for statement in (one for step in MIGRATIONS[:6] for one in step):
            file.execute(statement)
        columns = "name, role, key_hash, made_at"
        file.executemany(
            f"INSERT INTO keys ({columns}) VALUES (?, ?, ?, 't')", [("a", "scorer", "h1"), ("b", "admin", "h2")]
        )
        file.execute("INSERT INTO sessions VALUES ('s', 2, 'c', '2026-01-01', '2026-01-02')")
        file.execute(f"PRAGMA application_id = {0x6368726B}")
        file.execute("PRAGMA user_version = 6")
    with open_state(path) as state:
        assert [(one.key_id, one.name, one.role) for one in list_keys(state)] == [(1, "a", "scorer"), (2, "b", "admin")]
        assert state.rows("SELECT session_hash, key_id FROM sessions") == [("s", 2)]
        record, secret = create_key(state, name="sales", role="contacts")
        assert find_key(state, secret) == record
        with pytest.raises(StateError, match="CHECK constraint failed"):
            state.run("UPDATE keys SET role = 'owner'")
