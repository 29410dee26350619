"""Erasing a customer from everything that is remembered, so that not a byte of the id is left."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from churnrisk.state.clock import now
from churnrisk.state.database import State

# Where a customer may have been named: table, its key, the column, and whether that is JSON. A job may hold what
# somebody sent; the others hold figures of ours, whose sentences are left alone: "12 of 50" is not customer 12.
_DOCUMENTS = (
    ("jobs", "job_id", "request", True),
    ("jobs", "job_id", "result", True),
    ("jobs", "job_id", "error", False),
    ("jobs", "job_id", "progress_text", False),
    ("score_outcomes", "run_id", "result", True),
    ("monitor_runs", "monitor_id", "result", True),
    ("saved_filters", "filter_id", "name", False),
)
_WORDS = ("jobs", "saved_filters")
"""Tables whose sentences came from elsewhere, so that each word may be a customer."""

SEPARATORS = re.compile(r"[\s,;|\"'()\[\]{}:=]+")


@dataclass
class Erasure:
    """How much of some customers was found, and erased unless it was only looked for.

    Parameters
    ----------
    runs : dict of int to int
        Number of a run to the customers it is poorer by.
    campaigns : dict of str to int
        Name of a campaign to the members it is poorer by.
    orders, rows : int
        Received orders, and received rows of tables beside the purchases.
    documents : int
        Requests, results, lists of a week and the like in which a customer was named.
    found : set of str
        Those of the customers of whom there was anything.
    first_orders : dict of str to str
        Customer to the time of the first order received.
    """

    runs: dict[int, int] = field(default_factory=dict)
    campaigns: dict[str, int] = field(default_factory=dict)
    orders: int = 0
    rows: int = 0
    documents: int = 0
    found: set[str] = field(default_factory=set)
    first_orders: dict[str, str] = field(default_factory=dict)


def erase_customers(
    state: State, moments: Mapping[str, str | None], *, is_dry: bool = False, keeps_orders: bool = False
) -> Erasure:
    """Erase customers from runs, campaigns, what was received, notes, jobs and what was monitored.

    The rows are gone when this returns; :func:`scrub` then removes what the database has kept of them in freed space.

    Parameters
    ----------
    state : State
        The open state.
    moments : mapping of str to (str or None)
        Customer id to the moment up to which they are erased; None for everything there is. What was remembered later
        is of somebody who came back, and stays.
    is_dry : bool
        Only look.
    keeps_orders : bool
        Whether received orders and rows stay, which are the shop's own data and say nothing that was made of them.
    """
    found = Erasure()
    made = (_erase_scores, _erase_memberships, _erase_listed, _erase_notes)
    steps = made if keeps_orders else (*made, _erase_orders, _erase_received_rows)
    with state.transaction():
        for customer_id, moment in moments.items():
            until = moment or "9999"
            hits = [erase(state, customer_id, until, found, is_dry) for erase in steps]
            found.found |= {customer_id} if any(hits) else set()
        found.documents += _erase_from_documents(state, moments, found, is_dry)
    return found


def _erase_scores(state: State, customer_id: str, until: str, found: Erasure, is_dry: bool) -> bool:
    where = "customer_id = ? AND run_id IN (SELECT run_id FROM runs WHERE made_at <= ?)"
    rows = state.rows(f"SELECT run_id, status FROM run_scores WHERE {where}", (customer_id, until))  # noqa: S608 - names of ours
    for run_id, status in rows:
        found.runs[run_id] = found.runs.get(run_id, 0) + 1
        if status == "scored" and not is_dry:
            state.run("UPDATE runs SET customers = customers - 1 WHERE run_id = ?", (run_id,))
    if not is_dry:
        state.run(f"DELETE FROM run_scores WHERE {where}", (customer_id, until))  # noqa: S608 - as above
    return bool(rows)


def _erase_memberships(state: State, customer_id: str, until: str, found: Erasure, is_dry: bool) -> bool:
    query = (
        "SELECT campaign_id, name, is_treated FROM campaign_members JOIN campaigns USING (campaign_id) "
        "WHERE customer_id = ? AND made_at <= ?"
    )
    rows = state.rows(query, (customer_id, until))
    for campaign_id, name, is_treated in rows:
        found.campaigns[name] = found.campaigns.get(name, 0) + 1
        if is_dry:
            continue
        state.run("DELETE FROM campaign_members WHERE campaign_id = ? AND customer_id = ?", (campaign_id, customer_id))
        state.run(
            "INSERT INTO erased_members (campaign_id, is_treated, members) VALUES (?, ?, 1) "
            "ON CONFLICT (campaign_id, is_treated) DO UPDATE SET members = erased_members.members + 1",
            (campaign_id, is_treated),
        )
    return bool(rows)


def _erase_listed(state: State, customer_id: str, until: str, found: Erasure, is_dry: bool) -> bool:
    return _erase_rows(state, "week_lists", customer_id, until, found, is_dry)


def _erase_notes(state: State, customer_id: str, until: str, found: Erasure, is_dry: bool) -> bool:
    return _erase_rows(state, "notes", customer_id, until, found, is_dry)


def _erase_rows(state: State, table: str, customer_id: str, until: str, found: Erasure, is_dry: bool) -> bool:
    count = _delete(state, table, "made_at", (customer_id, until), is_dry=is_dry)
    found.documents += count
    return bool(count)


def _erase_received_rows(state: State, customer_id: str, until: str, found: Erasure, is_dry: bool) -> bool:
    count = _delete(state, "received_rows", "received_at", (customer_id, until), is_dry=is_dry)
    found.rows += count
    return bool(count)


def _delete(state: State, table: str, moment: str, whose: tuple[str, str], *, is_dry: bool) -> int:
    where = f"customer_id = ? AND {moment} <= ?"
    count = state.rows(f"SELECT count(*) FROM {table} WHERE {where}", whose)[0][0]  # noqa: S608 - names of ours
    if count and not is_dry:
        state.run(f"DELETE FROM {table} WHERE {where}", whose)  # noqa: S608 - as above
    return int(count)


def _erase_orders(state: State, customer_id: str, until: str, found: Erasure, is_dry: bool) -> bool:
    where = "customer_id = ? AND received_at <= ?"
    rows = state.rows(f"SELECT lines FROM received_orders WHERE {where}", (customer_id, until))  # noqa: S608 - as above
    found.orders += len(rows)
    times = [line["ordered_at"] for (lines,) in rows for line in json.loads(lines) if "ordered_at" in line]
    if times:
        found.first_orders[customer_id] = min(times)
    if not is_dry:
        state.run(f"DELETE FROM received_orders WHERE {where}", (customer_id, until))  # noqa: S608 - as above
    return bool(rows)


def _erase_from_documents(state: State, moments: Mapping[str, str | None], found: Erasure, is_dry: bool) -> int:
    count = 0
    for table, key, column, is_json in _DOCUMENTS:
        query = f"SELECT {key}, {column}, made_at FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608 - as above
        for number, text, made_at in state.rows(query):
            ids = {one for one, moment in moments.items() if made_at <= (moment or "9999")}
            named: set[str] = set()
            kept = _without(json.loads(text) if is_json else text, ids, named, has_text=table in _WORDS)
            if not named:
                continue
            count += 1
            found.found |= named
            if not is_dry:
                new = json.dumps({} if kept is None else kept, ensure_ascii=False) if is_json else "erased"
                state.run(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (new, number))  # noqa: S608 - as above
    return count


def _without(value: Any, ids: set[str], named: set[str], *, has_text: bool) -> Any:
    """Return a JSON value without what names a customer: None for what has to go as a whole."""
    if isinstance(value, str):
        hits = ids.intersection((value, *(SEPARATORS.split(value) if has_text else ())))
        named |= hits
        return None if hits else value
    if isinstance(value, list):
        kept = [(one, _without(one, ids, named, has_text=has_text)) for one in value]
        return [new for old, new in kept if new is not None or old is None]
    if isinstance(value, dict):
        if "customer_id" in value and str(value["customer_id"]) in ids:
            named.add(str(value["customer_id"]))
            return None
        named |= ids & value.keys()
        return {key: _without(one, ids, named, has_text=has_text) for key, one in value.items() if key not in ids}
    return value


def identify(state: State) -> str:
    """Return the random name of a state, which its copies and backups share."""
    return str(state.rows("SELECT state_id FROM identity")[0][0])


def list_tombstones(state: State) -> dict[str, str]:
    """Return the keyed hashes of the erased, and when (UTC) each was."""
    return {str(digest): str(made_at) for digest, made_at in state.rows("SELECT digest, made_at FROM tombstones")}


def stamp_tombstones(state: State) -> str:
    """What changes when somebody is erased, objects or withdraws, for next to nothing; empty while nobody has."""
    query = "SELECT count(*), max(made_at) FROM tombstones UNION ALL SELECT count(*), max(last_word) FROM objections"
    return ", ".join(f"{count} {latest}" for count, latest in state.rows(query) if count)


def last_erased_at(state: State) -> str:
    """Return the moment (UTC) of the last erasure or word of an objection; empty while there was none."""
    query = "SELECT max(made_at) FROM tombstones UNION ALL SELECT substr(max(last_word), 1, 32) FROM objections"
    return max(str(moment or "") for (moment,) in state.rows(query))


def add_tombstones(state: State, moments: Mapping[str, str]) -> None:
    """Keep keyed hashes of the erased; one that is there keeps the later moment."""
    statement = (
        "INSERT INTO tombstones (digest, made_at) VALUES (?, ?) ON CONFLICT (digest) DO UPDATE SET made_at = "
        "CASE WHEN excluded.made_at > tombstones.made_at THEN excluded.made_at ELSE tombstones.made_at END"
    )
    with state.transaction():
        for pair in sorted(moments.items()):
            state.run(statement, pair)


def iterate_customers(state: State) -> Iterator[str]:
    """Yield everything that is remembered and may be a customer id, each once: the ids, and the words of documents."""
    query = (
        "SELECT customer_id FROM run_scores UNION SELECT customer_id FROM campaign_members "
        "UNION SELECT customer_id FROM received_orders UNION SELECT customer_id FROM week_lists "
        "UNION SELECT customer_id FROM notes UNION SELECT customer_id FROM received_rows"
    )
    known: set[str] = set()
    for (customer_id,) in state.rows(query):
        known.add(customer_id)
        yield customer_id
    for table, _, column, is_json in _DOCUMENTS:
        for (text,) in state.rows(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"):  # noqa: S608 - as above
            for name in _words(json.loads(text) if is_json else text):
                if name not in known:
                    known.add(name)
                    yield name


def _words(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield from (value, *SEPARATORS.split(value))
    elif isinstance(value, list):
        for one in value:
            yield from _words(one)
    elif isinstance(value, dict):
        yield from value
        for one in value.values():
            yield from _words(one)


def count_erased(state: State, campaign_id: int) -> dict[str, int]:
    """Return how many members were erased from the groups of a campaign, as ``contacted`` and ``control``."""
    query = "SELECT is_treated, members FROM erased_members WHERE campaign_id = ?"
    counts = {bool(is_treated): int(members) for is_treated, members in state.rows(query, (campaign_id,))}
    return {"contacted": counts.get(True, 0), "control": counts.get(False, 0)}


def erased_now(state: State, digests: Sequence[str]) -> dict[str, str]:
    """Return tombstones of this moment; of a later one than all before, should the clock have been set back."""
    moment, last = now("microseconds"), last_erased_at(state)
    if last >= moment:
        moment = (dt.datetime.fromisoformat(last) + dt.timedelta(microseconds=1)).isoformat(timespec="microseconds")
    return dict.fromkeys(digests, moment)
