"""Workbooks of Excel (xlsx), checked before the parser sees them; runs in the limited process."""

from __future__ import annotations

import csv
import datetime as dt
import re
import zipfile
from pathlib import Path
from typing import Any

from churnrisk.messages import mark
from churnrisk.sources.child import LIMIT, SOURCE, Refused, Task

_MEMBERS = 10_000
_SHEETS = 50
_CHUNK = 1 << 20
_REFERENCE = re.compile(rb'\br="([A-Za-z]{0,7})(\d{1,18})"|\br=\'([A-Za-z]{0,7})(\d{1,18})\'')
_ERROR = re.compile(
    rb'<c r="([A-Z]{1,3})(\d{1,7})"[^>]{0,40}\bt="e"[^>]{0,40}>'
    rb"(?:<f[^>]{0,200}/>|<f[^>]{0,200}>[^<]{0,500}</f>)?<v>([^<]{1,20})</v>"
)
_SHEET = re.compile(rb'<sheet\b[^>]*\br:id="([^"]+)"')
_TARGET = re.compile(rb'<Relationship\b(?=[^>]*\bId="([^"]+)")(?=[^>]*\bTarget="([^"]+)")')
_TAIL = 1024  # more than a cell with an error takes


def parse_workbook(task: Task) -> dict[str, Any]:
    """Write each sheet that has cells as ``sheet-K.csv``: row number, then the cells as text."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    errors = check_archive(task)
    try:
        workbook = CalamineWorkbook.from_path(str(task.path))
        found = workbook.sheets_metadata[:_SHEETS]
        sheets = [_write_sheet(workbook, sheet.name, task, number) for number, sheet in enumerate(found)]
    except (CalamineError, OSError, ValueError) as error:
        raise Refused(SOURCE, f"the workbook is damaged or has a password: {error}") from error
    for number, (sheet, one) in enumerate(zip(sheets, found, strict=True)):
        sheet["hidden"] = one.visible != SheetVisibleEnum.Visible
        sheet["errors"] = _write_errors(errors.get(number, {}), task.folder / f"errors-{number}.csv")
    filled = [sheet for sheet in sheets if sheet["rows"]]
    if not filled:
        raise Refused(SOURCE, "the workbook has no cells")
    return {"sheets": filled}


Cells = dict[tuple[int, int], str]
"""Texts by row and column."""


def _write_errors(errors: Cells, path: Path) -> str:
    """Write the cells of a sheet in which a formula failed; give the name of the file, empty where there are none."""
    if not errors:
        return ""
    with path.open("w", encoding="utf-8", newline="") as file:
        reason = mark("an error of a formula in the workbook")
        csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
            [row, column - 1, text, reason] for (row, column), text in sorted(errors.items())
        )
    return path.name


def check_archive(task: Task) -> dict[int, Cells]:
    """Bound the members of the archive, and the cells that the parser would make room for.

    Gives the cells of each sheet, by its number, in which a formula failed: the parser leaves them empty.
    """
    errors: dict[str, Cells] = {}
    try:
        with zipfile.ZipFile(task.path) as archive:
            members = archive.infolist()
            _check_members(members, task)
            if not any(member.filename.lower().endswith("workbook.xml") for member in members):
                raise Refused(SOURCE, "it is a zip archive, but no Excel workbook; unpack it, or save it as xlsx")
            for member in members:
                if "worksheets/" in member.filename.lower():
                    errors[member.filename.lower().rsplit("/", 1)[1]] = _check_cells(archive, member, task)
            files = _list_sheets(archive, members) if any(errors.values()) else []
            return {number: errors.get(file, {}) for number, file in enumerate(files)}
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


def _list_sheets(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> list[str]:
    """Return the file of each sheet, in their order."""
    texts = {member.filename.lower(): archive.read(member) for member in members if "workbook.xml" in member.filename}
    book = next((text for name, text in texts.items() if name.endswith("workbook.xml")), b"")
    links = next((text for name, text in texts.items() if name.endswith("workbook.xml.rels")), b"")
    targets = {one[1]: one[2].decode("utf-8", "replace").lower().rsplit("/", 1)[-1] for one in _TARGET.finditer(links)}
    return [targets.get(key, "") for key in _SHEET.findall(book)]


def _check_cells(archive: zipfile.ZipFile, member: zipfile.ZipInfo, task: Task) -> Cells:
    """Find the last row and column that a sheet names: the parser makes room for all cells up to there."""
    rows = columns = size = 0
    errors: Cells = {}
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
            for match in _ERROR.finditer(text):
                errors[int(match[2]), _column_number(match[1])] = match[3].decode("utf-8", "replace")
            tail = text[-_TAIL:]
    if rows * max(columns, 1) > task.max_cells:
        raise Refused(
            LIMIT,
            f"{member.filename} spans {rows} rows and {columns} columns, more than {task.max_cells} cells; "
            "the bound is --max-cells",
        )
    return errors


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
