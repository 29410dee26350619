"""A real PostgreSQL server, started by the test run and gone with it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


def _as_server(command: list[str]) -> list[str]:
    """The server refuses to run as root, so another user runs it then."""
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command] if os.geteuid() == 0 else command


@contextlib.contextmanager
def running_postgres() -> Iterator[str]:
    """Make a server's folder, start it, and give the URL of a database; without a password, and gone afterwards."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    find = {name: str(programs / name) if programs else str(shutil.which(name)) for name in ("initdb", "pg_ctl")}
    folder = Path(tempfile.mkdtemp(prefix="churnrisk-postgres-"))
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
    make = [
        find["initdb"],
        "-D",
        str(folder / "data"),
        "-U",
        "shop",
        "-A",
        "trust",
        "--no-sync",
        "-E",
        "UTF8",
        "--locale=C",
    ]
    subprocess.run(_as_server(make), **run)  # type: ignore[call-overload]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c autovacuum=off"
    control = [find["pg_ctl"], "-D", str(folder / "data"), "-w", "-o", options, "-l", str(folder / "log")]
    subprocess.run(_as_server([*control, "start"]), **run)  # type: ignore[call-overload]
    yield f"postgresql://shop@127.0.0.1:{port}/postgres"
    subprocess.run(_as_server([*control, "-m", "immediate", "stop"]), **run)  # type: ignore[call-overload]
    shutil.rmtree(folder, ignore_errors=True)
