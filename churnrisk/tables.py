"""Result tables to files: CSV, Parquet or xlsx by the file's ending, each whole or absent.

Text that a spreadsheet would run as a formula gets a leading apostrophe in CSV and xlsx, which the reader of
purchases takes off again; Parquet and JSON carry it raw.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from churnrisk.engines import write_parquet, write_parquet_parts
from churnrisk.errors import OutputError
from churnrisk.formulas import SUSPECT, defuse
from churnrisk.messages import say_heading
from churnrisk.schema import CsvStyle
from churnrisk.writing import Holds, check_place, replacing

Row = Sequence[Any]
Kind = Literal["text", "whole", "float"]
ENDINGS = (".csv", ".parquet", ".xlsx")
_SHEET_DATE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # fixed, so that the same table gives the same bytes
_PLAIN_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
XLSX_ROWS = 1_048_575  # the sheet's limit, less the header
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
WIDTH_ROWS, MIN_WIDTH, MAX_WIDTH = 200, 12, 70
"""Rows that tell how wide a column of a sheet is, and its width in characters."""


class Table:
    """Named columns of equal length, holding text, whole numbers, floats, and None where there is nothing.

    Parameters
    ----------
    columns : mapping of str to sequence
        Column name to values; a float NaN counts as nothing.
    """

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        self.columns = {name: _plain_values(values) for name, values in columns.items()}

    @property
    def names(self) -> list[str]:
        """The column names, in order."""
        return list(self.columns)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Return the rows one by one."""
        return zip(*self.columns.values(), strict=True)

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as dictionaries, for JSON."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows()]


def write_table(
    table: Table, path: Path, *, holds: Holds | None, csv_style: CsvStyle = "plain", is_for_people: bool = False
) -> int:
    """Write a table to a file, whole or absent, in the format that its ending names.

    Parameters
    ----------
    table : Table
        What to write.
    path : Path
        Ends in ``.csv``, ``.parquet`` or ``.xlsx``.
    holds : str or None
        What it holds of customers; None where it names none.
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
        with replacing(path, holds=holds) as temporary:
            write_parquet(table.columns, temporary)
        return 0
    if ending == ".xlsx":
        headings = [say_heading(name) for name in table.names] if is_for_people else table.names
        return write_workbook([Sheet("churnrisk", table, headings)], path, holds=holds)
    return _write_csv(iter([table]), path, csv_style, holds)


def write_tables(
    tables: Iterator[Table],
    path: Path,
    *,
    kinds: Mapping[str, Kind],
    holds: Holds | None,
    csv_style: CsvStyle = "plain",
) -> int:
    """Write parts of a table one after the other, the same bytes as :func:`write_table` writes of all at once.

    Parameters
    ----------
    tables : iterator of Table
        At least one, all with the same columns.
    path : Path
        Ends in ``.csv`` or ``.parquet``; a workbook is not written in parts.
    kinds : mapping of str to {"text", "whole", "float"}
        What each column holds; for Parquet, since a part may hold nothing in a column.
    holds, csv_style
        As for :func:`write_table`.
    """
    ending = check_target(path)
    if ending == ".csv":
        return _write_csv(tables, path, csv_style, holds)
    if ending != ".parquet":
        raise OutputError(f"{path}: so many rows are written to .csv or .parquet.")
    with replacing(path, holds=holds) as temporary:
        write_parquet_parts((table.columns for table in tables), temporary, kinds=kinds)
    return 0


def check_target(path: Path) -> str:
    """Return the ending of a result file, or refuse it; called before long work, so that a typing error costs none."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise OutputError(f"{path}: the ending {ending or '(none)'} is not known; use {', '.join(ENDINGS)}.")
    check_place(path)
    return ending


def _plain_values(values: Sequence[Any]) -> list[Any]:
    """Return plain Python values, None for NaN; whole arrays at once, since a table may have millions of cells."""
    kind = getattr(getattr(values, "dtype", None), "kind", "")
    if kind == "f":
        return _without_nan(values, values)
    plain: list[Any] = values.tolist() if hasattr(values, "tolist") else list(values)
    types = set(map(type, plain))
    if (kind and kind in "iu") or types <= _TEXTS:
        return plain
    if not types <= _PLAIN:
        return [_plain(one) for one in plain]
    return [None if one != one else one for one in plain]


