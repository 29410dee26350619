"""A Spark to work with: one that is started here (on this machine, or as a client of a cluster), or a caller's own.

What Spark says goes into a file of its own and not onto the terminal: its Java machine writes warnings at every
start. Where Spark fails, the last of them is quoted.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import narwhals as nw

from churnrisk.engines.arrays import Arrays
from churnrisk.engines.database import SPACES, Database
from churnrisk.errors import MissingExtra, SourceError

LOCAL = "spark"
PREFIX = "spark://"

_QUIET = """rootLogger.level = error
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %c{1}: %m%n%ex
"""
_NO_SPARK = "Spark needs an extra part: pip install 'churnrisk[spark]'."
_NO_JAVA = (
    "Spark needs Java 17 or newer, and there is no `java` here: install it (on Debian and Ubuntu: "
    "apt install openjdk-17-jre-headless), or set JAVA_HOME to the folder where it is."
)
_numbers = itertools.count()


def is_spark(engine: str | None) -> bool:
    """Tell whether the name of an engine means Spark: ``spark``, or ``spark://HOST:PORT``."""
    return engine is not None and (engine == LOCAL or engine.startswith(PREFIX))


class Spark:
    """A Spark session, and the temporary views that are made in it.

    Parameters
    ----------
    session : SparkSession
        The session.
    folder : Path, optional
        A temporary folder that goes with a session which was started here; None for a caller's own, which is left
        running.
    """

    def __init__(self, session: Any, folder: Path | None = None) -> None:
        self.session = session
        self._folder = folder
        self._views: list[str] = []
        self._kept: list[Any] = []
        self._tables: dict[str, Any] = {}
        self._zone = session.conf.get("spark.sql.session.timeZone")
        session.conf.set("spark.sql.session.timeZone", "UTC")  # a time without a zone means what it says

    @classmethod
    def start(cls, engine: str, *, threads: int | None = None, memory: str | None = None) -> Spark:
        """Start Spark on this machine (``spark``), or become the client of a master (``spark://HOST:PORT``).

        Where Spark runs in this process already, that one is taken, with the settings that it has, and left running.

        Parameters
        ----------
        engine : str
            Which.
        threads : int, optional
            Cores to use, here or in all of the cluster; by default all.
        memory : str, optional
            Memory such as ``"4GB"`` of the one Java machine here, or of each executor; by default Spark's own.
        """
        _check_installed()
        running = _running_session(engine)
        if running is not None:
            return cls(running)
        folder = Path(tempfile.mkdtemp(prefix="churnrisk-spark-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)  # where the caller does not close
        try:
            return cls(_start_session(engine, folder, threads, memory), folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    @classmethod
    def of_frame(cls, frame: Any) -> Spark | None:
        """Return the Spark that a frame of PySpark lies in; None for anything else."""
        if "pyspark" not in sys.modules:
            return None
        from pyspark.sql import DataFrame

        return cls(frame.sparkSession) if isinstance(frame, DataFrame) else None

    def view(self, frame: Any, name: str = "frame") -> str:
        """Register a frame as a temporary view and give the view's name, which is like no other."""
        name = f"churnrisk_{name}_{os.getpid()}_{next(_numbers)}"
        frame.createOrReplaceTempView(name)
        self._views.append(name)
        return name

    def sql(self, query: str) -> Any:
        """Return the frame of a query."""
        with spark_errors():
            return self.session.sql(query)

    def rows_of(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query and give its rows."""
        with spark_errors():
            return [tuple(row) for row in self.session.sql(query).collect()]

    def keep(self, frame: Any) -> Any:
        """Keep what a frame gives once it has been computed, in memory or on the disks of the executors."""
        from pyspark import StorageLevel

        kept = frame.persist(StorageLevel.MEMORY_AND_DISK)
        self._kept.append(kept)
        return kept

    def drop(self, frame: Any) -> None:
        """Let go of what :meth:`keep` kept."""
        frame.unpersist()
        self._kept = [one for one in self._kept if one is not frame]

    def iterate_rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Run a query and give its rows, a partition at a time."""
        with spark_errors():
            yield from map(tuple, self.session.sql(query).toLocalIterator())

    def lazy_frame(self, query: str) -> nw.LazyFrame[Any]:
        """Return a lazy frame of a query."""
        frame: nw.LazyFrame[Any] = nw.from_native(self.sql(query))
        return frame

    def fill_table(self, name: str, columns: Arrays) -> str:
        """Keep columns of arrays as a table, and give the view that queries know it by."""
        import pyarrow as pa

        table = pa.table(
            {key: pa.array(list(values) if values.dtype.kind == "U" else values) for key, values in columns.items()}
        )
        with spark_errors():
            return self.view(self.session.createDataFrame(table), name)

    def create_table(self, name: str, query: str, *, is_view: bool = False) -> str:
        """Keep the rows of a query, and give the view that other queries know them by; a view keeps no rows."""
        frame = self.sql(query)
        view = self.view(frame if is_view else self.keep(frame), name)
        self._tables[view] = frame
        return view

    def drop_table(self, name: str) -> None:
        """Let go of what :meth:`create_table` kept."""
        if name in self._tables:
            self.drop(self._tables.pop(name))

    def quote_text(self, value: str) -> str:
        """Write a text as a literal, in which a backslash stands for more than itself."""
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def trim_sql(self, column: str) -> str:
        """Return SQL for a text without the spaces around it; NULL for one that is empty then."""
        return f"nullif(trim(BOTH {self.quote_text(SPACES)} FROM {column}), '')"

    def matches_sql(self, value: str, pattern: str) -> str:
        """Return SQL that tells whether a part of a text matches a pattern."""
        return f"({value} RLIKE {self.quote_text(pattern)})"

    def month_sql(self, day: str) -> str:
        """Return SQL for the first day of the month of a day, both counted since 1970-01-01."""
        month = f"date_trunc('month', date_from_unix_date(CAST({day} AS INT)))"
        return f"CAST(unix_date(CAST({month} AS DATE)) AS BIGINT)"

    def hash_sql(self, columns: str) -> str:
        """Return SQL for a number that is equal for rows that are equal in all of some columns."""
        return f"xxhash64({columns})"

    def of_customers(self, frame: Any, ids: Sequence[str]) -> Any:
        """Return the rows of some customers; their ids go to all executors."""
        import pyarrow as pa
        from pyspark.sql.functions import broadcast

        with spark_errors():
            wanted = self.session.createDataFrame(pa.table({"customer_id": pa.array(ids, pa.string())}))
            return frame.join(broadcast(wanted), "customer_id", "left_semi")

    def bring(self, frame: Any, database: Database, table: str) -> None:
        """Make a table of all rows of a frame in a database of this process."""
        with spark_errors():
            rows = frame.toArrow()
        database.connection.register("brought", rows)
        database.connection.execute(f"CREATE TABLE {table} AS SELECT * FROM brought")  # noqa: S608 - names of ours
        database.connection.unregister("brought")

    def digest_rows(self, frame: Any) -> tuple[int, int, int]:
        """Count rows, and sum the lower and upper halves of the MD5 of each, its columns joined by U+001F.

        The numbers are those that DuckDB gives: bytes from the last to the first.
        """
        columns = ", '\\u001f', ".join(f"CAST(`{name}` AS STRING)" for name in frame.columns)
        halves = (reversed(range(17, 33, 2)), reversed(range(1, 17, 2)))
        lower, upper = (", ".join(f"substr(m, {place}, 2)" for place in places) for places in halves)
        sums = ", ".join(f"sum(CAST(conv(concat({half}), 16, 10) AS DECIMAL(20, 0)))" for half in (lower, upper))
        view = self.view(frame.selectExpr(f"md5(CAST(concat({columns}) AS BINARY)) AS m"))
        [(count, low, high)] = self.rows_of(f"SELECT count(*), {sums} FROM {view}")  # noqa: S608 - names of ours
        return int(count), int(low or 0), int(high or 0)

    def close(self) -> None:
        """Let go of everything; a session that was started here is stopped. Safe to call twice."""
        with contextlib.suppress(Exception):  # the cluster may be gone, and then so is what it kept
            for frame in self._kept:
                frame.unpersist()
            for name in self._views:
                self.session.catalog.dropTempView(name)
            self.session.conf.set("spark.sql.session.timeZone", self._zone)
        self._kept, self._views = [], []
        if self._folder is not None:
            with contextlib.suppress(Exception):
                self.session.stop()
            _stop_java()
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


@contextlib.contextmanager
def spark_errors() -> Iterator[None]:
    """Say in one line what Spark says in a hundred.

    Raises
    ------
    SourceError
        For anything that Spark, or the Java machine behind it, refuses.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        with warnings.catch_warnings():  # it asks after the version of pandas even where Arrow passes pandas by
            warnings.filterwarnings("ignore", module="pyspark")
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
            yield
    except (PySparkException, Py4JError) as error:
        raise SourceError(f"Spark says: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    java = getattr(error, "java_exception", None)
    text = str(error) if java is None else str(java.toString())
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line.partition("Caused by: ")[2] for line in str(error).splitlines() if "Caused by: " in line]
    return (named[-1] if named else lines[0] if lines else type(error).__name__)[:500]


def _check_installed() -> None:
    try:
        import pyarrow  # noqa: F401 - batches travel in its form
        import pyspark  # noqa: F401
    except ImportError:
        raise MissingExtra(_NO_SPARK) from None
    home = os.environ.get("JAVA_HOME")
    if not (Path(home, "bin", "java").exists() if home else shutil.which("java")):
        raise MissingExtra(_NO_JAVA)


def _running_session(engine: str) -> Any:
    """Return the session that runs in this process, None where there is none; a process can have one only."""
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is None:
        return None
    master = session.sparkContext.master
    if engine not in (LOCAL, master):
        raise SourceError(f"Spark runs in this process already, on {master}; stop that session to use {engine}.")
    return session


def _start_session(engine: str, folder: Path, threads: int | None, memory: str | None) -> Any:
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    master = f"local[{threads or '*'}]" if engine == LOCAL else engine
    settings = {"spark.master": master, "spark.app.name": "churnrisk", **_settings(engine, folder, threads, memory)}
    conf = SparkConf(loadDefaults=False).setAll(list(settings.items()))
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else the first python3 on the path, which lacks us
    log = folder / "spark.log"
    try:
        with log.open("ab") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            start_java: Any = launch_gateway
            gateway = start_java(conf, {"stdout": file, "stderr": file})
            return SparkSession(SparkContext(conf=conf, gateway=gateway))
    except Exception as error:
        _stop_java()
        said = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        known = [line for line in said if "Exception" in line or "Error" in line or "ERROR" in line]
        where = "on this machine" if engine == LOCAL else f"at {engine}"
        reason = (known or said or [str(error).splitlines()[0]])[0][:300]
        raise SourceError(f"Spark could not be started {where}: {reason}") from error


def _settings(engine: str, folder: Path, threads: int | None, memory: str | None) -> dict[str, str]:
    """Return our settings; everything else is Spark's own, from ``spark-defaults.conf`` where there is one."""
    (folder / "log4j2.properties").write_text(_QUIET)
    room = None if memory is None else memory.lower().replace("ib", "").replace("b", "")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.codegen.maxFields": "500",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    if engine == LOCAL:
        settings |= {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(folder),
            "spark.sql.shuffle.partitions": str(4 * (threads or os.cpu_count() or 1)),
        }
        return settings | ({} if room is None else {"spark.driver.memory": room})
    settings |= {} if threads is None else {"spark.cores.max": str(threads)}
    return settings | ({} if room is None else {"spark.executor.memory": room})


def _stop_java() -> None:
    """End the Java machine, which otherwise lives as long as this process and can be given no other settings."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is None:
        return
    process = getattr(gateway, "proc", None)
    gateway.shutdown()
    SparkContext._gateway = SparkContext._jvm = None
    if process is not None:
        with contextlib.suppress(Exception):
            process.stdin.close()
            process.wait(timeout=10)
