"""Checksums of Parquet pages, which the engine does not look at; runs in the limited process.

Pages and the footer are described in Thrift's compact protocol (apache/parquet-format, ``parquet.thrift``). Only the
few fields that lead to the pages are used; a file without checksums passes.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import IO, Any

from churnrisk.sources.child import SOURCE, Refused

_FOOTER_LIMIT = 64 * 1024**2
_HEADER = 1 << 16
_DEPTH = 32
_ROW_GROUPS, _COLUMNS, _META = 4, 1, 3
_TOTAL_SIZE, _DATA_OFFSET, _DICTIONARY_OFFSET = 7, 9, 11
_PAGE_SIZE, _PAGE_CRC = 3, 4


class _Compact:
    """A reader of Thrift's compact protocol: structs become dicts by field number."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def byte(self) -> int:
        value = self.data[self.at]
        self.at += 1
        return value

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 70:
                raise ValueError("a number without end")

    def zigzag(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def struct(self, depth: int = 0) -> dict[int, Any]:
        if depth > _DEPTH:
            raise ValueError("nested too deep")
        fields: dict[int, Any] = {}
        number = 0
        while head := self.byte():
            number = number + (head >> 4) if head >> 4 else self.zigzag()
            fields[number] = self.value(head & 0x0F, depth)
        return fields

    def value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return self.byte()
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == 7:
            return self.skip(8)
        if kind == 8:
            return self.skip(self.varint())
        if kind in (9, 10):
            return self.items(depth)
        if kind == 12:
            return self.struct(depth + 1)
        raise ValueError(f"an unknown type, {kind}")

    def items(self, depth: int) -> list[Any]:
        head = self.byte()
        size, kind = head >> 4, head & 0x0F
        if size == 15:
            size = self.varint()
        if size > len(self.data):
            raise ValueError("a list longer than the file")
        if kind in (1, 2):
            return [self.byte() == 1 for _ in range(size)]
        return [self.value(kind, depth + 1) for _ in range(size)]

    def skip(self, size: int) -> int:
        if size > len(self.data) - self.at:
            raise IndexError("a text longer than the file")
        self.at += size
        return size


def check_pages(path: Path) -> None:
    """Compare each page with its checksum, where it has one.

    Raises
    ------
    Refused
        Where a page differs from its checksum, or the file is cut off.
    """
    try:
        with path.open("rb") as file:
            for column in _columns(_footer(file)):
                _check_column(file, column)
    except (IndexError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(SOURCE, f"the Parquet file is damaged or cut off: {error}") from error


def _footer(file: IO[bytes]) -> dict[int, Any]:
    size = file.seek(0, 2)
    file.seek(max(size - 8, 0))
    end = file.read(8)
    length = int.from_bytes(end[:4], "little")
    if end[4:] != b"PAR1" or length > min(size, _FOOTER_LIMIT):
        raise ValueError("it has no footer")
    file.seek(size - 8 - length)
    return _Compact(file.read(length)).struct()


def _columns(footer: dict[int, Any]) -> list[dict[int, Any]]:
    return [
        column[_META] for group in footer.get(_ROW_GROUPS, []) for column in group.get(_COLUMNS, []) if _META in column
    ]


def _check_column(file: IO[bytes], column: dict[int, Any]) -> None:
    at = min(offset for offset in (column[_DATA_OFFSET], column.get(_DICTIONARY_OFFSET)) if offset)
    end = at + column[_TOTAL_SIZE]
    while at < end:
        file.seek(at)
        head = _Compact(file.read(_HEADER))
        page = head.struct()
        size = page[_PAGE_SIZE]
        if size < 0:
            raise ValueError("a page of negative size")
        if _PAGE_CRC in page:
            file.seek(at + head.at)
            if zlib.crc32(file.read(size)) != page[_PAGE_CRC] & 0xFFFFFFFF:
                raise Refused(SOURCE, f"a page at byte {at} does not match its checksum; the file is damaged")
        at += head.at + size
