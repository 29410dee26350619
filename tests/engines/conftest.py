"""One Spark for all tests, started when the first one asks for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

QUIET_LOGS = """
rootLogger.level = error
rootLogger.appenderRef.stdout.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %m%n
"""


QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # what runs for a minute is not worth compiling well


@pytest.fixture(scope="session")
def spark(require: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Spark session in this process, as small as can be: one thread, one partition, no web page."""
    require("java", "pyspark")
    from pyspark.sql import SparkSession

    folder: Path = tmp_path_factory.mktemp("spark")
    (folder / "log4j2.properties").write_text(QUIET_LOGS)
    settings = {
        "spark.ui.enabled": "false",
        "spark.pyspark.python": sys.executable,  # workers need churnrisk, as on a cluster
        "spark.executorEnv.PYTHONPATH": str(Path(__file__).parents[1]),
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",  # compiling a hundred aggregates takes longer than running them
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.driver.extraJavaOptions": f"{QUICK_JAVA} -Dlog4j2.configurationFile={folder / 'log4j2.properties'}",
    }
    builder = SparkSession.builder.master("local[1]").appName("tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_PYTHON", sys.executable)  # else its workers take the first python3 on the path
        session = builder.getOrCreate()
        yield session
        session.stop()
