"""Requests on one connection: answered in order, whatever comes behind them; and headers are what stood in the head."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator

import pytest
from fastapi import APIRouter, Request

from churnrisk.service import Bounds
from churnrisk.service.access import OPEN, Needs
from churnrisk.service.protocol import MOST_HEADERS, MOST_PIPELINED
from support.served import InThread

BOUNDS = Bounds(header_seconds=0.6, body_rate=1000, grace_seconds=0.6, idle_seconds=2.0)


def router() -> APIRouter:
    """Routes that only a test has."""
    router = APIRouter()

    @router.get("/test/wait", dependencies=[OPEN])
    def wait(n: int, seconds: float = 0.0) -> dict[str, int]:
        time.sleep(seconds)
        return {"n": n}

    @router.post("/test/headers", dependencies=[Needs("scorer")])
    async def headers(request: Request) -> list[str]:
        await request.body()
        return sorted(name.decode() for name, _ in request.scope["headers"])

    return router


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InThread]:
    running = InThread(tmp_path_factory.mktemp("protocol"), BOUNDS, router())
    yield running
    running.close()


def wait_for(n: int, seconds: float = 0.0) -> bytes:
    return f"GET /test/wait?n={n}&seconds={seconds} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def read_answers(connection: socket.socket) -> list[tuple[int, str, bytes]]:
    """Status, head and body of every answer until the other end closes."""
    text = b""
    while part := connection.recv(65536):
        text += part
    found = []
    while text:
        head, _, rest = text.partition(b"\r\n\r\n")
        lines = head.decode().lower()
        length = int(lines.partition("content-length: ")[2].partition("\r\n")[0])
        found.append((int(head.split(b" ", 2)[1]), lines, rest[:length]))
        text = rest[length:]
    return found


@pytest.mark.parametrize("seed", range(4))
def test_more_requests_than_may_wait_are_closed_upon_in_order(server: InThread, seed: int) -> None:
    sent = wait_for(0, 0.3) + b"".join(wait_for(n) for n in range(1, 3 * MOST_PIPELINED))
    cuts = sorted(random.Random(seed).sample(range(1, len(sent)), 5 * seed))
    with server.connect() as connection:
        for start, stop in zip([0, *cuts], [*cuts, len(sent)], strict=True):
            connection.sendall(sent[start:stop])
        answers = read_answers(connection)
    assert len(answers) > MOST_PIPELINED if cuts else len(answers) == MOST_PIPELINED + 1
    assert [body for _, _, body in answers] == [b'{"n":%d}' % n for n in range(len(answers))]
    if len(answers) < 3 * MOST_PIPELINED:  # in pieces so many may not come together
        assert ["connection: close" in head for _, head, _ in answers] == [False] * (len(answers) - 1) + [True]


def test_as_many_as_may_wait_are_all_answered_and_the_connection_stays(server: InThread) -> None:
    with server.connect() as connection:
        connection.sendall(b"".join(wait_for(n) for n in range(MOST_PIPELINED)))
        time.sleep(0.5)
        connection.sendall(wait_for(99).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answers = read_answers(connection)
    assert [body for _, _, body in answers] == [b'{"n":%d}' % n for n in [*range(MOST_PIPELINED), 99]]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 2 * MOST_HEADERS + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: loc", 408),
        (b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nkey", 408),
        (b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n", 400),
    ],
)
@pytest.mark.parametrize("seconds", [0.0, 1.2])
def test_what_is_refused_is_refused_after_the_answers_before_it(
    server: InThread, wrong: bytes, status: int, seconds: float
) -> None:
    with server.connect() as connection:
        connection.sendall(wait_for(1, seconds) + wait_for(2) + wrong)
        answers = read_answers(connection)
    assert [code for code, _, _ in answers] == [200, 200, status]
    assert [body for _, _, body in answers[:2]] == [b'{"n":1}', b'{"n":2}']


def test_fields_behind_a_body_are_no_headers(server: InThread) -> None:
    head = server.head("POST", "/test/headers", "Transfer-Encoding: chunked", "Trailer: X-Late", "Connection: close")
    with server.connect() as connection:
        connection.sendall(head + b"1\r\na\r\n")
        time.sleep(0.1)
        connection.sendall(b"0\r\nX-Late: 1\r\nHost: elsewhere\r\nX-CSRF-Token: 2\r\n\r\n")
        [(status, _, body)] = read_answers(connection)
    assert status == 200
    assert body == b'["authorization","connection","host","trailer","transfer-encoding"]'


def test_a_key_behind_a_body_opens_nothing(server: InThread) -> None:
    head = b"POST /test/headers HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(head + b"0\r\nAuthorization: Bearer " + server.keys["admin"].encode() + b"\r\n\r\n")
        assert read_answers(connection)[0][0] == 401


def test_fields_behind_a_body_are_as_few_as_headers(server: InThread) -> None:
    head = server.head("POST", "/test/headers", "Transfer-Encoding: chunked")
    with server.connect() as connection:
        connection.sendall(head + b"0\r\n" + b"A: b\r\n" * MOST_HEADERS + b"\r\n")
        assert read_answers(connection)[0][0] == 431
