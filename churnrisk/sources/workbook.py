"""Workbooks of Excel (xlsx), checked before the parser sees them; runs in the limited process."""

from __future__ import annotations

import csv
import datetime as dt
import re
import zipfile
from pathlib import Path
from typing import Any

from churnrisk.sources.child import LIMIT, SOURCE, Refused, Task

_MEMBERS = 10_000
_SHEETS = 50
_CHUNK = 1 << 20
_REFERENCE = re.compile(rb'\br="([A-Za-z]{0,7})(\d{1,18})"|\br=\'([A-Za-z]{0,7})(\d{1,18})\'')
_TAIL = 64


def parse_workbook(task: Task) -> dict[str, Any]:
    """Write each sheet that has cells as ``sheet-K.csv``: row number, then the cells as text."""
    from python_calamine import CalamineError, CalamineWorkbook

    check_archive(task)
    try:
        workbook = CalamineWorkbook.from_path(str(task.path))
        names = [sheet.name for sheet in workbook.sheets_metadata][:_SHEETS]
        sheets = [_write_sheet(workbook, name, task, number) for number, name in enumerate(names)]
    except (CalamineError, OSError, ValueError) as error:
        raise Refused(SOURCE, f"the workbook is damaged or has a password: {error}") from error
    filled = [sheet for sheet in sheets if sheet["rows"]]
    if not filled:
        raise Refused(SOURCE, "the workbook has no cells")
    return {"sheets": filled}


def check_archive(task: Task) -> None:
    """Bound the members of the archive, and the cells that the parser would make room for."""
    try:
        with zipfile.ZipFile(task.path) as archive:
            members = archive.infolist()
            _check_members(members, task)
            if not any(member.filename.lower().endswith("workbook.xml") for member in members):
                raise Refused(SOURCE, "it is a zip archive, but no Excel workbook; unpack it, or save it as xlsx")
            for member in members:
                if "worksheets/" in member.filename.lower():
                    _check_cells(archive, member, task)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise Refused(SOURCE, f"the workbook is damaged: {error}") from error


def _check_members(members: list[zipfile.ZipInfo], task: Task) -> None:
    if len(members) > _MEMBERS:
        raise Refused(LIMIT, f"the workbook has {len(members)} members, more than {_MEMBERS}")
    total = sum(member.file_size for member in members)
    if total > task.max_size:
        raise Refused(LIMIT, f"its members have {total} bytes, more than {task.max_size}; the bound is --max-size")
    for member in members:
        if member.file_size > max(task.max_ratio * max(member.compress_size, 1), 1 << 24):
            raise Refused(LIMIT, f"{member.filename} grows more than {task.max_ratio} times; the bound is --max-ratio")


def _check_cells(archive: zipfile.ZipFile, member: zipfile.ZipInfo, task: Task) -> None:
    """Find the last row and column that a sheet names: the parser makes room for all cells up to there."""
    rows = columns = size = 0
    tail = b""
    with archive.open(member) as file:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > member.file_size:
                raise Refused(SOURCE, f"{member.filename} is larger than the archive says")
            text = tail + chunk
            for match in _REFERENCE.finditer(text):
                letters, digits = (match[1], match[2]) if match[2] else (match[3], match[4])
                rows, columns = max(rows, int(digits)), max(columns, _column_number(letters))
            tail = text[-_TAIL:]
    if rows * max(columns, 1) > task.max_cells:
        raise Refused(
            LIMIT,
            f"{member.filename} spans {rows} rows and {columns} columns, more than {task.max_cells} cells; "
            "the bound is --max-cells",
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _write_sheet(workbook: Any, name: str, task: Task, number: int) -> dict[str, Any]:
    sheet = workbook.get_sheet_by_name(name)
    start = sheet.start
    path = Path(f"sheet-{number}.csv")
    rows = 0
    if start is None:
        return {"name": name, "rows": 0, "file": path.name}
    with (task.folder / path).open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for line, row in enumerate(sheet.iter_rows(), 1):
            cells = [_cell_text(cell) for cell in row]
            if len(cells) > task.max_columns:
                raise Refused(LIMIT, f"sheet {name} has {len(cells)} columns; the bound is --max-columns")
            if any(cells):
                rows += 1
                write.writerow([line, *cells])
    return {"name": name, "rows": rows, "file": path.name}


def _cell_text(cell: Any) -> str:
    """Write a cell as text: a number by its digits, a time as ISO."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell == int(cell) and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, dt.timedelta):
        return str(cell)
    return str(cell)
