"""A disk that is full or fails is told from every other error, with its place."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from churnrisk.engines import Database, engine_error, explaining_storage, storage_error, write_parquet
from churnrisk.errors import ChurnriskError, OutputError, StorageError
from support.shop import CUSTOMERS

TEMPORARY = tempfile.gettempdir()


def system_error(number: int, name: str | None = None) -> OSError:
    return OSError(number, os.strerror(number)) if name is None else OSError(number, os.strerror(number), name)


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (system_error(errno.ENOSPC), TEMPORARY),
        (system_error(errno.EIO, f"{TEMPORARY}/churnrisk-a/orders.duckdb"), TEMPORARY),
        (system_error(errno.EROFS, "/data/models"), "/data/models"),
        (system_error(errno.ENOENT, "/data/models"), None),
        (system_error(errno.EACCES), None),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), "temporary files"),
        (OutputError("there is no space left"), None),
        (ValueError("No space left on device"), None),
    ],
)
def test_errors_of_disks_are_known_and_others_left(error: Exception, place: str | None) -> None:
    found = storage_error(error)
    assert (found is None) == (place is None)
    if found is not None:
        assert str(found).startswith(f"{place}: " if place != "temporary files" else place)


@pytest.mark.parametrize(
    "said",
    [
        "FATAL Error: fsync failed",
        "FATAL Error: Failed: database has been invalidated because of a previous fatal error.",
    ],
)
def test_what_an_engine_says_of_its_own_files_is_of_temporary_files(said: str) -> None:
    assert str(storage_error(engine_error()(said))).startswith(f"{TEMPORARY}: temporary files cannot be written there")


def test_what_else_an_engine_refuses_stays_its_own() -> None:
    with Database() as database, pytest.raises(engine_error()) as caught, explaining_storage(Path("out.parquet")):
        database.connection.execute("SELECT no_such_column FROM range(3)")
    assert not isinstance(caught.value, ChurnriskError)


def test_what_the_system_refuses_beside_the_engine_is_of_temporary_files() -> None:
    with pytest.raises(StorageError), explaining_storage(Path("out.parquet")):
        raise system_error(errno.ENOSPC)
    with pytest.raises(FileNotFoundError), explaining_storage(Path("out.parquet")):
        raise system_error(errno.ENOENT)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_the_result_is_told_from_temporary_files(tmp_path: Path) -> None:
    target = tmp_path / "result.parquet"
    target.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device"):
        write_parquet({"a": [1, 2]}, target)


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_temporary_files_without_room_are_named_as_such(tmp_path: Path) -> None:
    output, temporary = tmp_path / "converted.parquet", tmp_path / "temporary"
    temporary.mkdir()
    run = subprocess.run(
        [sys.executable, "-m", "churnrisk", "convert", str(CUSTOMERS), "--output", str(output)],
        env=os.environ | {"TMPDIR": str(temporary)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2, run.stderr
    assert run.stderr.startswith(f"churnrisk: {temporary}: temporary files cannot be written there: ")
    assert not [*temporary.iterdir(), *tmp_path.glob("*.parquet")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_standard_output_is_no_defect() -> None:
    command = [sys.executable, "-m", "churnrisk", "rate", "--start", "10", "--end", "9", "--new", "1"]
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (run.returncode, run.stderr) == (
        2,
        "churnrisk: standard output: cannot be written: No space left on device.\n",
    )
