"""The careful reader of text files: slower than the engine's own, and at home in broken ones.

It cuts a file into records by itself, sets aside the lines that are none, and writes the rest as clean CSV with the
first physical line of each record before it.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from churnrisk.errors import LimitExceeded
from churnrisk.messages import mark
from churnrisk.sources.dialect import Dialect
from churnrisk.sources.encoding import UNDECODED

_SPAN = 16 * 1024**2
"""A quoted field that is not closed within so many characters never is."""


@dataclass(frozen=True)
class CarefulCut:
    """What the careful reader made of a file: two CSV files and their counts."""

    rows: int
    rejects: int
    longest: int


class _Lines:
    """The physical lines of a file, numbered, with a way back."""

    def __init__(self, file: IO[str], limit: int) -> None:
        self._file, self._limit = file, limit
        self._back: deque[str] = deque()
        self.number = 0

    def read(self) -> str | None:
        if self._back:
            line = self._back.popleft()
        else:
            line = self._file.readline(self._limit + 1)
            if len(line) > self._limit:
                raise LimitExceeded(
                    f"line {self.number + 1} has more than {self._limit} characters; see --max-field-size.",
                    code="limit.field_size",
                )
            if not line:
                return None
        self.number += 1
        return line.removesuffix("\n")

    def unread(self, lines: list[str]) -> None:
        self._back.extendleft(line + "\n" for line in reversed(lines))
        self.number -= len(lines)


class RecordReader:
    """Records of a text file, each with its first line; what is no record is told apart with a reason.

    Parameters
    ----------
    delimiter : str
        One character.
    width : int
        Number of fields that a record must have.
    """

    def __init__(self, delimiter: str, width: int) -> None:
        mark = re.escape(delimiter)
        self._delimiter, self._width = delimiter, width
        self._closed = re.compile(rf'[ ]*"([^"]*(?:""[^"]*)*)"[ ]*(?={mark}|\Z)')
        self._open = re.compile(r'[ ]*"[^"]*(?:""[^"]*)*\Z')
        self._escaped = re.compile(rf'[ ]*"([^"\\]*(?:(?:\\.|"")[^"\\]*)*)"[ ]*(?={mark}|\Z)', re.DOTALL)
        self._closing = re.compile(rf'[^"]*(?:""[^"]*)*"[ ]*(?={mark}|\Z)')
        self._no_closing = re.compile(r'[^"]*(?:""[^"]*)*\Z')

    def read(self, lines: _Lines) -> Iterator[tuple[int, list[str] | None, str, str]]:
        """Yield line, fields, reason and text; fields are None for what is no record."""
        while (line := lines.read()) is not None:
            number = lines.number
            if not line or line.isspace():
                continue
            fields, reason = self._record(line, lines)
            if fields is not None:
                fields, reason = self._fit(fields)
            yield number, fields, reason, line

    def _record(self, line: str, lines: _Lines) -> tuple[list[str] | None, str]:
        if "\0" in line:
            return None, mark("a zero byte")
        if UNDECODED in line:
            return None, mark("bytes that are not of the file's encoding")
        if '"' not in line:
            return line.split(self._delimiter), ""
        fields, is_open = self._cut(line)
        if fields is None:
            return None, mark("a quote in the middle of a quoted field")
        if not is_open:
            return fields, ""
        return self._continue(line, lines)

    def _cut(self, text: str) -> tuple[list[str] | None, bool]:
        """Cut a text into fields; the second value tells that its last field is quoted and not closed."""
        fields: list[str] = []
        at = 0
        while True:
            if text.startswith('"', at) or text[at : at + 2] == ' "':
                match = self._closed.match(text, at)
                if match:
                    fields.append(match.group(1).replace('""', '"'))
                elif match := self._escaped.match(text, at):
                    fields.append(re.sub(r'\\(.)|""', lambda m: m.group(1) or '"', match.group(1), flags=re.DOTALL))
                else:
                    return (fields, True) if self._open.match(text, at) else (None, False)
                at = match.end()
            else:
                end = text.find(self._delimiter, at)
                end = len(text) if end < 0 else end
                fields.append(text[at:end])
                at = end
            if at >= len(text):
                return fields, False
            at += len(self._delimiter)

    def _continue(self, first: str, lines: _Lines) -> tuple[list[str] | None, str]:
        """Add the lines that a quoted field spans; where it does not end, only the first line is lost."""
        taken: list[str] = []
        size = 0
        while size < _SPAN and (line := lines.read()) is not None:
            taken.append(line)
            size += len(line) + 1
            if self._closing.match(line):
                text = "\n".join([first, *taken])
                fields, is_open = self._cut(text)
                if is_open:
                    continue
                if (
                    fields is None
                    or len(fields) != self._width
                    or self._swallows(taken)
                    or UNDECODED in text
                    or "\0" in text
                ):
                    break
                return fields, ""
            if not self._no_closing.match(line):
                break
        lines.unread(taken)
        return None, mark("a quote that is never closed")

    def _swallows(self, taken: list[str]) -> bool:
        """Tell whether a line inside a quoted field is a whole record by itself."""
        return self._width > 2 and any(
            line.count(self._delimiter) == self._width - 1 and '"' not in line for line in taken[:-1]
        )

    def _fit(self, fields: list[str]) -> tuple[list[str] | None, str]:
        if len(fields) > self._width and not any(field.strip() for field in fields[self._width :]):
            fields = fields[: self._width]
        if len(fields) != self._width:
            return None, f"{len(fields)} fields where the header has {self._width}"
        return fields, ""


def cut_carefully(path: Path, dialect: Dialect, *, rows: Path, rejects: Path, limit: int) -> CarefulCut:
    """Write the records of a UTF-8 file to ``rows`` and the lines that are none to ``rejects``, all numbered."""
    reader = RecordReader(dialect.delimiter, len(dialect.headers))
    count = rejected = longest = 0
    with (
        path.open(encoding="utf-8", errors="churnrisk-mark", newline=None) as source,
        rows.open("w", encoding="utf-8", newline="") as good,
        rejects.open("w", encoding="utf-8", newline="") as bad,
    ):
        lines = _Lines(source, limit)
        for _ in range(dialect.header_line):
            lines.read()
        write, write_bad = (
            csv.writer(good, lineterminator="\n", quoting=csv.QUOTE_ALL),
            csv.writer(bad, lineterminator="\n", quoting=csv.QUOTE_ALL),
        )
        for number, fields, reason, text in reader.read(lines):
            if fields is None:
                rejected += 1
                write_bad.writerow([number, clip(text), reason])
            else:
                count += 1
                longest = max(longest, sum(map(len, fields)))
                write.writerow([number, *fields])
    return CarefulCut(count, rejected, longest)


def clip(text: str, length: int = 200) -> str:
    """Cut a text, and write what could not be printed as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:length])[: 2 * length]
