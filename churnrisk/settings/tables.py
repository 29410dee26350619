"""Tables beside the purchases, as ``[tables.NAME]`` and ``[attributes.NAME]`` declare them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from churnrisk.dated import FAMILIES, DatedSource
from churnrisk.errors import SettingsError

_READING = ("encoding", "delimiter", "decimal", "date_format")
_SHARED = ("source", "query", "table", "customer_id", "trusted", *_READING)
_BOOLS = {"fixed": bool, "trusted": bool}
TABLE_KEYS = (*_SHARED, "happened_at", "known_at", "ended_at", "kind", "value", "value_at", "family")
ATTRIBUTE_KEYS = (*_SHARED, "valid_from", "columns", "fixed")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def declare_tables(
    tables: Mapping[str, Any], attributes: Mapping[str, Any], *, place: Callable[[str], str] = lambda _: ""
) -> dict[str, DatedSource]:
    """Return what is declared of tables beside the purchases, by their names.

    Parameters
    ----------
    tables, attributes : mapping of str to mapping
        The keys of each table, by its name.
    place : callable
        Gives where a key stands in the settings, to begin an error message with.

    Raises
    ------
    SettingsError
        For a name, a key or a value that cannot be.
    """
    declared: dict[str, DatedSource] = {}
    for group, known, given in (("tables", TABLE_KEYS, tables), ("attributes", ATTRIBUTE_KEYS, attributes)):
        for name, keys in given.items():
            where = f"{place(name)}[{group}.{name}]"
            if not _NAME.fullmatch(name) or name in declared:
                raise SettingsError(
                    f"{where}: a name begins with a small letter, has small letters, digits and _, at most 40, and is "
                    "given once for tables and attributes together."
                )
            declared[name] = _declare(keys, known, where=where, is_attributes=group == "attributes")
    return declared


def _declare(keys: Any, known: tuple[str, ...], *, where: str, is_attributes: bool) -> DatedSource:
    if not isinstance(keys, Mapping) or not isinstance(keys.get("source"), str) or not keys["source"]:
        raise SettingsError(f'{where}: name the file or database, as source = "FILE".')
    for key, value in keys.items():
        if key not in known:
            from churnrisk.settings.reading import nearest

            raise SettingsError(f"{where}: unknown key {key!r}{nearest(key, known)}.")
        if not isinstance(value, {**_BOOLS, "columns": list}.get(key, str)):
            kind = {**dict.fromkeys(_BOOLS, "true or false"), "columns": "a list of headers"}.get(
                key, "a text in quotes"
            )
            raise SettingsError(f"{where} {key} = {value!r}: write {kind}.")
    family = "attributes" if is_attributes else keys.get("family", FAMILIES[0])
    if not is_attributes and family not in FAMILIES:
        raise SettingsError(f"{where} family = {family!r}: write one of {', '.join(FAMILIES)}.")
    roles = set(known) - {*_READING, "source", "query", "table", "family", "columns", *_BOOLS}
    return DatedSource(
        source=keys["source"],
        family=family,
        columns={role: keys[role] for role in keys if role in roles},
        attributes=tuple(map(str, keys.get("columns", ()))),
        is_fixed=keys.get("fixed", False),
        is_trusted=keys.get("trusted", False),
        query=keys.get("query"),
        table=keys.get("table"),
        reading={key: keys[key] for key in _READING if key in keys},
    )
