"""A real service in a process of its own, on a free port, with a key of every role."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from churnrisk.schema import KEY_ROLES
from churnrisk.state import create_key, open_state
from support.shop import PURCHASES, ROOT, read_rows

START_SECONDS = 60.0
OPTED_OUT = "12349"
"""A customer of the sample who, by the settings of the service, is on no list of a campaign."""

WITHOUT_CONSENT = "15749"
"""A customer of the sample who has given no consent, by the contacts of the service."""

ADDRESS = "@secret.example"
"""Ends the address of everybody in those contacts."""


@dataclass(frozen=True)
class TrainedShop:
    """A folder of models, and the configuration folder with the key that signed them."""

    models: Path
    configuration: Path


def train_shop(folder: Path) -> TrainedShop:
    """Train one model of 90 days on the sample in a folder, unless one is there."""
    folder.mkdir(parents=True, exist_ok=True)
    shop = TrainedShop(folder / "models", folder / "configuration")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shop.models / "current").exists() and not list(shop.models.glob("2*")):
            command = [sys.executable, "-m", "churnrisk", "train", str(PURCHASES), "--horizon", "90"]
            environment = environment_of(shop.configuration)
            subprocess.run(
                [*command, "--models-dir", str(shop.models)],
                env=environment,
                cwd=folder,
                check=True,
                capture_output=True,
            )
    return shop


def environment_of(configuration: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a process of ours: none of the settings of who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHURNRISK_")}
    paths = os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH", "")]))
    ours = {"CHURNRISK_CONFIG_DIR": str(configuration), "CHURNRISK_REASONS_AHEAD": "0", "PYTHONPATH": paths}
    return kept | ours | dict(more or {})


@dataclass
class Service:
    """A running service.

    Parameters
    ----------
    process : Popen
        The supervisor.
    url : str
        Where it answers.
    keys : dict of str to str
        A key of each role.
    state : Path
        Its state file.
    log : Path
        What it has written to standard output: JSON lines.
    """

    process: subprocess.Popen[bytes]
    url: str
    keys: dict[str, str]
    state: Path
    log: Path
    _clients: list[httpx.Client] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def client(self, role: str | None = None, **options: Any) -> httpx.Client:
        """A client that shows the key of a role, or none; closed with the service."""
        headers = {"Authorization": f"Bearer {self.keys[role]}"} if role else {}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=30, **options)
        self._clients.append(client)
        return client

    def browser(self, role: str) -> tuple[httpx.Client, str]:
        """A client that has logged in as a browser does, and the CSRF token of its session."""
        client = self.client()
        page = client.get("/login")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token is not None
        answer = client.post("/login", data={"key": self.keys[role], "csrf_token": token[1]})
        assert answer.status_code == 303, answer.text
        return client, client.cookies["churnrisk_session"].partition(".")[2]

    def events(self) -> list[dict[str, Any]]:
        """Every event of the log so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def worker_pids(self) -> list[int]:
        """The processes that answer, as the log tells."""
        return [pid for name, pid in self.processes().items() if name.startswith("worker")]

    def processes(self) -> dict[str, int]:
        """Every process that the supervisor has started last, by its name."""
        lines = [line for line in self.log.read_text().splitlines() if '"process started"' in line]
        return {event["name"]: event["pid"] for event in map(json.loads, lines)}

    def close(self) -> None:
        """Stop it, and wait for it."""
        for client in self._clients:
            client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@contextlib.contextmanager
def running_service(
    folder: Path, shop: TrainedShop, *options: object, environment: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """Start `churnrisk serve` in a folder, on the models and the history of a shop, and stop it at the end.

    ``options`` come last on the command line, so they beat those given here.
    """
    state = folder / "state.db"
    keys = make_keys(state)
    arguments = ["--port", 0, "--models-dir", shop.models, "--state", state, "--purchases", PURCHASES, *options]
    log, errors = folder / "service.log", folder / "service.err"
    with log.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "churnrisk", "serve", *map(str, arguments)],
            env=environment_of(shop.configuration, environment),
            cwd=folder,
            stdout=out,
            stderr=err,
        )
    service = Service(process, "", keys, state, log)
    try:
        service.url = _wait_for_url(process, errors, log)
        yield service
    finally:
        service.close()


def watching(path: Path, into: Path) -> dict[str, str]:
    """Environment in which every Python process that opens a file writes down its number, and its parent's."""
    here = Path(__file__).parent / "watch_opens"
    return {"PYTHONPATH": os.pathsep.join((str(here), str(ROOT))), "WATCHED": str(path), "WATCHED_INTO": str(into)}


def write_contacts(path: Path) -> Path:
    """Write a name and an address for each customer of the sample."""
    ids = sorted({row["customer_id"] for row in read_rows(PURCHASES)})
    said = {WITHOUT_CONSENT: "no"}
    rows = (f"{one},Ann {one}{ADDRESS},person-{one}{ADDRESS},{said.get(one, 'yes')}" for one in ids)
    path.write_text("\n".join(["customer_id,name,email,consent", *rows, ""]), encoding="utf-8")
    return path


def wait_for_job(api: httpx.Client, job: int, *statuses: str) -> dict[str, Any]:
    """Wait until a job has one of some statuses, and give it."""
    until = time.monotonic() + 120
    while True:
        found: dict[str, Any] = api.get(f"/v1/jobs/{job}").json()
        if found["status"] in statuses:
            return found
        assert found["status"] in ("queued", "running"), found
        assert time.monotonic() < until, found
        time.sleep(0.1)


def make_keys(state: Path | str) -> dict[str, str]:
    """Make a key of every role in a state file."""
    with open_state(state) as opened:
        return {role: create_key(opened, name=f"test {role}", role=role)[1] for role in KEY_ROLES}


def _wait_for_url(process: subprocess.Popen[bytes], errors: Path, log: Path) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        found = re.search(r"http://\S+:[0-9]+", errors.read_text())
        if found:
            return found[0]
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"the service did not start:\n{errors.read_text()}\n{log.read_text()}")


OURS = {"at", "process", "pid", "milliseconds", "request_id", "url"}
"""Numbers of our own, in which five digits may look like the id of a customer."""


def customers_in(events: list[dict[str, Any]]) -> set[str]:
    """Customers of the sample that a log names."""
    known = {row["customer_id"] for row in read_rows(PURCHASES)}
    text = json.dumps([{name: value for name, value in event.items() if name not in OURS} for event in events])
    return known & set(re.findall(r"\d+", text))
