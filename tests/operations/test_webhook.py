"""The webhook against a real server: signed, bounded, and to nobody else."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from churnrisk.errors import SettingsError
from churnrisk.operations.webhook import Delivery, Webhook, make_webhook, send_alarm

SECRET = "a-secret-of-more-than-32-characters-xyz"
ALARM = {"event": "rules_fired", "fired": [{"rule": "psi > 0.2", "name": "psi", "value": 0.31, "fired": True}]}


class Receiver(ThreadingHTTPServer):
    """Answers with the statuses it is given, in turn, and keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses: list[int] = []
        self.received: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook?shop=1"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, dict(self.headers), body))
        self.send_response(self.server.statuses.pop(0))
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def call(url: str, *, seconds: float = 5.0) -> Delivery:
    return send_alarm(Webhook(url, SECRET.encode(), (0.0, 0.01, 0.01), seconds), ALARM)


def test_the_receiver_can_verify_it(receiver: Receiver) -> None:
    receiver.statuses = [204]
    assert call(receiver.url) == Delivery(1, "")
    [(path, headers, body)] = receiver.received
    assert path == "/hook?shop=1"
    assert json.loads(body) == ALARM
    stamp = headers["X-Churnrisk-Timestamp"]
    expected = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Churnrisk-Signature"] == f"sha256={expected}"
    assert abs(time.time() - int(stamp)) < 60
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("statuses", "tries", "problem"),
    [
        ([503, 429, 200], 3, ""),
        ([500, 500, 500], 3, "127.0.0.1 answered with status 500"),
        ([400], 1, "127.0.0.1 answered with status 400"),
        ([302], 1, "127.0.0.1 answered with a redirect, which is not followed"),
        ([307], 1, "127.0.0.1 answered with a redirect, which is not followed"),
    ],
)
def test_it_is_tried_again_where_that_may_help(
    receiver: Receiver, statuses: list[int], tries: int, problem: str
) -> None:
    receiver.statuses = list(statuses)
    assert call(receiver.url) == Delivery(tries, problem)
    assert len(receiver.received) == tries
    assert {path for path, _, _ in receiver.received} == {"/hook?shop=1"}
    assert len({headers["X-Churnrisk-Delivery"] for _, headers, _ in receiver.received}) == 1


def nobody(_: socket.socket) -> None:
    """Take the call and hang up."""


def silent(connection: socket.socket) -> None:
    connection.recv(65536)
    time.sleep(0.6)


def trickling(connection: socket.socket) -> None:
    """Send a byte now and then, so that no timeout of the socket ever ends it."""
    connection.recv(65536)
    for _ in range(12):
        connection.sendall(b"H")
        time.sleep(0.05)


@pytest.mark.parametrize("behave", [nobody, silent, trickling])
def test_a_bad_receiver_costs_a_bounded_time(behave: Callable[[socket.socket], None]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threads = [threading.Thread(target=_serve, args=(server, behave)) for _ in range(3)]
        for thread in threads:
            thread.start()
        begun = time.monotonic()
        found = call(f"http://127.0.0.1:{server.getsockname()[1]}/", seconds=0.2)
        assert time.monotonic() - begun < 3
        for thread in threads:
            thread.join()
    assert found.tries == 3
    assert found.problem.startswith("127.0.0.1 did not take the call: ")


def _serve(server: socket.socket, behave: Callable[[socket.socket], None]) -> None:
    connection, _ = server.accept()
    with connection:
        try:
            behave(connection)
        except OSError:
            return


def test_nobody_listens() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    assert call(f"http://127.0.0.1:{port}/") == Delivery(3, "127.0.0.1 did not take the call: Connection refused")


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("", "is not set"),
        ("short", "is too weak"),
        ("a" * 40, "is too weak"),
        ("ab" * 31, "is too weak"),
    ],
)
def test_a_weak_secret_is_refused(monkeypatch: pytest.MonkeyPatch, secret: str, problem: str) -> None:
    monkeypatch.setenv("CHURNRISK_WEBHOOK_SECRET", secret)
    with pytest.raises(SettingsError, match=f"CHURNRISK_WEBHOOK_SECRET {problem}") as caught:
        make_webhook("https://alerts.example.com/")
    assert not secret or secret not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://alerts.example.com/", "is not encrypted"),
        ("http://127.0.0.1.example.com/", "is not encrypted"),
        ("ftp://127.0.0.1/", "is not encrypted"),
        ("https://user:pass@alerts.example.com/", "leave user, password"),
        ("https://alerts.example.com/#x", "leave user, password"),
        ("alerts.example.com", "is no address"),
        ("https://", "is no address"),
        ("https://alerts.example.com:99999/", "is no address"),
        ("https://alerts.example.com/a\nb", "is no address"),
        ("https://alerts.example.com/a b", "is no address"),
        ("", "is no address"),
    ],
)
def test_addresses_that_are_refused(monkeypatch: pytest.MonkeyPatch, url: str, problem: str) -> None:
    monkeypatch.setenv("CHURNRISK_WEBHOOK_SECRET", SECRET)
    with pytest.raises(SettingsError, match=problem) as caught:
        make_webhook(url)
    assert "pass" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    "url", ["https://alerts.example.com/x", "http://localhost:9/", "http://[::1]/", "http://127.0.0.9/"]
)
def test_addresses_that_are_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("CHURNRISK_WEBHOOK_SECRET", SECRET)
    webhook = make_webhook(url)
    assert webhook.url == url
    assert SECRET not in repr(webhook)
