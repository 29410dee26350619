"""Columns of any engine as NumPy arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
"""Columns by name: int64 where nothing is missing, float64 with NaN where something is, objects for text."""


def _plain_array(values: Any) -> np.ndarray:
    """Replace a masked array by floats with NaN (numbers) or objects with None (text)."""
    if not isinstance(values, np.ma.MaskedArray):
        return np.asarray(values)
    mask = np.ma.getmaskarray(values)
    if values.dtype == object:
        text = np.asarray(values.data).copy()
        text[mask] = None
        return text
    if not mask.any():
        return np.asarray(values.data)
    return np.where(mask, np.nan, values.data.astype(np.float64))


def plain_arrays(columns: Mapping[str, Any]) -> Arrays:
    """Replace the masked arrays that DuckDB gives, as :func:`plain_array` does."""
    return {name: _plain_array(values) for name, values in columns.items()}


def from_pandas(table: Any) -> Arrays:
    """Take the columns of a pandas frame."""
    columns: Arrays = {}
    for name in table.columns:
        column = table[name]
        if column.dtype.kind in "iub":
            columns[name] = column.to_numpy()
        elif column.dtype.kind == "f":
            columns[name] = column.to_numpy(dtype=np.float64)
        else:
            columns[name] = column.to_numpy(dtype=object)
    return columns


def from_arrow(table: Any) -> Arrays:
    """Take the columns of an Arrow table."""
    columns: Arrays = {}
    for name in table.column_names:
        column = table.column(name)
        values = column.to_numpy(zero_copy_only=False)  # floats with NaN where a number is missing
        columns[name] = values if values.dtype.kind in "iuf" else np.array(column.to_pylist(), dtype=object)
    return columns


def from_polars(table: Any) -> Arrays:
    """Take the columns of a Polars frame."""
    columns: Arrays = {}
    for column in table.iter_columns():
        if column.dtype.is_numeric():
            columns[column.name] = column.to_numpy()  # floats with NaN where something is missing
        else:
            columns[column.name] = np.array(column.to_list(), dtype=object)
    return columns


def join_arrays(parts: Sequence[Arrays]) -> Arrays:
    """Put batches of the same columns below each other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
