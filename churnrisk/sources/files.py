"""Find out what a source is, by its content and not by its name, and give its rows as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from churnrisk.engines import Database
from churnrisk.errors import LimitExceeded, SourceError
from churnrisk.messages import mark, wording
from churnrisk.sources.combine import combine_rows
from churnrisk.sources.dialect import RowHeader, find_dialect_of_rows
from churnrisk.sources.headers import plain_header
from churnrisk.sources.limited import parse_limited
from churnrisk.sources.options import IntakeOptions
from churnrisk.sources.raw import RawRows
from churnrisk.sources.sql import quote_text
from churnrisk.sources.text import csv_sql, read_text

_MAGIC = (
    (b"PAR1", "parquet"),
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\x03\x04", "xlsx"),
    (b"SQLite format 3\0", "sqlite"),
)
_REFUSED = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel workbook (.xls), or one with a password; save it as xlsx or CSV",
    ),
    (b"%PDF", "a PDF document; export the purchases as CSV or xlsx"),
    (b"{\\rtf", "an RTF document; export the purchases as CSV or xlsx"),
    (b"BZh", "a bzip2 file; decompress it first"),
    (b"\xfd7zXZ", "an xz file; decompress it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it first"),
    (b"PK\x05\x06", "an empty zip archive"),
)
_ENDINGS = {"xlsx": (".xlsx", ".xlsm"), "parquet": (".parquet", ".pq"), "sqlite": (".db", ".sqlite", ".sqlite3")}
_WORDS = {"xlsx": mark("an Excel workbook"), "parquet": "Parquet", "sqlite": mark("a SQLite database"), "json": "JSON"}
_SHEETS = wording("{name} has {sheets} sheets; {names} was read.")
_ALIKE = wording("{name} has {sheets} sheets; these have the same header and were read together: {names}.")
_HIDDEN = wording("Hidden sheets were not read: {names}.")
_ABOVE = wording("The header of {name} was found in row {row}; the rows above it were passed over.")
_CHUNK = 1 << 22


def open_file(path: Path, database: Database, options: IntakeOptions, *, name: str) -> RawRows:
    """Return the rows of one file."""
    kind = tell_kind(path, name)
    if kind == "parquet" and not options.parquet:
        raise SourceError(
            f"{name} is Parquet, which is turned off here (`parquet_uploads`); send it as CSV.",
            code="source.parquet_off",
        )
    if kind in ("gzip", "zstd"):
        folder, meta = parse_limited(kind, path, database, options, name=name)
        unpacked = folder / str(meta["file"])
        if tell_kind(unpacked, name) in ("gzip", "zstd"):
            raise SourceError(f"{name} is compressed twice; decompress it once first.")
        return open_file(unpacked, database, options, name=name)
    if kind == "text":
        raw = read_text(path, database, options, name=name)
    else:
        raw = _READERS[kind](path, database, options, name)
    if len(raw.headers) > options.max_columns:
        raise LimitExceeded(
            f"{name} has {len(raw.headers)} columns, more than {options.max_columns}; see --max-columns."
        )
    if kind in _ENDINGS and path.suffix.lower() not in _ENDINGS[kind]:
        said = wording("{name} is {kind}, whatever its name says, and was read as such.")
        raw = replace(raw, notices=(said.format(name=name, kind=_WORDS[kind]), *raw.notices))
    return raw


def tell_kind(path: Path, name: str) -> str:
    """Tell a format by the first bytes of a file.

    Raises
    ------
    SourceError
        Where there is no such file, it cannot be opened, or its format is none of purchases.
    """
    try:
        if not path.is_file():
            raise _explain_missing(path)
        with path.open("rb") as file:
            start = file.read(4096)
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot read {name}: {getattr(error, 'strerror', None) or error}.") from error
    for beginning, kind in _MAGIC:
        if start.startswith(beginning):
            return kind
    for beginning, what in _REFUSED:
        if start.startswith(beginning):
            raise SourceError(f"{name} is {what}.")
    if start[8:12] == b"DUCK":
        raise SourceError(f"{name} is a DuckDB database; export the purchases from it as Parquet or CSV.")
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] == b"<":
        what = "HTML" if b"<html" in start.lower() or b"<table" in start.lower() else "HTML or XML"
        raise SourceError(f"{name} is {what}, not a table of purchases; export it as CSV or xlsx.")
    is_json = text[:1] == b"{" or (text[:1] == b"[" and text[1:].lstrip()[:1] in (b"{", b"[", b"]"))
    return "json" if is_json else "text"


def _explain_missing(path: Path) -> SourceError:
    if path.exists():
        return SourceError(f"{path} is no file; name a file of purchases.")
    return SourceError(f"there is no file {path}; check the name and the folder.")


def _read_parquet(path: Path, database: Database, options: IntakeOptions, name: str) -> RawRows:
    folder, meta = parse_limited("parquet", path, database, options, name=name)
    return RawRows(
        name=name,
        format="Parquet",
        headers=tuple(meta["headers"]),
        sql=f"read_parquet({quote_text(str(folder / meta['file']))})",
        expected_rows=meta["rows"],
        typed=frozenset(meta["typed"]),
        floats=frozenset(meta["floats"]),
        no_ids=frozenset(meta["no_ids"]),
    )


def _read_json(path: Path, database: Database, options: IntakeOptions, name: str) -> RawRows:
    folder, meta = parse_limited("json", path, database, options, name=name)
    return _read_rows(folder, meta, name=name, form="JSON")


def _read_sqlite(path: Path, database: Database, options: IntakeOptions, name: str) -> RawRows:
    folder, meta = parse_limited("sqlite", path, database, options, name=name)
    return _read_rows(folder, meta, name=name, form="SQLite")


def _read_rows(folder: Path, meta: dict[str, Any], *, name: str, form: str) -> RawRows:
    if not meta["headers"]:
        raise SourceError(f"{name} has no columns; it must have a row per purchase.")
    rows = folder / "rows.csv"
    return RawRows(
        name=name,
        format=form,
        headers=tuple(meta["headers"]),
        sql=csv_sql(rows, ",", len(meta["headers"]), skip=0, numbered=True, longest=rows.stat().st_size),
        has_lines=True,
        expected_rows=meta["rows"],
        rejects=folder / "rejects.csv" if meta["rejects"] else None,
        typed=frozenset(meta["typed"]),
        odd=((0, folder / "odd.csv", tuple(range(len(meta["headers"])))),) if meta.get("odd") else (),
    )


def _read_workbook(path: Path, database: Database, options: IntakeOptions, name: str) -> RawRows:
    """Take the visible sheet whose header names most of the columns that we know, and all that have the same header.

    Of a list it is the first one that names any: other sheets are no part of it.
    """
    folder, meta = parse_limited("xlsx", path, database, options, name=name)
    sheets = _choose_sheets(meta["sheets"], options, name=name)
    found = [(find_dialect_of_rows(folder / sheet["file"], options.columns), sheet) for sheet in sheets]
    most = 1 if options.is_list else max(one.matches for one, _ in found)
    best, _ = max(found, key=lambda one: (min(one[0].matches, most), -sheets.index(one[1])))
    alike = [one for one in found if _plain_set(one[0].headers) == _plain_set(best.headers)]
    parts = [_read_sheet(folder, sheet, table, name=name, is_one=len(alike) == 1) for table, sheet in alike]
    notices: tuple[str, ...] = ()
    if len(meta["sheets"]) > 1:
        names = ", ".join(repr(sheet["name"]) for _, sheet in alike)
        said = _SHEETS if len(alike) == 1 else _ALIKE
        notices = (said.format(name=name, sheets=len(meta["sheets"]), names=names),)
        hidden = [repr(sheet["name"]) for sheet in meta["sheets"] if sheet["hidden"] and sheet not in sheets]
        notices += (_HIDDEN.format(names=", ".join(hidden)),) if hidden else ()
    raw = parts[0] if len(parts) == 1 else combine_rows(parts, database, name=name, form="Excel workbook")
    return replace(raw, notices=(*notices, *raw.notices))


def _choose_sheets(sheets: list[dict[str, Any]], options: IntakeOptions, *, name: str) -> list[dict[str, Any]]:
    """Return the sheet that the user has named, or those that can be seen."""
    names = ", ".join(sheet["name"] for sheet in sheets)
    if options.table is not None:
        chosen = [sheet for sheet in sheets if sheet["name"] == options.table]
        if not chosen:
            raise SourceError(
                f"{name} has no sheet {options.table!r}; its sheets: {names}.", code="source.no_such_sheet"
            )
        return chosen
    visible = [sheet for sheet in sheets if not sheet["hidden"]]
    if not visible:
        raise SourceError(
            f"{name}: all sheets that have cells are hidden: {names}. Show the one with the purchases.",
            code="source.hidden_sheets",
        )
    return visible


def _plain_set(headers: Sequence[str]) -> list[str]:
    return sorted(filter(None, map(plain_header, headers)))


def _read_sheet(folder: Path, sheet: dict[str, Any], table: RowHeader, *, name: str, is_one: bool) -> RawRows:
    rows = folder / sheet["file"]
    notices: tuple[str, ...] = ()
    if table.header_row > 1:
        notices = (_ABOVE.format(name=name if is_one else sheet["name"], row=table.header_line),)
    return RawRows(
        name=name if is_one else sheet["name"],
        format="Excel workbook",
        headers=table.headers,
        sql=csv_sql(rows, ",", len(table.headers), skip=table.skip, numbered=True, longest=rows.stat().st_size),
        has_lines=True,
        expected_rows=sheet["rows"] - table.header_row,
        is_escaped=True,
        texts=(rows,),
        odd=((0, folder / sheet["errors"], tuple(range(len(table.headers)))),) if sheet["errors"] else (),
        notices=notices,
    )


_READERS: dict[str, Callable[[Path, Database, IntakeOptions, str], RawRows]] = {
    "parquet": _read_parquet,
    "xlsx": _read_workbook,
    "json": _read_json,
    "sqlite": _read_sqlite,
}
