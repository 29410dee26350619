"""The names of stored models, and which of them is current."""

from __future__ import annotations

import contextlib
import hashlib
import re
from datetime import datetime
from pathlib import Path

from churnrisk.errors import DamagedModel, ModelNotFound, StoreError
from churnrisk.messages import mark, wording
from churnrisk.store.files import NotPlainFile, explain_failure, read_plain_file, replace_file
from churnrisk.writing import stamp_file

EXAMPLE_VERSION = "20261122T014500.250Z-1a2b3c4d"
CURRENT_NAME = "current"

# Such a name is one safe path component on every system, and sorts by the time of saving. It is checked before it
# meets a path, so no argument can lead out of the models folder.
_VERSION = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-[0-9a-f]{8}")
_CURRENT_LIMIT = 1024
_READ_WAY_OUT = "mend that and try again, or choose another folder with --models-dir"


def name_version(created_at: datetime, *, content_digest: str) -> str:
    """Name a model by its time of saving (UTC) and its content: equal models end in the same eight digits."""
    milliseconds = created_at.microsecond // 1000
    return f"{created_at:%Y%m%dT%H%M%S}.{milliseconds:03d}Z-{content_digest[:8]}"


def is_version(name: str) -> bool:
    """Whether ``name`` has the form of a version."""
    return _VERSION.fullmatch(name) is not None


def check_version(version: str) -> str:
    """Give back a version name that is safe to use in a path, or refuse it."""
    if is_version(version):
        return version
    shown = repr(version if len(version) <= 60 else f"{version[:60]}…")
    raise ModelNotFound(
        f"{shown} is not a model version; a version looks like {EXAMPLE_VERSION}, and "
        "`churnrisk models list` shows those that are stored"
    )


def list_version_names(models_dir: Path) -> list[str]:
    """Name the stored versions, oldest first. What has another name is no version and is left alone."""
    if not models_dir.exists():
        return []
    with explain_failure(f"list the models in {models_dir}", way_out=_READ_WAY_OUT):
        return sorted(path.name for path in models_dir.iterdir() if is_version(path.name))


def read_current(models_dir: Path) -> str | None:
    """Name the current version, or None where none was ever promoted."""
    path = models_dir / CURRENT_NAME
    try:
        with explain_failure(f"read {path}", way_out=_READ_WAY_OUT):
            if not path.exists():
                return None
            version = read_plain_file(path, limit=_CURRENT_LIMIT).decode("ascii").removesuffix("\n")
    except (NotPlainFile, UnicodeDecodeError):
        version = ""
    if not is_version(version):
        raise DamagedModel(f"{path} does not hold a version name; {suggest_promotion(models_dir)}")
    return version


def stamp_current(models_dir: Path) -> tuple[int, int] | None:
    """Return what changes when another version becomes current, without reading a file; None where there is none."""
    return stamp_file(models_dir, CURRENT_NAME)


def stamp_model(models_dir: Path) -> str:
    """Return what changes when another version becomes current, or any file of its folder another one.

    A pointer may arrive before its folder, and a folder file by file.
    """
    found: list[object] = [stamp_current(models_dir)]
    with contextlib.suppress(OSError, StoreError):
        folder = models_dir / (read_current(models_dir) or CURRENT_NAME)
        for path in sorted(folder.iterdir()):
            one = path.stat()
            found.append((path.name, one.st_size, one.st_mtime_ns))
    return hashlib.blake2b(repr(found).encode(), digest_size=16).hexdigest()


def write_current(models_dir: Path, version: str) -> None:
    """Make ``version`` the current one by one rename.

    A text file and no symbolic link: it survives zip, rsync and a copy to another system, needs no privilege on
    Windows, and can name a version only, never a path.
    """
    replace_file(models_dir / CURRENT_NAME, f"{version}\n".encode("ascii"))


def resolve_version(models_dir: Path, version: str | None) -> str:
    """Return the version asked for, or the current one when none is asked for; either may still be missing."""
    if version is not None:
        return check_version(version)
    current = read_current(models_dir)
    if current is None:
        raise ModelNotFound(
            wording("no model is current in {name}; {way}").format(name=models_dir, way=suggest_promotion(models_dir))
        )
    return current


def suggest_promotion(models_dir: Path) -> str:
    """Say what to do where the current model cannot be used."""
    names = list_version_names(models_dir)
    if not names:
        return mark("no model is stored there, so train one: churnrisk train")
    stored = wording("choose one of the {number} stored, for example: churnrisk models promote {name}")
    return stored.format(number=len(names), name=names[-1])
