"""Sources that Spark reads as they are, every column written as the text that means the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.engines import CORRUPT, SourceFiles, Spark, find_files, read_csv, read_lines, read_parquet, spark_errors
from churnrisk.errors import SettingsError, SourceError
from churnrisk.sources import SPACES, IntakeOptions, find_dialect, quote_text

CONVERT = "Convert it with DuckDB first: churnrisk convert SOURCE --output purchases.parquet, and give Spark that file."
"""What to do where Spark's intake knows less than DuckDB's."""

_FLOATS, _WHOLE = ("float", "double"), ("tinyint", "smallint", "int", "bigint")
_HEAD_LINES = 60
_NOT_ON_SPARK = ("date_format", "rates", "rate_before", "query", "table")


@dataclass(frozen=True, kw_only=True)
class SparkRows:
    """Purchase rows as they came, on Spark.

    Parameters
    ----------
    name, format : str
        What the source is called and what it is, for people.
    headers : tuple of str
        The user's names.
    view : str
        The view with the text columns ``c0``, ``c1``, ..., and ``file``, ``line`` (0 where it is not known),
        ``corrupt`` (the text of what is no row, else NULL).
    typed : frozenset of int
        Columns of numbers and times.
    times : frozenset of int
        Those of them that are dates or times.
    zoned : frozenset of int
        Those that are moments, whatever the clock.
    floats : frozenset of int
        Columns of a float type.
    is_escaped : bool
        Whether text may carry the apostrophe that our own CSV puts before a formula sign.
    notices : tuple of str
        What the user should know.
    """

    name: str
    format: str
    headers: tuple[str, ...]
    view: str
    typed: frozenset[int] = frozenset()
    times: frozenset[int] = frozenset()
    zoned: frozenset[int] = frozenset()
    floats: frozenset[int] = frozenset()
    is_escaped: bool = False
    notices: tuple[str, ...] = ()


def refuse_options(options: IntakeOptions) -> None:
    """Refuse what only DuckDB's intake can do, before anything is read."""
    for name in _NOT_ON_SPARK:
        if getattr(options, name):
            raise SettingsError(f"--{name.replace('_', '-').removesuffix('s')} is not known on Spark. {CONVERT}")
    if options.decimal == ",":
        raise SettingsError(f"--decimal , is not known on Spark. {CONVERT}")
    if options.encoding is not None and options.encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
        raise SettingsError(f"--encoding {options.encoding} is not known on Spark, which reads UTF-8. {CONVERT}")


def open_spark_source(source: Any, spark: Spark, options: IntakeOptions) -> SparkRows:
    """Give the rows of Parquet or CSV files, or of a frame of PySpark."""
    refuse_options(options)
    if not isinstance(source, str | Path):
        return _open_frame(source, spark, options, name="frame", kind="PySpark frame")
    if str(source) == "-" or (isinstance(source, str) and source.startswith(("postgres", "sqlite:"))):
        raise SourceError(f"{source}: Spark reads files that all of it sees. {CONVERT}")
    files = find_files(spark, source)
    if files.kind == "text":
        return _open_text(files, spark, options, name=Path(str(source)).name)
    many = f"{files.count} files, " if files.count > 1 else ""
    place = ("_metadata.file_name", "_metadata.row_index + 1")
    frame = read_parquet(spark, files.path)
    return _open_frame(frame, spark, options, name=Path(str(source)).name, kind=f"{many}Parquet", place=place)


def _open_frame(
    frame: Any, spark: Spark, options: IntakeOptions, *, name: str, kind: str, place: tuple[str, str] | None = None
) -> SparkRows:
    headers = tuple(str(header) for header in frame.columns)
    if len({header.casefold() for header in headers}) < len(headers):
        raise SourceError(f"{name} has two columns of one name; rename one of them.")
    kinds = [str(field.dataType.simpleString()) for field in frame.schema.fields]
    texts = [
        f"{text_sql(_name_sql(header), kind, timezone=options.timezone)} AS c{k}"
        for k, (header, kind) in enumerate(zip(headers, kinds, strict=True))
    ]
    file, line = place or ("''", "0")
    with spark_errors():
        rows = frame.selectExpr(
            *texts, f"{file} AS file", f"CAST({line} AS BIGINT) AS line", "CAST(NULL AS STRING) AS corrupt"
        )
    return SparkRows(
        name=name,
        format=f"{kind}, read by Spark",
        headers=headers,
        view=spark.view(rows),
        typed=frozenset(k for k, kind in enumerate(kinds) if _is_typed(kind)),
        times=frozenset(k for k, kind in enumerate(kinds) if kind == "date" or kind.startswith("timestamp")),
        zoned=frozenset(k for k, kind in enumerate(kinds) if kind == "timestamp"),
        floats=frozenset(k for k, kind in enumerate(kinds) if kind in _FLOATS),
    )


