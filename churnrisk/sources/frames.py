"""Data frames as text: each value as a person would write it, so that a frame is read just as a file is."""

from __future__ import annotations

import datetime as dt
import decimal
from importlib.util import find_spec
from typing import Any, Literal, cast

import narwhals as nw
import numpy as np
import pandas as pd

from churnrisk.engines import Database
from churnrisk.errors import MissingExtra, SourceError
from churnrisk.sources.raw import RawRows

_ROWS = 50_000
_TWICE = "frame has two columns of one name; rename one of them."
_UTC = ("UTC", "Etc/UTC", "GMT", "Zulu")


def read_frame(source: Any, database: Database, *, timezone: str | None = None) -> RawRows:
    """Return the rows of a pandas or Polars frame, or of anything else that Narwhals takes."""
    frame = _open_frame(source)
    headers = _headers_of(frame)
    series = [frame[:, k] for k in range(len(headers))]  # by place: a name may be a number
    kinds = [column.dtype for column in series]
    typed = frozenset(k for k, kind in enumerate(kinds) if kind.is_numeric() or kind.is_temporal())
    floats = frozenset(k for k, kind in enumerate(kinds) if kind.is_float() and _is_whole(series[k]))
    connection = database.connection
    columns = ", ".join(f"c{k} VARCHAR" for k in range(len(headers)))
    connection.execute(f"CREATE OR REPLACE TABLE raw_rows ({columns})")
    connection.execute("SET pandas_analyze_sample = 0")  # objects are text, whatever the first of them are
    for start in range(0, len(frame), _ROWS):
        texts = {f"c{k}": write_texts(column[start : start + _ROWS], timezone) for k, column in enumerate(series)}
        connection.register("frame_part", pd.DataFrame(texts, dtype=object))
        connection.execute("INSERT INTO raw_rows SELECT * FROM frame_part")
        connection.unregister("frame_part")
    return RawRows(
        name="frame",
        format=f"{frame.implementation} frame",
        headers=headers,
        sql="raw_rows",
        typed=typed,
        floats=floats,
        no_ids=frozenset(k for k, column in enumerate(series) if _has_no_ids(column)),
    )


def _open_frame(source: Any) -> nw.DataFrame[Any]:
    try:
        frame: Any = nw.from_native(_with_index(source) if isinstance(source, pd.DataFrame) else source)
    except TypeError:
        return _open_arrow(source)
    except nw.exceptions.DuplicateError:
        raise SourceError(_TWICE) from None
    if isinstance(frame, nw.LazyFrame):
        try:
            engine: Any = "pandas" if frame.implementation.is_duckdb() else None
            return frame.collect(engine)
        except ImportError as error:
            raise MissingExtra(f"reading this frame needs a library that is not installed: {error}.") from error
        except Exception as error:  # whatever the library of the frame says of its user's query
            said = str(error).partition("\n")[0]
            raise SourceError(
                f"frame: its rows cannot be computed: {said}. Mend the query, or open it again."
            ) from error
    return cast("nw.DataFrame[Any]", frame)


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a pandas frame whose named index is columns, as it would be in a CSV file of it."""
    names = [name for name in frame.index.names if name is not None and name not in frame.columns]
    return frame.reset_index(level=names) if names else frame


def _headers_of(frame: nw.DataFrame[Any]) -> tuple[str, ...]:
    headers = tuple(str(name) for name in frame.columns)
    if len(set(headers)) < len(headers):
        raise SourceError(_TWICE)
    if not headers:
        raise SourceError("frame has no columns; it must have a column for each role, and a row per purchase.")
    return headers


def _open_arrow(source: Any) -> nw.DataFrame[Any]:
    """Take over a stream of Arrow: a RecordBatchReader, or what another library offers as one."""
    refusal = SourceError(
        f"cannot read purchases from a {type(source).__name__}; give a path, a pandas or Polars frame, or a table of "
        "Arrow."
    )
    if not hasattr(source, "__arrow_c_stream__"):
        raise refusal
    libraries: tuple[Literal["pyarrow", "polars"], ...] = ("pyarrow", "polars")
    library = next((name for name in libraries if find_spec(name) is not None), None)
    if library is None:
        raise MissingExtra("reading a stream of Arrow needs an extra part: pip install 'churnrisk[polars]'.")
    try:
        frame = nw.from_arrow(source, backend=library)
    except (TypeError, ValueError):  # a single column has such a stream, too
        raise refusal from None
    if frame.is_empty():
        raise SourceError(
            f"the {type(source).__name__} has no rows; where it was read before it is used up, so make it anew.",
            code="source.no_rows",
        )
    return frame


def _has_no_ids(column: nw.Series[Any]) -> bool:
    """Tell whether a column holds truth values, lists or objects; of one of anything, whether any value is such."""
    kind = column.dtype
    if kind.is_nested() or isinstance(kind, nw.Boolean):
        return True
    kinds = (bool, np.bool_, list, tuple, set, dict, np.ndarray)
    return isinstance(kind, nw.Object | nw.Unknown) and any(isinstance(value, kinds) for value in column.to_list())


def _is_whole(column: nw.Series[Any]) -> bool:
    values = column.to_numpy().astype(np.float64)
    values = values[np.isfinite(values)]
    return bool(values.size) and bool((values == np.floor(values)).all())


def write_texts(column: nw.Series[Any], timezone: str | None = None) -> list[str | None]:
    """Write the values of a column as text, None where there is none.

    A column of times in a zone of its own has the clock of that zone; the offset is written where another zone is
    wanted, where each value has its own, and where the zone is UTC, in which few shops open.
    """
    own_zone = getattr(column.dtype, "time_zone", None)
    if timezone is None and own_zone is not None and own_zone not in _UTC:
        column = column.dt.replace_time_zone(None)
    return [write_text(value) for value in column.to_list()]


def write_text(value: Any) -> str | None:
    """Write one value as text that means the same: whole floats without a point, times by their own clock."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return write_float(float(value))
    if isinstance(value, decimal.Decimal):
        return None if value.is_nan() else format(value, "f")
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="backslashreplace")
    return str(value)


def write_float(value: float) -> str | None:
    """Write a float by its shortest digits, a whole one as a whole number; None for NaN, which means missing."""
    if np.isnan(value):
        return None
    if np.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == np.floor(value) and abs(value) < 1e22:
        return str(int(value))
    return np.format_float_positional(value, trim="-") if 1e-7 < abs(value) < 1e22 else repr(float(value))
