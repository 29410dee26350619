"""One worker: uvicorn around the application, on a socket that it shares with the others."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import threading
from dataclasses import replace
from multiprocessing.connection import Connection

import uvicorn

from churnrisk.service.config import ServiceConfig
from churnrisk.service.logs import start_logs

READY, ALIVE = b"ready", b"alive"
"""What a process tells its supervisor."""

BEAT_SECONDS = 5.0


def run_worker(config: ServiceConfig, listening: socket.socket, line: Connection) -> None:
    """Serve until told to stop, or until the supervisor is gone.

    Parameters
    ----------
    config : ServiceConfig
        How to run.
    listening : socket
        Where to accept connections.
    line : Connection
        To the supervisor.
    """
    from churnrisk.service.app import create_app

    start_logs()
    allow_connections(config.bounds.connections)
    end_with_supervisor(line)
    app = create_app(replace(config, options=replace(config.options, threads=1)))
    settings = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # who is a proxy is not ours to guess
        server_header=False,
        timeout_keep_alive=int(config.bounds.idle_seconds),
        timeout_graceful_shutdown=int(config.bounds.drain_seconds),
        backlog=2048,
    )
    with contextlib.suppress(KeyboardInterrupt):
        Server(settings, line).run(sockets=[listening])


class Server(uvicorn.Server):
    """uvicorn's server, which tells the supervisor that it is ready, and from then on that it is alive."""

    def __init__(self, config: uvicorn.Config, line: Connection) -> None:
        super().__init__(config)
        self._line = line

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets=sockets)
        self._line.send_bytes(READY)
        self._beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                await asyncio.sleep(BEAT_SECONDS)
                self._line.send_bytes(ALIVE)


def end_with_supervisor(line: Connection) -> None:
    """Stop when the other end of the line is closed: the supervisor was killed, and nobody would stop this process."""

    def watch() -> None:
        with contextlib.suppress(EOFError, OSError):
            line.recv_bytes()  # nothing is ever sent this way
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="supervisor", daemon=True).start()


def allow_connections(connections: int) -> None:
    """Ask for as many open files as that many connections need."""
    wanted = connections + 256
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
