"""Give the rows of any source: a file, a folder or pattern of files, standard input, a database, or a frame."""

from __future__ import annotations

import glob
import sys
from pathlib import Path
from typing import Any

from churnrisk.engines import Database, engine_error
from churnrisk.errors import LimitExceeded, SourceError
from churnrisk.sources.combine import combine_rows
from churnrisk.sources.databases import is_database_url, read_database
from churnrisk.sources.files import open_file
from churnrisk.sources.options import IntakeOptions
from churnrisk.sources.places import refuse_scheme, refuse_table
from churnrisk.sources.raw import RawRows
from churnrisk.sources.text import path_in

_CHUNK = 1 << 22


def open_source(source: Any, database: Database, options: IntakeOptions) -> RawRows:
    """Return the rows of a file, a folder, standard input, a database or a frame, as text."""
    if not isinstance(source, str | Path):
        from churnrisk.sources.frames import read_frame

        return read_frame(source, database, timezone=options.timezone)
    if isinstance(source, str) and is_database_url(source):
        return read_database(source, database, options)
    if isinstance(source, str):
        refuse_scheme(source)
    if str(source) == "-":
        return open_file(_save_stdin(database, options), database, options, name="standard input")
    path = Path(source).expanduser()
    is_many = path.is_dir() or (not path.exists() and glob.has_magic(str(path)))
    if is_many or path.suffix.lower() in (".parquet", ".pq"):
        refuse_table(path)
    if is_many:
        return _open_many(path, database, options)
    return open_file(path, database, options, name=path.name)


def _save_stdin(database: Database, options: IntakeOptions) -> Path:
    target = path_in(database, "stdin")
    size = 0
    with target.open("wb") as file:
        while chunk := sys.stdin.buffer.read(_CHUNK):
            size += len(chunk)
            if size > options.max_size:
                raise LimitExceeded(f"standard input has more than {options.max_size} bytes; the bound is --max-size.")
            file.write(chunk)
    return target


def list_files(source: str | Path) -> list[Path]:
    """Return the files of a folder or pattern, by name; none for anything else.

    Raises
    ------
    SourceError
        For the folder of a lakehouse table, some of whose files count no more.
    """
    path = Path(source).expanduser()
    if not path.is_dir() and (path.exists() or not glob.has_magic(str(path))):
        return []
    pattern = str(path / "*") if path.is_dir() else str(path)
    files = [Path(one) for one in sorted(glob.glob(pattern))]  # noqa: PTH207 - the pattern may be absolute
    files = [one for one in files if one.is_file() and not one.name.startswith((".", "_"))]
    for folder in {path, *(one.parent for one in files)}:
        if folder.is_dir():
            refuse_table(folder)
    return files


def _open_many(path: Path, database: Database, options: IntakeOptions) -> RawRows:
    """Return the rows of all files of a folder or pattern, which must have the same columns."""
    files = list_files(path)
    if not files:
        raise SourceError(f"{path} holds no files; name a file or a folder of purchases.")
    parts = [settle_rows(open_file(one, database, options, name=one.name), database) for one in files]
    form = f"{len(parts)} files, {', '.join(sorted({part.format for part in parts}))}"
    return combine_rows(parts, database, name=path.name or str(path), form=form)


def settle_rows(raw: RawRows, database: Database) -> RawRows:
    """Read all rows once to see that they are read rightly; else read them carefully."""
    query = f"SELECT count(*), bit_xor({raw.hash_sql}) FROM {raw.sql}"
    try:
        [(rows, _)] = database.connection.execute(query).fetchall()
        failure = f"{raw.expected_rows} rows were expected, {rows} were read"
        if raw.expected_rows in (None, int(rows)):
            return raw
    except engine_error() as error:
        failure = str(error).splitlines()[0]
    if raw.fallback is None:
        raise SourceError(f"cannot read {raw.name}: {failure}.")
    return settle_rows(raw.fallback(), database)
