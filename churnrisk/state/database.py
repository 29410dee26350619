"""The state while it is open: connections that threads take turns with, and changes that happen whole or not at all."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from churnrisk.state.postgres import PostgresDatabase, check_url
from churnrisk.state.sqlite import SqliteFile

StatePlace = Path | str
"""Where the state is: a file, or the URL of a PostgreSQL database."""


class Place(Protocol):
    """Where the state is kept: what differs between one SQLite file and a PostgreSQL server, and nothing else."""

    dialect: str
    begin: str
    begin_reading: str
    most_connections: int

    @property
    def path(self) -> Path | str:
        """The file or URL, as it may be shown."""

    def is_there(self) -> bool:
        """Tell whether anything was remembered here yet."""

    def prepare(self) -> None:
        """Make the tables where there are none, and bring them to the newest format."""

    def connect(self) -> Any:
        """Open a connection in autocommit mode."""

    def is_usable(self, connection: Any) -> bool:
        """Tell whether a connection still stands, outside of any transaction."""

    def fill(self, connection: Any, table: str, *, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write many rows into a table."""

    def continue_numbers(self, connection: Any) -> None:
        """Number further rows after those that are there, which came with numbers of their own."""

    def write(self, sql: str) -> str:
        """Return a statement, written for SQLite, as this database reads it."""

    def scrub(self, connection: Any) -> bool:
        """Remove what was deleted from freed space; False where another process keeps it there."""

    def find_format(self, connection: Any) -> int:
        """Read the format version."""

    def check(self, connection: Any) -> None:
        """Find out that what was opened can be read, and is what is there now."""

    def find_version(self, connection: Any) -> int:
        """Return a number that changes when another connection has committed."""

    def explaining(self) -> contextlib.AbstractContextManager[None]:
        """Say in our words what the database has against a statement."""