def _name_sql(header: str) -> str:
    return "`" + header.replace("`", "``") + "`"


def _is_typed(kind: str) -> bool:
    return kind in (*_FLOATS, *_WHOLE, "date") or kind.startswith(("decimal", "timestamp"))


def text_sql(column: str, kind: str, *, timezone: str | None) -> str:
    """Write a column of some type as the text that means the same; NaN means missing, whole floats have no point."""
    if kind in _FLOATS:
        whole = f"{column} = rint({column}) AND abs({column}) < 1e22"
        text = f"CAST(CAST({column} AS DECIMAL(38, 0)) AS STRING)"
        return f"CASE WHEN isnan({column}) THEN NULL WHEN {whole} THEN {text} ELSE CAST({column} AS STRING) END"
    if kind == "timestamp" and timezone is not None:
        return f"CAST(from_utc_timestamp({column}, {quote_text(timezone)}) AS STRING)"
    return f"CAST({column} AS STRING)"


def _open_text(files: SourceFiles, spark: Spark, options: IntakeOptions, *, name: str) -> SparkRows:
    lines = read_lines(spark, files.path)
    with spark_errors():
        head = [str(row[0]) for row in lines.limit(_HEAD_LINES).collect()]
    if not any(line.strip() for line in head):
        raise SourceError(f"{name} is empty; it must have a header and a row per purchase.")
    dialect = find_dialect("\n".join(head), options.columns, delimiter=options.delimiter)
    if dialect.header_line != 1:
        raise SourceError(f"{name}: the header is in line {dialect.header_line}, and Spark takes the first. {CONVERT}")
    _refuse_unclean(spark, spark.view(lines), head[0], files, name=name)
    width = len(dialect.headers)
    columns = [f"c{k}" for k in range(width)]
    frame = read_csv(spark, files.path, delimiter=dialect.delimiter, columns=columns)
    with spark_errors():
        rows = frame.selectExpr(*columns, "_metadata.file_name AS file", "CAST(0 AS BIGINT) AS line", CORRUPT)
    many = f"{files.count} files, " if files.count > 1 else ""
    kind = f"{many}text separated by {dialect.delimiter!r}, read by Spark"
    return SparkRows(name=name, format=kind, headers=dialect.headers, view=spark.view(rows), is_escaped=True)


def _refuse_unclean(spark: Spark, view: str, header: str, files: SourceFiles, *, name: str) -> None:
    """Refuse text that Spark would misread in silence: fields over several lines, another encoding, other headers."""
    quotes = "length(value) - length(replace(value, '\"', ''))"
    [(odd, undecoded, headers)] = spark.rows(
        f"SELECT count_if(({quotes}) % 2 = 1), count_if(contains(value, '\\uFFFD') OR contains(value, '\\u0000')), "
        f"count_if(value = {spark_text(header)}) FROM {view}"
    )
    if odd:
        raise SourceError(f"{name}: {odd} lines have a quote that is not closed in them. {CONVERT}")
    if undecoded:
        raise SourceError(f"{name}: {undecoded} lines have bytes that are not UTF-8. {CONVERT}")
    if headers < files.count:
        raise SourceError(f"{name}: not all of the {files.count} files begin with the same header. {CONVERT}")


def spark_text(value: str) -> str:
    """Write a text as a literal of Spark's SQL, in which a backslash stands for more than itself."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def trim_spark(column: str) -> str:
    """Trim a text column; what is empty then is NULL."""
    return f"nullif(trim(BOTH {spark_text(SPACES)} FROM {column}), '')"
