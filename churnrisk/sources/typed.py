"""Sources that a cluster reads where they lie: files and frames whose columns have types. Text is for ``convert``."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.engines import Spark, find_files, read_parquet, spark_errors
from churnrisk.errors import SettingsError, SourceError
from churnrisk.sources.options import IntakeOptions

_NOT_ON_SPARK = {
    "date_format": "--date-format",
    "decimal": "--decimal",
    "encoding": "--encoding",
    "delimiter": "--delimiter",
    "rates": "--rate",
    "rate_before": "--rate-before",
    "query": "--query",
    "table": "--table",
    "pseudonym_key": "--pseudonymise",
    "fold_ids": "--fold-ids",
}
_NO_IDS = ("boolean", "array<", "struct<", "map<", "variant")


def say_convert(source: Any) -> str:
    """Say what to type where Spark would have to read text, or what only this process can."""
    named = shlex.quote(str(source)) if isinstance(source, str | Path) else "SOURCE"
    return f"Convert it first: churnrisk convert {named} --output purchases.parquet, and give Spark that."


@dataclass(frozen=True, kw_only=True)
class TypedSource:
    """The rows of a source as it typed them, on Spark.

    Parameters
    ----------
    name, format : str
        What the source is called and what it is, for people.
    headers : tuple of str
        The user's names.
    kinds : tuple of str
        The type of each column, in Spark's words.
    view : str
        The view with the columns ``c0``, ``c1``, ..., and ``file``, ``line`` (0 where it is not known).
    convert : str
        What to type where the types do not do.
    """

    name: str
    format: str
    headers: tuple[str, ...]
    kinds: tuple[str, ...]
    view: str
    convert: str

    @property
    def no_ids(self) -> frozenset[int]:
        """Places of the columns of truth values, lists or objects: what no id can be."""
        return frozenset(k for k, kind in enumerate(self.kinds) if kind.startswith(_NO_IDS))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in the view."""
        return tuple(f"c{k}" for k in range(len(self.headers)))


def open_typed(source: Any, spark: Spark, options: IntakeOptions) -> TypedSource:
    """Return the rows of Parquet files, or of a frame of PySpark.

    Raises
    ------
    SettingsError, SourceError
        For text, databases, and options that only this process understands, with the command that converts.
    """
    convert = say_convert(source)
    for name, option in _NOT_ON_SPARK.items():
        if getattr(options, name):
            raise SettingsError(f"{option} is not known on Spark. {convert}")
    if not isinstance(source, str | Path):
        return _open_frame(source, spark, name="frame", kind="PySpark frame", convert=convert)
    if str(source) == "-" or (isinstance(source, str) and source.startswith(("postgres", "sqlite:"))):
        raise SourceError(f"{source}: Spark reads files that all of it sees. {convert}")
    files = find_files(spark, source, convert=convert)
    many = f"{files.count} files, " if files.count > 1 else ""
    place = ("_metadata.file_name", "_metadata.row_index + 1")
    frame = read_parquet(spark, files.path)
    return _open_frame(frame, spark, name=Path(str(source)).name, kind=f"{many}Parquet", convert=convert, place=place)


def _open_frame(
    frame: Any, spark: Spark, *, name: str, kind: str, convert: str, place: tuple[str, str] = ("''", "0")
) -> TypedSource:
    headers = tuple(str(header) for header in frame.columns)
    if len({header.casefold() for header in headers}) < len(headers):
        raise SourceError(f"{name} has two columns of one name; rename one of them.")
    named = [f"`{header.replace('`', '``')}` AS c{k}" for k, header in enumerate(headers)]
    file, line = place
    with spark_errors():
        rows = frame.selectExpr(*named, f"{file} AS file", f"CAST({line} AS BIGINT) AS line")
    return TypedSource(
        name=name,
        format=f"{kind}, read by Spark",
        headers=headers,
        kinds=tuple(str(field.dataType.simpleString()) for field in frame.schema.fields),
        view=spark.view(rows),
        convert=convert,
    )
