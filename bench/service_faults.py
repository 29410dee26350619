"""The service under attack and under load: slow clients, more work than it can do, and workers that are killed.

Usage: python bench/service_faults.py [slow] [overload] [kills] [full] [--kills N] [--full N] [--seconds S]

A real service on the sample is started, and asked by this process over the loopback. `slow` holds 500 connections that
send nothing, or a byte now and then, and asks /healthz meanwhile. `overload` finds the most posts of 200 customers that
are scored in a second, then sends three times as many, and afterwards measures how soon all is as before. `kills` ends
a worker by kill -9, again and again, under a load of POST /v1/purchases, and looks for every acknowledged order; `full`
lets no file of the service grow for a moment, as on a full disk, and looks for them, too.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import json
import os
import random
import resource
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from churnrisk.state import load_received, open_state  # noqa: E402
from support.service import Service, TrainedShop, running_service, train_shop  # noqa: E402
from support.shop import PURCHASES  # noqa: E402

CUSTOMERS = 200
SLOW = 500


@dataclass
class Client:
    """Keeps connections open and sends whole requests over them."""

    port: int
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def ask(self, request: bytes) -> tuple[int, float, bytes]:
        """Send a request; give status (0 where the connection broke), seconds and body."""
        began = time.perf_counter()
        try:
            if not self.idle:
                self.idle.append(await asyncio.open_connection("127.0.0.1", self.port))
            reader, writer = self.idle.pop()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(size)
        except (OSError, asyncio.IncompleteReadError):
            return 0, time.perf_counter() - began, b""
        if b"connection: close" in head.lower():
            writer.close()
        else:
            self.idle.append((reader, writer))
        return int(head.split(b" ", 2)[1]), time.perf_counter() - began, body

    def close(self) -> None:
        """Let go of all connections."""
        for _, writer in self.idle:
            writer.close()


def request(method: str, path: str, key: str = "", body: bytes = b"", kind: str = "application/json") -> bytes:
    """Write a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", f"Content-Type: {kind}"]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def show(name: str, seconds: list[float]) -> str:
    """Return the middle, the 99th percentile and the most of some times, in milliseconds."""
    if not seconds:
        return f"{name}: none"
    ordered = sorted(1000 * one for one in seconds)
    p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    middle = statistics.median(ordered)
    return f"{name}: median {middle:.1f} ms, p99 {p99:.1f} ms, most {ordered[-1]:.1f} ms (n={len(ordered)})"


async def probe(port: int, until: Callable[[], bool], seconds: list[float], statuses: Counter[int]) -> None:
    """Ask /healthz ten times a second, each time over a connection of its own."""
    while not until():
        client = Client(port)
        status, took, _ = await client.ask(request("GET", "/healthz"))
        client.close()
        statuses[status] += 1
        seconds.append(took)
        await asyncio.sleep(0.1)


# Slow clients


async def hold(port: int, number: int, ends: Counter[str]) -> None:
    """One slow client of four kinds; comes again whenever it is cut off."""
    kinds = [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n",
    ]
    kinds.append(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5)
    while True:
        ends["connections"] += 1
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(kinds[number % 4])
            is_open = True
            while is_open:
                await asyncio.sleep(1.0)
                if number % 4 in (1, 2):
                    writer.write(b"a")
                if number % 4 != 3:  # that one reads nothing
                    with contextlib.suppress(TimeoutError):
                        is_open = await asyncio.wait_for(reader.read(1000), 0.01) != b""
        except OSError:
            await asyncio.sleep(0.1)
        finally:
            writer.close()


async def slow(service: Service, seconds: float) -> None:
    """Hold slow connections and ask /healthz."""
    ends: Counter[str] = Counter()
    tasks = [asyncio.create_task(hold(service.port, number, ends)) for number in range(SLOW)]
    await asyncio.sleep(2)
    times: list[float] = []
    statuses: Counter[int] = Counter()
    stop = time.monotonic() + seconds
    await probe(service.port, lambda: time.monotonic() > stop, times, statuses)
    numbers = service.client("reader").get("/metrics").text
    cut = [
        line for line in numbers.splitlines() if line.startswith(("churnrisk_connections", "churnrisk_connections_cut"))
    ]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(f"{SLOW} slow clients for {seconds:.0f} s: /healthz answered {dict(statuses)}")
    print("  " + show("/healthz", times))
    print(f"  {ends['connections']} connections were opened in all; " + "; ".join(cut))


