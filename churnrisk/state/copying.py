"""The whole state as one copy: into a file beside it, or from a file to a database and back."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from churnrisk.errors import StateError
from churnrisk.state.database import State, StatePlace, find_state, open_state, parse_place
from churnrisk.state.sqlite import APPLICATION, SqliteFile
from churnrisk.writing import replacing

TABLES = (
    "identity",
    "runs",
    "run_scores",
    "score_outcomes",
    "campaigns",
    "campaign_members",
    "measurements",
    "erased_members",
    "keys",
    "sessions",
    "audit",
    "received_orders",
    "jobs",
    "tombstones",
    "monitor_runs",
    "written_files",
    "objections",
    "week_lists",
    "saved_filters",
    "notes",
    "due_tasks",
    "received_rows",
)
"""Every table, each after those that it refers to."""


def backup_state(place: StatePlace, target: Path) -> int:
    """Copy the state, as it is at one moment, into a file that is whole or absent; others go on writing meanwhile.

    A database becomes a state file, too, which ``--state`` can name, or :func:`copy_state` can bring back again.

    Parameters
    ----------
    place : Path or str
        The state.
    target : Path
        The file. An older backup is replaced; any other file is not.

    Returns
    -------
    int
        Size of the file in bytes. It is for its owner's eyes only (mode 0600).

    Raises
    ------
    StateError
        Where there is nothing to copy, or SQLite cannot copy it.
    OutputError
        Where the target cannot be written; an older backup is then still there.
    """
    place = parse_place(place) if isinstance(place, str) else place
    _check_target(place, target)
    with _making(target, place) as temporary:
        if isinstance(place, Path):
            _copy_file(place, temporary)
        else:
            _copy_tables(place, temporary)
    return target.stat().st_size


def _check_target(place: StatePlace, target: Path) -> None:
    if not target.parent.is_dir():
        raise StateError(f"{target}: there is no folder {target.parent}; make it, or name another file.")
    if not target.exists():
        return
    if isinstance(place, Path) and place.exists() and target.samefile(place):
        raise StateError(f"{target} is the state itself; name another file for its backup.")
    with target.open("rb") as file:
        head = file.read(72)
    if head[:15] != b"SQLite format 3" or int.from_bytes(head[68:72]) != APPLICATION:
        raise StateError(f"{target} is there already and is no backup of a state; name another file.")


def _copy_file(source: Path, target: Path) -> None:
    """Copy a file page by page, through SQLite's own way of doing that under other writers."""
    if not source.exists():
        raise StateError(f"{source}: nothing is remembered there yet, so there is nothing to copy.")
    with contextlib.closing(SqliteFile(source).connect()) as ours, contextlib.closing(sqlite3.connect(target)) as copy:
        ours.backup(copy)


@contextlib.contextmanager
def _making(target: Path, source: StatePlace) -> Iterator[Path]:
    """Yield an empty file that becomes the target, complete in itself, when a state was copied into it.

    Opening it as the state makes it one with a write-ahead log again.
    """
    with replacing(target, holds=None, mode=0o600) as temporary:
        try:
            yield temporary
            with contextlib.closing(sqlite3.connect(temporary)) as copy:
                copy.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise StateError(f"{target}: the copy of {source} cannot be written: {error}.") from None
        except StateError as error:
            raise StateError(str(error).replace(str(temporary), str(target))) from None
        finally:
            for suffix in ("-wal", "-shm", "-journal"):
                temporary.with_name(temporary.name + suffix).unlink(missing_ok=True)


def copy_state(source: StatePlace, target: StatePlace) -> dict[str, int]:
    """Copy everything that is remembered to a place where nothing is; give the number of rows of each table.

    Raises
    ------
    StateError
        Where there is nothing to copy, or something at the target already.
    OutputError
        Where a new file cannot be written; it is then not there.
    """
    if isinstance(target, Path) and not target.exists():
        with _making(target, source) as temporary:
            return _copy_tables(source, temporary)
    return _copy_tables(source, target)


def _copy_tables(source: StatePlace, target: StatePlace) -> dict[str, int]:
    ours = find_state(source)
    if ours is None:
        raise StateError(f"{source}: nothing is remembered there yet, so there is nothing to copy.")
    with ours, open_state(target) as theirs, theirs.transaction(), ours.snapshot():
        if any(theirs.rows(f"SELECT 1 FROM {table} LIMIT 1") for table in TABLES if table != "identity"):  # noqa: S608 - names of ours
            raise StateError(f"{theirs.path}: something is remembered there already; name a place where nothing is.")
        theirs.run("DELETE FROM identity")  # the copy is the same state as before
        counts = {table: _copy_table(ours, theirs, table) for table in TABLES}
        theirs.continue_numbers()
    return counts


def _copy_table(ours: State, theirs: State, table: str) -> int:
    count = 0
    for rows in _read_table(ours, table):
        theirs.fill(table, rows=rows)
        count += len(rows)
    return count


def _read_table(state: State, table: str) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a table; those of the runs one run at a time, since they are many."""
    if table != "run_scores":
        yield state.rows(f"SELECT * FROM {table}")  # noqa: S608 - names of ours
        return
    for run in state.rows("SELECT run_id FROM runs ORDER BY run_id"):
        yield state.rows("SELECT * FROM run_scores WHERE run_id = ? ORDER BY customer_id", run)
