"""JSON lines, and JSON arrays of objects; runs in the limited process."""

from __future__ import annotations

import csv
import functools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from churnrisk.messages import mark, wording
from churnrisk.sources.aliases import ALIASES
from churnrisk.sources.child import LIMIT, SOURCE, Refused, Task
from churnrisk.sources.headers import plain_header

_LINE = 64 * 1024**2
_PARTS = 100  # an object of more parts, or objects that have more in all, are text: such names say something themselves


class Number(str):
    """The digits of a JSON number, as they stand in the file."""

    __slots__ = ()


class _Twins(dict[str, Any]):
    """An object, or one that has such within, in which a name stands twice: ``name`` says which."""

    name = ""


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs) and not any(isinstance(value, _Twins | list) for value in found.values()):
        return found
    counts = Counter(name for name, _ in pairs)
    name = next((name for name, count in counts.items() if count > 1), "") or _find_twins(list(found.values()))
    if not name:
        return found
    twins = _Twins(found)
    twins.name = name
    return twins


def _find_twins(values: list[Any]) -> str:
    """Return the name that stands twice in one of some values, or within; empty for none."""
    for value in values:
        name = value.name if isinstance(value, _Twins) else _find_twins(value) if isinstance(value, list) else ""
        if name:
            return name
    return ""


_READ = json.JSONDecoder(
    object_pairs_hook=_make_object, parse_float=Number, parse_int=Number, parse_constant=str
).decode


class _Columns:
    """The names of all objects together, which are the columns, and what the values of each have been."""

    def __init__(self, task: Task) -> None:
        self.headers: dict[str, int] = {}
        self.odd: list[tuple[int, str, str]] = []  # cells of ids that are no text: line, name, text
        self._kinds: dict[str, set[bool]] = {}
        self._parts: dict[str, set[str]] = {}
        self._is_id = _tell_ids(task)

    def take(self, line: int, record: dict[str, Any]) -> list[str]:
        """The cells of an object; an object within gives a column for each of its parts, as ``billing.email``."""
        self.odd += [
            (line, name, _text(value)) for name, value in record.items() if _is_odd(value) and self._is_id(name)
        ]
        found = dict(_flatten(record, self._parts))
        for name, value in found.items():
            self.headers.setdefault(name, len(self.headers))
            if value is not None:
                self._kinds.setdefault(name, set()).add(isinstance(value, Number))
        row = [""] * len(self.headers)
        for name, value in found.items():
            row[self.headers[name]] = _text(value)
        return row

    @property
    def typed(self) -> list[int]:
        """Return the places of the columns that hold numbers only."""
        return [place for name, place in self.headers.items() if self._kinds.get(name) == {True}]


def parse_json(task: Task) -> dict[str, Any]:
    """Write ``rows.csv`` from objects; the names of all objects together are the columns."""
    columns = _Columns(task)
    count = rejected = 0
    with (
        (task.folder / "records.csv").open("w", encoding="utf-8", newline="") as good,
        (task.folder / "rejects.csv").open("w", encoding="utf-8", newline="") as bad,
    ):
        write, write_bad = (
            csv.writer(good, lineterminator="\n", quoting=csv.QUOTE_ALL),
            csv.writer(bad, lineterminator="\n", quoting=csv.QUOTE_ALL),
        )
        for line, record, reason in _records(task):
            if not isinstance(record, dict):
                rejected += 1
                shown = record if isinstance(record, str) else json.dumps(record, default=str)
                write_bad.writerow([line, shown[:200].strip(), reason or mark("not a JSON object")])
                continue
            row = columns.take(line, record)
            if len(columns.headers) > task.max_columns:
                raise Refused(LIMIT, f"it has more than {task.max_columns} columns; the bound is --max-columns")
            write.writerow([line, *row])
            count += 1
    _level(task, len(columns.headers))
    _write_odd(task, columns)
    found = {"headers": list(columns.headers), "rows": count, "rejects": rejected, "typed": columns.typed}
    return {**found, "odd": len(columns.odd)}


