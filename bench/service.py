"""How fast the service answers: single customers, single scores, and what is left of a bare FastAPI route.

    python bench/service.py [--purchases FILE] [--seconds 10]

Starts `churnrisk serve` on a model trained on the purchases and measures from the same machine, over keep-alive
connections, at a fixed rate (the clock of a request starts when it was due, so waiting counts). The bare route runs
under the same uvicorn settings in a process of its own and returns the bytes of one customer; both are asked in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from churnrisk.state import create_key, open_state

ROOT = Path(__file__).parents[1]
BARE = """
import sys, uvicorn
from fastapi import FastAPI, Response
content, app = open(sys.argv[1], "rb").read(), FastAPI()
@app.get("/v1/customers/{customer_id:path}")
async def customer(customer_id: str) -> Response:
    return Response(content, media_type="application/json")
uvicorn.run(app, port=int(sys.argv[2]), loop="uvloop", http="httptools", log_level="warning", access_log=False)
"""


class Client:
    """A keep-alive connection that sends one request at a time, as little as HTTP needs."""

    def __init__(self, port: int, key: str = "") -> None:
        self._port, self._key = port, key

    async def open(self) -> Client:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def ask(self, path: str, body: bytes = b"") -> tuple[int, bytes]:
        method = "POST" if body else "GET"
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nAuthorization: Bearer {self._key}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        self._writer.write(f"{head}\r\n".encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        found = re.search(rb"(?i)content-length: (\d+)", answer)
        return int(answer[9:12]), await self._reader.readexactly(int(found[1]) if found else 0)


async def at_rate(clients: Sequence[Client], requests: Sequence[tuple[str, bytes]], rate: float) -> list[float]:
    """Send requests at a fixed rate, and give the milliseconds of each from the moment that it was due."""
    free: asyncio.Queue[Client] = asyncio.Queue()
    for client in clients:
        free.put_nowait(client)
    began, times = time.perf_counter(), []

    async def one(place: int, path: str, body: bytes) -> None:
        due = began + place / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        client = await free.get()
        status, answer = await client.ask(path, body)
        free.put_nowait(client)
        assert status == 200, answer
        times.append((time.perf_counter() - due) * 1000)

    await asyncio.gather(*(one(place, *request) for place, request in enumerate(requests)))
    return times


async def at_most(clients: Sequence[Client], path: str, seconds: float) -> float:
    """Ask as fast as answers come, and give the requests per second."""
    until, counts = time.perf_counter() + seconds, [0] * len(clients)

    async def loop(place: int, client: Client) -> None:
        while time.perf_counter() < until:
            status, _ = await client.ask(path)
            assert status == 200
            counts[place] += 1

    await asyncio.gather(*(loop(place, client) for place, client in enumerate(clients)))
    return sum(counts) / seconds


def start_service(
    folder: Path, purchases: Path, *, train_on: Path | None = None
) -> tuple[subprocess.Popen[bytes], int, str]:
    environment = os.environ | {"CHURNRISK_CONFIG_DIR": str(folder / "configuration"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "churnrisk"]
    models, state, errors = folder / "models", folder / "state.db", folder / "errors"
    if not models.exists():
        train = [*command, "train", str(train_on or purchases), "--horizon", "90", "--models-dir", str(models)]
        subprocess.run(train, env=environment, cwd=folder, check=True, capture_output=True)
    with open_state(state) as opened:
        key = create_key(opened, name="bench", role="admin")[1]
    serve = [*command, "serve", "--port", "0", "--models-dir", str(models), "--state", str(state)]
    with (folder / "log").open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            [*serve, "--purchases", str(purchases)], env=environment, cwd=folder, stdout=out, stderr=err
        )
    while not (found := re.search(r"http://127.0.0.1:(\d+)", errors.read_text())):
        assert process.poll() is None, errors.read_text()
        time.sleep(0.1)
    return process, int(found[1]), key


async def wait_until_ready(client: Client, folder: Path) -> None:
    """Wait until the history is read, and the reasons of everybody are worked out."""
    while (await client.ask("/readyz"))[0] != 200:
        await asyncio.sleep(0.2)
    until = time.monotonic() + 300
    while (folder / "log").read_text().count('"history read"') < 2 and time.monotonic() < until:
        await asyncio.sleep(0.5)


def tell(what: str, times: Sequence[float]) -> dict[str, float]:
    cut = statistics.quantiles(times, n=100)
    figures = {"median_ms": round(cut[49], 1), "p99_ms": round(cut[98], 1), "requests": len(times)}
    print(f"{what:46}  median {cut[49]:6.1f} ms   p99 {cut[98]:6.1f} ms   ({len(times)} requests)", flush=True)
    return figures


def make_bodies(count: int, draw: random.Random) -> list[bytes]:
    """One customer each, of one to thirty orders."""
    bodies = []
    for number in range(count):
        days = sorted(draw.sample(range(600), draw.randint(1, 30)))
        orders = [
            {
                "customer_id": f"c{number}",
                "order_id": str(day),
                "ordered_at": f"{2010 + day // 365}-{day % 365 // 31 + 1:02d}-{day % 28 + 1:02d}",
                "amount": round(draw.uniform(5, 200), 2),
                "quantity": draw.randint(1, 40),
            }
            for day in days
        ]
        bodies.append(json.dumps({"purchases": orders}).encode())
    return bodies


async def measure(port: int, key: str, folder: Path, seconds: float) -> dict[str, object]:
    first = await Client(port, key).open()
    await wait_until_ready(first, folder)
    first = await Client(port, key).open()  # the one before may have been closed meanwhile
    ids = [
        row["customer_id"]
        for row in json.loads((await first.ask("/v1/customers?limit=500&status=scored"))[1])["customers"]
    ]
    results: dict[str, object] = {}
    draw = random.Random(0)
    clients = [await Client(port, key).open() for _ in range(8)]
    paths = [f"/v1/customers/{quote(one, safe='')}" for one in draw.sample(ids, len(ids))]
    count = int(50 * seconds)
    asked = [(paths[k % len(paths)], b"") for k in range(count)]
    results["customers_first"] = tell(
        "GET /v1/customers/{id}, 50/s, first time each", await at_rate(clients, asked[:500], 50)
    )
    results["customers_again"] = tell("GET /v1/customers/{id}, 50/s, again", await at_rate(clients, asked[:500], 50))
    bodies = make_bodies(int(20 * seconds), draw)
    await clients[0].ask("/v1/score", bodies[0])
    results["score"] = tell(
        "POST /v1/score, one customer, 20/s", await at_rate(clients, [("/v1/score", one) for one in bodies], 20)
    )
    results["throughput"] = await compare(clients, paths[0], folder, port + 1 if port < 65000 else port - 1)
    return results


async def compare(clients: Sequence[Client], path: str, folder: Path, port: int) -> dict[str, float]:
    """Ask ours and a bare route for the same bytes, in turn."""
    (folder / "content").write_bytes((await clients[0].ask(path))[1])
    (folder / "bare.py").write_text(BARE)
    bare = subprocess.Popen([sys.executable, str(folder / "bare.py"), str(folder / "content"), str(port)])
    try:
        others: list[Client] = []
        while len(others) < len(clients):
            try:
                others.append(await Client(port).open())
            except OSError:
                await asyncio.sleep(0.1)
        ours, theirs = [], []
        pids = bare.pid, find_worker(folder)
        before = [processor_seconds(pid) for pid in pids]
        for _ in range(5):
            theirs.append(await at_most(others, path, 2))
            ours.append(await at_most(clients, path, 2))
        used = [processor_seconds(pid) - spent for pid, spent in zip(pids, before, strict=True)]
    finally:
        bare.terminate()
        bare.wait()
    share = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
    print(
        f"throughput: ours {statistics.median(ours):.0f}/s, bare route {statistics.median(theirs):.0f}/s: {share:.0%}; "
        f"processor time of a request {used[1] / sum(ours) / 2 * 1e6:.0f} and {used[0] / sum(theirs) / 2 * 1e6:.0f} us"
    )
    return {"ours": round(statistics.median(ours)), "bare": round(statistics.median(theirs)), "share": round(share, 3)}


def find_worker(folder: Path) -> int:
    """Return the process that answers."""
    events = map(json.loads, (folder / "log").read_text().splitlines())
    return int([one["pid"] for one in events if one.get("name") == "worker 1" and "pid" in one][-1])


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has used; that of the client has no part in it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=Path, default=ROOT / "data" / "purchases.csv")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--folder", type=Path, help="where models are kept for the next run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        process, port, key = start_service(folder, given.purchases)
        try:
            print(json.dumps(asyncio.run(measure(port, key, folder, given.seconds))))
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
