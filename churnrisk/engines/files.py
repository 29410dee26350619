"""Columns written as a Parquet file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from churnrisk.engines.database import quote_text


def write_parquet(columns: Mapping[str, Sequence[Any]], path: Path) -> None:
    """Write named columns of text, whole numbers or floats (None where there is nothing) as a Parquet file."""
    import duckdb
    import pandas as pd

    frame = pd.DataFrame({name: _parquet_column(values) for name, values in columns.items()})
    connection = duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False})
    try:
        connection.register("result", frame)
        connection.execute(f"copy (from result) to {quote_text(str(path))} (format parquet, compression zstd)")
    except duckdb.IOException as error:
        raise OSError(str(error).splitlines()[0]) from None
    finally:
        connection.close()


def _parquet_column(values: Sequence[Any]) -> Any:
    import pandas as pd

    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int} and kinds:
        return pd.array(list(values), dtype="Int64")
    if kinds <= {int, float} and kinds:
        return pd.array([None if v is None else float(v) for v in values], dtype="Float64")
    return pd.array(list(values), dtype="string")