def _write_odd(task: Task, columns: _Columns) -> None:
    """Write the cells of ids that are no text, in columns of text."""
    reason = mark("an id must be a text or a number")
    with (task.folder / "odd.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
            [line, columns.headers[name], text[:200], reason]
            for line, name, text in columns.odd
            if name in columns.headers
        )


def _tell_ids(task: Task) -> Callable[[str], bool]:
    """Return what tells whether a name is one of ids, of customers or of orders."""
    roles = ("customer_id", "order_id")
    names = {plain_header(name) for role in roles for tier in ALIASES[role] for name in tier}
    names |= {plain_header(task.columns[role]) for role in roles if role in task.columns}
    return functools.cache(lambda name: plain_header(name) in names)


def _is_odd(value: Any) -> bool:
    return isinstance(value, dict | list | bool)


def _flatten(record: dict[str, Any], parts: dict[str, set[str]]) -> Iterator[tuple[str, Any]]:
    """Yield names and values, those of an object within by its own name and theirs."""
    for name, value in record.items():
        if not isinstance(value, dict) or not 0 < len(value) <= _PARTS:
            yield name, value
            continue
        known = parts.setdefault(name, set())
        for part, inner in value.items():
            if part in known or len(known) < _PARTS:
                known.add(part)
                yield f"{name}.{part}", inner


def _level(task: Task, width: int) -> None:
    """Give all rows the same number of fields, since a later object may have brought new names."""
    with (
        (task.folder / "records.csv").open(encoding="utf-8", newline="") as short,
        (task.folder / "rows.csv").open("w", encoding="utf-8", newline="") as full,
    ):
        csv.field_size_limit(_LINE)
        write = csv.writer(full, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for row in csv.reader(short):
            write.writerow(row + [""] * (width + 1 - len(row)))


def _records(task: Task) -> Iterator[tuple[int, Any, str]]:
    with task.path.open("rb") as file:
        start = file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"["):
        yield from _array(task)
        return
    with task.path.open("rb") as file:
        number = 0
        while line := file.readline(_LINE + 1):
            number += 1
            if len(line) > _LINE:
                raise Refused(LIMIT, f"line {number} has more than {_LINE} bytes; the bound is --max-field-size")
            if line.strip(b"\xef\xbb\xbf \t\r\n"):
                yield number, *_load(line, task)


def _load(line: bytes, task: Task) -> tuple[Any, str]:
    try:
        text = line.decode("utf-8-sig")
        if deepest(text) > task.max_depth:
            return text, f"JSON nested deeper than {task.max_depth}; the bound is --max-depth"
        return _told(_READ(text))
    except UnicodeDecodeError:
        return line[:200].decode("utf-8", errors="backslashreplace"), mark("bytes that are not UTF-8")
    except (ValueError, RecursionError) as error:
        return line[:200].decode("utf-8", errors="backslashreplace"), wording("not JSON: {name}").format(name=error)


def _array(task: Task) -> Iterator[tuple[int, Any, str]]:
    try:
        text = task.path.read_bytes().decode("utf-8-sig")
        if deepest(text) > task.max_depth:
            raise Refused(LIMIT, f"JSON nested deeper than {task.max_depth}; the bound is --max-depth")
        records = _READ(text)
    except (ValueError, RecursionError) as error:
        raise Refused(SOURCE, f"it is not JSON: {error}") from error
    for number, record in enumerate(records, 1):
        yield number, *_told(record)


def _told(record: Any) -> tuple[Any, str]:
    """Return a record, or its text where nobody could say which of two values is meant, with the reason."""
    if not isinstance(record, _Twins):
        return record, ""
    shown = json.dumps(record, ensure_ascii=False, default=str)
    return shown, wording("the name {name} stands twice in one object").format(name=repr(record.name[:60]))


def deepest(text: str) -> int:
    """Return how deep brackets are nested, counting those inside of strings, too: never too few."""
    if text.count("[") + text.count("{") <= 64:
        return 0
    depth = most = 0
    for c in text:
        if c in "[{":
            depth += 1
            most = max(most, depth)
        elif c in "]}":
            depth -= 1
    return most


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value).encode("utf-8", errors="replace").decode()
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", errors="replace").decode()
