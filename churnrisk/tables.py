"""Result tables to files: CSV, Parquet or xlsx by the file's ending, each whole or absent.

Text that a spreadsheet would run as a formula gets a leading apostrophe in CSV and xlsx, which the reader of
purchases takes off again; Parquet and JSON carry it raw.
"""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import json
import math
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal

from churnrisk.engines import write_parquet
from churnrisk.errors import OutputError
from churnrisk.messages import say

CsvStyle = Literal["plain", "excel"]
Row = Sequence[Any]

ENDINGS = (".csv", ".parquet", ".xlsx")
_SHEET_DATE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # fixed, so that the same table gives the same bytes
XLSX_ROWS = 1_048_575  # the sheet's limit, less the header

# Apostrophes before a formula get one more, so that taking one off gives the text back.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER_OR_PHONE = re.compile(r"[+-]?[\d\s().,/-]*\d[\d\s().,/-]*")


class Table:
    """Named columns of equal length, holding text, whole numbers, floats, and None where there is nothing.

    Parameters
    ----------
    columns : mapping of str to sequence
        Column name to values; a float NaN counts as nothing.
    """

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        self.columns = {name: [_plain(value) for value in values] for name, values in columns.items()}

    @property
    def names(self) -> list[str]:
        """The column names, in order."""
        return list(self.columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Give the rows one by one."""
        return zip(*self.columns.values(), strict=True)

    def records(self) -> list[dict[str, Any]]:
        """Give the rows as dictionaries, for JSON."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows()]


def write_table(table: Table, path: Path, *, csv_style: CsvStyle = "plain", is_for_people: bool = False) -> int:
    """Write a table to a file, whole or absent, in the format that its ending names.

    Parameters
    ----------
    table : Table
        What to write.
    path : Path
        Ends in ``.csv``, ``.parquet`` or ``.xlsx``.
    csv_style : {"plain", "excel"}
        ``excel`` writes a byte order mark, semicolons and decimal commas, which a Bulgarian or Polish Excel opens in
        columns.

    Returns
    -------
    int
        How many text cells got a leading apostrophe, since a spreadsheet would run them as formulas.

    Raises
    ------
    OutputError
        For another ending, too many rows for a sheet, or a file that cannot be written.
    """
    ending = check_target(path)
    if ending == ".parquet":
        with replacing(path) as temporary:
            write_parquet(table.columns, temporary)
        return 0
    if ending == ".xlsx":
        return _write_xlsx(table, path, [say(name) for name in table.names] if is_for_people else table.names)
    return _write_csv(table, path, csv_style)


def check_target(path: Path) -> str:
    """Give the ending of a result file, or refuse it; called before long work, so that a typing error costs none."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise OutputError(f"{path}: the ending {ending or '(none)'} is not known; use {', '.join(ENDINGS)}.")
    _check_folder(path)
    return ending


def _check_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise OutputError(f"{path}: cannot be written: there is no folder {path.parent}.")
    if path.is_dir():
        raise OutputError(f"{path}: cannot be written: it is a folder.")


def write_json(value: object, path: Path) -> None:
    """Write a JSON document to a file, whole or absent."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n", encoding="utf-8")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder that takes the place of ``path`` when all went well.

    Raises
    ------
    OutputError
        Where the folder is missing or the file cannot be written; what stood at ``path`` is then still there.
    """
    _check_folder(path)
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}. Nothing was left there.") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    if os.name != "posix" and path.is_dir():
        return  # Windows cannot open a folder
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def defuse(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula.

    >>> defuse("=1+1"), defuse("+359 2 123 456"), defuse("-17")
    ("'=1+1", '+359 2 123 456', '-17')
    """
    is_formula = _FORMULA.match(text) and not _NUMBER_OR_PHONE.fullmatch(text)
    return "'" + text if is_formula else text


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


def _defused_rows(table: Table, count: Callable[[], None]) -> Iterator[list[Any]]:
    for row in table.rows():
        cells = []
        for value in row:
            safe = defuse(value) if isinstance(value, str) else value
            if safe is not value and safe != value:
                count()
            cells.append(safe)
        yield cells


class _Counter:
    def __init__(self) -> None:
        self.total = 0

    def __call__(self) -> None:
        self.total += 1


def _write_csv(table: Table, path: Path, style: CsvStyle) -> int:
    defused = _Counter()
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        _csv_rows(table, file, style, defused)
    return defused.total


def to_csv(table: Table, *, csv_style: CsvStyle = "plain") -> str:
    """Give a table as CSV text, the same that :func:`write_table` writes."""
    buffer = io.StringIO(newline="")
    _csv_rows(table, buffer, csv_style, _Counter())
    return buffer.getvalue()


def _csv_rows(table: Table, file: IO[str], style: CsvStyle, count: Callable[[], None]) -> None:
    is_excel = style == "excel"
    if is_excel:
        file.write("\ufeff")
    writer = csv.writer(file, delimiter=";" if is_excel else ",", lineterminator="\r\n" if is_excel else "\n")
    writer.writerow(table.names)
    for row in _defused_rows(table, count):
        writer.writerow([_csv_cell(value, decimal_comma=is_excel) for value in row])


def _csv_cell(value: Any, *, decimal_comma: bool) -> Any:
    if not isinstance(value, float):
        return "" if value is None else value
    text = f"{value:.9f}".rstrip("0")
    text = text + "0" if text.endswith(".") else text
    return text.replace(".", ",") if decimal_comma else text


def _write_xlsx(table: Table, path: Path, headings: Sequence[str]) -> int:
    import xlsxwriter

    if len(table) > XLSX_ROWS:
        raise OutputError(f"{path}: {len(table)} rows do not fit into a sheet of {XLSX_ROWS}; write .csv or .parquet.")
    defused = _Counter()
    with replacing(path) as temporary:
        book = xlsxwriter.Workbook(
            str(temporary), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        )
        book.set_properties({"created": _SHEET_DATE})
        sheet = book.add_worksheet("churnrisk")
        text, header = book.add_format({"num_format": "@"}), book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for position, name in enumerate(headings):
            sheet.write_string(0, position, name, header)
            sheet.set_column(position, position, max(12, len(name) + 2))
        for line, row in enumerate(_defused_rows(table, defused), start=1):
            _write_cells(sheet, line, row, text)
        try:
            book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            raise OSError(str(error)) from None
    return defused.total


def _write_cells(sheet: Any, line: int, row: Row, text: Any) -> None:
    for position, value in enumerate(row):
        if isinstance(value, str):
            sheet.write_string(line, position, value, text)
        elif value is not None:
            sheet.write_number(line, position, value)
