"""The file itself: open it, bring it to the newest format, and change it whole or not at all."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from churnrisk.errors import StateError
from churnrisk.state.migrations import MIGRATIONS

FORMAT = len(MIGRATIONS)
"""Format version of the file; SQLite keeps it as ``user_version``."""

APPLICATION = 0x6368_726B
"""``chrk``: marks a SQLite file as ours, so that no other file is written into by mistake."""

BUSY_SECONDS = 30.0
"""How long one process waits while another writes."""


class State:
    """An open state file. Close it, or use it as a context manager; made by :func:`open_state`.

    Parameters
    ----------
    connection : sqlite3.Connection
        In autocommit mode, so that transactions begin and end where :meth:`transaction` says and nowhere else.
    path : Path
        Where the file is.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside happen together or not at all; another writer waits meanwhile."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement with parameters, and give the id of the row that it inserted."""
        with explaining(self.path):
            return self._connection.execute(statement, values).lastrowid or 0

    def run_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for many rows of parameters."""
        with explaining(self.path):
            self._connection.executemany(statement, rows)

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Give the rows of a query with parameters."""
        with explaining(self.path):
            return self._connection.execute(query, values).fetchall()

    @property
    def format(self) -> int:
        """Format version of the file."""
        return int(self.rows("PRAGMA user_version")[0][0])

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        self._connection.close()

    def __enter__(self) -> State:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def default_state_path(models_dir: Path) -> Path:
    """Give where the state file is when nothing says otherwise: ``state.db`` beside the folder of models."""
    return models_dir.resolve().parent / "state.db"


def find_state(path: Path) -> State | None:
    """Open the state file if there is one; None where nothing has been remembered yet."""
    return open_state(path) if path.exists() else None


def open_state(path: Path) -> State:
    """Open the state file, and make it where there is none.

    It is for its owner's eyes only (mode 0600). An older format is brought to the newest one in a single
    transaction.

    Parameters
    ----------
    path : Path
        The file; its folder must be there.

    Raises
    ------
    StateError
        For a file of a newer format, one that is no state file, or one that cannot be read or written.
    """
    if not path.parent.is_dir():
        raise StateError(f"{path}: there is no folder {path.parent}; make it, or name another file with --state.")
    with explaining(path):
        _create_private(path)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        state = State(connection, path)
        try:
            _check_ours(state)
            for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                connection.execute(f"PRAGMA {setting}")
            _migrate(state)
        except BaseException:
            connection.close()
            raise
    return state


def _create_private(path: Path) -> None:
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _check_ours(state: State) -> None:
    """Refuse a file of another program, or of a later churnrisk, before anything is written to it."""
    [(application,)] = state.rows("PRAGMA application_id")
    [(tables,)] = state.rows("SELECT count(*) FROM sqlite_master")
    if application != APPLICATION and (application or tables):
        raise StateError(f"{state.path}: this SQLite file was not made by churnrisk; name another with --state.")
    if state.format > FORMAT:
        raise StateError(
            f"{state.path}: its format is {state.format}, and this version of churnrisk knows formats up to {FORMAT}. "
            "Install the newer churnrisk that wrote it (pip install --upgrade churnrisk), or name another file with "
            "--state."
        )


def _migrate(state: State) -> None:
    if state.format == FORMAT:
        return
    with state.transaction():
        for number in range(state.format, FORMAT):  # read again inside: another process may have done it meanwhile
            for statement in MIGRATIONS[number]:
                state.run(statement)
        state.run(f"PRAGMA application_id = {APPLICATION}")
        state.run(f"PRAGMA user_version = {FORMAT}")


@contextlib.contextmanager
def explaining(path: Path) -> Iterator[None]:
    """Say in our words what SQLite or the system has against the file."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StateError(
                f"{path}: another process has been writing for more than {BUSY_SECONDS:.0f} seconds; try again later."
            ) from None
        raise StateError(f"{path}: cannot be used: {error}.") from None
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        raise StateError(
            f"{path}: this is no state file, or it is damaged ({error}). Bring back a copy of it, or move it away: a "
            "new one is made, without what was remembered."
        ) from None
    except OSError as error:
        raise StateError(f"{path}: cannot be opened: {error.strerror or error}.") from None
