"""The retention time of what is remembered and of the files of rejected rows: by command, and by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from churnrisk.clock import wall
from churnrisk.memory.erasure import catch_up
from churnrisk.orders import KeepIn, drop_copies
from churnrisk.state import Pruned, StatePlace, find_state, note_audit, prune_state

DAY_SECONDS = 86_400
_REJECTS_HEADERS = ("line,column,value,reason", "file,line,column,value,reason")


@dataclass(frozen=True)
class PruneResult:
    """What went, or would go: rows of the state, files of rejected rows, and kept copies of purchase histories."""

    state: Pruned
    rejects: tuple[str, ...]
    copies: int = 0


def prune(
    place: StatePlace,
    *,
    days: int,
    rejects_days: int,
    folders: Sequence[Path],
    keep: KeepIn | None = None,
    is_dry: bool = False,
) -> PruneResult:
    """Let go of what is older than so many days; the bytes go, too.

    Parameters
    ----------
    place : Path or str
        The state.
    days, rejects_days : int
        How long runs and the like are kept, and how long files of rejected rows are; 0 for ever.
    folders : sequence of Path
        Where, beside the current folder, such files are.
    keep : KeepIn, optional
        Where copies are kept of purchase histories, and how many: what was not used for ``days`` goes as well.
    is_dry : bool
        Only look.
    """
    state, pruned = find_state(place), Pruned()
    if state is not None and days:
        with state:
            pruned = prune_state(state, older_than=days, is_dry=is_dry)
            if not is_dry and any(vars(pruned).values()):
                note_audit(state, "prune", older_than=days, **vars(pruned))
                state.scrub()
    copies = 0
    if keep is not None:
        copies = drop_copies(keep.folder, days=min(days or keep.days, keep.days), size=keep.size, is_dry=is_dry)
    return PruneResult(pruned, drop_rejects(*folders, days=rejects_days, is_dry=is_dry), copies)


def tend_state(place: StatePlace, *, keep_days: int) -> None:
    """Do by itself what a state needs from time to time: erase the forgotten again, and let go of what is old.

    Unlike :func:`prune`, freed space is not written anew here: SQLite overwrites it as it is freed.
    """
    catch_up(place)
    state = find_state(place) if keep_days else None
    if state is not None:
        with state:
            prune_state(state, older_than=keep_days)


def drop_rejects(*folders: Path, days: int, is_dry: bool = False) -> tuple[str, ...]:
    """Delete files of rejected rows, known by their name and by their header, that are older than so many days.

    Looked for in the current folder and in others that may have some; 0 days keeps them all.
    """
    found = _old_rejects(folders, days=days) if days else []
    for path in found if not is_dry else ():
        path.unlink(missing_ok=True)
    return tuple(map(str, found))


def _old_rejects(folders: Sequence[Path], *, days: int) -> list[Path]:
    before = wall() - days * DAY_SECONDS
    named = [path for folder in (Path(), *folders) for path in folder.glob("*.rejects.csv")]
    named += [folder / "rejects.csv" for folder in folders]
    return sorted({path for path in named if path.is_file() and path.stat().st_mtime < before and _is_ours(path)})


def _is_ours(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.readline(80).strip() in _REJECTS_HEADERS
    except (OSError, UnicodeDecodeError):
        return False
