"""Slow clients are cut off, a busy service says so at once, and nothing is ever queued before the probes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Request

from churnrisk.service import Bounds
from churnrisk.service.access import Needs
from support.served import InThread

TINY = Bounds(
    body=200_000,
    buffered=300_000,
    seconds=1.0,
    reads=1,
    work=1,
    queued=2,
    wait_seconds=3.0,
    header_seconds=0.6,
    body_rate=1000,
    grace_seconds=0.6,
    idle_seconds=1.0,
    write_seconds=0.6,
    connections=30,
    drain_seconds=2.0,
)


def router() -> APIRouter:
    """Routes that only a test has."""
    router = APIRouter()

    @router.post("/test/work", dependencies=[Needs("scorer")])
    def work(seconds: float = 0.0) -> dict[str, float]:
        time.sleep(seconds)  # in a thread, as real work is
        return {"slept": seconds}

    @router.post("/test/file", dependencies=[Needs("scorer", lane="files")])
    def file(seconds: float = 0.0) -> dict[str, float]:
        time.sleep(seconds)
        return {"slept": seconds}

    @router.post("/test/other", dependencies=[Needs("scorer")])
    def other(seconds: float = 0.0) -> dict[str, float]:
        time.sleep(seconds)
        return {"slept": seconds}

    @router.post("/test/echo", dependencies=[Needs("scorer")])
    async def echo(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @router.get("/test/large", dependencies=[Needs("reader")])
    async def large() -> dict[str, str]:
        return {"text": "x" * 20_000_000}

    @router.get("/test/defect", dependencies=[Needs("reader")])
    def defect() -> None:
        raise RuntimeError("customer C-4711 bought a secret")

    return router


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InThread]:
    server = InThread(tmp_path_factory.mktemp("tiny"), TINY, router())
    yield server
    server.close()


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other end closes."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def problem_in(answer: bytes) -> dict[str, object]:
    document: dict[str, object] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return document


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: local", b"POST /v1/score HTTP/1.1\r\nX: y\r\n"])
def test_a_head_that_does_not_come_is_cut_off(tiny: InThread, sent: bytes) -> None:
    with tiny.connect() as connection:
        connection.sendall(sent)
        began = time.monotonic()
        answer = read_all(connection)
    assert 0.5 < time.monotonic() - began < 3
    assert status_of(answer) == 408
    assert problem_in(answer)["status"] == 408


def test_a_head_that_trickles_is_cut_off(tiny: InThread) -> None:
    with tiny.connect() as connection:
        began = time.monotonic()
        with contextlib.suppress(OSError):
            for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 1000:
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
        assert time.monotonic() - began < 4


def test_a_body_that_trickles_is_cut_off_and_holds_no_slot(tiny: InThread) -> None:
    slow = [tiny.connect() for _ in range(5)]  # more than slots and queue together
    for connection in slow:
        connection.sendall(tiny.head("POST", "/test/echo", "Content-Length: 100000") + b"a" * 10)
    time.sleep(0.2)
    with tiny.client() as client:
        assert client.post("/test/echo", content=b"abc").json() == {"bytes": 3}
    for connection in slow:
        assert status_of(read_all(connection)) == 408
        connection.close()


def test_a_body_at_a_fair_rate_may_take_longer(tiny: InThread) -> None:
    with tiny.connect() as connection:
        connection.sendall(tiny.head("POST", "/test/echo", "Content-Length: 6000", "Connection: close"))
        for _ in range(12):
            connection.sendall(b"a" * 500)
            time.sleep(0.15)
        answer = read_all(connection)
    assert status_of(answer) == 200
    assert problem_in(answer) == {"bytes": 6000}


def test_an_answer_that_is_not_read_is_cut_off(tiny: InThread) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", tiny.port))
        connection.sendall(tiny.head("GET", "/test/large"))
        time.sleep(2.5)
        connection.settimeout(5)
        assert len(read_all(connection)) < 20_000_000


def test_an_idle_connection_is_closed_also_after_a_refused_body(tiny: InThread) -> None:
    with tiny.connect() as connection:
        connection.sendall(b"POST /test/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n")
        time.sleep(0.2)
        connection.sendall(b"12345")
        assert status_of(read_all(connection)) == 401


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 100_000, 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ],
)
def test_what_is_no_http_is_refused_in_the_same_shape(tiny: InThread, sent: bytes, status: int) -> None:
    with tiny.connect() as connection:
        with contextlib.suppress(OSError):
            connection.sendall(sent)
        answer = read_all(connection)
    if answer:  # a reset may overtake it where not all was read
        assert status_of(answer) == status
        assert problem_in(answer)["status"] == status


def test_a_body_may_be_so_large(tiny: InThread) -> None:
    with tiny.client() as client:
        assert client.post("/test/echo", content=b"a" * TINY.body).json() == {"bytes": TINY.body}
        for content in (b"a" * (TINY.body + 1), iter([b"a" * 1000] * 300)):  # declared, and in chunks
            answer = client.post("/test/echo", content=content)
            assert (answer.status_code, answer.json()["limit_bytes"]) == (413, TINY.body)
        answer = client.post("/login", content=b"a" * 70_000)  # who is not known may send a form, no more
        assert answer.status_code == 413


def test_beyond_the_queue_it_is_said_at_once_and_probes_still_answer(tiny: InThread) -> None:
    def post(_: int) -> tuple[int, float]:
        with tiny.client() as client:
            began = time.perf_counter()
            answer = client.post("/test/work", params={"seconds": 0.4})
            if answer.status_code == 503:
                assert answer.headers["retry-after"] == "1"
                assert answer.json()["title"] == "Busy"
            return answer.status_code, time.perf_counter() - began

    with ThreadPoolExecutor(12) as threads, tiny.client() as client:
        client.get("/healthz")
        answers = [threads.submit(post, number) for number in range(12)]
        slowest = 0.0
        for _ in range(20):
            began = time.perf_counter()
            assert client.get("/healthz").status_code == 200
            slowest = max(slowest, time.perf_counter() - began)
            time.sleep(0.03)
        results = [answer.result() for answer in answers]
    done = [seconds for status, seconds in results if status == 200]
    refused = [seconds for status, seconds in results if status == 503]
    assert len(done) == TINY.work + TINY.queued
    assert len(refused) == 12 - len(done)
    assert min(refused) < 0.2  # with the client in the same process; measured alone in bench/service_faults.py
    assert slowest < 0.4


def test_what_takes_too_long_is_given_up_and_keeps_its_slot_meanwhile(tiny: InThread) -> None:
    with tiny.client() as client, ThreadPoolExecutor(1) as threads:
        long = threads.submit(client.post, "/test/work", params={"seconds": 2.0})
        time.sleep(1.2)
        assert (long.result().status_code, long.result().json()["limit_seconds"]) == (504, 1.0)
        began = time.perf_counter()
        assert client.post("/test/echo", content=b"a").status_code == 200
        assert time.perf_counter() - began > 0.3  # the thread had not ended yet


def test_who_hangs_up_in_the_queue_is_not_worked_for(tiny: InThread) -> None:
    with ThreadPoolExecutor(1) as threads, tiny.client() as client, tiny.client() as other:
        first = threads.submit(client.post, "/test/work", params={"seconds": 0.6})
        time.sleep(0.15)
        for _ in range(TINY.queued):
            with tiny.connect() as connection:
                connection.sendall(tiny.head("POST", "/test/work?seconds=0.9", "Content-Length: 0"))
                time.sleep(0.05)
        time.sleep(0.1)
        began = time.perf_counter()
        assert other.post("/test/work").status_code == 200
        assert time.perf_counter() - began < 0.8
        assert first.result().status_code == 200


def test_more_connections_than_there_may_be_do_not_shut_out_a_new_one(tiny: InThread) -> None:
    held = [tiny.connect() for _ in range(3 * TINY.connections)]
    try:
        for connection in held:
            with contextlib.suppress(OSError):
                connection.sendall(b"GET / HTTP/1.1\r\n")
        with tiny.client() as client:
            assert client.get("/healthz").status_code == 200
            assert client.post("/test/echo", content=b"abc").status_code == 200
    finally:
        for connection in held:
            connection.close()


def test_a_defect_says_nothing_of_what_it_worked_on(
    tiny: InThread, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with tiny.client() as client:
        answer = client.get("/test/defect")
    assert answer.status_code == 500
    assert "4711" not in answer.text
    assert "4711" not in caplog.text + "".join(capfd.readouterr())
    [event] = [record for record in caplog.records if record.message == "defect"]
    assert event.__dict__["facts"]["error"] == "RuntimeError"
    assert event.__dict__["facts"]["request_id"] == answer.json()["request_id"]


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[InThread]:
    """A server where nobody waits longer than a quarter of a second."""
    server = InThread(tmp_path, replace(TINY, wait_seconds=0.25, queued=8, seconds=5.0), router())
    yield server
    server.close()


def test_what_one_route_takes_turns_nobody_away_from_another(impatient: InThread) -> None:
    with impatient.client() as client, ThreadPoolExecutor(4) as threads:

        def ask(path: str, seconds: float, after: float) -> int:
            time.sleep(after)
            return client.post(path, params={"seconds": seconds}).status_code

        assert [ask("/test/work", 0.8, 0.0) for _ in range(4)] == [200] * 4
        small = list(threads.map(ask, ["/test/other"] * 4, [0.05] * 4, [0.0, 0.02, 0.03, 0.04]))
        assert small == [200] * 4
        behind = list(threads.map(ask, ["/test/work", "/test/other"], [0.8, 0.0], [0.0, 0.1]))
        assert behind == [200, 503]  # which would have had to wait for too long


def test_files_that_take_long_turn_no_small_post_away(impatient: InThread) -> None:
    with impatient.client() as client, ThreadPoolExecutor(8) as threads:

        def ask(path: str, seconds: float, kind: str) -> int:
            return client.post(path, params={"seconds": seconds}, headers={"Content-Type": kind}).status_code

        files = [threads.submit(ask, "/test/file", 1.0, "text/csv") for _ in range(4)]
        time.sleep(0.1)
        began = time.monotonic()
        assert [ask("/test/other", 0.0, "application/json") for _ in range(10)] == [200] * 10
        assert ask("/test/file", 0.0, "application/json; charset=utf-8") == 200
        assert time.monotonic() - began < 0.8, "none of them has waited for a file"
        assert {one.result() for one in files} <= {200, 503}


def test_a_slot_is_never_lost(tmp_path: Path) -> None:
    server = InThread(tmp_path, replace(TINY, wait_seconds=0.05, queued=4, seconds=0.2), router())
    try:

        async def storm() -> None:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=10) as client:
                client.headers["Authorization"] = f"Bearer {server.keys['scorer']}"
                tasks = []
                for number in range(60):
                    seconds = (0.0, 0.03, 0.3)[number % 3]
                    task = asyncio.create_task(client.post("/test/work", params={"seconds": seconds}))
                    tasks.append(task)
                    await asyncio.sleep(0.005)
                    if number % 5 == 0:
                        task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run(storm())
        time.sleep(0.4)
        with server.client() as client:
            for _ in range(5):
                assert client.post("/test/work").status_code == 200
    finally:
        server.close()