# Overload


def scoring_request(key: str) -> bytes:
    """A post of the purchases of some customers, from the sample."""
    rows: dict[str, list[dict[str, str]]] = {}
    with PURCHASES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["customer_id"], []).append(row)
    chosen = random.Random(1).sample(sorted(rows), CUSTOMERS)
    purchases = [
        {
            **{name: row[name] for name in ("customer_id", "order_id", "ordered_at")},
            "amount": float(row["amount"]),
            "quantity": int(row["item_count"]),
        }
        for customer in chosen
        for row in rows[customer]
    ]
    return request("POST", "/v1/score", key, json.dumps({"purchases": purchases}).encode())


async def closed_loop(port: int, body: bytes, clients: int, seconds: float) -> float:
    """Return the answers in a second that so many clients get, each asking again as soon as it is answered."""
    done = 0
    stop = time.monotonic() + seconds

    async def one() -> None:
        nonlocal done
        client = Client(port)
        while time.monotonic() < stop:
            status, _, answer = await client.ask(body)
            if status == 503:
                await asyncio.sleep(0.05)
            elif status != 200:
                raise SystemExit(f"POST /v1/score answered {status}: {answer[:300]!r}")
            else:
                done += 1
        client.close()

    began = time.monotonic()
    await asyncio.gather(*(one() for _ in range(clients)))
    return done / (time.monotonic() - began)


async def open_loop(port: int, body: bytes, rate: float, seconds: float) -> tuple[float, dict[int, list[float]]]:
    """Send so many requests a second, however long the answers take.

    Gives how many were scored in a second until the last of them was, and the times of all by status.
    """
    times: dict[int, list[float]] = {}
    client, tasks = Client(port), set()
    last = time.monotonic()

    async def one() -> None:
        nonlocal last
        status, took, _ = await client.ask(body)
        times.setdefault(status, []).append(took)
        if status == 200:
            last = time.monotonic()

    began = time.monotonic()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        task = asyncio.create_task(one())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    client.close()
    return len(times.get(200, [])) / (last - began), times


async def overload(service: Service, seconds: float) -> None:
    """Find the capacity, send three times as much, and wait until all is well again."""
    body = scoring_request(service.keys["scorer"])
    await closed_loop(service.port, body, 1, 3)
    alone = Client(service.port)
    calm = statistics.median([(await alone.ask(body))[1] for _ in range(10)])
    peak = max([await closed_loop(service.port, body, clients, seconds / 2) for clients in (1, 2, 4, 8)])
    print(f"{CUSTOMERS} customers, {len(body) / 1000:.0f} kB a post: alone {1000 * calm:.0f} ms, at most {peak:.1f}/s")
    over = False
    health: list[float] = []
    probes: Counter[int] = Counter()
    probing = asyncio.create_task(probe(service.port, lambda: over, health, probes))
    goodput, times = await open_loop(service.port, body, 3 * peak, seconds)
    ended = time.monotonic()
    print(
        f"at three times that for {seconds:.0f} s: {goodput:.1f}/s answered, {100 * goodput / peak:.0f} % of the peak; "
        f"{ {status: len(took) for status, took in times.items()} }"
    )
    print("  " + show("refused with 503", times.get(503, [])))
    print("  " + show("answered", times.get(200, [])))
    while True:
        status, took, _ = await alone.ask(body)
        if status == 200 and took < 1.5 * calm:
            break
        await asyncio.sleep(0.05)
    print(f"  as before {time.monotonic() - ended:.2f} s after the last request")
    over = True
    await probing
    alone.close()
    print(f"  /healthz answered {dict(probes)}; " + show("it", health))


# Kills


def order_body(number: int) -> bytes:
    """One new purchase."""
    row = {
        "customer_id": f"K{number % 997}",
        "order_id": f"kill-{number}",
        "ordered_at": "2011-12-09",
        "amount": "12.50",
    }
    return json.dumps({"purchases": [row]}).encode()


