"""A real cluster on this machine: a standalone master and two workers, one of which dies in the middle of scoring."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from support.shop import CUSTOMERS, churnrisk

pytestmark = [pytest.mark.spark, pytest.mark.timeout(1200)]
ROOT = Path(__file__).parents[2]
AS_OF = "2011-12-10"
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # what runs for a minute is not worth compiling well


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@dataclass
class Cluster:
    """A master and its workers, each with its executors in a process group of its own."""

    url: str
    page: str
    workers: list[subprocess.Popen[bytes]]

    def state(self) -> dict[str, Any]:
        """What the master says on its page."""
        with urllib.request.urlopen(f"{self.page}/json/") as answer:
            state: dict[str, Any] = json.load(answer)
        return state

    def alive(self) -> int:
        return int(self.state()["aliveworkers"])


def descendants(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found[1:]


def runs_python(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return any(b"pyspark.daemon" in Path(f"/proc/{one}/cmdline").read_bytes() for one in descendants(pid))
    return False


def wait_for(condition: Callable[[], object], what: str, *, seconds: float = 400) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError):  # a page that is just being put together is no JSON yet
            if condition():
                return
        time.sleep(0.2)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process as a machine ends that loses its power: it and all that it has started, at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def cluster(require: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """As small as can be: a core and 512 MB for each of two workers."""
    require("java", "pyspark")
    import pyspark

    home, folder = Path(pyspark.__file__).parent, tmp_path_factory.mktemp("cluster")
    port, page = free_port(), free_port()
    environment = os.environ | {
        "JAVA_TOOL_OPTIONS": QUICK_JAVA,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_WORKER_DIR": str(folder),
        "SPARK_NO_DAEMONIZE": "1",
        "PYTHONPATH": str(ROOT),
    }
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: object) -> subprocess.Popen[bytes]:
        command = [str(home / "bin" / "spark-class"), *map(str, arguments)]
        with (folder / f"{len(started)}.log").open("wb") as log:
            started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True))
        return started[-1]

    master = "org.apache.spark.deploy.master.Master"
    start(master, "--host", "127.0.0.1", "--port", port, "--webui-port", page)
    worker = ("org.apache.spark.deploy.worker.Worker", "--cores", 1, "--memory", "600m", "--webui-port", 0)
    url = f"spark://127.0.0.1:{port}"
    try:
        workers = [start(*worker, "--host", "127.0.0.1", url) for _ in range(2)]
        made = Cluster(url, f"http://127.0.0.1:{page}", workers)
        wait_for(lambda: made.alive() == 2, "two workers")
        yield made
    finally:
        for process in started:
            kill_group(process)


@pytest.fixture(scope="module")
def expected(small_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """What DuckDB makes of the same purchases."""
    path = tmp_path_factory.mktemp("expected") / "scores.parquet"
    answer = churnrisk(
        "score", CUSTOMERS, "--models-dir", small_trained / "models", "--as-of", AS_OF, "--reasons", "none",
        "--output", path, "--no-remember",
    )  # fmt: skip
    assert (answer.code, answer.err) == (0, "")
    return pd.read_parquet(path)


@pytest.fixture(scope="module")
def purchases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The purchases in several files, so that there is work for both."""
    folder = tmp_path_factory.mktemp("purchases")
    log = pd.read_csv(CUSTOMERS, dtype=str)
    log["ordered_at"] = pd.to_datetime(log["ordered_at"])
    log["amount"] = log["amount"].astype(float)
    log["item_count"] = log["item_count"].astype(float)
    for part in range(4):
        log[part::4].to_parquet(folder / f"{part}.parquet", index=False)
    return folder


def test_a_worker_that_dies_in_the_middle_of_scoring_changes_nothing(
    cluster: Cluster, expected: pd.DataFrame, purchases: Path, small_trained: Path, tmp_path: Path
) -> None:
    """Python runs on executors for nothing but scoring, so once it does on a worker, that worker is in the middle."""
    output, folder = tmp_path / "scores.parquet", tmp_path / "conf"
    folder.mkdir()
    (folder / "spark-defaults.conf").write_text(
        "spark.driver.host 127.0.0.1\nspark.driver.bindAddress 127.0.0.1\nspark.driver.memory 600m\n"
        "spark.sql.shuffle.partitions 12\nspark.sql.adaptive.enabled false\nspark.sql.codegen.wholeStage false\n"
    )
    command = [
        sys.executable, "-m", "churnrisk", "score", str(purchases), "--engine", cluster.url, "--memory", "512MB",
        "--models-dir", str(small_trained / "models"), "--as-of", AS_OF, "--output", str(output), "--json",
    ]  # fmt: skip
    environment = os.environ | {
        "SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": "127.0.0.1", "PYTHONPATH": str(ROOT),
        "PYSPARK_PYTHON": sys.executable, "TMPDIR": str(tmp_path), "JAVA_TOOL_OPTIONS": QUICK_JAVA,
    }  # fmt: skip
    scoring = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path)
    victim = cluster.workers[0]
    try:
        wait_for(lambda: scoring.poll() is not None or runs_python(victim.pid), "scoring on the first worker")
        assert scoring.poll() is None, scoring.communicate()
        kill_group(victim)
        assert not output.exists(), "nothing is there before all is"
        out, err = scoring.communicate(timeout=500)
    finally:
        scoring.kill()
        scoring.communicate()
    assert scoring.returncode == 0, err
    assert err.decode().startswith("churnrisk: a run on Spark is not remembered")
    assert err.count(b"\n") == 1, "and nothing else"
    wait_for(lambda: cluster.alive() == 1, "the master misses it")
    assert (output / "_SUCCESS").exists()
    scores = pd.read_parquet(output)
    pd.testing.assert_frame_equal(scores, expected.astype(scores.dtypes.to_dict()), rtol=0, atol=1e-9)
    told = json.loads(out)
    assert sum(told["counts"].values()) == len(expected)
    assert [row["customer_id"] for row in told["first_customers"]] == expected["customer_id"][:10].tolist()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".", "churnrisk"))] == []
