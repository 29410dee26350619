"""The files with customers in them that churnrisk wrote: remembered, searched, and rid of those to be forgotten."""

from __future__ import annotations

import contextlib
import csv
import html
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Sequence, Set
from pathlib import Path
from typing import Any, TextIO, cast

from churnrisk.decide import EXPORT_FIELDS
from churnrisk.engines import Database, engine_error, quote_text
from churnrisk.errors import ChurnriskError, OutputError
from churnrisk.formulas import fuse
from churnrisk.memory.naming import names_any
from churnrisk.messages import known_headings
from churnrisk.orders import CustomerList, IntakeOptions, read_list
from churnrisk.state import SEPARATORS, State, WrittenFile, drop_written, list_written, remembering_files
from churnrisk.writing import Holds, replacing

FOLDERS = ("kept purchases",)
"""What lies in a folder, and goes as a whole with every erasure."""

REWRITTEN = ("csv", "parquet")
"""Formats that lose a row and keep all else as it is; a file of another one goes as a whole."""

_SHEET = re.compile(r'<sheet [^>]*?name="([^"]*)"')
_HIDDEN = "\ufdd0"
"""A character that no text has."""


def look_into_written(state: State, ids: Set[str]) -> list[dict[str, Any]]:
    """Say of each file that was written what became of it, and whether it names one of some customers."""
    return [_look_into(file, ids) for file in list_written(state) if file.holds not in FOLDERS]


def _look_into(file: WrittenFile, ids: Set[str]) -> dict[str, Any]:
    is_here = file.status in ("as written", "changed")
    return {
        "file": file.path,
        "holds": file.holds,
        "format": file.format,
        "made_at": file.made_at,
        "status": file.status,
        "names_a_customer": holds_any(Path(file.path), ids) if is_here else None,
        "done": None,
    }


def holds_any(path: Path, ids: Set[str]) -> bool | None:
    """Tell whether a file of ours holds one of some customers; None where it cannot be looked into."""
    try:
        if path.suffix.lower() == ".csv":
            with path.open(encoding="utf-8", newline="\n") as file:
                return any(is_theirs for _, _, is_theirs in _rows(file, ids))
        if path.suffix.lower() == ".xlsx":
            return any(not ids.isdisjoint(sheet.customer_ids) for sheet in read_sheets(path))
        if path.suffix.lower() == ".parquet":
            with Database(threads=1) as database:
                source, is_other = others_in(path, ids, database)
                return bool(database.rows_of(f"SELECT 1 FROM {source} WHERE NOT ({is_other}) LIMIT 1"))  # noqa: S608
    except (OSError, KeyError, UnicodeDecodeError, zipfile.BadZipFile, csv.Error, ChurnriskError, engine_error()):
        pass
    return names_any(path, sorted(ids))


def read_sheets(path: Path) -> Iterator[CustomerList]:
    """Yield every sheet of a workbook of ours: a customer may stand on one behind the first alone."""
    with zipfile.ZipFile(path) as archive:
        titles = _SHEET.findall(archive.read("xl/workbook.xml").decode())
    for title in titles:
        yield read_list(path, IntakeOptions(table=html.unescape(title)))


def take_out(state: State, files: Iterable[dict[str, Any]], ids: Set[str]) -> list[dict[str, Any]]:
    """Rewrite without some customers, or remove, the files that name them; every one or none.

    CSV and Parquet keep the rows of everybody else, CSV byte for byte. Any other file, and one that cannot be looked
    into, goes as a whole, unless somebody has changed it: that one is left, and is for its owner to mend.

    Raises
    ------
    OutputError
        Where one of them cannot be written. Nothing is changed then.
    """
    told = [_plan(one) for one in files]
    known = {file.path: file for file in list_written(state) if file.status != "on another machine"}
    with remembering_files(state), contextlib.ExitStack() as stack:
        for one in told:
            if one["done"] == "rewritten":
                path = Path(one["file"])
                temporary = stack.enter_context(replacing(path, holds=cast(Holds, one["holds"])))
                with _explaining(path):
                    (_rewrite_csv if one["format"] == "csv" else _rewrite_parquet)(path, temporary, ids)
                    shutil.copymode(path, temporary)
    for one in told:
        if one["done"] == "removed":
            with _explaining(Path(one["file"])):
                Path(one["file"]).unlink(missing_ok=True)
            drop_written(state, known[one["file"]])
    return told


def _plan(told: dict[str, Any]) -> dict[str, Any]:
    """Say what is done with a file."""
    if told["status"] not in ("as written", "changed") or told["names_a_customer"] is False:
        return told
    if told["format"] in REWRITTEN and told["names_a_customer"]:
        return told | {"done": "rewritten", "names_a_customer": False}
    return told if told["status"] == "changed" else told | {"done": "removed", "names_a_customer": False}


