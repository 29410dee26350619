"""Storage that fails, for every command that writes: EIO and "no space" on each call that writes, one after the other.

Usage: python bench/faults.py [--commands NAME ...] [--most N] [--jobs N] [--work DIR]

Needs strace. Each command runs once to count its calls of write, pwrite64, fsync, fdatasync, rename and ftruncate on
its own files, those in the folder of temporary files included, and then once for each of them, which fails with EIO
(and, what writes, once more with ENOSPC). Afterwards: the exit code is 2 and the message names the place of the fault,
or it is 0 and the output is whole; whatever was there before is intact; nothing half written, nothing temporary stays;
and the same command succeeds when nothing fails.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.faults import Fault, Reference, Workplace, judge, read_tree, refer, summarise  # noqa: E402

LOG = "purchases.csv"
SETTINGS = """purchases = "purchases.csv"
models_dir = "models"
state = "state/state.db"
weekly_dir = "weekly"
contact_cost = 1.0
incentive_cost = 5.0
acceptance_rate = 0.1
margin = 0.3
"""
REJECTS = ("--rejects", "out/rejects.csv")
CREATE = ("--from", "lists/list.csv", "--window", "30", "--holdout", "20%", "--starts-on")
COMMANDS: dict[str, tuple[str, ...]] = {
    "keys": ("keys", "create", "--role", "reader", "--name", "new"),
    "pseudonyms": ("keys", "pseudonym-key"),
    "backup": ("state", "backup", "out/backup.db"),
    "migrate": ("state", "migrate", "--to", "out/other.db"),
    "prune": ("state", "prune", "--older-than", "1"),
    "promote": ("models", "promote", "VERSION"),
    "init": ("init", "--force"),
    "campaign": ("campaign", "create", "autumn", *CREATE, "2012-03-01", "--output", "out/contacts.csv"),
    "forget": ("forget", "12346", "--yes"),
    "convert": ("convert", LOG, "--output", "out/converted.parquet", *REJECTS),
    "metrics": ("metrics", LOG, *REJECTS),
    "score": ("score", LOG, "--output", "out/scores.csv", *REJECTS),
    "score-parquet": ("score", LOG, "--output", "out/scores.parquet", *REJECTS),
    "score-xlsx": ("score", LOG, "--output", "out/scores.xlsx", *REJECTS),
    "target": ("target", LOG, "--top", "50", "--output", "out/list.csv", *REJECTS),
    "report": ("report", LOG, "--output", "out/report.html", *REJECTS),
    "monitor": ("monitor", "--as-of", "2011-10-01", *REJECTS),
    "measure": ("campaign", "measure", "spring", LOG, *REJECTS),
    "weekly": ("weekly",),
    "train": ("train", LOG, "--horizon", "60", *REJECTS),
}
OLD = ("converted.parquet", "scores.csv", "scores.parquet", "scores.xlsx", "list.csv", "report.html", "contacts.csv")


def make_template(folder: Path) -> None:
    """Make a shop of 300 customers with a model, a state of every kind of rows, and older outputs."""
    work = Workplace(folder, folder.parent)
    for name in ("conf", "models", "state", "out", "lists", "weekly"):
        (work.shop / name).mkdir(parents=True, mode=0o700)
    work.temporary.mkdir(exist_ok=True)
    rows = (ROOT / "data" / "customers.csv").read_text(encoding="utf-8")
    (work.shop / LOG).write_text(rows + ",12346,no day,5.00,1,USA\n", encoding="utf-8")
    (work.shop / "churnrisk.toml").write_text(SETTINGS, encoding="utf-8")
    for arguments in (
        ("keys", "create", "--role", "reader", "--name", "old"),
        ("train", LOG, "--horizon", "60"),
        ("score", LOG, "--as-of", "2011-10-01"),
        ("score", LOG),
        ("target", LOG, "--as-of", "2011-10-01", "--top", "60", "--output", "lists/list.csv"),
        ("campaign", "create", "spring", *CREATE, "2011-10-01", "--output", "lists/contacts.csv"),
        ("state", "backup", "out/backup.db"),
        ("forget", "12347", "--yes"),
    ):
        done = work.run(arguments)
        if done.returncode:
            raise SystemExit(f"churnrisk {' '.join(arguments)}: {done.stderr}")
    for name in OLD:
        (work.shop / "out" / name).write_text("as before\n", encoding="utf-8")
    for path in work.shop.glob("*.rejects.csv"):
        path.unlink()


def run_again(work: Workplace, arguments: tuple[str, ...], known: Reference) -> list[str]:
    """See that the command succeeds when nothing fails; where all is as before that is known."""
    if read_tree(work.shop) == known.before:
        return []
    again = work.run(arguments)
    is_taken = "autumn" in arguments and "autumn" in again.stderr  # the campaign was made, and is there
    return [] if again.returncode == 0 or is_taken else [f"a second run ends with {again.returncode}: {again.stderr}"]


def choose(faults: list[tuple[Fault, str]], work: Workplace, most: int) -> list[Fault]:
    """Choose at most so many faults of each call, error and folder, evenly spaced."""
    kinds: dict[tuple[str, str, str], list[Fault]] = {}
    for fault, path in faults:
        kinds.setdefault((fault.call, fault.error, work.place_of(path)), []).append(fault)
    return [one for found in kinds.values() for one in found[:: max(1, -(-len(found) // most))]]


def attack(
    name: str, arguments: tuple[str, ...], places: SimpleQueue[Workplace], *, most: int, jobs: int
) -> tuple[int, int]:
    """Let each call of a command fail; give how many did, and after how many of those something was wrong."""
    began, work = time.monotonic(), places.get()
    faults, ended = work.faults(arguments)
    if ended.code:
        raise SystemExit(f"churnrisk {' '.join(arguments)} fails without any fault: {ended.said}")
    known = refer(work)
    places.put(work)

    def one(fault: Fault) -> list[str]:
        place = places.get()
        try:
            place.renew()
            ended, _ = place.trace(arguments, fault)
            codes.append(ended.code)
            found = judge(place, ended, known)
            return found or (run_again(place, arguments, known) if ended.code else [])
        finally:
            places.put(place)

    codes: list[int] = []
    chosen = choose(faults, work, most)
    with ThreadPoolExecutor(jobs) as pool:
        wrong = {str(fault): said for fault, said in zip(chosen, pool.map(one, chosen), strict=True) if said}
    took = time.monotonic() - began
    print(
        f"{name}: {len(chosen)} of {len(faults)} faults, exit code 2 after {codes.count(2)}, 0 after {codes.count(0)}; "
        f"wrong after {len(wrong)} ({took:.0f} s)"
    )
    if wrong:
        print(summarise(wrong))
    sys.stdout.flush()
    return len(chosen), len(wrong)


def main() -> None:
    """Attack what is asked for, or every command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--commands", nargs="*", default=list(COMMANDS), choices=list(COMMANDS))
    parser.add_argument("--most", type=int, default=10**9, help="let so many of each call and folder fail, not all")
    parser.add_argument("--jobs", type=int, default=1, help="so many commands at a time")
    parser.add_argument("--work", type=Path, help="a folder to work in, whose trained shop is used again")
    asked = parser.parse_args()
    if shutil.which("strace") is None:
        raise SystemExit("strace is missing: it makes the calls fail. On Debian: apt-get install strace")
    with tempfile.TemporaryDirectory() as own:
        folder = asked.work or Path(own)
        if not (folder / "made" / "shop").exists():
            make_template(folder / "made" / "shop")
        places: SimpleQueue[Workplace] = SimpleQueue()
        for number in range(asked.jobs):
            places.put(Workplace(folder / "made" / "shop", folder / f"work-{number}"))
        version = (folder / "made" / "shop" / "models" / "current").read_text(encoding="ascii").strip()
        totals = [
            attack(
                name,
                tuple(version if one == "VERSION" else one for one in COMMANDS[name]),
                places,
                most=asked.most,
                jobs=asked.jobs,
            )
            for name in asked.commands
        ]
    print(f"{sum(done for done, _ in totals)} faults in all, wrong after {sum(wrong for _, wrong in totals)}")
    raise SystemExit(any(wrong for _, wrong in totals))


if __name__ == "__main__":
    main()
