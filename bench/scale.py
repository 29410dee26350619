"""How cost grows: logs of a million purchases and more through features, training, scoring and metrics.

    python bench/scale.py [--sizes 1e6,1e7] [--tasks features,score] [--folder DIR] [--memory 4GB] [--threads 2]
        [--json]
    python bench/scale.py --show [--folder DIR]

Logs are invented in DuckDB (12 purchases a customer on average, a few with hundreds), sorted by day as shops write
them, and kept in the folder, so that a run can go on where another stopped. Each task has a process of its own whose
memory is looked at every 20 ms. Ratios are of one run; where other processes share the machine trust only them.
Results are kept in the folder's results.json; ``--show`` prints those and measures nothing.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

ROOT = Path(__file__).parents[1]
HORIZON, LOOKBACK = 60, 365
TASKS = ("features", "sql", "pandas", "train", "score", "metrics")
GROWING = (
    *(("features", part) for part in ("features", "read", "bare", "predict")),
    *(("sql", "sql"), ("pandas", "simple")),
    *((task, "all") for task in ("score", "metrics", "train")),
)
"""Parts whose growth is printed."""

_MOST = {"pandas": 10_000_000, "sql": 20_000_000}


@dataclass
class Cost:
    """What a piece of work took: seconds by the clock, seconds of processors, and the most memory in MB."""

    wall: float
    cpu: float
    peak_mb: float


def make_log(path: Path, purchases: int, *, threads: int, memory: str) -> None:
    """Invent a log straight into Parquet, sorted by day."""
    import duckdb

    chance = "((hash({} * 16 + {}) >> 11) / 9007199254740992.0)".format
    who = {k: chance("id", k) for k in range(1, 6)}
    row = {k: chance("(id * 4096 + k)", k) for k in (6, 7, 8)}
    config: dict[str, Any] = {"threads": threads, "memory_limit": memory, "temp_directory": str(path.parent / "spill")}
    with duckdb.connect(config={**config, "preserve_insertion_order": False}) as connection:
        connection.execute(f"""
            COPY (
                WITH shop AS (
                    SELECT range AS id, CAST(floor(900 * {who[1]}) AS INTEGER) AS joined,
                        -ln(1 - {who[2]}) * 400 AS lifetime, exp(3 + 0.5 * {who[5]}) AS level,
                        1 + CAST(floor(least(-ln(1 - {who[3]}) * -ln(1 - {who[4]}) * 11.5, 4000)) AS INTEGER) AS n
                    FROM range({purchases // 12})),
                orders AS (SELECT *, least(lifetime, 1095 - joined) AS span, unnest(range(n)) AS k FROM shop)
                SELECT 'c' || lpad(CAST(id AS VARCHAR), 9, '0') AS customer_id, id || '-' || k AS order_id,
                    DATE '2023-01-01' + (joined + CAST(floor(span * {row[6]}) AS INTEGER)) AS ordered_at,
                    CAST(round(level * (0.3 - ln(1 - {row[7]})), 2) AS DECIMAL(12, 2)) AS amount,
                    1 + CAST(floor({row[8]} * 4) AS INTEGER) AS quantity
                FROM orders ORDER BY ordered_at, hash(id * 4096 + k)
            ) TO '{path}.part' (FORMAT parquet, ROW_GROUP_SIZE 120000)""")
    Path(f"{path}.part").rename(path)


def _resident(pid: int | str) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
    except (OSError, IndexError):
        return 0.0


def _family(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


@contextmanager
def watched(pid: int | None = None) -> Iterator[Callable[[], Cost]]:
    """Measure what happens inside: of this process, or of a family of others."""
    who = resource.RUSAGE_SELF if pid is None else resource.RUSAGE_CHILDREN
    peak, is_over = [0.0], threading.Event()

    def look() -> None:
        while not is_over.wait(0.02):
            peak[0] = max(peak[0], sum(map(_resident, ["self"] if pid is None else _family(pid))))

    def cpu() -> float:
        usage = resource.getrusage(who)
        return usage.ru_utime + usage.ru_stime

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    start, before = time.perf_counter(), cpu()
    taken: list[Cost] = []

    def cost() -> Cost:
        return taken[0]

    yield cost
    wall = time.perf_counter() - start
    is_over.set()
    thread.join()
    taken.append(Cost(round(wall, 3), round(cpu() - before, 3), round(peak[0])))


def run_features(log: Path, models: Path, *, memory: str | None, threads: int, with_sql: bool) -> dict[str, Any]:
    """Read a log; then its features, a bare aggregate, the prediction alone, and the hand-written query if asked."""
    from bench.scale_tasks import measure_features

    return measure_features(log, models, memory=memory, threads=threads, with_sql=with_sql, watched=watched)


def run_command(arguments: Sequence[str]) -> dict[str, Any]:
    """Run a command of the program and give its cost."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([sys.executable, "-m", "churnrisk", *arguments], stdout=said, stderr=said, cwd=ROOT)
        with watched(process.pid) as cost:
            code = process.wait()
        if code:
            said.seek(0)
            raise SystemExit(said.read().decode()[-2000:])
    return {"all": cost().__dict__}


def run_task(task: str, size: int, folder: Path, *, memory: str | None, threads: int) -> dict[str, Any]:
    """Do one task on one log."""
    log, models = folder / f"purchases-{size:.0e}.parquet", folder / "models"
    limits = [*(["--memory", memory] if memory else []), "--threads", str(threads)]
    into = ["--models-dir", str(models)]
    if task in ("features", "sql"):
        return run_features(log, models, memory=memory, threads=threads, with_sql=task == "sql")
    if task == "pandas":
        from bench.scale_tasks import measure_pandas

        return measure_pandas(log, watched=watched)
    if task == "train":
        own = folder / f"models-{size:.0e}"
        return run_command(["train", str(log), "--horizon", str(HORIZON), "--models-dir", str(own), *limits])
    if task == "metrics":
        return run_command(["metrics", str(log), "--json", *limits])
    output = folder / f"scores-{size:.0e}.csv"
    how = ["--output", str(output), "--no-remember", "--reasons", "none", "--top", "0"]
    found = run_command(["score", str(log), *into, *how, *limits])
    with output.open("rb") as file:
        found["customers"] = sum(1 for _ in file) - 1
    output.unlink()
    return found


def in_own_process(task: str, size: int, options: argparse.Namespace) -> dict[str, Any]:
    """Do a task in a process of its own and read what it prints."""
    command = [sys.executable, __file__, "--run", task, "--sizes", f"{size}", "--folder", str(options.folder)]
    command += ["--threads", str(options.threads), *(["--memory", options.memory] if options.memory else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr[-1500:]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def prepare(sizes: Sequence[int], options: argparse.Namespace) -> None:
    """Make the logs that are not there yet, and a model of the smallest."""
    options.folder.mkdir(parents=True, exist_ok=True)
    for size in sorted({1_000_000, *sizes}):
        path = options.folder / f"purchases-{size:.0e}.parquet"
        if not path.exists():
            make_log(path, size, threads=options.threads, memory="3GB")
    if not (options.folder / "models").exists():
        log = options.folder / f"purchases-{1_000_000:.0e}.parquet"
        run_command(["train", str(log), "--horizon", str(HORIZON), "--models-dir", str(options.folder / "models")])


def growth(results: dict[str, Any], task: str, part: str, sizes: Sequence[int], *, what: str) -> list[float]:
    """Return how many times a cost grows from one size to the next, and by which power of the size."""
    found, known = [], [size for size in sizes if part in results.get(f"{size:.0e}", {}).get(task, {})]
    for small, large in itertools.pairwise(known):
        costs = [results[f"{size:.0e}"][task][part][what] for size in (small, large)]
        if all(costs):
            found += [round(costs[1] / costs[0], 2), round(math.log(costs[1] / costs[0]) / math.log(large / small), 3)]
    return found


def show(results: dict[str, Any]) -> None:
    """Print all figures that are kept as a table, then growth from each size to the next."""
    print("| purchases | task | part | wall s | CPU s | peak MB |\n|---|---|---|---|---|---|")
    sizes = sorted(int(float(size)) for size in results)
    for size in sizes:
        for task, parts in results[f"{size:.0e}"].items():
            for part, cost in parts.items():
                if isinstance(cost, dict):
                    print(f"| {size:.0e} | {task} | {part} | {cost['wall']} | {cost['cpu']} | {cost['peak_mb']} |")
                else:
                    print(f"| {size:.0e} | {task} | {part} | {cost} | | |")
    for task, part in GROWING:
        by = {what: growth(results, task, part, sizes, what=what) for what in ("wall", "cpu")}
        if by["wall"]:
            print(f"growth of {task}/{part} (times, exponent; for each step): wall {by['wall']}, CPU {by['cpu']}")


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1e6")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "churnrisk-scale")
    parser.add_argument("--memory")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure what is asked for, keep it in the folder, and print it."""
    options = parse()
    sizes = [int(float(one)) for one in options.sizes.split(",")]
    if options.run:
        found = run_task(options.run, sizes[0], options.folder, memory=options.memory, threads=options.threads)
        print(json.dumps(found))
        return
    kept = options.folder / "results.json"
    results: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    if not options.show:
        prepare(sizes, options)
        measure_all(sizes, results, kept, options)
    if options.json:
        print(json.dumps(results, indent=1))
    else:
        show(results)


def measure_all(sizes: Sequence[int], results: dict[str, Any], kept: Path, options: argparse.Namespace) -> None:
    """Do the tasks at each size, and keep the results after each."""
    for size in sizes:
        for task in options.tasks.split(","):
            if size > _MOST.get(task, size):
                continue
            print(f"{size:.0e} {task}", file=sys.stderr, flush=True)
            results.setdefault(f"{size:.0e}", {})[task] = in_own_process(task, size, options)
            kept.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