@contextlib.contextmanager
def _explaining(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError, csv.Error, engine_error()) as error:
        raise OutputError(
            f"{path}: cannot be rid of the customers: {error}. Mend that, and forget them again."
        ) from None


def _rewrite_csv(path: Path, target: Path, ids: Set[str]) -> None:
    with (
        path.open(encoding="utf-8", newline="\n") as file,
        target.open("w", encoding="utf-8", newline="") as kept,
    ):
        kept.writelines(record for record, _, is_theirs in _rows(file, ids) if not is_theirs)


def _rewrite_parquet(path: Path, target: Path, ids: Set[str]) -> None:
    with Database(threads=1) as database:
        source, is_other = others_in(path, ids, database)
        kept = f"SELECT * FROM {source} WHERE {is_other}"  # noqa: S608 - names and texts are quoted
        form = "(FORMAT parquet, COMPRESSION zstd)"
        database.connection.execute(f"COPY ({kept}) TO {quote_text(str(target))} {form}")


def others_in(path: Path, ids: Set[str], database: Database) -> tuple[str, str]:
    """Return SQL for the rows of a Parquet file of ours, and for whether one is of nobody who is named."""
    source = f"read_parquet({quote_text(str(path))})"
    kinds = {str(name): str(kind) for name, kind, *_ in database.rows_of(f"DESCRIBE SELECT * FROM {source}")}  # noqa: S608 - as above
    headers, listed = list(kinds), ", ".join(map(quote_text, sorted(ids)))
    places = _places_of(headers)
    texts = [headers[place] for place in places] or [name for name, kind in kinds.items() if kind == "VARCHAR"]
    conditions = [f'coalesce(CAST("{name}" AS VARCHAR) NOT IN ({listed}), true)' for name in texts]
    if not places:
        words = (f'string_split_regex("{name}", {quote_text(SEPARATORS.pattern)})' for name in texts)
        conditions += [f"coalesce(NOT list_has_any({of}, [{listed}]), true)" for of in words]
    return source, " AND ".join(conditions or ["true"])


def rows_of_csv(path: Path, ids: Set[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file of ours that are of one of some customers, by its headers."""
    with path.open(encoding="utf-8", newline="\n") as file:
        headers: list[str] = []
        for _, cells, is_theirs in _rows(file, ids):
            headers = headers or cells
            if is_theirs:
                yield dict(zip(headers, cells, strict=False))


def _rows(file: TextIO, ids: Set[str]) -> Iterator[tuple[str, list[str], bool]]:
    """Yield each record of a CSV file of ours as it stands, its cells, and whether it is of one of some customers."""
    places: Sequence[int] | None = None
    sign = ","
    for record in _records(file):
        if places is None:
            sign = ";" if record.startswith("\ufeff") else ","
            headers = _cells(record.removeprefix("\ufeff"), sign)
            places = _places_of(headers)
            yield record, headers, False
        else:
            cells = _cells(record, sign)
            yield record, cells, _is_theirs(cells, places, ids)


def _records(file: TextIO) -> Iterator[str]:
    """Yield each record with the line breaks that stand in quotes: all quotes of a whole one are in pairs."""
    parts: list[str] = []
    quotes = 0
    for line in file:
        parts.append(line)
        quotes += line.count('"')
        if quotes % 2 == 0:
            yield "".join(parts)
            parts, quotes = [], 0
    if parts:
        yield "".join(parts)


def _cells(record: str, sign: str) -> list[str]:
    """Return the cells of a record; a carriage return in one, which the reader would refuse, is hidden from it."""
    text = record.removesuffix("\n").removesuffix("\r").replace("\r", _HIDDEN)
    return [fuse(cell.replace(_HIDDEN, "\r")) for cell in next(csv.reader([text], delimiter=sign), [])]


def _places_of(headers: Sequence[str]) -> list[int]:
    """Return the places of the columns of customers; none where any cell may name one."""
    names = {"customer_id", *(fields["customer_id"] for fields in EXPORT_FIELDS.values())}
    return [place for place, header in enumerate(headers) if known_headings().get(header, header) in names]


def _is_theirs(cells: Sequence[str | None], places: Sequence[int], ids: Set[str]) -> bool:
    """Tell whether a row is of one of some customers; without a column of them, whether any word of it names one."""
    if places:
        return any(place < len(cells) and (cells[place] or "").strip() in ids for place in places)
    return any(not ids.isdisjoint((cell, *SEPARATORS.split(cell))) for cell in cells if cell)