def whole_numbers(values: Any) -> list[int | None]:
    """Return an array of floats as whole numbers, None for NaN."""
    import numpy as np

    return _without_nan(np.nan_to_num(values).astype(np.int64), values)


def _without_nan(values: Any, told_by: Any) -> list[Any]:
    is_missing = told_by != told_by  # NaN is not itself
    if is_missing.any():
        values = values.astype(object)
        values[is_missing] = None
    plain: list[Any] = values.tolist()
    return plain


_PLAIN = frozenset({str, int, float, bool, dt.date, type(None)})
_TEXTS = frozenset({str, type(None)})
_NUMBERS = frozenset({float, type(None)})


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


def _defuse_column(values: list[Any], count: _Counter) -> list[Any]:
    """Defuse the texts of a column; most begin with nothing that could be a formula and are not looked at twice."""
    if str not in set(map(type, values)) or not any(str(one)[:1] in SUSPECT for one in set(values)):
        return values
    safe = [defuse(one) if isinstance(one, str) and one[:1] in SUSPECT else one for one in values]
    count.total += sum(1 for one, other in zip(safe, values, strict=True) if one is not other and one != other)
    return safe


class _Counter:
    total = 0


def _write_csv(tables: Iterator[Table], path: Path, style: CsvStyle, holds: Holds | None) -> int:
    defused = _Counter()
    with replacing(path, holds=holds) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        _csv_rows(tables, file, style, defused)
    return defused.total


def to_csv(table: Table, *, csv_style: CsvStyle = "plain") -> str:
    """Return a table as CSV text, the same that :func:`write_table` writes."""
    buffer = io.StringIO(newline="")
    _csv_rows(iter([table]), buffer, csv_style, _Counter())
    return buffer.getvalue()


def _csv_rows(tables: Iterator[Table], file: IO[str], style: CsvStyle, count: _Counter) -> None:
    is_excel = style == "excel"
    if is_excel:
        file.write("\ufeff")
    writer = csv.writer(file, delimiter=";" if is_excel else ",", lineterminator="\r\n" if is_excel else "\n")
    for number, table in enumerate(tables):
        if number == 0:
            writer.writerow(table.names)
        cells = [
            _csv_column(_defuse_column(values, count), decimal_comma=is_excel) for values in table.columns.values()
        ]
        writer.writerows(zip(*cells, strict=True))


def _csv_column(values: list[Any], *, decimal_comma: bool) -> list[Any]:
    """Make cells of a column for a writer that leaves None empty; floats with at most nine decimals and at least one.

    Most floats are written by Python itself as they should be, so only the others are looked at one by one.
    """
    if float not in set(map(type, values)):
        return values
    sign = "," if decimal_comma else "."
    others = range(len(values)) if decimal_comma else _floats_to_write(values)
    cells = list(values)
    for place in others:
        if isinstance(cells[place], float):
            cells[place] = _csv_float(cells[place], sign)
    return cells


def _floats_to_write(values: list[Any]) -> list[int]:
    """Return the places of floats that Python might write in another way than :func:`_csv_float`.

    The nearest float to a number of at most nine decimals and fifteen digits is written as that number; from 0.0001 on
    without an exponent.
    """
    import numpy as np

    if not _NUMBERS.issuperset(map(type, values)):
        return list(range(len(values)))
    numbers = np.array(values, dtype=float)  # None becomes NaN
    sizes = np.abs(numbers)
    with np.errstate(over="ignore"):
        is_plain = (np.round(numbers, 9) == numbers) & (sizes < 1e6) & ((sizes >= 1e-4) | (numbers == 0))
    found: list[int] = np.flatnonzero(~is_plain & ~np.isnan(numbers)).tolist()
    return found


