"""A customer who is erased is gone from every table, also byte by byte, and known again only by a keyed hash."""

from __future__ import annotations

from pathlib import Path

from churnrisk.campaigns import Campaign, Member, list_campaigns, load_members
from churnrisk.campaigns.records import add_campaign
from churnrisk.state import (
    ReceivedOrder,
    Run,
    State,
    add_job,
    add_received,
    add_tombstones,
    claim_job,
    count_erased,
    erase_customers,
    finish_job,
    iterate_customers,
    list_runs,
    list_tombstones,
    load_history,
    load_job,
    load_received,
    open_state,
    remember_run,
)
from churnrisk.timeline import Snapshot

GONE = "gone-customer-4711"
STAYS = "stays"


def fill(state: State) -> int:
    """Name both customers wherever a customer can be named; gives the number of a job."""
    scores = [(GONE, "scored", 0.5, "high", 1), (STAYS, "scored", 0.25, "low", 2), ("x" + GONE, "lapsed", *[None] * 3)]
    remember_run(state, Run(Snapshot(20_000, 365, 30, 0), "m", "purchases", "d", 2), scores)
    members = [Member(GONE, True, 0, 0.5, 0.5, 1.0), Member(STAYS, False, 0, 0.5, 0.5, 1.0)]
    with state.transaction():
        add_campaign(state, Campaign("spring", 20_000, 30, "retained", 0.5, 1), members)
    lines = ({"ordered_at": "2025-01-01", "amount": "1"},)
    add_received(state, [ReceivedOrder(GONE, "1", lines), ReceivedOrder(STAYS, "1", lines)])
    request = {"customers": [GONE, STAYS], "csv": f"customer_id,amount\n{GONE},5\n", "note": f"x{GONE}"}
    job = add_job(state, "score", request)
    claim_job(state, runner="here")
    rows = [{"customer_id": GONE, "risk": "high"}, {"customer_id": STAYS, "risk": "low"}]
    finish_job(state, job.job_id, result={"rows": rows, "by_customer": {GONE: 1, STAYS: 2}})
    return job.job_id


def test_nothing_of_an_erased_customer_is_left_and_nothing_of_others_is_touched(state: State) -> None:
    number = fill(state)
    found = erase_customers(state, {GONE: None, "never seen": None})
    assert (found.found, found.orders, found.campaigns, found.first_orders) == (
        {GONE},
        1,
        {"spring": 1},
        {GONE: "2025-01-01"},
    )
    assert load_history(state, GONE) == []
    assert [one.run.customers for one in list_runs(state)] == [1]
    [campaign] = list_campaigns(state)
    assert [one.customer_id for one in load_members(state, campaign.campaign_id)] == [STAYS]
    assert count_erased(state, campaign.campaign_id) == {"contacted": 1, "control": 0}
    assert load_received(state, GONE) == []
    job = load_job(state, number)
    assert job.request == {"customers": [STAYS], "csv": None, "note": f"x{GONE}"}
    assert job.result == {"rows": [{"customer_id": STAYS, "risk": "low"}], "by_customer": {STAYS: 2}}
    assert len(load_history(state, STAYS)) == len(load_history(state, "x" + GONE)) == len(load_received(state)) == 1
    assert not erase_customers(state, {GONE: None}).found


def test_looking_changes_nothing(state: State) -> None:
    fill(state)
    before = {name: state.rows(f"SELECT * FROM {name}") for name in ("runs", "run_scores", "campaign_members", "jobs")}
    looked = erase_customers(state, {GONE: None}, is_dry=True)
    assert before == {name: state.rows(f"SELECT * FROM {name}") for name in before}
    assert vars(erase_customers(state, {GONE: None})) == vars(looked)


def test_what_came_after_the_moment_stays(state: State) -> None:
    fill(state)
    assert not erase_customers(state, {GONE: "2020-01-01T00:00:00+00:00"}).found
    assert erase_customers(state, {GONE: "2999-01-01T00:00:00+00:00"}).found == {GONE}


def test_everybody_who_is_remembered_can_be_found(state: State) -> None:
    fill(state)
    assert {GONE, STAYS, "x" + GONE} <= set(iterate_customers(state))


def test_a_tombstone_keeps_the_later_moment(state: State) -> None:
    for moment in ("2026-01-02", "2026-01-03", "2026-01-01"):
        add_tombstones(state, {"d": moment})
    assert list_tombstones(state) == {"d": "2026-01-03"}


def test_not_a_byte_is_left_in_the_file_nor_beside_it(tmp_path: Path) -> None:
    """Also of a run that was replaced long before, whose pages are free since."""
    with open_state(tmp_path / "state.db") as state, open_state(tmp_path / "state.db") as other:
        fill(state)
        fill_again = [(GONE, "scored", 0.5, "high", 1)] * 1
        remember_run(state, Run(Snapshot(20_000, 365, 30, 0), "m", "purchases", "d", 1), fill_again)
        assert load_received(other)  # another process that has read, and reads no more
        assert occurrences(tmp_path) > 0
        erase_customers(state, {GONE: None, "x" + GONE: None})
        state.run("UPDATE jobs SET request = '{}'")
        assert state.scrub()
        assert occurrences(tmp_path) == 0
        assert load_received(other)[0].order.customer_id == STAYS


def occurrences(folder: Path) -> int:
    """How often the id stands in the file, its write-ahead log, or anything else beside it."""
    return sum(path.read_bytes().count(GONE.encode()) for path in folder.iterdir())
