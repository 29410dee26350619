"""What the service remembers: keys, sessions, received orders, jobs, the audit log; by many threads at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from churnrisk.errors import StateError
from churnrisk.state import (
    ReceivedOrder,
    Run,
    State,
    StatePlace,
    add_job,
    add_monitor_run,
    add_received,
    cancel_job,
    claim_job,
    close_session,
    create_key,
    fail_lost_jobs,
    find_key,
    find_session,
    finish_job,
    keep_outcome,
    last_received_seq,
    list_audit,
    list_jobs,
    list_keys,
    list_monitor_runs,
    list_outcomes,
    load_history,
    load_job,
    load_received,
    note_audit,
    open_session,
    open_state,
    received_since,
    recording,
    remember_run,
    report_progress,
    revoke_key,
    touch_key,
)
from churnrisk.timeline import Snapshot


def order(customer_id: str, order_id: str, amount: str = "9.90") -> ReceivedOrder:
    return ReceivedOrder(customer_id, order_id, ({"ordered_at": "2026-01-05T10:00:00", "amount": amount},))


def in_threads(work: Callable[[int], Any], count: int = 6) -> list[Any]:
    """What `work(k)` gives for each k, all started at the same moment."""
    results: list[Any] = [None] * count
    gate = threading.Barrier(count)

    def one(k: int) -> None:
        gate.wait()
        results[k] = work(k)

    threads = [threading.Thread(target=one, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_key_is_found_by_its_secret_alone_and_kept_as_a_hash(state: State) -> None:
    record, secret = create_key(state, name="crm import", role="scorer")
    other, other_secret = create_key(state, name="crm import", role="reader")
    assert secret.startswith("crk_")
    assert len(secret) >= 4 + 43  # 256 bits
    assert (find_key(state, secret), find_key(state, other_secret)) == (record, other)
    for wrong in ("", "crk_", secret[:-1], secret + "A", secret.swapcase(), "crk_\udcff", "crk_%"):
        assert find_key(state, wrong) is None
    dumped = repr(state.rows("SELECT * FROM keys"))
    assert secret not in dumped
    assert secret.removeprefix("crk_") not in dumped


def test_a_revoked_key_ends_at_once_with_its_sessions(state: State) -> None:
    record, secret = create_key(state, name="analyst", role="admin")
    session, _ = open_session(state, record.key_id, seconds=60)
    assert find_session(state, session) is not None
    revoked = revoke_key(state, record.key_id)
    assert revoked.revoked_at is not None
    assert (find_key(state, secret), find_session(state, session)) == (None, None)
    assert revoke_key(state, record.key_id) == revoked
    assert list_keys(state) == [revoked]
    with pytest.raises(StateError, match=r"no key 77 .*keys list"):
        revoke_key(state, 77)


def test_keys_say_when_they_were_used_last(state: State) -> None:
    record, _ = create_key(state, name="analyst", role="reader")
    assert record.last_used_at is None
    touch_key(state, record.key_id, at="2026-01-05T10:00:00+00:00")
    assert list_keys(state)[0].last_used_at == "2026-01-05T10:00:00+00:00"
    for name, role in (("", "reader"), ("a\nb", "reader"), ("x" * 101, "reader"), ("x", "owner")):
        with pytest.raises(StateError):
            create_key(state, name=name, role=role)  # type: ignore[arg-type]


def test_sessions_end_by_themselves_and_know_their_token(state: State) -> None:
    record, _ = create_key(state, name="analyst", role="reader")
    session, token = open_session(state, record.key_id, seconds=60)
    found = find_session(state, session)
    assert found is not None
    assert found.key == record
    assert found.takes(token)
    assert not found.takes(session)
    expired, _ = open_session(state, record.key_id, seconds=-1)
    assert find_session(state, expired) is None
    open_session(state, record.key_id, seconds=60)
    assert state.rows("SELECT count(*) FROM sessions") == [(2,)]  # the expired one is gone
    close_session(state, session)
    assert find_session(state, session) is None


def test_an_order_is_kept_once_and_never_changed(state: State) -> None:
    assert last_received_seq(state) == 0
    assert add_received(state, [order("a", "1"), order("b", "1"), order("a", "1")]) == [
        "accepted",
        "accepted",
        "duplicate",
    ]
    assert add_received(state, [order("a", "1", "8"), order("a", "2")], key_id=3) == ["conflict", "accepted"]
    assert [one.order for one in load_received(state, "a")] == [order("a", "1"), order("a", "2")]
    after = load_received(state, "a")[0].seq
    assert [one.order.customer_id for one in received_since(state, after)] == ["b", "a"]
    newest = received_since(state, after)[-1]
    assert (newest.key_id, newest.seq) == (3, last_received_seq(state))
    strange = ReceivedOrder("é;\"'\n<b>", "' OR 1=1 --", ({"product_id": "=1+1", "amount": "٣"},))
    assert add_received(state, [strange, strange]) == ["accepted", "duplicate"]
    assert load_received(state, strange.customer_id)[0].order == strange


def test_orders_of_many_threads_come_once_each_and_in_order(state: State) -> None:
    """Each thread sends its own orders and one that all send; who reads the sequence misses none."""
    seen: list[int] = []

    def send(k: int) -> list[str]:
        receipts: list[str] = []
        for n in range(5):
            receipts += add_received(state, [order(f"c{k}", str(n)), order("shared", str(n))])
            seen.append(last_received_seq(state))
        return receipts

    receipts = [one for part in in_threads(send) for one in part]
    assert receipts.count("accepted") == 6 * 5 + 5
    assert receipts.count("duplicate") == 5 * 5
    stored = load_received(state)
    assert [one.seq for one in stored] == sorted(one.seq for one in stored)
    assert len(stored) == 35
    assert sorted(one.received_at for one in stored) == [one.received_at for one in stored]


def test_every_job_is_claimed_once(state: State) -> None:
    asked = [add_job(state, "score", {"as_of": None, "n": n}, asked_by=1).job_id for n in range(6)]
    claimed = in_threads(lambda k: claim_job(state, runner=f"machine-{k}"))
    assert sorted(one.job_id for one in claimed) == asked
    assert claim_job(state, runner="machine-0") is None
    assert {one.status for one in list_jobs(state)} == {"running"}
    assert len({one.result_token for one in claimed} - {None}) == 6, "each names its files by a word of its own"
    assert [one.result_token for one in list_jobs(state)] == [load_job(state, n).result_token for n in reversed(asked)]


def test_a_job_tells_its_progress_and_its_end(state: State) -> None:
    first, second, third = (add_job(state, "train", {"n": n}) for n in range(3))
    assert claim_job(state, runner="here") is not None
    assert report_progress(state, first.job_id, done=3, total=10, text="folds")
    job = load_job(state, first.job_id)
    assert (job.status, job.progress_done, job.progress_total, job.progress_text) == ("running", 3, 10, "folds")
    assert finish_job(state, first.job_id, result={"version": "v"})
    assert load_job(state, first.job_id).result == {"version": "v"}
    assert not finish_job(state, first.job_id, error="late")
    assert claim_job(state, runner="here") is not None
    assert cancel_job(state, second.job_id)
    assert not report_progress(state, second.job_id, done=1, total=2)
    assert claim_job(state, runner="elsewhere") is not None
    assert fail_lost_jobs(state, runner="here") == 0
    assert fail_lost_jobs(state, runner="elsewhere") == 1
    lost = load_job(state, third.job_id)
    assert lost.status == "failed"
    assert "ended before it was done" in str(lost.error)
    assert [one.job_id for one in list_jobs(state, limit=2)] == [third.job_id, second.job_id]
    with pytest.raises(StateError, match="no job 99"):
        load_job(state, 99)


def test_what_is_noted_comes_back_newest_first(state: State) -> None:
    note_audit(state, "promote", key_id=2, version="v1")
    note_audit(state, "revoke", key=1)
    assert [(one.action, one.key_id, one.detail) for one in list_audit(state)] == [
        ("revoke", None, {"key": 1}),
        ("promote", 2, {"version": "v1"}),
    ]
    number = add_monitor_run(state, as_of=20_000, model="m", result={"psi": 0.1})
    assert [(one.monitor_id, one.result) for one in list_monitor_runs(state)] == [(number, {"psi": 0.1})]


def test_an_action_is_recorded_before_it_is_done_and_then_how_it_ended(state: State) -> None:
    with recording(state, "promote", key_id=1, version="v") as entry:
        assert [dict(one.detail) for one in list_audit(state)] == [{"version": "v"}]
        entry["previous"] = "u"
    with pytest.raises(StateError), recording(state, "promote", key_id=1, version="w"):
        raise StateError("no")
    assert [(one.key_id, dict(one.detail)) for one in list_audit(state)] == [
        (1, {"version": "w", "failed": "StateError"}),
        (1, {"version": "v", "previous": "u"}),
    ]


def test_a_customers_scores_over_time_and_what_became_of_a_run(state: State) -> None:
    for day, probability in ((20_000, 0.25), (20_030, 0.5)):
        run = Run(Snapshot(day, 365, 60, 0), "m", "purchases", str(day), 2)
        run_id = remember_run(state, run, [("a", "scored", probability, "low", 2), ("b", "lapsed", None, None, None)])
    history = load_history(state, "a")
    assert [(one.run.snapshot.cutoff, score.churn_probability) for one, score in history] == [
        (20_000, 0.25),
        (20_030, 0.5),
    ]
    assert load_history(state, "nobody") == []
    for auc in (0.5, 0.75):
        keep_outcome(state, run_id, {"auc": auc})
    assert list_outcomes(state) == {run_id: {"auc": 0.75}}
    state.run("DELETE FROM runs WHERE run_id = ?", (run_id,))
    assert list_outcomes(state) == {}


def test_the_version_changes_when_anybody_commits_and_not_otherwise(state: State, place: StatePlace) -> None:
    before = state.version()
    assert state.version() == before
    list_keys(state)
    assert state.version() == before
    with open_state(place) as other:
        note_audit(other, "something")
    changed = state.version()
    assert changed != before
    note_audit(state, "of our own")
    assert state.version() not in (before, changed)


def test_threads_do_not_see_each_others_open_transactions(state: State) -> None:
    with state.transaction():
        note_audit(state, "not committed yet")
        with state.transaction():
            note_audit(state, "nor this")
        assert in_threads(lambda k: len(list_audit(state)), 2) == [0, 0]
        assert len(list_audit(state)) == 2
    assert len(list_audit(state)) == 2


def test_a_failed_transaction_gives_its_connection_back_clean(state: State) -> None:
    for _ in range(40):  # more often than there are connections
        with pytest.raises(ZeroDivisionError):
            _fail_within(state)
    assert list_audit(state) == []


def test_reading_a_key_is_cheap(state: State) -> None:
    """Every request reads one. It took 35 µs from SQLite; the bound leaves room for a server and a busy machine."""
    _, secret = create_key(state, name="x", role="reader")
    fastest = min(_seconds(lambda: find_key(state, secret)) for _ in range(200))
    assert fastest < 0.002


def _fail_within(state: State) -> None:
    with state.transaction():
        note_audit(state, "never")
        raise ZeroDivisionError


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def test_a_closed_state_says_so(state: State) -> None:
    state.close()
    state.close()
    for use in (lambda: list_keys(state), state.version):
        with pytest.raises(RuntimeError, match="was closed"):
            use()
