"""`-` reads what another program writes: a real pipe into a real process, of any format."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.shop import CUSTOMERS


def check(source: str, piped: bytes | None, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "churnrisk", "check", source, "--json"]
    done = subprocess.run(command, input=piped, capture_output=True, check=False, cwd=folder, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    account: dict[str, Any] = json.loads(done.stdout)["intake"]
    return account


@pytest.mark.parametrize("form", ["csv", "gzip", "utf-16"])
def test_a_pipe_is_read_as_the_file_is(form: str, tmp_path: Path) -> None:
    plain = CUSTOMERS.read_bytes()
    piped = {"csv": plain, "gzip": gzip.compress(plain), "utf-16": plain.decode().encode("utf-16")}[form]
    account, expected = check("-", piped, tmp_path), check(str(CUSTOMERS), None, tmp_path)
    assert account["source"] == "standard input"
    for name in ("rows_in", "rows_used", "customers", "orders", "first_on", "last_on", "columns"):
        assert account[name] == expected[name]
    assert not list(tmp_path.iterdir())


def test_an_empty_pipe_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "churnrisk", "check", "-"]
    done = subprocess.run(command, input=b"", capture_output=True, check=False, cwd=tmp_path, timeout=120)
    assert done.returncode == 2
    assert b"standard input" in done.stderr
    assert b"Traceback" not in done.stderr