async def under_orders(service: Service, disturb: Callable[[set[str]], Awaitable[str]]) -> None:
    """Disturb the service under posts of purchases; look for each order that was acknowledged."""
    numbers = iter(range(10**9))
    acknowledged: set[str] = set()
    statuses: Counter[int] = Counter()
    over = False

    async def write() -> None:
        client = Client(service.port)
        for number in numbers:
            body = request("POST", "/v1/purchases", service.keys["scorer"], order_body(number))
            for _ in range(100):
                status, _, answer = await client.ask(body)
                statuses[status] += 1
                if status in (200, 201):
                    acknowledged.add(f"kill-{number}")
                    break
                if status not in (0, 503):
                    raise SystemExit(f"POST /v1/purchases answered {status}: {answer[:300]!r}")
                await asyncio.sleep(0.02)
            if over:
                client.close()
                return

    tasks = [asyncio.create_task(write()) for _ in range(4)]
    began = time.monotonic()
    said = await disturb(acknowledged)
    over = True
    await asyncio.gather(*tasks)
    with open_state(service.state) as state:
        found = Counter(order.order.order_id for order in load_received(state))
    lost = [order for order in acknowledged if found[order] != 1]
    print(f"{said} in {time.monotonic() - began:.0f} s: {len(acknowledged)} orders acknowledged,")
    print(
        f"  {len(lost)} of them not there exactly once; {sum(found.values()) - len(found)} twice;"
        f" answers {dict(statuses)} (0: connection broken)"
    )
    if lost:
        raise SystemExit(1)


async def wait_for_work(acknowledged: set[str]) -> None:
    """Let some more orders be acknowledged."""
    seen, until = len(acknowledged), time.monotonic() + 10
    while len(acknowledged) < seen + 3 and time.monotonic() < until:
        await asyncio.sleep(random.uniform(0.0, 0.05))


async def kills(service: Service, count: int) -> None:
    """Kill workers, some work between two kills."""

    async def kill(acknowledged: set[str]) -> str:
        random.seed(3)
        for _ in range(count):
            if service.process.poll() is not None:
                raise SystemExit(f"the service has ended by itself, with exit code {service.process.returncode}")
            await wait_for_work(acknowledged)
            pids = await asyncio.to_thread(service.worker_pids)
            with contextlib.suppress(ProcessLookupError):
                os.kill(random.choice(pids), signal.SIGKILL)
        return f"{count} times kill -9"

    await under_orders(service, kill)


async def full(service: Service, count: int) -> None:
    """Let no file grow, as on a full disk, and then let them grow again."""

    async def fill(acknowledged: set[str]) -> str:
        pids = [service.process.pid, *service.processes().values()]
        for _ in range(count):
            for size in (random.choice((0, 4096, 65536)), resource.RLIM_INFINITY):
                for pid in pids:
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
                await asyncio.sleep(random.uniform(0.05, 0.3))
            await wait_for_work(acknowledged)
        return f"{count} times a full disk and room again"

    await under_orders(service, fill)


def main() -> None:
    """Do what is asked for, or all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", default=["slow", "overload", "kills", "full"])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--full", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shop: TrainedShop = train_shop(Path(folder) / "shop")
        for part in arguments.parts:
            workers = 2 if part == "kills" else arguments.workers
            (Path(folder) / part).mkdir()
            with running_service(Path(folder) / part, shop, "--workers", workers) as service:
                wait_until_ready(service)
                if part == "slow":
                    asyncio.run(slow(service, arguments.seconds))
                elif part == "overload":
                    asyncio.run(overload(service, arguments.seconds))
                elif part == "kills":
                    asyncio.run(kills(service, arguments.kills))
                else:
                    asyncio.run(full(service, arguments.full))


def wait_until_ready(service: Service) -> None:
    """Wait for the model and the history."""
    client = service.client()
    until = time.monotonic() + 120
    while client.get("/readyz").status_code != 200 and time.monotonic() < until:
        time.sleep(0.2)


if __name__ == "__main__":
    main()
