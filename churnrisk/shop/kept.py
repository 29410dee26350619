"""The last generation, kept from one run of the service to the next: pages answer at once while it is made anew.

It lies among the kept copies of purchase histories, as one of them: what lets go of those, by age, by size, or when
somebody is forgotten, lets go of it too. Whatever is wrong with it, it goes, and pages wait as if none had been kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from pathlib import Path

import churnrisk
from churnrisk.engines import engine_error
from churnrisk.errors import ChurnriskError
from churnrisk.shop.files import FORMAT, ShopFiles, ShopPlan, make_current, next_name
from churnrisk.shop.generation import Generation
from churnrisk.state import State, identify, stamp_tombstones
from churnrisk.writing import put_in_place, sync

_ACCOUNT, _GENERATION = "account.json", "generation.duckdb"
_MADE_OF = (
    *("seq", "row_seq", "model", "model_files", "reasons", "source", "tables"),
    *("erased_stamp", "lacks_erasure_key", "scored"),
)
"""Of an account, what is needed to tell whether another generation is due."""


def keep_generation(plan: ShopPlan, files: ShopFiles, state: State) -> None:
    """Keep a generation in place of the one before, unless somebody was forgotten while it was made.

    Where it cannot be written nothing is said: the next run makes another.
    """
    place = _find_place(plan, state)
    if place is None or files.made_of["erased_stamp"] != stamp_tombstones(state):
        return
    part = place.with_name(f".part-{secrets.token_hex(6)}")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.mkdir(mode=0o700)
        _share(files.path, part / _GENERATION)
        sync(part / _GENERATION)
        (part / _ACCOUNT).write_text(json.dumps(dict(files.made_of)), encoding="utf-8")
        (part / _ACCOUNT).chmod(0o600)
        shutil.rmtree(place, ignore_errors=True)
        put_in_place(part, place)
    except OSError:
        pass
    finally:
        shutil.rmtree(part, ignore_errors=True)


def take_kept(plan: ShopPlan, state: State) -> bool:
    """Let the generation that an earlier run has kept be the current one; tell whether there was one."""
    place = _find_place(plan, state)
    if place is None or not place.is_dir():
        return False
    try:
        made_of = json.loads((place / _ACCOUNT).read_text(encoding="utf-8"))
        if not isinstance(made_of, dict) or not made_of.keys() >= set(_MADE_OF):
            raise ValueError("this is no account of a generation")
        plan.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = ShopFiles(plan.folder, next_name(plan.folder), made_of)
        _share(place / _GENERATION, files.path)
        Generation(files).close()
        make_current(files)
        os.utime(place / _ACCOUNT)
    except (OSError, ValueError, KeyError, IndexError, ChurnriskError, engine_error()):
        shutil.rmtree(place, ignore_errors=True)
        return False
    return True


def _find_place(plan: ShopPlan, state: State) -> Path | None:
    """Return where the generation of a plan is kept; None where copies are not wanted.

    What a generation is made of has a part in the name, but the source itself, which is read again at each start.
    """
    keep = plan.options.keep
    if keep is None:
        return None
    options = sorted((name, value) for name, value in vars(plan.options).items() if name not in ("keep", "left_out"))
    told = FORMAT, churnrisk.__version__, plan.models_dir.resolve(), identify(state), plan.purchases
    text = repr((*told, options, plan.valuation, plan.products))
    return keep.folder / hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _share(path: Path, other: Path) -> None:
    """Give a file another place: a second name where both are on one disk, else a copy, for its owner alone."""
    try:
        os.link(path, other)
    except OSError:
        shutil.copyfile(path, other)
    with contextlib.suppress(OSError):
        other.chmod(0o600)
