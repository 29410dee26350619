"""The dashboard of a shop, served in a thread of the test itself, so that a test may change what it stands on."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from churnrisk.schema import KEY_ROLES
from churnrisk.service import ServiceConfig, create_app
from churnrisk.shop import Shop, ShopPlan, prepare_shop
from churnrisk.state import create_key, open_state
from support.reports import EVIL_IDS
from support.shop import PURCHASES

START_SECONDS = 60.0


@dataclass
class Dashboard:
    """A running dashboard: where it is, its application, the shop behind it, and a key of each role."""

    url: str
    app: FastAPI
    shop: Shop
    keys: dict[str, str]
    state: Path


def write_hostile_shop(path: Path) -> Path:
    """Write the sample, and a few orders of customers whose names would break a careless page."""
    text = PURCHASES.read_text(encoding="utf-8")
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        writer = csv.writer(file, lineterminator="\n")
        for k, name in enumerate(EVIL_IDS):
            for day in (1, 8, 20):
                writer.writerow(
                    [f"evil{k}-{day}", name, f"2011-11-{day:02d}T10:00:00", f"{90_000 + k}.50", 3, "Nowhere"]
                )
    return path


@contextmanager
def running_dashboard(folder: Path, models: Path, purchases: Path) -> Iterator[Dashboard]:
    """Serve the pages of a shop on a free port."""
    state = folder / "state.db"
    with open_state(state) as opened:
        keys: dict[str, str] = {role: create_key(opened, name=f"test {role}", role=role)[1] for role in KEY_ROLES}
    plan = ShopPlan(folder=folder / "shop", models_dir=models, state=state, purchases=str(purchases))
    prepare_shop(plan)
    config = ServiceConfig(models_dir=models, state=state, purchases=str(purchases), shop_dir=plan.folder)
    app = create_app(config)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        _wait(server, thread)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Dashboard(f"http://127.0.0.1:{port}", app, app.state.shop, keys, state)
    finally:
        server.should_exit = True
        thread.join()


def _wait(server: uvicorn.Server, thread: threading.Thread) -> None:
    until = time.monotonic() + START_SECONDS
    while not server.started:
        assert thread.is_alive(), "the dashboard did not start"
        assert time.monotonic() < until, "the dashboard takes too long to start"
        time.sleep(0.02)
