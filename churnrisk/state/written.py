"""Files with customers in them that churnrisk wrote: where they are, so that an erasure finds them again."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from churnrisk.errors import StateError
from churnrisk.state.clock import now
from churnrisk.state.database import State, StatePlace, open_state
from churnrisk.writing import Holds, noting


@dataclass(frozen=True)
class WrittenFile:
    """A file as it was when it was written.

    Parameters
    ----------
    host : str
        The machine, since several may share one state.
    path : str
        The whole path there.
    holds : str
        What is in it: scores, a list, contacts and the like.
    made_at : str
        When it was written last (UTC).
    size : int
        Bytes.
    changed_at : int
        Time of the last change, as the file system keeps it: nanoseconds since 1970. With another size or another time
        the file was changed by somebody else.
    """

    host: str
    path: str
    holds: str
    made_at: str
    size: int
    changed_at: int

    @classmethod
    def describe(cls, path: Path, holds: str, lies_at: Path) -> WrittenFile:
        """Describe a file of this moment that will be at a path, and lies elsewhere as yet; of a folder no size."""
        found, place = lies_at.stat(), path.parent.resolve() / path.name
        told = (0, 0) if lies_at.is_dir() else (found.st_size, found.st_mtime_ns)
        return cls(platform.node(), str(place), holds, now(), *told)

    @property
    def status(self) -> str:
        """What became of it: ``as written``, ``changed``, ``missing``, or ``on another machine``."""
        if self.host != platform.node():
            return "on another machine"
        try:
            found = Path(self.path).stat()
        except OSError:
            return "missing"
        is_same = not self.changed_at or (found.st_size, found.st_mtime_ns) == (self.size, self.changed_at)
        return "as written" if is_same else "changed"

    @property
    def format(self) -> str:
        """The ending of the name: ``csv``, ``parquet``, ``xlsx``, ``html``; a folder has none."""
        return Path(self.path).suffix.lower().removeprefix(".")


def note_written(state: State, file: WrittenFile) -> None:
    """Keep where a file is; one that is written again takes the place of what was there."""
    state.run(
        "INSERT INTO written_files (host, path, holds, made_at, size, changed_at) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (host, path) DO UPDATE SET holds = excluded.holds, made_at = excluded.made_at, "
        "size = excluded.size, changed_at = excluded.changed_at",
        astuple(file),
    )


def list_written(state: State) -> list[WrittenFile]:
    """Return every file that was written, by machine and path."""
    query = "SELECT host, path, holds, made_at, size, changed_at FROM written_files ORDER BY host, path"
    return [WrittenFile(*row) for row in state.rows(query)]


def drop_written(state: State, file: WrittenFile) -> None:
    """Let go of a file that is no more."""
    state.run("DELETE FROM written_files WHERE host = ? AND path = ?", (file.host, file.path))


@contextlib.contextmanager
def remembering_files(
    where: State | StatePlace | Callable[[], StatePlace | None], *, tell: Callable[[str], object] | None = None
) -> Iterator[None]:
    """Remember each file with customers in it that is written inside, before it is in its place.

    Parameters
    ----------
    where : State, Path, str or callable
        The open state, or where it is, which may be found with the first file; there it is made. None: nowhere.
    tell : callable, optional
        Told where a file cannot be remembered, which is then written all the same; by default that is an error.
    """

    def note(path: Path, holds: Holds, lies_at: Path) -> None:
        file = WrittenFile.describe(path, holds, lies_at)
        try:
            if isinstance(where, State):
                note_written(where, file)
                return
            place = where() if callable(where) else where
            if place is not None:
                with open_state(place) as state:
                    note_written(state, file)
        except StateError as error:
            if tell is None:
                raise
            tell(f"{path} is whole but not remembered, so `churnrisk forget` will not know of it: {error}")

    with noting(note):
        yield
