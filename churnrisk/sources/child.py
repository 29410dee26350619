"""The process in which formats that could be hostile are parsed: bounded memory, time and output, nothing shared.

Before it opens the file it gives up what it does not need: see :mod:`churnrisk.confine`.

Started as ``python -m churnrisk.sources.child TASK``; TASK is a JSON object. It leaves text behind in a folder:
``rows.csv`` (a line number, then the fields), ``rejects.csv`` (line, text, reason) and ``meta.json``; or, where it
fails on purpose, ``error.json``.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from churnrisk.confine import Reach, confine

LIMIT, SOURCE = "limit", "source"
_FULL = (5, 28, 30, 122)  # input or output failed, no space, only for reading, no quota


@dataclass(frozen=True)
class Task:
    """What the process is to parse, into which folder, and within which limits."""

    kind: str
    path: Path
    folder: Path
    max_size: int
    max_ratio: int
    max_columns: int
    max_cells: int
    max_depth: int
    max_memory: int
    table: str = ""
    query: str = ""
    threads: int = 1
    user: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str) -> Task:
        """Read a task as the parent writes it."""
        values = json.loads(text)
        return cls(**{**values, "path": Path(values["path"]), "folder": Path(values["folder"])})


class Refused(Exception):  # noqa: N818 - it says what happened, and never leaves this process
    """A deliberate end, told to the parent: over a limit, or not readable."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def limit_process(task: Task) -> None:
    """Bound the memory and the files of this process; a limit of the system that is lower stays."""
    for which, value in ((resource.RLIMIT_DATA, task.max_memory), (resource.RLIMIT_FSIZE, task.max_size)):
        _, hard = resource.getrlimit(which)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (bound, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def parse(task: Task) -> dict[str, Any]:
    """Parse by kind and give what the parent must know."""
    if task.kind in ("gzip", "zstd"):
        from churnrisk.sources.unpack import unpack

        return unpack(task)
    if task.kind == "xlsx":
        from churnrisk.sources.workbook import parse_workbook

        return parse_workbook(task)
    if task.kind == "json":
        from churnrisk.sources.jsonlines import parse_json

        return parse_json(task)
    if task.kind == "sqlite":
        from churnrisk.sources.sqlite import parse_sqlite

        return parse_sqlite(task)
    from churnrisk.sources.parquet import parse_parquet

    return parse_parquet(task)


def beside(task: Task) -> list[Path]:
    """Name the files beside a database that belong to it; there need be none."""
    whole = task.path.resolve()
    return [Path(f"{whole}-{name}") for name in ("wal", "shm", "journal")] if task.kind == "sqlite" else []


def main(arguments: list[str]) -> int:
    """Parse one source; the exit code is 0, or 3 where ``error.json`` says why not."""
    task = Task.from_json(arguments[0])
    limit_process(task)
    confine(Reach(task.folder, (task.path, *beside(task)), user=task.user))
    try:
        result, name, code = parse(task), "meta.json", 0
    except Refused as error:
        result, name, code = {"kind": error.kind, "message": str(error)}, "error.json", 3
    except (MemoryError, RecursionError) as error:
        result, name, code = {"kind": LIMIT, "message": type(error).__name__}, "error.json", 3
    except OSError as error:
        if error.errno in _FULL:
            raise  # there is no room to tell it in either: the last line of the traceback does
        kind = LIMIT if error.errno in (12, 27) else SOURCE  # no memory, file too large
        result, name, code = {"kind": kind, "message": str(error.strerror or error)}, "error.json", 3
    (task.folder / name).write_text(json.dumps(result), encoding="utf-8")
    return code


if __name__ == "__main__":
    from churnrisk.sources import child  # the classes of this module, and not a second copy of them

    sys.exit(child.main(sys.argv[1:]))
