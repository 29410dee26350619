"""Columns written as a Parquet file, at once or in parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from churnrisk.engines.database import Database, quote_text
from churnrisk.engines.storage import explaining_storage

_TYPES = {"text": ("VARCHAR", "string"), "whole": ("BIGINT", "Int64"), "float": ("DOUBLE", "Float64")}
_MEMORY = "256MiB"


def write_parquet(columns: Mapping[str, Sequence[Any]], path: Path) -> None:
    """Write named columns of text, whole numbers or floats (None where there is nothing) as a Parquet file."""
    write_parquet_parts([columns], path, kinds={name: _kind_of(values) for name, values in columns.items()})


def write_parquet_parts(parts: Iterable[Mapping[str, Sequence[Any]]], path: Path, *, kinds: Mapping[str, str]) -> None:
    """Write what :func:`write_parquet` writes of all rows at once, holding no more than a part of them.

    Parameters
    ----------
    parts : iterable of mappings
        The same columns each time.
    path : Path
        The file.
    kinds : mapping of str to {"text", "whole", "float"}
        What each column holds; one that is empty throughout is written as text, whatever it might have held.
    """
    with explaining_storage(path), Database(threads=1, memory=_MEMORY) as database:
        _stage(database, parts, kinds)
        _copy_stage(database, path, tuple(kinds))


def _stage(database: Database, parts: Iterable[Mapping[str, Sequence[Any]]], kinds: Mapping[str, str]) -> None:
    fields = ", ".join(f"c{place} {_TYPES[kind][0]}" for place, kind in enumerate(kinds.values()))
    database.connection.execute(f"CREATE TABLE result ({fields})")
    for part in parts:
        database.connection.register("part", _frame_of(part, kinds))
        database.connection.execute("INSERT INTO result SELECT * FROM part")
        database.connection.unregister("part")


def _copy_stage(database: Database, path: Path, names: Sequence[str]) -> None:
    counts = ", ".join(f"count(c{place})" for place in range(len(names)))
    [known] = database.connection.execute(f"SELECT {counts} FROM result").fetchall()  # noqa: S608 - names of ours
    chosen = [f"c{place}" if count else f"CAST(c{place} AS VARCHAR)" for place, count in enumerate(known)]
    named = ", ".join(f"{one} AS {_quote_name(name)}" for one, name in zip(chosen, names, strict=True))
    target = f"{quote_text(str(path))} (FORMAT parquet, COMPRESSION zstd)"
    database.connection.execute(f"COPY (SELECT {named} FROM result) TO {target}")  # noqa: S608 - names are quoted


def _frame_of(part: Mapping[str, Sequence[Any]], kinds: Mapping[str, str]) -> Any:
    import pandas as pd

    dtypes: dict[str, Any] = {name: _TYPES[kind][1] for name, kind in kinds.items()}
    return pd.DataFrame({name: pd.array(list(part[name]), dtype=dtype) for name, dtype in dtypes.items()})


def _kind_of(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if not kinds or not kinds <= {int, float}:
        return "text"
    return "whole" if kinds == {int} else "float"


def _quote_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
