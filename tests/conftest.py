"""What every test may rely on: a configuration folder of its own, and a way to ask for tools."""

from __future__ import annotations

import gc
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from support.groups import GroupScheduling, group_of
from support.shop import CUSTOMERS
from support.trained import shared_folder, train_once

IN_CI = os.environ.get("CI", "").lower() == "true"

# A shared machine has slow moments, so no deadline; in CI the same examples each time.
settings.register_profile("churnrisk", deadline=None, derandomize=IN_CI, print_blob=True)
settings.load_profile("churnrisk")


@pytest.fixture(scope="session")
def require() -> Callable[..., None]:
    """Ask for commands or importable modules: `require("java", "pyspark")`.

    Where one is missing the test is skipped with its name; with CI=true the test fails, so that a broken
    installation does not pass as a green run.
    """
    return _require


def _require(*names: str) -> None:
    missing = [name for name in names if not _find(name)]
    if not missing:
        return
    reason = f"not installed: {', '.join(missing)}"
    if IN_CI:
        pytest.fail(f"{reason} (with CI=true nothing may be skipped)", pytrace=False)
    pytest.skip(reason)


def _find(name: str) -> bool:
    """Whether a command or a module of this name is there; servers of Debian lie outside of PATH."""
    folders = [str(path) for path in Path("/usr/lib/postgresql").glob("*/bin")]
    if "JAVA_HOME" in os.environ:
        folders.append(f"{os.environ['JAVA_HOME']}/bin")
    path = os.pathsep.join([os.environ.get("PATH", ""), *folders])
    return shutil.which(name, path=path) is not None or importlib.util.find_spec(name) is not None


@pytest.fixture(scope="session")
def postgres_server(require: Callable[..., None]) -> Iterator[str]:
    """The URL of a database on a server of this run; its tests are told by their names, to share it."""
    require("initdb", "psycopg")
    from support.postgres import running_postgres

    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session", autouse=True)
def _own_configuration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or makes the signing key of the person who runs it; all processes of a run have one."""
    folder = shared_folder(tmp_path_factory) / "configuration"
    folder.mkdir(mode=0o700, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHURNRISK_CONFIG_DIR", str(folder))
        yield


@pytest.fixture(scope="session")
def small_trained(tmp_path_factory: pytest.TempPathFactory, _own_configuration: None) -> Path:
    """A folder whose ``models`` were trained on 300 customers, for 60 days; for reading only."""
    return train_once(tmp_path_factory, CUSTOMERS, 60)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the collector of garbage pass over what was imported, and come less often: a twentieth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not asked for, and see that tests on Spark share one: a second Java machine costs too much."""
    left_out = [] if os.environ.get("CHURNRISK_SLOW") == "1" else ["slow"]
    left_out += [] if "release" in config.option.markexpr else ["release"]
    items[:] = [item for item in items if not any(item.get_closest_marker(mark) for mark in left_out)]
    for item in items:
        if item.get_closest_marker("spark") and group_of(item.nodeid) != "spark":
            raise pytest.UsageError(f"{item.nodeid} is on Spark: name it so that group_of in support/groups.py knows")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Run tests that share something in one process."""
    return GroupScheduling(config, log)


@pytest.fixture(scope="session")
def models(small_trained: Path) -> Path:
    """A folder of stored models with one of 60 days in it."""
    return small_trained / "models"
