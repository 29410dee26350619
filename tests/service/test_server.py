"""The supervisor: it refuses to start unsafely, starts workers that die again, and loses nothing when it stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from churnrisk.confine import describe_means
from churnrisk.errors import SettingsError
from churnrisk.service import ServiceConfig
from churnrisk.service.server import MOST_FAILURES, SILENT_SECONDS, STARTING_SECONDS, Child, is_silent
from churnrisk.state import create_key, open_state, revoke_key
from support.service import Service, TrainedShop, environment_of, make_keys, running_service


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of two workers without a model, which therefore starts fast."""
    folder = tmp_path_factory.mktemp("two")
    shop = TrainedShop(folder / "models", folder / "configuration")
    (folder / "empty").mkdir()
    environment = {"CHURNRISK_PARQUET_UPLOADS": "false"}
    with running_service(folder, shop, "--workers", 2, environment=environment) as service:
        yield service


def test_parquet_is_refused_where_it_is_turned_off(two_workers: Service) -> None:
    form = {"Content-Type": "application/vnd.apache.parquet"}
    answer = two_workers.client("scorer").post("/v1/score", content=b"PAR1", headers=form)
    assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")
    assert "text/csv" in answer.json()["detail"]


def test_the_log_begins_with_what_confines_the_reading_of_files(two_workers: Service) -> None:
    [told] = [event for event in two_workers.events() if event["event"] == "files are read confined"]
    assert {name: told[name] for name in describe_means()} == describe_means()


def start(folder: Path, *options: object) -> subprocess.CompletedProcess[str]:
    """Run `churnrisk serve` where it is expected to refuse."""
    return subprocess.run(
        [sys.executable, "-m", "churnrisk", "serve", "--port", "0", *map(str, options)],
        env=environment_of(folder / "configuration"),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_does_not_start_without_a_key_that_is_good(tmp_path: Path) -> None:
    with open_state(tmp_path / "state.db") as state:
        record, _ = create_key(state, name="gone", role="admin")
        revoke_key(state, record.key_id)
    answer = start(tmp_path, "--state", tmp_path / "state.db")
    assert answer.returncode == 2
    assert "churnrisk keys create" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "shop.example.com"])
def test_other_machines_are_let_in_by_name_only(host: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--allowed-host"):
        ServiceConfig(tmp_path, tmp_path / "state.db", host=host)
    config = ServiceConfig(tmp_path, tmp_path / "state.db", host=host, allowed_hosts=("shop.example.com",))
    assert config.known_hosts == {"shop.example.com"}
    with pytest.raises(SettingsError, match="plain host name"):
        ServiceConfig(tmp_path, tmp_path / "state.db", host=host, allowed_hosts=("*.example.com",))


def test_an_address_that_is_taken_is_said(tmp_path: Path) -> None:
    with open_state(tmp_path / "state.db") as state:
        create_key(state, name="me", role="admin")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = start(tmp_path, "--state", tmp_path / "state.db", "--port", taken.getsockname()[1])
    assert answer.returncode == 2
    assert "--port" in answer.stderr


def test_without_a_model_it_is_alive_and_not_ready(two_workers: Service) -> None:
    client = two_workers.client()
    assert client.get("/healthz").json() == {"status": "ok"}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "model" in answer.json()["detail"]
    assert str(two_workers.state.parent) not in answer.text


def test_a_worker_that_is_killed_is_started_again(two_workers: Service) -> None:
    before = set(two_workers.worker_pids())
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with two_workers.client() as client:  # a new connection each time, and one worker is always there
            assert client.get("/healthz").status_code == 200
        if len(set(two_workers.worker_pids()) - {victim}) == len(before):
            break
        time.sleep(0.1)
    assert victim not in two_workers.worker_pids()
    died = [event for event in two_workers.events() if event["event"] == "process died"]
    assert died[-1]["pid"] == victim
    assert died[-1]["exit_code"] == -signal.SIGKILL
    assert len(two_workers.worker_pids()) == len(before)


def test_a_worker_that_keeps_dying_as_it_starts_does_not_end_a_service_that_answers(two_workers: Service) -> None:
    """Had it been started with such workers it would have ended: that is the next test."""
    name = "worker 2"
    for _ in range(MOST_FAILURES + 1):
        victim = two_workers.processes()[name]
        os.kill(victim, signal.SIGKILL)
        until = time.monotonic() + 60
        while two_workers.processes()[name] == victim:
            assert time.monotonic() < until
            with two_workers.client() as client:
                assert client.get("/healthz").status_code == 200
            time.sleep(0.01)
    with two_workers.client() as client:
        assert client.get("/healthz").status_code == 200
    assert two_workers.process.poll() is None


def test_a_service_whose_worker_cannot_start_ends(tmp_path: Path) -> None:
    keys = make_keys(tmp_path / "state.db")
    log, errors = tmp_path / "log", tmp_path / "errors"
    with log.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "churnrisk", "serve", "--port", "0", "--state", str(tmp_path / "state.db")],
            env=environment_of(tmp_path / "configuration"),
            cwd=tmp_path,
            stdout=out,
            stderr=err,
        )
    service, killed = Service(process, "", keys, tmp_path / "state.db", log), set[int]()
    until = time.monotonic() + 90
    while process.poll() is None and time.monotonic() < until:
        for pid in set(service.worker_pids()) - killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        time.sleep(0.005)
    service.close()
    assert process.returncode == 1
    assert len(killed) == MOST_FAILURES
    assert f"worker 1 has died {MOST_FAILURES} times as it started" in errors.read_text()


