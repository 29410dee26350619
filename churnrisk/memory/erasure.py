"""Forgetting a customer: out of everything that is remembered, for good, and a list of what else may hold the id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from churnrisk.campaigns import list_campaigns
from churnrisk.errors import ChurnriskError, StateError
from churnrisk.memory.naming import names_any
from churnrisk.memory.objections import merge, settle
from churnrisk.memory.written import FOLDERS, look_into_written, take_out
from churnrisk.orders import drop_copies
from churnrisk.state import (
    Erasure,
    State,
    StatePlace,
    add_objections,
    add_tombstones,
    copies_folder,
    drop_written,
    erase_customers,
    erased_now,
    find_state,
    identify,
    iterate_customers,
    list_objections,
    list_runs,
    list_tombstones,
    list_written,
    note_audit,
    open_state,
    say_objections,
    standing,
)
from churnrisk.store import has_erased, list_models, load_erased
from churnrisk.timeline import date_of

JOB_RESULTS = "job-results"


@dataclass(frozen=True)
class Forgotten:
    """What forgetting some customers came to.

    Parameters
    ----------
    customers, known : int
        How many were asked for, and of how many of them anything was remembered.
    runs, campaigns : list of dict
        Totals that changed: each run or campaign, by how many customers it is poorer, and what is left.
    received_orders, received_rows, documents : int
        Received orders, and rows of tables beside the purchases, that went; requests and results of jobs from which the
        customers were taken.
    job_results : list of str
        Files of scores that jobs of the service had written and that named one of them: deleted as a whole.
    copies : int
        Kept copies of purchase histories: all of them go, since each is only worth the time of one reading.
    models : list of dict
        Every stored model, and whether it may have learned from the customers' purchases. None keeps their ids.
    files : list of dict
        Files that were looked into, each with whether it still names one of the customers; None where that cannot be
        told. Those that churnrisk wrote, and the state remembers, have also what they hold, when they were written,
        what became of them since, and what was done with them.
    is_dry : bool
        Whether it was only looked for.
    is_scrubbed : bool
        Whether nothing is left in freed space either.
    """

    customers: int
    known: int
    runs: list[dict[str, Any]] = field(default_factory=list)
    campaigns: list[dict[str, Any]] = field(default_factory=list)
    received_orders: int = 0
    received_rows: int = 0
    documents: int = 0
    job_results: list[str] = field(default_factory=list)
    copies: int = 0
    models: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    is_dry: bool = False
    is_scrubbed: bool = True


def results_folder(models_dir: Path, state: State | None = None) -> Path:
    """Return the folder beside the models in which the service keeps the results of jobs of a state.

    Without a state, the one in which versions before kept the results of all services with neighbouring models.
    """
    name = JOB_RESULTS if state is None else f"{JOB_RESULTS}-{identify(state)}"
    return models_dir.resolve().parent / name


def forget_customers(
    place: StatePlace,
    customer_ids: Sequence[str],
    *,
    models_dir: Path,
    files: Iterable[Path] = (),
    copies: Iterable[Path] = (),
    stored_as: Callable[[str], str] = str,
    is_dry: bool = False,
    mends_files: bool = False,
) -> Forgotten:
    """Erase customers from the state, and leave a keyed hash of each, so that a backup cannot bring them back.

    The hash is written down first: were this interrupted, :func:`apply_erasures` ends it.

    Parameters
    ----------
    place : Path or str
        Where the state is. Without one there is nothing to forget, and nothing is written down.
    customer_ids : sequence of str
        As they stand in the purchase history.
    models_dir : Path
        The stored models, which are listed with what they may have learned.
    files : iterable of Path
        Exports, reports and the like to look into; none of them is changed.
    copies : iterable of Path
        Further folders of kept copies, beside the one that belongs to the state.
    stored_as : callable
        How intake spells an id where it does not keep it as it is: folded, or as a pseudonym. Both spellings go.
    is_dry : bool
        Only look.
    mends_files : bool
        Whether files that churnrisk wrote are rid of the customers as well.
    """
    spelled = {one: {one, stored_as(one)} for one in customer_ids}
    ids = sorted(set().union(*spelled.values()))
    state, gone = find_state(place), _Gone()
    if state is not None:
        with state:
            gone = _erase(state, ids, models_dir, count=len(spelled), is_dry=is_dry, mends_files=mends_files)
    known = sum(not gone.found.found.isdisjoint(names) for names in spelled.values())
    places = {copies_folder(place, models_dir), *copies, *gone.copies}
    others = [*files, *sorted(results_folder(models_dir).glob("*.csv"))]
    return Forgotten(
        *(len(spelled), known, gone.runs, gone.campaigns, *_counts(gone.found), gone.results),
        copies=sum(drop_copies(folder, is_dry=is_dry) for folder in places),
        models=_list_models(models_dir, gone.found, [one["as_of"] for one in gone.runs]),
        files=[*gone.files, *_look_into(others, ids, known=gone.files)],
        is_dry=is_dry,
        is_scrubbed=gone.is_scrubbed,
    )


def _counts(found: Erasure) -> tuple[int, int, int]:
    return found.orders, found.rows, found.documents


def _scrub(state: State) -> bool:
    try:
        return state.scrub()
    except StateError as error:
        raise StateError(
            f"the customers are erased, but what was freed in the state could not be overwritten: {error} Run "
            "`churnrisk forget` once more for that."
        ) from None


@dataclass(frozen=True)
class _Gone:
    """What was erased from a state and beside it; nothing where there is no state."""

    found: Erasure = field(default_factory=Erasure)
    runs: list[dict[str, Any]] = field(default_factory=list)
    campaigns: list[dict[str, Any]] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    copies: set[Path] = field(default_factory=set)
    is_scrubbed: bool = True


def _erase(state: State, ids: Sequence[str], models_dir: Path, *, count: int, is_dry: bool, mends_files: bool) -> _Gone:
    moments = {} if is_dry else _write_down(state, ids)
    with state.transaction():
        found = erase_customers(state, dict.fromkeys(ids), is_dry=is_dry)
        runs, campaigns = _changed_runs(state, found), _changed_campaigns(state, found)
        if not is_dry:
            add_tombstones(state, moments)
            note_audit(state, "forget customers", customers=count)
    results = _drop_results(results_folder(models_dir, state), ids, is_dry=is_dry)
    copies, files = _known_copies(state, is_dry=is_dry), look_into_written(state, set(ids))
    if mends_files and not is_dry:
        files = take_out(state, files, set(ids))
    return _Gone(found, runs, campaigns, results, files, copies, is_dry or _scrub(state))


def _write_down(state: State, ids: Sequence[str]) -> dict[str, str]:
    """Put the customers on the list of the erased, outside of the state, and give their hashes."""
    erased, state_id = load_erased(), identify(state)
    moments = erased_now(state, [erased.digest(one, state_id=state_id) for one in ids])
    erased.add(moments)
    return moments


def object_customers(
    place: StatePlace,
    customer_ids: Sequence[str],
    *,
    models_dir: Path,
    copies: Iterable[Path] = (),
    stored_as: Callable[[str], str] = str,
    is_withdrawn: bool = False,
) -> Forgotten:
    """Leave customers who object out of everything that is read from now on, or take them in again.

    What was made of them before, scores and memberships of campaigns, goes as with an erasure; orders that were
    received are the shop's own data and stay, unread. What is kept is a keyed hash of each, in the state and beside the
    key, so that a backup does not bring a customer back.

    Parameters
    ----------
    place : Path or str
        Where the state is; it is made where there is none.
    customer_ids, models_dir, copies, stored_as
        As for :func:`forget_customers`.
    is_withdrawn : bool
        Whether the objection is taken back.
    """
    spelled = {one: {one, stored_as(one)} for one in customer_ids}
    ids = sorted(set().union(*spelled.values()))
    with open_state(place) as state:
        erased, state_id = load_erased(), identify(state)
        words = say_objections([erased.digest(one, state_id=state_id) for one in ids], is_withdrawn=is_withdrawn)
        erased.add_objections(words, state_id=state_id)
        with state.transaction():
            gone = {} if is_withdrawn else dict.fromkeys(ids)
            found = erase_customers(state, gone, keeps_orders=True)
            runs, campaigns = _changed_runs(state, found), _changed_campaigns(state, found)
            add_objections(state, words)
            action = "customers withdraw objections" if is_withdrawn else "customers object"
            note_audit(state, action, customers=len(spelled))
        results = [] if is_withdrawn else _drop_results(results_folder(models_dir, state), ids, is_dry=False)
        places = {copies_folder(place, models_dir), *copies, *_known_copies(state, is_dry=False)}
        written = look_into_written(state, set(gone))
        is_scrubbed = is_withdrawn or state.scrub()
    known = sum(not found.found.isdisjoint(names) for names in spelled.values())
    return Forgotten(
        *(len(spelled), known, runs, campaigns, 0, 0, found.documents, results),
        copies=sum(drop_copies(folder) for folder in places),
        files=written,
        is_scrubbed=is_scrubbed,
    )


def apply_erasures(place: StatePlace, *, copies: Iterable[Path] = ()) -> Forgotten:
    """Erase again whoever was erased before: for a state that was brought back from a backup.

    Kept copies of purchase histories go as well: those beside a state file, and those in further folders. What was
    remembered after a customer's erasure is of somebody who came back, and stays.
    """
    beside = {copies_folder(place, place)} if isinstance(place, Path) else set()
    dropped = sum(drop_copies(folder) for folder in {*beside, *copies})
    state = find_state(place)
    if state is None:
        return Forgotten(0, 0, copies=dropped)
    with state:
        erased = load_erased()
        erased.add(list_tombstones(state))  # the state of another machine may know of more
        state_id = identify(state)
        digests = ((one, erased.digest(one, state_id=state_id)) for one in iterate_customers(state))
        settle(state, erased)
        objectors = standing(list_objections(state))
        moments, objecting = dict[str, str | None](), dict[str, str | None]()
        for one, digest in digests:
            if digest in erased.made_at:
                moments[one] = erased.made_at[digest]
            if digest in objectors:
                objecting[one] = None
        with state.transaction():
            found = erase_customers(state, moments)
            erase_customers(state, objecting, keeps_orders=True)
            totals = _changed_runs(state, found), _changed_campaigns(state, found)
            add_tombstones(state, erased.made_at)
            if found.found:
                note_audit(state, "forget customers again", customers=len(found.found))
        is_scrubbed = _scrub(state)
    known = len(found.found)
    return Forgotten(len(erased.made_at), known, *totals, *_counts(found), copies=dropped, is_scrubbed=is_scrubbed)


def catch_up(place: StatePlace) -> None:
    """Erase whom a state does not know to be erased; quick where that is nobody, as always but after a restore."""
    if not has_erased():
        return
    state = find_state(place)
    if state is None:
        return
    with state:
        erased, words = load_erased(), list_objections(state)
        is_behind = bool(erased.made_at.keys() - list_tombstones(state).keys())
        is_behind |= merge(words, erased.objections(state_id=identify(state))) != words
    if is_behind:
        apply_erasures(place)


def _changed_runs(state: State, found: Erasure) -> list[dict[str, Any]]:
    return [
        {
            "run": one.run_id,
            "as_of": one.run.snapshot.cutoff,
            "model": one.run.model,
            "customers_erased": found.runs[one.run_id],
            "customers_scored": one.run.customers,
        }
        for one in list_runs(state)
        if one.run_id in found.runs
    ]


def _changed_campaigns(state: State, found: Erasure) -> list[dict[str, Any]]:
    return [
        {
            "campaign": one.campaign.name,
            "members_erased": found.campaigns[one.campaign.name],
            "contacted": one.treated,
            "control": one.control,
        }
        for one in list_campaigns(state)
        if one.campaign.name in found.campaigns
    ]


def _list_models(models_dir: Path, found: Erasure, days: Sequence[int]) -> list[dict[str, Any]]:
    """Say of each model whether it learned from the customers: surely so, where they bought before its last day."""
    first = min(days, default=None)
    ordered = min(found.first_orders.values(), default=None)
    models = []
    for entry in list_models(models_dir) if models_dir.is_dir() else ():
        as_of = (entry.card or {}).get("snapshot", {}).get("as_of")
        is_sure = as_of is not None and (
            (ordered is not None and ordered[:10] < as_of) or (first is not None and str(date_of(first)) <= as_of)
        )
        models.append({"model": entry.version, "as_of": as_of, "learned_from_them": "yes" if is_sure else "possibly"})
    return models


def _drop_results(folder: Path, ids: Sequence[str], *, is_dry: bool) -> list[str]:
    """Delete the results of jobs that name a customer; where one is needed, it is asked for again."""
    named = [path for path in sorted(folder.glob("*.csv")) if names_any(path, ids) is not False]
    for path in named if not is_dry else ():
        path.unlink(missing_ok=True)
    return [path.name for path in named]


def _look_into(
    files: Iterable[Path], ids: Sequence[str], *, known: Iterable[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """Say of each further file whether it names a customer; results of versions before are of an unknown state."""
    paths = {one["file"] for one in known}
    others = (path for path in files if str(path.resolve()) not in paths)
    return [{"file": str(path), "names_a_customer": names_any(path, ids)} for path in others]


def _known_copies(state: State, *, is_dry: bool) -> set[Path]:
    """Return the folders in which copies of purchases were kept, and let go of what is remembered of them."""
    copies = [one for one in list_written(state) if one.holds in FOLDERS and one.status != "on another machine"]
    for one in copies if not is_dry else ():
        drop_written(state, one)
    return {Path(one.path).parent for one in copies}


def usual_exports(weekly_dir: Path, rejects_dir: Path, *own: str | None) -> list[Path]:
    """Return the files that churnrisk has written where it usually does, and those of the shop's own that are files."""
    found: list[Path] = []
    try:
        found = sorted(path for path in weekly_dir.iterdir() if path.is_file()) if weekly_dir.is_dir() else []
        found += sorted([*Path().glob("*.rejects.csv"), *rejects_dir.glob("*.rejects.csv")])
    except OSError as error:
        raise ChurnriskError(f"cannot look into {weekly_dir}: {error.strerror}.") from None
    return [*found, *(Path(one) for one in own if one and "://" not in one and Path(one).is_file())]
