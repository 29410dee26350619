"""Everything that a state holds of a customer, by a walk over all of its tables: no table is left out by being new."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from churnrisk.state.copying import TABLES
from churnrisk.state.database import State
from churnrisk.state.erasure import SEPARATORS

WITHHELD = ("_hash", "digest", "_token")
"""Endings of columns that are secrets or hashes, and tell nobody anything."""


def find_held(state: State, customer_ids: Set[str], digests: Set[str] = frozenset()) -> dict[str, list[dict[str, Any]]]:
    """Return every row that names a customer, by table; tables without one are left out.

    A row of the customer is given as it is; of another one, such as a job with the orders of many, only the parts that
    name the customer.

    Parameters
    ----------
    state : State
        The open state.
    customer_ids : set of str
        The customer, in each spelling.
    digests : set of str
        Keyed hashes of the customer, by which an erasure or an objection is known.
    """
    found = {table: list(_find_in(state, table, customer_ids, digests)) for table in TABLES}
    return {table: rows for table, rows in found.items() if rows}


def _find_in(state: State, table: str, ids: Set[str], digests: Set[str]) -> Iterator[dict[str, Any]]:
    names = state.columns(table)
    if "customer_id" in names:
        marks = ", ".join("?" * len(ids))
        query = f"SELECT * FROM {table} WHERE customer_id IN ({marks})"  # noqa: S608 - names of ours
        for row in state.rows(query, sorted(ids)):
            yield _show(names, [_read(cell) for cell in row])
        return
    for row in state.rows(f"SELECT * FROM {table}"):  # noqa: S608 - as above
        if not digests.isdisjoint(cell for cell in row if isinstance(cell, str)):
            yield _show(names, row)
            continue
        parts = [_parts_naming(_read(cell), ids) for cell in row]
        if any(parts):
            pairs = zip(parts, row, strict=True)
            yield _show(names, [(part or None) if _is_document(cell) else cell for part, cell in pairs])


def _show(names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    pairs = zip(names, row, strict=True)
    return {name: cell for name, cell in pairs if cell is not None and not name.endswith(WITHHELD)}


def _read(cell: Any) -> Any:
    """Return a document as what it says, and any other cell as it is."""
    return json.loads(cell) if _is_document(cell) else cell


def _is_document(cell: Any) -> bool:
    if not isinstance(cell, str) or cell[:1] not in ("{", "["):
        return False
    try:
        json.loads(cell)
    except ValueError:
        return False
    return True


def _parts_naming(value: Any, ids: Set[str]) -> list[Any]:
    """The innermost parts of a value that name a customer: plain fields beside the name, and no other customer."""
    if isinstance(value, str):
        return [value] if not ids.isdisjoint((value, *SEPARATORS.split(value))) else []
    if isinstance(value, list):
        return [part for one in value for part in _parts_naming(one, ids)]
    if not isinstance(value, Mapping):
        return []
    plain = {name: one for name, one in value.items() if not isinstance(one, list | Mapping)}
    parts = [part for one in value.values() if isinstance(one, list | Mapping) for part in _parts_naming(one, ids)]
    is_named = any(isinstance(one, str) and _parts_naming(one, ids) for one in plain.values())
    return [*([plain] if is_named else []), *parts, *(value[one] for one in sorted(ids & value.keys()))]