@pytest.mark.parametrize(("is_ready", "seconds"), [(True, SILENT_SECONDS), (False, STARTING_SECONDS)])
def test_a_process_that_says_nothing_is_taken_for_hung(is_ready: bool, seconds: float) -> None:
    child = Child("worker 1", lambda line: line, heard=1000.0, is_ready=is_ready)
    assert not is_silent(child, 1000.0 + seconds)
    assert is_silent(child, 1000.5 + seconds)


def test_the_history_is_read_again_when_it_is_told_to(two_workers: Service) -> None:
    def times() -> int:
        return sum(event["event"] == "history read" for event in two_workers.events())

    until = time.monotonic() + 60
    while times() < 1:
        assert time.monotonic() < until
        time.sleep(0.1)
    before, workers = times(), two_workers.worker_pids()
    two_workers.process.send_signal(signal.SIGHUP)
    while times() == before:
        assert time.monotonic() < until
        assert two_workers.process.poll() is None
        time.sleep(0.1)
    assert two_workers.worker_pids() == workers
    assert "asked to read again" in [event["event"] for event in two_workers.events()]


def test_a_request_that_has_begun_is_answered_when_it_is_stopped(tmp_path: Path) -> None:
    shop = TrainedShop(tmp_path / "models", tmp_path / "configuration")
    with running_service(tmp_path, shop) as service:
        workers = service.worker_pids()
        begun, idle = (socket.create_connection(("127.0.0.1", service.port), timeout=20) for _ in range(2))
        with begun, idle:
            body = b"key=crk_x&csrf_token=x"
            head = f"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
            begun.sendall(head.encode() + body[:5])
            time.sleep(0.3)
            service.process.send_signal(signal.SIGTERM)
            time.sleep(0.7)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", service.port), timeout=5)
            assert idle.recv(100) == b""
            begun.sendall(body[5:])
            assert begun.recv(65536).startswith(b"HTTP/1.1 403")  # the form had no token
        assert service.process.wait(20) == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
        events = [event["event"] for event in service.events()]
        assert [event for event in events if event in ("stopping", "stopped")] == ["stopping", "stopped"]


def test_workers_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    shop = TrainedShop(tmp_path / "models", tmp_path / "configuration")
    with running_service(tmp_path, shop) as service:
        workers = list(service.processes().values())
        service.process.kill()
        service.process.wait()
        until = time.monotonic() + 20
        while time.monotonic() < until and any(is_running(pid) for pid in workers):
            time.sleep(0.1)
        assert not [pid for pid in workers if is_running(pid)]


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
