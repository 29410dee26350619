"""The state in one SQLite file: how it is opened, made, brought to the newest format, and what its errors mean."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from churnrisk.clock import steady
from churnrisk.errors import StateError
from churnrisk.state.migrations import FORMAT, MIGRATIONS, newer_format

APPLICATION = 0x6368_726B
"""``chrk``: marks a SQLite file as ours, so that no other file is written into by mistake."""

SCRUB_SECONDS = 5.0
BUSY_SECONDS = 30.0
"""How long one process waits while another writes."""


class SqliteFile:
    """One file: the write-ahead log lets many read while one writes, and every commit is on the disk before it returns.

    Parameters
    ----------
    path : Path
        The file; its folder must be there.
    """

    dialect = "sqlite"
    begin = "BEGIN IMMEDIATE"  # take the right to write at once: two transactions never wait for each other's reads
    begin_reading = "BEGIN"
    most_connections = 16

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened = (0, 0)  # device and number of the file

    def connect(self) -> sqlite3.Connection:
        """Open the file in autocommit mode; a connection may wander between threads, one at a time."""
        with self.explaining():
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                for setting in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
                    connection.execute(f"PRAGMA {setting}")
            except BaseException:
                connection.close()
                raise
        return connection

    def is_usable(self, connection: sqlite3.Connection) -> bool:
        """Tell whether a connection is outside of any transaction; a file does not hang up."""
        return not connection.in_transaction

    def is_there(self) -> bool:
        """Tell whether there is a file."""
        return self.path.exists()

    def prepare(self) -> None:
        """Make the file where there is none, refuse one that is not ours, and bring it to the newest format."""
        folder = self.path.parent
        if not folder.is_dir():
            raise StateError(f"{self.path}: there is no folder {folder}; make it, or name another file with --state.")
        with self.explaining():
            _create_private(self.path)
            opened = self.path.stat()
            self._opened = opened.st_dev, opened.st_ino
            with contextlib.closing(self._open_for_changes()) as connection:
                self._check_ours(connection)
                connection.execute("PRAGMA journal_mode = WAL")
                _migrate(connection)

    def _open_for_changes(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _check_ours(self, connection: sqlite3.Connection) -> None:
        """Refuse a file of another program, or of a later churnrisk, before anything is written to it."""
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != APPLICATION and (application or tables):
            raise StateError(f"{self.path}: this SQLite file was not made by churnrisk; name another with --state.")
        found = read_format(connection)
        if found > FORMAT:
            raise StateError(newer_format(str(self.path), found))

    def write(self, sql: str) -> str:
        """Return a statement as SQLite reads it: that is how all of them are written."""
        return sql

    def fill(
        self, connection: sqlite3.Connection, table: str, *, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Write many rows into a table."""
        names = columns or [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
        marks = ", ".join("?" * len(names))
        statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - names of ours
        connection.executemany(statement, rows)

    def continue_numbers(self, connection: sqlite3.Connection) -> None:
        """Nothing to do: numbers go on after the largest that was written."""

    def scrub(self, connection: sqlite3.Connection) -> bool:
        """Write the file anew without what was deleted, and empty the write-ahead log."""
        connection.execute("VACUUM")
        until = steady() + SCRUB_SECONDS
        while True:
            (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not is_busy or steady() > until:
                return not is_busy
            time.sleep(0.05)

    def find_format(self, connection: sqlite3.Connection) -> int:
        """Read the format version."""
        return read_format(connection)

    def check(self, connection: sqlite3.Connection) -> None:
        """Read from the file, and see that it is the one that was opened: what goes into a removed one is lost."""
        connection.execute("SELECT state_id FROM identity").fetchone()
        found = self.path.stat()
        if (found.st_dev, found.st_ino) != self._opened:
            raise StateError(f"{self.path}: another file is in the place of the one that was opened; start again.")

    def find_version(self, connection: sqlite3.Connection) -> int:
        """Return a number that changes when another connection has committed."""
        (number,) = connection.execute("PRAGMA data_version").fetchone()
        return int(number)

    @contextlib.contextmanager
    def explaining(self) -> Iterator[None]:
        """Say in our words what SQLite or the system has against the file."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StateError(_explain(self.path, error)) from None
        except sqlite3.IntegrityError as error:
            raise StateError(f"{self.path}: SQLite says: {error}.") from None
        except sqlite3.ProgrammingError:
            raise  # a mistake of ours
        except sqlite3.DatabaseError as error:
            raise StateError(
                f"{self.path}: this is no state file, or it is damaged ({error}). Bring back a copy of it, or move it "
                "away: a new one is made, without what was remembered."
            ) from None
        except OSError as error:
            raise StateError(f"{self.path}: cannot be opened: {error.strerror or error}.") from None


def read_format(connection: sqlite3.Connection) -> int:
    """Return the format version, which SQLite keeps as ``user_version``."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def _explain(path: Path, error: sqlite3.OperationalError) -> str:
    if "locked" in str(error):
        return f"{path}: another process has been writing for more than {BUSY_SECONDS:.0f} seconds; try again later."
    return f"{path}: cannot be used: {error}."


def _create_private(path: Path) -> None:
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _migrate(connection: sqlite3.Connection) -> None:
    if read_format(connection) == FORMAT:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in MIGRATIONS[read_format(connection) :]:  # read again inside: another process may have done it
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
