"""Take from a process what it does not need, before it looks at a file that others wrote.

What is taken is never given back, and children inherit the lack of it. Three means, each where the system has it:
another user id (:mod:`~churnrisk.confine.identity`), a ruleset for files (:mod:`~churnrisk.confine.landlock`) and a
filter of system calls (:mod:`~churnrisk.confine.calls`). ``docs/reference/limits.md`` says what holds where.

The packages that wrap these calls are young and change with each release; the calls themselves never change.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.confine import calls, landlock
from churnrisk.confine.identity import choose_user, drop_capabilities, hand_over, is_able, read_status, switch_user
from churnrisk.confine.needs import AROUND, FACTS, LIBRARIES, RUN, keep_environment

__all__ = ["Reach", "choose_user", "confine", "describe_means", "hand_over", "keep_environment"]


@dataclass(frozen=True)
class Reach:
    """What a process can still reach once it is confined.

    Parameters
    ----------
    folder : Path
        Where it writes: files and folders, but no links, sockets or pipes.
    reads : tuple of Path
        What it reads beside the folder and the libraries; files that are not there are left out.
    starts : bool
        Whether it starts Python once more, for a process that is confined further.
    user : int, optional
        Whom it becomes; see :func:`choose_user`.
    """

    folder: Path
    reads: tuple[Path, ...] = ()
    starts: bool = False
    user: int | None = None


def confine(reach: Reach) -> None:
    """Confine this process, for good. It must have one thread, since some of this is done to a thread alone.

    Raises
    ------
    RuntimeError
        Where it has several threads.
    OSError
        Where the system has a means and refuses it: then nothing may be read.
    """
    if not sys.platform.startswith("linux"):
        return
    if (threads := read_status("Threads")) != "1":
        raise RuntimeError(f"a process is confined before it has threads, and this one has {threads}")
    rules = landlock.Rules(_list_rules(reach))  # opens paths, which the other user may be unable to
    if reach.user is None:
        drop_capabilities()
    else:
        switch_user(reach.user)
    calls.renounce_privileges()
    rules.enforce()
    calls.refuse_calls(starts=reach.starts)


def _list_rules(reach: Reach) -> list[tuple[Path, int]]:
    shared = landlock.READ | landlock.EXECUTE if reach.starts else landlock.READ
    return [
        *((path, shared) for path in LIBRARIES),
        *((Path(path), landlock.READ) for path in FACTS),
        *(_list_rules_to_start(shared) if reach.starts else ()),
        (Path(os.devnull), landlock.READ | landlock.WRITE_FILE),
        *((path, landlock.READ) for path in reach.reads),
        (reach.folder, landlock.READ | landlock.CHANGE),
    ]


def _list_rules_to_start(shared: int) -> list[tuple[Path, int]]:
    """List what it takes to start Python once more, which looks at facts of its own process under /proc.

    What is secret of other processes, such as their environment, the kernel keeps from a confined one even there.
    """
    own = [(AROUND, landlock.READ_DIR), (Path("/proc"), landlock.READ_FILE)]
    return [*((path, shared) for path in RUN), *own]


def describe_means() -> dict[str, Any]:
    """Tell which of the means there are, for the log: the version of landlock, and what is missing."""
    found = {"other_user": is_able(), "landlock": landlock.find_version(), "call_filter": calls.has_filter()}
    missing = [name for name, value in found.items() if not value]
    return {**found, "missing": missing}
