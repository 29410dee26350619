"""The service in a thread of the test's own process, with bounds and routes that only a test has."""

from __future__ import annotations

import multiprocessing
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter

from churnrisk.service import Bounds, ServiceConfig, create_app, pages
from churnrisk.service.worker import Server, make_settings
from support.service import make_keys


class InThread:
    """A real server, in a thread of this process, with routes that only a test has."""

    def __init__(self, folder: Path, bounds: Bounds, *routers: APIRouter, **options: Any) -> None:
        self.config = config = ServiceConfig(folder / "models", folder / "state.db", bounds=bounds, **options)
        self.keys = make_keys(config.state)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pages, "ROUTERS", (*pages.ROUTERS, *routers))
            app = create_app(config)
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(512)
        self.port = self.socket.getsockname()[1]
        self._line, theirs = multiprocessing.Pipe()
        self.server = Server(make_settings(app, config.bounds), theirs)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})
        self.thread.start()
        assert self._line.recv_bytes() == b"ready"

    def client(self, role: str = "scorer") -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.keys[role]}"}
        limits = httpx.Limits(max_connections=100)
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=20, limits=limits)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def head(self, method: str, path: str, *lines: str) -> bytes:
        key = f"Authorization: Bearer {self.keys['scorer']}"
        return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", key, *lines, "", ""]).encode()

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join()
        self._line.close()
