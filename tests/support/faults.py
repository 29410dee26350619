"""Storage that fails: one call to the system of a command answers with an error, and everything is looked at again.

A command runs in a folder of its own, with a folder of its own for temporary files. strace lists what it asks of the
system for files in those two, and then runs it again with one of these calls failing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CALLS = ("write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2", "ftruncate")
WRITES = ("write", "pwrite64")
DONE = ("are erased, but", "is whole but not remembered")
"""What a message says of a change that was made, though a later step has failed."""

PASSING = ("-wal", "-shm", "-journal")
"""Endings of files of SQLite that may stay after a fault: the state is whole only together with them."""

_LINE = re.compile(r"^(?P<pid>\d+) +(?P<call>[a-z0-9_]+)\((?P<rest>.*)$")
_PLACE = re.compile(r'<(/[^>]*)>|"([^"]*)"')


@dataclass(frozen=True)
class Fault:
    """One failing call: the ``number``-th of a thread."""

    call: str
    error: str
    number: int

    def __str__(self) -> str:
        return f"{self.call}:{self.error}:{self.number}"


@dataclass(frozen=True)
class Ended:
    """How a run ended, and which files its fault hit."""

    code: int
    said: str
    hit: tuple[str, ...]


@dataclass(frozen=True)
class Workplace:
    """Where commands run: ``shop``, made anew for each run from ``template``, and ``temporary`` beside it.

    In the template every kind of file has a folder of its own, whose name a message must hold when a file in it fails.
    """

    template: Path
    folder: Path

    @property
    def shop(self) -> Path:
        """The folder in which commands run."""
        return self.folder / "shop"

    @property
    def temporary(self) -> Path:
        """What TMPDIR is."""
        return self.folder / "temporary"

    def renew(self) -> None:
        """Make the folder as the template is."""
        for path in (self.shop, self.temporary):
            shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.template, self.shop, symlinks=True)
        self.temporary.mkdir(parents=True)

    def run(self, arguments: tuple[str, ...], *before: str) -> subprocess.CompletedProcess[str]:
        """Run a command of churnrisk there, perhaps under another program."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CHURNRISK_")}
        ours = {"TMPDIR": str(self.temporary), "CHURNRISK_CONFIG_DIR": str(self.shop / "conf")}
        root = str(Path(__file__).parents[2])
        ours |= {"PYTHONPATH": root, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
        command = [*before, sys.executable, "-m", "churnrisk", *arguments]
        return subprocess.run(
            command, cwd=self.shop, env=environment | ours, capture_output=True, text=True, check=False, timeout=600
        )

    def trace(self, arguments: tuple[str, ...], fault: Fault | None = None) -> tuple[Ended, Path]:
        """Run a command under strace; give how it ended, and the list of its calls."""
        log = self.folder / "calls.txt"
        calls = CALLS if fault is None else (fault.call,)
        options = ["-f", "--seccomp-bpf", "-y", "-s", "0", "-o", str(log), "-e", f"trace={','.join(calls)}"]
        if fault is not None:
            options += ["-e", f"inject={fault.call}:error={fault.error}:when={fault.number}"]
        done = self.run(arguments, "strace", *options)
        hit = [path for _, _, path, is_fault in read_calls(log, self.shop) if is_fault]
        return Ended(done.returncode, done.stderr, tuple(hit)), log

    def faults(self, arguments: tuple[str, ...]) -> tuple[list[tuple[Fault, str]], Ended]:
        """Every call that may fail, each with the file that it concerns, and how the run without faults ended."""
        self.renew()
        ended, log = self.trace(arguments)
        counts: Counter[tuple[str, str]] = Counter()
        found: dict[tuple[str, int], str] = {}
        for pid, call, path, _ in read_calls(log, self.shop):
            counts[pid, call] += 1
            if self.is_ours(path):
                found.setdefault((call, counts[pid, call]), path)
        ordered = sorted(found.items(), key=lambda one: (CALLS.index(one[0][0]), one[0][1]))
        errors = {call: ("EIO", "ENOSPC") if call in WRITES else ("EIO",) for call in CALLS}
        return [(Fault(call, error, k), path) for (call, k), path in ordered for error in errors[call]], ended

    def place_of(self, path: str) -> str:
        """Return the folder of temporary files, or that in the shop, to which a file belongs; or the settings."""
        if path.startswith(str(self.temporary)):
            return str(self.temporary)
        name = os.path.relpath(path, self.shop).split("/")[0]
        return "churnrisk.toml" if name == "." or ".toml." in name else name

    def is_ours(self, path: str) -> bool:
        """Whether a file lies in the shop or among the temporary files."""
        return any(path == str(one) or path.startswith(f"{one}/") for one in (self.shop, self.temporary))


def read_calls(log: Path, shop: Path) -> Iterator[tuple[str, str, str, bool]]:
    """Yield the calls that strace has listed: process or thread, call, file, and whether it was made to fail."""
    waiting: dict[str, tuple[str, str]] = {}
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        pid, _, rest = line.partition(" ")
        if "resumed>" in rest and pid in waiting:
            call, path = waiting.pop(pid)
            yield pid, call, path, "(INJECTED)" in rest
        elif (found := _LINE.match(line)) is not None:
            path = _path_of(found["call"], found["rest"], shop)
            if rest.endswith("<unfinished ...>"):
                waiting[pid] = (found["call"], path)
            else:
                yield pid, found["call"], path, "(INJECTED)" in rest


def _path_of(call: str, rest: str, shop: Path) -> str:
    """Return the file of a call: of a descriptor, or the last name, which is what a file is renamed to."""
    places = [one[1] if call.startswith("rename") and one[1] else one[0] for one in _PLACE.findall(rest)]
    places = [one for one in places if one]
    chosen = (places[-1] if call.startswith("rename") else places[0]) if places else ""
    return chosen if chosen.startswith("/") or not chosen else str(shop / chosen)


Contents = Mapping[str, bytes]


def read_tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, and every empty folder as such."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file():
            found[name] = path.read_bytes()
        elif not any(path.iterdir()):
            found[f"{name}/"] = b""
    return found


@dataclass(frozen=True)
class Remembered:
    """What a state file holds, how many rows its tables have, whether SQLite finds it sound, and noted files."""

    rows: tuple[str, ...]
    counts: tuple[int, ...]
    is_sound: bool
    noted: frozenset[str]


def read_state(path: Path) -> Remembered:
    """Return all that a state file holds.

    It is read from a copy: whoever opens the file itself may change it. The notes of written files stand apart: each is
    a transaction of its own, and may be there though a later one has failed.
    """
    copies = path.with_name(f"{path.name}.looked-at")
    for ending in ("", *PASSING):
        if Path(f"{path}{ending}").exists():
            shutil.copy(f"{path}{ending}", f"{copies}{ending}")
    connection = sqlite3.connect(copies)
    try:
        said = connection.execute("PRAGMA integrity_check").fetchall()
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        notes = connection.execute("SELECT path FROM written_files").fetchall()
        noted = {os.path.relpath(one, path.parents[1]) for (one,) in notes}
        connection.execute("DELETE FROM written_files")
        counts = [connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in sorted(tables)]
        return Remembered(tuple(connection.iterdump()), tuple(counts), said == [("ok",)], frozenset(noted))
    finally:
        connection.close()
        for ending in ("", *PASSING):
            Path(f"{copies}{ending}").unlink(missing_ok=True)


def is_whole(path: Path) -> bool:
    """Whether a result is one from its beginning to its end, as far as its format tells."""
    content = path.read_bytes()
    if path.suffix in (".xlsx",):
        return zipfile.is_zipfile(path) and zipfile.ZipFile(path).testzip() is None
    if path.suffix == ".parquet":
        return content[:4] == content[-4:] == b"PAR1"
    if path.suffix == ".html":
        return content.rstrip().endswith(b"</html>")
    if path.suffix == ".json":
        return bool(json.loads(content))
    return content.endswith(b"\n") or path.suffix in (".joblib", ".sig", ".pub", ".pem", ".db") or not content


@dataclass(frozen=True)
class Reference:
    """What a command leaves behind when nothing fails, and what was there before it."""

    before: Contents
    after: Contents
    state_before: Remembered
    state_after: Remembered


def refer(work: Workplace) -> Reference:
    """Remember what the template holds, and what a run without faults has made of it."""
    state = Path("state/state.db")
    return Reference(
        read_tree(work.template), read_tree(work.shop), read_state(work.template / state), read_state(work.shop / state)
    )


def judge(work: Workplace, ended: Ended, known: Reference) -> list[str]:
    """Say all that is wrong after a run of which one call has failed; nothing where all is well."""
    hit = [path for path in ended.hit if work.is_ours(path)]
    wrong = [] if hit else ["the fault hit nothing"]
    if "Traceback" in ended.said or ended.code not in (0, 2):
        wrong.append(f"exit code {ended.code}: {ended.said[-300:]}")
    wrong += _judge_words(work, ended, hit) if ended.code == 2 else []
    wrong += [f"left in TMPDIR: {name}" for name in read_tree(work.temporary)]
    return wrong + _judge_files(work, ended, hit, known)


def _judge_words(work: Workplace, ended: Ended, hit: list[str]) -> list[str]:
    """One message that names the place of the fault: the folder of temporary files, or the file that was asked for."""
    places = {work.place_of(path) for path in hit}
    named = any(place in ended.said for place in places)  # two threads may have had the call at the same number
    confused = str(work.temporary) in ended.said and str(work.temporary) not in places
    wrong = [] if named and not confused else [f"names not {places}: {ended.said}"]
    return wrong if ended.said.startswith("churnrisk: ") else [*wrong, f"said: {ended.said}"]


def _judge_files(work: Workplace, ended: Ended, hit: list[str], known: Reference) -> list[str]:
    """Every file is as before, or, if the fault was in another, new and whole; with exit code 0 all is done."""
    now, wrong = read_tree(work.shop), []
    state = read_state(work.shop / "state/state.db")
    is_before = state.rows == known.state_before.rows
    if not state.is_sound or not (state.counts == known.state_after.counts or (ended.code and is_before)):
        wrong.append("the state is neither as before nor as it should be")
    lost = [name for name in known.state_after.noted - state.noted if not ended.code and (work.shop / name).exists()]
    wrong += [f"{name} is there, and the state does not know of it" for name in lost]
    is_said = any(one in ended.said for one in DONE)
    if ended.code and not is_before and not is_said and any("/state/" in one for one in hit):
        wrong.append("the state has what was said to have failed")
    for name in sorted({*now, *known.before, *known.after}):
        if name.startswith("state/state.db") or name.endswith(("/", "/.lock")):  # a lock is there for its name
            continue
        wrong += _judge_file(name, work, ended, known, now)
    return wrong


def _judge_file(name: str, work: Workplace, ended: Ended, known: Reference, now: Contents) -> list[str]:
    folder = name.split("/")[0]
    if now.get(name) == known.before.get(name):
        is_missing = ended.code == 0 and known.after.get(name) != known.before.get(name)
        return [f"{name} was not written, and that was not said"] if is_missing and folder != "models" else []
    if ended.code == 0 and Path(name).suffix in (".csv", ".parquet") and now.get(name) != known.after.get(name):
        return [f"{name} has other bytes than without a fault"]
    if ended.code and f"{name}: " in ended.said:
        return [f"{name} is not as it was before"]
    if name not in now:
        return [f"{name} is gone"] if name in known.after else []
    if name not in known.after and folder != "models":
        return [f"{name} was left"]
    return [] if is_whole(work.shop / name) else [f"{name} is not whole"]


def summarise(wrongs: Mapping[str, list[str]]) -> str:
    """Return the findings, those alike together."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for fault, said in wrongs.items():
        for one in said:
            kinds[one].append(fault)
    return "\n".join(f"  {len(faults)} x {one.strip()}   ({', '.join(faults[:4])})" for one, faults in kinds.items())
