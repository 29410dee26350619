"""The dialect of a text file: its delimiter and the line of its header, found by what the lines say."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from churnrisk.sources.columns import count_matches
from churnrisk.sources.headers import plain_header

DELIMITERS = (",", ";", "\t", "|")
_HEADER_LINES = 60
"""A header stands in the first so many lines; above it there may be a title, a date, blank lines."""


@dataclass(frozen=True)
class Dialect:
    """How a text file is cut: at which character, and from which line on."""

    delimiter: str
    header_line: int
    headers: tuple[str, ...]


def find_dialect(text: str, columns: Mapping[str, str], *, delimiter: str | None = None) -> Dialect:
    """Find the delimiter and the header from the first lines of a file.

    The header is the line that names most of the columns we know (or the user has named), cut at the delimiter
    under which it does so. Where no line names any, it is the first line of the width that most lines have.

    Parameters
    ----------
    text : str
        The beginning of the file.
    columns : mapping of str to str
        The user's headers.
    delimiter : str, optional
        The user's choice.
    """
    lines = split_lines(text)[:_HEADER_LINES]
    told = re.fullmatch(r"sep=(.)", lines[0].strip("\ufeff ") if lines else "", flags=re.IGNORECASE)
    candidates = (delimiter,) if delimiter else (told.group(1),) if told else DELIMITERS
    marks = [mark for mark in candidates if any(mark in line for line in lines)]
    marks += [mark for mark in candidates if mark not in marks][:1]  # those that no line has all say the same
    start = 1 if told else 0
    wanted = {plain_header(header) for header in columns.values()}
    best = max(
        (
            (count_known(cut_line(line, mark), wanted), -number, mark)
            for mark in marks
            for number, line in enumerate(lines)
            if number >= start
        ),
        key=lambda found: (found[0], found[1], -candidates.index(found[2])),
        default=(0, 0, ","),
    )
    if best[0] > 0:
        first = next(number for number, line in enumerate(lines) if number >= start and line.strip())
        is_first = best[0] == 1 and _may_be_header(cut_line(lines[first], best[2]), cut_line(lines[-best[1]], best[2]))
        return _dialect(lines, first if is_first else -best[1], best[2])
    return _widest(lines, start, candidates)


_DATA = re.compile(r"[-+(]?[\d.,:/\sTZ+-]*\d[\d.,:/\sTZ+-]*\)?")


def count_known(fields: Sequence[str], wanted: set[str]) -> int:
    """Count the fields of a line that name a column we know or the user has named, less those that are data."""
    if len(fields) > 1 and all(len(field) > 200 for field in fields):
        return 0
    named = sum(plain_header(field) in wanted for field in fields)
    data = sum(len(field) < 40 and _DATA.fullmatch(field.strip()) is not None for field in fields)
    return max(named, count_matches(fields) + named - data)


def _may_be_header(first: Sequence[str], found: Sequence[str]) -> bool:
    """Tell whether the first line is as likely the header as one further down in which a single name is known."""
    filled = [field for field in first if field.strip()]
    width = sum(bool(field.strip()) for field in found)
    return len(filled) >= width > 1 and not any(map(_DATA.fullmatch, filled))


def _widest(lines: Sequence[str], start: int, candidates: Sequence[str]) -> Dialect:
    """Take the delimiter under which most lines have the same number of fields, more than one."""
    best = (0, 0, candidates[0], start)
    for mark in candidates:
        widths = [len(cut_line(line, mark)) if line.strip() else 0 for line in lines[start:]]
        found = Counter(width for width in widths if width > 1).most_common(1)
        if not found:
            continue
        width, count = found[0]
        if (count, width) > best[:2]:
            best = (count, width, mark, start + widths.index(width))
    if not best[0]:
        first = next((k for k, line in enumerate(lines) if k >= start and line.strip()), start)
        return _dialect(lines, first, candidates[0])
    return _dialect(lines, best[3], best[2])


def _dialect(lines: Sequence[str], number: int, delimiter: str) -> Dialect:
    headers = cut_line(lines[number], delimiter) if lines else []
    while len(headers) > 1 and not headers[-1].strip():
        headers.pop()  # a delimiter at the end of every line
    return Dialect(delimiter, number + 1, tuple(header.strip().strip("\ufeff").strip() for header in headers))


def split_lines(text: str) -> list[str]:
    """Cut text at line ends of any kind, and nowhere else."""
    return re.split(r"\r\n|\r|\n", text)


def cut_line(line: str, delimiter: str) -> list[str]:
    """Cut one line into fields."""
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line.lstrip("\ufeff")], delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)


@dataclass(frozen=True)
class RowHeader:
    """Where the header of a table of cells stands.

    Parameters
    ----------
    headers : tuple of str
        Its cells.
    header_row : int
        Its place among the rows that are not empty, from 1.
    header_line : int
        Its row in the sheet.
    skip : int
        Physical lines of the CSV file up to its end.
    matches : int
        How many columns that we know it names.
    """

    headers: tuple[str, ...]
    header_row: int
    header_line: int
    skip: int
    matches: int


def find_dialect_of_rows(path: Path, columns: Mapping[str, str]) -> RowHeader:
    """Find the header among the first rows of a numbered CSV file, as :func:`find_dialect` does among lines."""
    wanted = {plain_header(header) for header in columns.values()}
    csv.field_size_limit(1 << 30)
    found: list[RowHeader] = []
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        for number, row in enumerate(itertools.islice(rows, _HEADER_LINES), 1):
            headers = tuple(cell.strip() for cell in row[1:])
            found.append(RowHeader(headers, number, int(row[0]), rows.line_num, count_known(headers, wanted)))
    best = max(found, key=lambda one: (one.matches, -one.header_row))
    if best.matches:
        return found[0] if best.matches == 1 and _may_be_header(found[0].headers, best.headers) else best
    return max(found, key=lambda one: (sum(map(bool, one.headers)), -one.header_row))
