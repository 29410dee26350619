"""Make .venv hold what the lock files say, and this project; do nothing when it already does.

Usage: python3 .ci/setup_venv.py LOCK...

What was installed is noted in .venv/ready.json. A second run compares that with the locks, pyproject.toml,
this folder and the packages that are there, and asks no network. A .venv that does not run, was moved, or
whose set-up was cut off is thrown away and made again.

Only the standard library, and only syntax that an older Python reads: it has to live to tell its age.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
DISCARDED = ROOT / ".venv.old"
READY = VENV / "ready.json"
UNFINISHED = VENV / "unfinished"
OLDEST = (3, 11)


def main() -> None:
    """Bring .venv in line with the locks named on the command line."""
    fcntl.flock(os.open(ROOT, os.O_RDONLY), fcntl.LOCK_EX)  # two `make` at once take turns
    if VENV.exists() and not is_sound():
        print(".venv is broken, half made or was moved; making it again.", flush=True)
        VENV.rename(DISCARDED)  # in one step, so that no half of it is taken for the whole
    shutil.rmtree(DISCARDED, ignore_errors=True)
    missing = [lock for lock in sys.argv[1:] if not is_installed(lock)]
    if missing:
        if not VENV.exists():
            make_venv()
        install(missing)


def is_sound() -> bool:
    """Whether .venv was finished, and its Python starts, is new enough and has its packages in this folder."""
    version = running_version()
    if UNFINISHED.exists() or version is None or version < OLDEST:
        return False
    return site_packages(version).is_dir() and read_ready().get("root", str(ROOT)) == str(ROOT)


def running_version() -> tuple[int, int] | None:
    """The version of the Python in .venv, or None when it does not start."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([PYTHON, "-I", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        major, minor = done.stdout.split()
    except (OSError, ValueError):
        return None
    return int(major), int(minor)


def site_packages(version: tuple[int, int]) -> Path:
    """The folder of .venv in which the packages of this Python version lie."""
    return VENV / "lib" / "python{}.{}".format(*version) / "site-packages"


def is_installed(lock: str) -> bool:
    """Whether this lock was installed as it is now and none of its packages has gone since."""
    noted = read_ready().get("locks", {}).get(lock)
    return noted is not None and noted["digest"] == digest(lock) and set(noted["packages"]) <= packages()


def read_ready() -> dict[str, Any]:
    """What was noted after the last install; empty when there is no such note."""
    try:
        noted: dict[str, Any] = json.loads(READY.read_text())
    except (OSError, ValueError):
        return {}
    return noted


def digest(lock: str) -> str:
    """A digest of all that decides what gets installed: the lock and the project's own metadata."""
    contents = [(ROOT / name).read_bytes() for name in (lock, "pyproject.toml")]
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


def packages() -> set[str]:
    """Name and version of each installed package, from the folders that tell of them."""
    return {found.parent.name for found in VENV.glob("lib/python*/site-packages/*.dist-info/RECORD")}


def make_venv() -> None:
    """Make an empty .venv, or say what this machine lacks for one."""
    if sys.version_info[:2] < OLDEST:
        have = "{}.{}".format(*sys.version_info)
        sys.exit(
            f"churnrisk needs Python 3.11 or newer, and {sys.executable} is {have}. "
            "Name another one: make demo PYTHON=python3.12"
        )
    try:
        import ensurepip  # noqa: F401 - Debian packs it apart from Python
    except ImportError:
        sys.exit(f"{sys.executable} cannot make a venv. On Debian or Ubuntu: apt install python3-venv")
    run([sys.executable, "-m", "venv", VENV])


def install(locks: list[str]) -> None:
    """Install the locks and the project into .venv, and note it."""
    UNFINISHED.touch()
    pip: list[str | Path] = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    for lock in locks:
        count = (ROOT / lock).read_text().count("==")
        print(f"Installing up to {count} packages of {lock} into .venv; the first time takes minutes.", flush=True)
        # Without build isolation a package that comes as source is built with what the first lock holds,
        # not with whatever is newest today.
        run([*pip, "--require-hashes", "--no-build-isolation", "--requirement", ROOT / lock])
    run([*pip, "--no-deps", "--no-index", "--no-build-isolation", "--editable", ROOT])
    locks_now = {lock: {"digest": digest(lock), "packages": sorted(packages())} for lock in locks}
    note = {"root": str(ROOT), "locks": {**read_ready().get("locks", {}), **locks_now}}
    READY.write_text(json.dumps(note, indent=1))
    UNFINISHED.unlink()


def run(command: list[str | Path]) -> None:
    """Run a command, and stop with its name when it fails."""
    code = subprocess.run(command).returncode
    if code != 0:
        shown = " ".join(str(word) for word in command[1:])
        sys.exit(f"The set-up stopped: `python {shown}` failed (exit code {code}); the reason stands above.")


if __name__ == "__main__":
    main()
