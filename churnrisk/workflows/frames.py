"""Columns as a frame of the library that is asked for, and the library that a source came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw

from churnrisk.errors import MissingExtra
from churnrisk.tables import Table

if TYPE_CHECKING:
    import pandas as pd

Library = Literal["pandas", "polars", "pyarrow"]
"""A library of frames."""


def to_frame(columns: Mapping[str, Any], library: Library = "pandas") -> Any:
    """Return score columns as a frame: whole numbers as nullable integers, words as text."""
    if library != "pandas":
        return make_frame(columns, library)
    import pandas as pd

    whole = {"risk_rank": "Int64", "days_since_last_order": "Int64", "order_count": "Int64"}
    return pd.DataFrame({name: pd.Series(values) for name, values in columns.items()}).astype(
        {name: kind for name, kind in whole.items() if name in columns}
    )


def make_frame(columns: Mapping[str, Sequence[Any]], library: Library) -> Any:
    """Return columns of plain values as a frame; None and NaN are missing there.

    Raises
    ------
    MissingExtra
        Where the library is not installed.
    """
    values = Table(columns).columns
    kinds = {name: _kind_of(column) for name, column in values.items()}
    if library == "pandas":
        return _make_pandas(values, kinds)
    try:
        return nw.from_dict(values, schema=dict(kinds), backend=library).to_native()
    except ImportError:
        raise MissingExtra(f"a frame of {library} needs it installed: pip install 'churnrisk[polars]'.") from None


def library_of(source: Any) -> Library:
    """Return the library whose frames come out for a source: its own for Polars and Arrow, and pandas for all else."""
    if isinstance(source, str | Path):
        return "pandas"
    frame = nw.from_native(source, pass_through=True)
    if isinstance(frame, nw.DataFrame | nw.LazyFrame):
        kind = frame.implementation
        return "polars" if kind.is_polars() else "pyarrow" if kind.is_pyarrow() else "pandas"
    return "pyarrow" if hasattr(source, "__arrow_c_stream__") else "pandas"


def _kind_of(values: Sequence[Any]) -> nw.dtypes.DType:
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return nw.Boolean()
    if known and all(isinstance(value, int | float) for value in known):
        return nw.Int64() if all(isinstance(value, int) for value in known) else nw.Float64()
    return nw.String()


def _make_pandas(values: Mapping[str, Sequence[Any]], kinds: Mapping[str, nw.dtypes.DType]) -> pd.DataFrame:
    import pandas as pd

    names = {nw.Boolean(): ("bool", "boolean"), nw.Int64(): ("int64", "Int64"), nw.Float64(): ("float64", "float64")}
    columns = {}
    for name, column in values.items():
        full, with_gaps = names.get(kinds[name], ("object", "object"))
        kind: Any = with_gaps if None in column else full
        columns[name] = pd.Series(column, dtype=kind).infer_objects()
    return pd.DataFrame(columns)
