"""Files that Spark reads and writes, wherever its executors find them: a local disk, HDFS, object storage."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.engines.lakehouse import LEVELS, MARKS, refusal_of
from churnrisk.engines.spark_session import Spark, spark_errors
from churnrisk.errors import OutputError, SourceError

_ENDINGS = (".parquet", ".pq")
_DEEPEST = 4  # folders of partitions, such as year=2024/month=01


@dataclass(frozen=True)
class SourceFiles:
    """Where purchases lie: the path as Spark takes it, and how many Parquet files there are.

    Parameters
    ----------
    path : str
        A file, a folder or a pattern.
    count : int
        How many files, at least one.
    """

    path: str
    count: int


def find_files(spark: Spark, source: str | Path, *, convert: str) -> SourceFiles:
    """Look at what there is to read; ``convert`` says how to make Parquet files of anything else.

    Raises
    ------
    SourceError
        Where there is nothing, or nothing that Spark reads.
    """
    path = absolute(source)
    with spark_errors():
        _refuse_table(spark, path)
        names = list(_names_below(spark, path))
    if not names:
        raise SourceError(f"{source}: no files there that Spark can see; a cluster needs a path that all of it sees.")
    other = next((name for name in names if not name.lower().endswith(_ENDINGS)), None)
    if other is not None:
        raise SourceError(
            f"{source}: Spark reads Parquet files (.parquet), whose columns have types, and nothing beside them; found "
            f"{other}. {convert}"
        )
    return SourceFiles(path, len(names))


def _refuse_table(spark: Spark, path: str) -> None:
    """Refuse the files of a table that keeps a log: which of them count, only the log says."""
    folders = dict.fromkeys([path, *(path.rsplit("/", level)[0] for level in range(1, LEVELS + 1))])
    for folder in folders:
        for kind, sign in MARKS:
            if "://" in folder + "/" or folder.startswith("/"):
                system, place = file_system(spark, f"{folder}/{sign}")
                if system.globStatus(place):
                    raise refusal_of(folder, kind)


def absolute(path: str | Path) -> str:
    """Return a path as Spark is to take it: absolute, unless it is of another file system."""
    text = str(path)
    return text if "://" in text or text.startswith("file:") else str(Path(text).expanduser().absolute())


def _names_below(spark: Spark, path: str) -> Iterator[str]:
    """Name the files at a path or pattern, not those that are hidden or marks of Spark's own."""
    system, place = file_system(spark, path)
    found = [(status, 0) for status in system.globStatus(place) or []]
    while found:
        status, depth = found.pop()
        name = status.getPath().getName()
        if depth and name.startswith(("_", ".")):
            continue
        if status.isFile():
            yield name
        elif depth < _DEEPEST:
            found += [(inner, depth + 1) for inner in system.listStatus(status.getPath())]


def file_system(spark: Spark, path: str) -> tuple[Any, Any]:
    """Return Hadoop's file system of a path, and the path as it takes it."""
    place = spark.session._jvm.org.apache.hadoop.fs.Path(path)
    return place.getFileSystem(spark.session._jsc.hadoopConfiguration()), place


def read_parquet(spark: Spark, path: str) -> Any:
    """Return the rows of Parquet files, with the columns ``_metadata.file_name`` and ``_metadata.row_index``."""
    with spark_errors():
        return spark.session.read.option("recursiveFileLookup", "false").parquet(path)


def check_folder(spark: Spark, output: str) -> None:
    """Refuse to write where something is already, before any work is done."""
    with spark_errors():
        system, place = file_system(spark, absolute(output))
        is_taken = system.exists(place)
    if is_taken:
        raise OutputError(f"{output}: there is something already; name a folder that is not there yet.")


@contextlib.contextmanager
def replacing_folder(spark: Spark, output: str) -> Iterator[str]:
    """Yield a temporary folder beside ``output`` that takes its name when all went well, and is gone when not.

    On a disk and on HDFS a name changes at once; object storage copies, so there the file ``_SUCCESS``, which is
    copied last or not at all, says that all is there.

    Raises
    ------
    OutputError
        Where the folder cannot get its name.
    """
    path = absolute(output).rstrip("/")
    parent, _, name = path.rpartition("/")
    temporary = f"{parent}/.{name}.{secrets.token_hex(6)}.part"
    system, place = file_system(spark, temporary)
    try:
        yield temporary
        with spark_errors():
            _, target = file_system(spark, path)
            is_renamed = not system.exists(target) and system.rename(place, target)
        if not is_renamed:
            raise OutputError(f"{output}: cannot be written: the folder is there by now. Nothing was left of ours.")
    finally:
        with contextlib.suppress(Exception):
            system.delete(place, True)
