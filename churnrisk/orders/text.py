"""Text files: their encoding, line ends, delimiter and header, found in the file and told to the reader."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from churnrisk.errors import SourceError
from churnrisk.orders.columns import count_matches
from churnrisk.orders.raw import RawRows
from churnrisk.orders.sql import quote_text

DELIMITERS = (",", ";", "\t", "|")
_CHUNK = 1 << 22
_HEAD = 1 << 20


@dataclass(frozen=True)
class TextScan:
    """What one pass over the bytes of a file says."""

    is_utf8: bool
    line_count: int
    newline: str
    has_quotes: bool
    has_nul: bool
    head: bytes


def scan_text(path: Path) -> TextScan:
    """Read a file once, counting what decides how it may be read."""
    feeds = returns = pairs = 0
    quotes = nuls = False
    is_utf8, tail, last = True, b"", b""
    head = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if chunk.endswith(b"\r"):
                chunk += file.read(1)
            head = head or chunk[:_HEAD]
            feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            pairs += chunk.count(b"\r\n")
            quotes = quotes or b'"' in chunk
            nuls = nuls or b"\0" in chunk
            if is_utf8:
                is_utf8, tail = _continue_utf8(tail + chunk)
            last = chunk[-1:]
    newline = "\r\n" if pairs and pairs == feeds == returns else "\n" if not returns else ""
    lines = feeds + (last not in (b"\n", b""))
    return TextScan(is_utf8 and not tail, lines, newline, quotes, nuls, head)


def _continue_utf8(data: bytes) -> tuple[bool, bytes]:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(data) - error.start < 4 and error.reason == "unexpected end of data":
            return True, data[error.start :]
        return False, b""
    return True, b""


def read_text(path: Path, *, name: str, columns: Mapping[str, str]) -> RawRows:
    """Give the rows of a comma, semicolon, tab or pipe separated file."""
    scan = scan_text(path)
    if not scan.head.strip():
        raise SourceError(f"{name} is empty; it must have a header and a row per purchase.")
    if not scan.is_utf8:
        raise SourceError(f"{name} is not UTF-8 text; save it as CSV UTF-8.")
    text = scan.head.decode("utf-8-sig", errors="ignore")
    line = text.splitlines()[0]
    delimiter = find_delimiter(line, columns)
    headers = tuple(header.strip() for header in next(csv.reader([line], delimiter=delimiter)))
    if scan.line_count < 2:
        raise SourceError(f"{name} has a header and no rows; it must have a row per purchase.")
    fields = ", ".join(f"'c{k}': 'VARCHAR'" for k in range(len(headers)))
    sql = (
        f"read_csv({quote_text(str(path))}, auto_detect=false, header=true, delim={quote_text(delimiter)}, quote='\"', "
        f"escape='\"', columns={{{fields}}}, strict_mode=true, null_padding=false, comment='', "
        f"max_line_size=16777216)"
    )
    return RawRows(
        name=name,
        format="CSV",
        headers=headers,
        sql=sql,
        first_line=2,
        expected_rows=scan.line_count - 1,
        is_escaped=True,
    )


def find_delimiter(line: str, columns: Mapping[str, str]) -> str:
    """Choose the delimiter by which a header line has the most columns that we know, then the most columns."""

    def score(delimiter: str) -> tuple[int, int]:
        fields = next(csv.reader([line], delimiter=delimiter))
        chosen = sum(header.strip() in columns.values() for header in fields)
        return count_matches(fields) + chosen, len(fields)

    return max(DELIMITERS, key=score)