class State:
    """What is remembered, open; made by :func:`open_state`. Close it, or use it as a context manager.

    **Threads** may share one: each statement borrows a connection for its own duration and gives it back, and a
    :meth:`transaction` keeps one for the thread that began it. So a service opens one `State` per worker process when
    it starts, and every request uses that. **Processes** may not: a connection does not survive a fork, so each
    opens its own. All calls block (another writer is waited for up to 30 seconds), so an event loop calls them in a
    thread, and a transaction holds no ``await``.

    Parameters
    ----------
    place : Place
        The file or server.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._free: deque[Any] = deque()
        self._turns = threading.BoundedSemaphore(place.most_connections)
        self._own = threading.local()
        self._watcher: Any = None
        self._watching = threading.Lock()
        self._is_open = True

    @property
    def path(self) -> Path | str:
        """Where it is: a file, or the URL of a database, which never holds a password."""
        return self._place.path

    @property
    def dialect(self) -> str:
        """Which database keeps it: ``sqlite`` or ``postgresql``."""
        return self._place.dialect

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything that this thread does inside happen together or not at all; another writer waits meanwhile.

        Inside another transaction it is part of that one.
        """
        with self._within(self._place.begin):
            yield

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let this thread read everything as it is at one moment, while others go on writing."""
        with self._within(self._place.begin_reading):
            yield

    @contextlib.contextmanager
    def _within(self, begin: str) -> Iterator[None]:
        if getattr(self._own, "connection", None) is not None:
            yield
            return
        with self._borrow() as connection:
            try:
                with self._place.explaining():
                    connection.execute(begin)
                self._own.connection = connection
                yield
                with self._place.explaining():
                    connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(Exception):  # the first error is the one to tell; a lost line rolls back too
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._own.connection = None

    @contextlib.contextmanager
    def _borrow(self) -> Iterator[Any]:
        """Yield this thread's own connection inside a transaction, else one that nobody uses."""
        own = getattr(self._own, "connection", None)
        if own is not None:
            yield own
            return
        if not self._is_open:
            raise RuntimeError(f"{self.path}: the state was closed")
        with self._turns:
            try:
                connection = self._free.pop()
            except IndexError:
                connection = self._place.connect()
            try:
                yield connection
            finally:
                self._give_back(connection)

    def _give_back(self, connection: Any) -> None:
        """Keep a connection for the next; if its line broke, those of the others did too."""
        if self._place.is_usable(connection) and self._is_open:
            self._free.append(connection)
            return
        connection.close()
        while self._free:
            self._free.pop().close()

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run one statement with parameters, written ``?``, and give how many rows it changed."""
        with self._place.explaining(), self._borrow() as connection:
            return int(connection.execute(self._place.write(statement), values).rowcount)

    def fill(self, table: str, *, rows: Iterable[Sequence[Any]], columns: Sequence[str] = ()) -> None:
        """Write many rows into a table, as fast as the database can; inside a transaction, so that it happens whole.

        Without columns, rows have all of them, in the order of the table.
        """
        with self._place.explaining(), self._borrow() as connection:
            self._place.fill(connection, table, columns=columns, rows=rows)

    def continue_numbers(self) -> None:
        """Number further rows after those that were filled in with numbers of their own."""
        with self._place.explaining(), self._borrow() as connection:
            self._place.continue_numbers(connection)

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query with parameters, or what a statement is ``RETURNING``."""
        with self._place.explaining(), self._borrow() as connection:
            found: list[tuple[Any, ...]] = connection.execute(self._place.write(query), values).fetchall()
            return found

    def columns(self, table: str) -> list[str]:
        """Return the names of the columns of a table, in their order."""
        with self._place.explaining(), self._borrow() as connection:
            empty = connection.execute(f"SELECT * FROM {table} LIMIT 0")  # noqa: S608 - a name of ours
            return [str(one[0]) for one in empty.description]

    @property
    def format(self) -> int:
        """Format version of the tables."""
        with self._place.explaining(), self._borrow() as connection:
            return self._place.find_format(connection)

    def version(self) -> int:
        """Return a number that changes when anything was committed, by this process or another: to drop caches by.

        It takes microseconds on SQLite. Only for comparing with what the same `State` said before.
        """
        with self._watching, self._place.explaining():
            if not self._is_open:
                raise RuntimeError(f"{self.path}: the state was closed")
            if self._watcher is None:
                self._watcher = self._place.connect()
            try:
                return self._place.find_version(self._watcher)
            except BaseException:
                self._watcher.close()
                self._watcher = None
                raise

    def check(self) -> None:
        """Find out that it can be reached.

        Raises
        ------
        StateError
            Where it cannot, or where another file is in the place of the one that was opened.
        """
        with self._place.explaining(), self._borrow() as connection:
            self._place.check(connection)

    def scrub(self) -> bool:
        """Remove from freed space what was deleted; outside of any transaction.

        A file is written anew, so this needs room for a second copy, and time. False where another process has had the
        file open at an older moment all the while, and its write-ahead log keeps deleted rows until that ends.
        """
        with self._place.explaining(), self._borrow() as connection:
            return self._place.scrub(connection)

    def close(self) -> None:
        """Let go of it, once no thread uses it any more; safe to call twice."""
        self._is_open = False
        with self._watching:
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None
        while self._free:
            self._free.pop().close()

    def __enter__(self) -> State:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def default_state_path(models_dir: Path) -> Path:
    """Return where the state file is when nothing says otherwise: ``state.db`` beside the folder of models."""
    return models_dir.resolve().parent / "state.db"


def copies_folder(place: StatePlace, models_dir: Path) -> Path:
    """Return the folder of kept copies of purchases: beside the state file, else where that would be."""
    beside = place.resolve() if isinstance(place, Path) else default_state_path(models_dir)
    return beside.parent / "kept-purchases"


def parse_place(text: str) -> StatePlace:
    """Tell a file from the URL of a database, which must hold no password."""
    return check_url(text) if "://" in text else Path(text)


def find_state(place: StatePlace) -> State | None:
    """Open the state if there is one; None where nothing has been remembered yet."""
    return open_state(place) if _place(place).is_there() else None


def open_state(place: StatePlace) -> State:
    """Open the state, and make it where there is none.

    A file is for its owner's eyes only (mode 0600). An older format is brought to the newest one in a single
    transaction; of several processes that open it at once, one does that.

    Parameters
    ----------
    place : Path or str
        The file, whose folder must be there; or ``postgresql://user@host/database``, whose password comes from
        ``PGPASSWORD`` or ``~/.pgpass``.

    Raises
    ------
    StateError
        For a newer format, a file that is no state file, or one that cannot be read or written; for a server that
        refuses, and for a URL with a password in it.
    """
    kept_at = _place(place)
    kept_at.prepare()
    state = State(kept_at)
    try:
        state.version()  # the watcher counts from here on, and a file that cannot be read says so at once
    except BaseException:
        state.close()
        raise
    return state


def _place(place: StatePlace) -> Place:
    if isinstance(place, str):
        place = parse_place(place)
    return SqliteFile(place) if isinstance(place, Path) else PostgresDatabase(place)
