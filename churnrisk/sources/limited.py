"""Start the limited process for formats that could be hostile, and tell what became of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from churnrisk.confine import choose_user, hand_over, keep_environment
from churnrisk.engines import Database, storage_error_in
from churnrisk.errors import LimitExceeded, SourceError
from churnrisk.sources.options import IntakeOptions

_MOST_THREADS = 4
"""More would need more memory than the process is allowed."""

_NAMES = {"gzip": "gzip file", "zstd": "zstd file", "xlsx": "Excel workbook", "json": "JSON file"}
_NAMES |= {"sqlite": "SQLite database", "parquet": "Parquet file"}


def parse_limited(
    kind: str, path: Path, database: Database, options: IntakeOptions, *, name: str
) -> tuple[Path, dict[str, Any]]:
    """Parse a file in a process of its own; give the folder of results and what they are.

    Raises
    ------
    SourceError
        Where the file is damaged.
    LimitExceeded
        Where a bound was met, with its option; a death by signal counts as one.
    """
    folder = database.folder / f"parsed-{len(list(database.folder.iterdir()))}"
    folder.mkdir()
    user = choose_user(database.folder, [path])
    if user is not None:
        hand_over(user, folder, through=database.folder)
    task = {
        "user": user,
        "kind": kind,
        "path": str(path),
        "folder": str(folder),
        "max_size": options.max_size,
        "max_ratio": options.max_ratio,
        "max_columns": options.max_columns,
        "max_cells": options.max_cells,
        "max_depth": options.max_depth,
        "max_memory": options.max_memory,
        "table": options.table or "",
        "query": options.query or "",
        "columns": dict(options.columns),
        "threads": min(_MOST_THREADS, options.threads or os.cpu_count() or 1),
    }
    code, said = _run(task, options, name=name)
    _refuse_links(folder)
    if code == 0:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        _refuse_paths(meta)
        return folder, meta
    _explain(code, said, folder, options, name=name, what=_NAMES[kind])
    raise AssertionError("a failure is always explained")


def _run(task: dict[str, Any], options: IntakeOptions, *, name: str) -> tuple[int, str]:
    command = [sys.executable, "-P", "-m", "churnrisk.sources.child", json.dumps(task)]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command,
            capture_output=True,
            timeout=options.max_seconds,
            check=False,
            stdin=subprocess.DEVNULL,
            env=keep_environment(os.environ, Path(task["folder"])),
        )
    except subprocess.TimeoutExpired:
        raise LimitExceeded(
            f"reading {name} took more than {options.max_seconds} seconds; the bound is --max-seconds."
        ) from None
    return done.returncode, done.stderr.decode("utf-8", errors="replace")


def _refuse_links(folder: Path) -> None:
    """Refuse results that are no files: this process may read what a link of the other one could point to."""
    with os.scandir(folder) as entries:
        links = [
            one.name for one in entries if not (one.is_file(follow_symlinks=False) or one.is_dir(follow_symlinks=False))
        ]
    if links:
        raise AssertionError(f"the process that reads files has left what is no file: {', '.join(links)}")


def _refuse_paths(meta: dict[str, Any]) -> None:
    """Refuse names of results that lead out of their folder."""
    for one in (meta, *meta.get("sheets", ())):
        name = str(one.get("file", ""))
        if Path(name).name != name:
            raise AssertionError(f"the process that reads files has named {name!r} as a result")


def _explain(code: int, said: str, folder: Path, options: IntakeOptions, *, name: str, what: str) -> None:
    """Raise what the end of the process means."""
    failure = folder / "error.json"
    if code == 3 and failure.exists():
        error = json.loads(failure.read_text(encoding="utf-8"))
        if error["kind"] == "limit":
            raise LimitExceeded(_say_limit(f"{name} ({what}): {error['message']}", options))
        raise SourceError(f"cannot read {name} ({what}): {error['message']}.")
    if code < 0:
        died = f"{name} ({what}): the process that read it died by {signal.Signals(-code).name}"
        raise LimitExceeded(_say_limit(died, options))
    if any(word in said for word in ("MemoryError", "memory", "Cannot allocate", "bad_alloc")):
        raise LimitExceeded(_say_limit(f"{name} ({what}) needs too much memory", options))
    found = storage_error_in(said)
    if found is not None:
        raise found
    last = said.strip().splitlines()[-1] if said.strip() else f"exit code {code}"
    raise SourceError(f"cannot read {name} ({what}): {last}")


def _say_limit(message: str, options: IntakeOptions) -> str:
    if "--max" in message:
        return message + "."
    return (
        f"{message}; it may use {options.max_memory // 1024**2} MiB of memory (--max-memory) "
        f"and write {options.max_size} bytes (--max-size)."
    )
