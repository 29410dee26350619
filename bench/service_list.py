"""How fast the first page of the list is, in a shop of a million customers: by the API, and in a browser's HTML.

    python bench/service_list.py [--customers 1e6] [--times 40] [--folder DIR]

Invents a log of about two purchases a customer, starts `churnrisk serve` on it with a model trained on the sample, and
asks from the same machine, one request at a time. `first` is the very first request of its kind, when nothing is kept
yet. Where a filter has a value, each request has another one, so that counts that are kept do not help; `again` asks
the same again. Memory is that of all processes of the service: what is resident, summed (a page that two share counts
twice), and where Linux tells it, with each page counted once (`shared_once_mb`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.scale import _family, _resident
from bench.service import Client, start_service, tell

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "purchases.csv"


def make_log(path: Path, customers: int) -> None:
    """Invent one to three purchases of each customer, over three years."""
    import duckdb

    chance = "((hash({} * 16 + {}) >> 11) / 9007199254740992.0)".format
    with duckdb.connect() as connection:
        connection.execute(f"""
            COPY (
                WITH many AS (SELECT range AS id, CAST(floor({chance("range", 1)} * 3) AS INTEGER) AS n
                    FROM range({customers})),
                made AS (SELECT id, unnest(range(1 + n)) AS k FROM many)
                SELECT 'c' || lpad(CAST(hash(id) % 1000000000000 AS VARCHAR), 12, '0') AS customer_id,
                    id || '-' || k AS order_id,
                    DATE '2023-01-01' + CAST(floor(1095 * {chance("(id * 8 + k)", 2)}) AS INTEGER) AS ordered_at,
                    CAST(round(5 - 60 * ln(1 - {chance("(id * 8 + k)", 3)}), 2) AS DECIMAL(12, 2)) AS amount,
                    1 + CAST(floor({chance("(id * 8 + k)", 4)} * 4) AS INTEGER) AS quantity
                FROM made ORDER BY ordered_at, hash(id * 8 + k)
            ) TO '{path}' (FORMAT parquet)""")


def _proportional(pid: int) -> float:
    """Return the memory of a process in MB, of pages that others have too only its part."""
    try:
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(row.split()[1]) * 1024 / 1e6 for row in rows if row.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0.0


class Memory:
    """The most memory that a service and all its processes have had, in MB, looked at now and then."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak, self.once, self._is_over = pid, 0.0, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def now(self) -> float:
        return sum(map(_resident, _family(self.pid)))

    def _look(self) -> None:
        while not self._is_over.wait(0.25):
            self.peak = max(self.peak, self.now())
            self.once = max(self.once, sum(map(_proportional, _family(self.pid))))

    def close(self) -> None:
        self._is_over.set()
        self._thread.join()


def questions(draw: random.Random) -> dict[str, Iterator[dict[str, Any]]]:
    """Each kind of list, as an endless row of questions that differ where they can."""

    def forever(make: Any) -> Iterator[dict[str, Any]]:
        while True:
            yield make()

    return {
        "everybody": forever(lambda: {}),
        "sorted by churn probability": forever(lambda: {"sort": "risk"}),
        "sorted by id": forever(lambda: {"sort": "id"}),
        "of high risk": forever(lambda: {"risk": "high"}),
        "a segment, of high risk": forever(
            lambda: {"risk": "high", "segment": draw.choice(["at_risk", "new", "lost", "hibernating", "promising"])}
        ),
        "value at risk from ..": forever(lambda: {"min_value": round(draw.uniform(0, 60), 6)}),
        "id begins with ..": forever(lambda: {"prefix": f"c{draw.randrange(10**6):012d}"[: draw.randint(2, 9)]}),
        "nobody": forever(lambda: {"prefix": f"x{draw.randrange(10**6)}"}),
        "all at once, by id": forever(
            lambda: {"risk": "high", "min_value": round(draw.uniform(0, 60), 6), "prefix": "c00", "sort": "id"}
        ),
    }


def address(place: str, asked: dict[str, Any]) -> str:
    """Write the address of a list; a page calls the beginning of the id something else."""
    names = {"prefix": "id"} if place == "/customers" else {}
    return f"{place}?{urlencode({names.get(name, name): value for name, value in asked.items()})}"


async def ask(client: Client, path: str) -> tuple[float, bytes]:
    """Return the milliseconds of a request, and its answer."""
    began = time.perf_counter()
    status, answer = await client.ask(path)
    assert status == 200, (path, answer[:500])
    return (time.perf_counter() - began) * 1000, answer


async def measure(port: int, key: str, times: int) -> dict[str, Any]:
    client, results = await Client(port, key).open(), dict[str, Any]()
    for place in ("/v1/customers", "/customers"):
        for name, asked in questions(random.Random(0)).items():
            first, _ = await ask(client, address(place, next(asked)))
            taken = [(await ask(client, address(place, next(asked))))[0] for _ in range(times)]
            results[f"{place} {name}"] = {"first_ms": round(first, 1), **tell(f"{place}: {name}", [first, *taken])}
    results["pages"] = await turn_pages(client, times)
    return results


async def turn_pages(client: Client, times: int) -> dict[str, Any]:
    """Go on from page to page, as far as so many times."""
    results = {}
    for sort in ("value", "risk", "id"):
        asked: dict[str, Any] = {"sort": sort}
        taken = []
        for _ in range(times):
            took, answer = await ask(client, address("/v1/customers", asked))
            taken.append(took)
            asked["cursor"] = json.loads(answer)["next_cursor"]
        results[sort] = tell(f"/v1/customers: page after page, by {sort}", taken)
    return results


async def wait_until_read(port: int, key: str) -> None:
    while True:
        try:
            client = await Client(port, key).open()
            if (await client.ask("/readyz"))[0] == 200:
                return
        except (OSError, asyncio.IncompleteReadError):
            pass
        await asyncio.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=float, default=1e6)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--folder", type=Path, help="where the log and the model are kept for the next run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        log = folder / f"list-{given.customers:.0e}.parquet"
        if not log.exists():
            make_log(log, int(given.customers))
        began = time.perf_counter()
        process, port, key = start_service(folder, log, train_on=SAMPLE)
        started, memory = time.perf_counter() - began, Memory(process.pid)
        try:
            asyncio.run(wait_until_read(port, key))
            read = time.perf_counter() - began
            time.sleep(2)  # until the process that read has gone
            quiet = memory.now()
            results = asyncio.run(measure(port, key, given.times))
            memory.close()
            results |= {"start_s": round(started, 1), "read_s": round(read, 1)}
            results |= {"peak_mb": round(memory.peak), "shared_once_mb": round(memory.once)}
            results |= {"serving_mb": round(max(quiet, memory.now()))}
            print(json.dumps(results))
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


if __name__ == "__main__":
    main()