def _csv_float(value: float, sign: str) -> str:
    text = f"{value:.9f}".rstrip("0")
    text = text + "0" if text[-1] == "." else text
    return text if sign == "." else text.replace(".", sign)


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook.

    Parameters
    ----------
    title : str
        At most 31 characters, letters and spaces.
    table : Table
        What it holds; a cell may be a :class:`datetime.date`.
    headings : sequence of str
        Of the columns, in their order.
    formats : mapping of str to str
        Number formats by column name, such as ``0%``.
    """

    title: str
    table: Table
    headings: Sequence[str]
    formats: Mapping[str, str] = field(default_factory=dict)


def write_workbook(sheets: Sequence[Sheet], path: Path, *, holds: Holds | None) -> int:
    """Write a workbook, whole or absent: frozen headings, filters, and columns as wide as what is in them.

    Parameters
    ----------
    sheets : sequence of Sheet
        In their order; the first one is shown.
    path : Path
        Where to.
    holds : str or None
        What it holds of customers; None where it names none.

    Returns
    -------
    int
        How many text cells got a leading apostrophe, since a spreadsheet would run them as formulas.
    """
    import xlsxwriter

    for sheet in sheets:
        if len(sheet.table) > XLSX_ROWS:
            raise OutputError(
                f"{path}: {len(sheet.table)} rows do not fit into a sheet of {XLSX_ROWS}; write .csv or .parquet."
            )
    # its parts wait beside the file, so that there is one place only that can be full
    with (
        replacing(path, holds=holds) as temporary,
        tempfile.TemporaryDirectory(prefix=".churnrisk-", dir=path.parent) as parts,
    ):
        book = xlsxwriter.Workbook(str(temporary), {**_PLAIN_TEXT, "tmpdir": parts})
        count = _fill_book(book, sheets)
        try:
            book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            raise error.args[0] from None  # the error of the system
    return count


def to_xlsx(tables: Iterator[Table], headings: Sequence[str]) -> bytes:
    """Return parts of a table, one after the other, as a workbook with these headings."""
    kept = list(tables)
    whole = Table({name: [one for part in kept for one in part.columns[name]] for name in kept[0].names})
    return book_of([Sheet("churnrisk", whole, headings)])


def book_of(sheets: Sequence[Sheet]) -> bytes:
    """Return a workbook as :func:`write_workbook` writes it."""
    import xlsxwriter

    content = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="churnrisk-") as parts:
        book = xlsxwriter.Workbook(content, {**_PLAIN_TEXT, "tmpdir": parts})
        _fill_book(book, sheets)
        book.close()
    return content.getvalue()


def _fill_book(book: Any, sheets: Sequence[Sheet]) -> int:
    defused = _Counter()
    book.set_properties({"created": _SHEET_DATE})
    for sheet in sheets:
        _write_sheet(book, sheet, defused)
    return defused.total


def _write_sheet(book: Any, sheet: Sheet, defused: _Counter) -> None:
    page, table = book.add_worksheet(sheet.title), sheet.table
    header, date = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    text = book.add_format({"num_format": "@"})
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, len(table), max(len(table.names) - 1, 0))
    numbers = {name: book.add_format({"num_format": known}) for name, known in sheet.formats.items()}
    columns = zip(sheet.headings, table.columns.items(), strict=True)
    for position, (heading, (name, values)) in enumerate(columns):
        page.write_string(0, position, heading, header)
        page.set_column(position, position, _width_of(heading, values), numbers.get(name))
    days = {name: _as_days(values) if _is_day(name) else values for name, values in table.columns.items()}
    cells = [_defuse_column(values, defused) for values in days.values()]
    for line, row in enumerate(zip(*cells, strict=True), start=1):
        _write_cells(page, line, row, text, date)


def _is_day(name: str) -> bool:
    """Tell whether a column holds days, by its name."""
    return name == "as_of" or name.endswith("_on")


def _as_days(values: list[Any]) -> list[Any]:
    """Return days that stand as text as days, which a spreadsheet can subtract; other cells as they are."""
    return [dt.date.fromisoformat(one) if isinstance(one, str) and _DAY.fullmatch(one) else one for one in values]


def _width_of(heading: str, values: Sequence[Any]) -> int:
    """Width of a column in characters: room for the filter's sign, and for most of what is in the first rows."""
    longest = max((len(str(one)) for one in values[:WIDTH_ROWS] if one is not None), default=0)
    return min(max(MIN_WIDTH, len(heading) + 4, longest + 1), MAX_WIDTH)


def _write_cells(sheet: Any, line: int, row: Row, text: Any, date: Any) -> None:
    for position, value in enumerate(row):
        if isinstance(value, str):
            sheet.write_string(line, position, value, text)
        elif isinstance(value, dt.date):
            sheet.write_datetime(line, position, value, date)
        elif value is not None:
            sheet.write_number(line, position, value)
