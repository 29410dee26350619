"""One worker: uvicorn around the application, on a socket that it shares with the others."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import os
import resource
import signal
import socket
import sys
import threading
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, cast

import uvicorn
from fastapi import FastAPI

from churnrisk.clock import steady
from churnrisk.service.app import create_app
from churnrisk.service.config import ALIVE, READY, Bounds, ServiceConfig
from churnrisk.service.logs import flush_logs, start_logs
from churnrisk.service.metrics import CONNECTIONS, STARTS
from churnrisk.service.protocol import GuardedProtocol

BEAT_SECONDS = 5.0
SWEEP_SECONDS = 0.5
SWITCH_SECONDS = 0.001
"""How long a thread that works keeps the interpreter from the one that answers: less than usual."""


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
    start_logs()
    sys.setswitchinterval(SWITCH_SECONDS)
    allow_connections(config.bounds.connections)
    end_with_supervisor(line)
    app = create_app(replace(config, options=replace(config.options, threads=1)))
    settings = make_settings(app, config.bounds)
    with contextlib.suppress(KeyboardInterrupt):
        Server(settings, line).run(sockets=[listening])


def make_settings(app: FastAPI, bounds: Bounds) -> uvicorn.Config:
    """Tell uvicorn how to serve: with our clocks, and without its own logs."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=cast(Any, functools.partial(GuardedProtocol, bounds=bounds)),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # which client is a proxy is not ours to guess
        server_header=False,
        timeout_keep_alive=int(bounds.idle_seconds),
        timeout_graceful_shutdown=int(bounds.drain_seconds),
        backlog=2048,
    )


class Server(uvicorn.Server):
    """uvicorn's server, which tells the supervisor that it is ready, and from then on that it is alive."""

    def __init__(self, config: uvicorn.Config, line: Connection) -> None:
        super().__init__(config)
        self._line = line

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets=sockets)
        self._line.send_bytes(READY)
        STARTS.inc()
        self._tasks = [asyncio.create_task(one) for one in (self._beat(), self._sweep(), self._settle())]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let requests end, and write down what they were."""
        await super().shutdown(sockets=sockets)
        flush_logs()
        gc.unfreeze()

    async def _beat(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                await asyncio.sleep(BEAT_SECONDS)
                self._line.send_bytes(ALIVE)

    async def _settle(self) -> None:
        """Take what is loaded by now out of what the garbage collector looks through.

        Whenever a quarter as much has come since, it would look at all of it again, libraries and model, and nobody is
        answered meanwhile: for 50 to 100 ms, every few posts of 200 customers.
        """
        app: FastAPI = self.config.app  # type: ignore[assignment]
        await asyncio.to_thread(app.state.warming.join)
        gc.freeze()  # what is garbage at this moment stays, too: to collect it first would be one more such pause

    async def _sweep(self) -> None:
        """Cut off slow clients."""
        before = steady()
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = steady()
            for connection in list(self.server_state.connections):
                if isinstance(connection, GuardedProtocol):
                    connection.check(now, now - before)
            before = now
            flush_logs()
            CONNECTIONS.set(len(self.server_state.connections))


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
