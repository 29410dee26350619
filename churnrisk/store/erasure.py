"""The key and the lists by which erased customers, and those who object, are known again, beside the keys of models.

What is kept of an erased customer is a keyed hash (HMAC-SHA256). The key is in no state file and no backup of one: with
those alone nobody can try out ids against the hashes. The list of hashes is here, too, so that a state file which is
brought back from before the erasure learns of it.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from churnrisk.errors import SigningKeyError
from churnrisk.store.files import explain_failure, replace_file, write_synced
from churnrisk.store.keys import find_config_folder, refuse_foreign_writers
from churnrisk.store.lock import DEFAULT_LOCK_TIMEOUT, hold_lock
from churnrisk.writing import sync

KEY_NAME = "erasure_key"
LIST_NAME = "erased.json"
OBJECTIONS_NAME = "objections.json"
PSEUDONYM_KEY_NAME = "pseudonym_key"
_WAY_OUT = "mend that, or set CHURNRISK_CONFIG_DIR to a folder of yours"


class ErasedCustomers:
    """The erased, by keyed hash; made by :func:`load_erased`.

    Parameters
    ----------
    folder : Path
        The configuration folder.
    key : bytes
        32 random bytes.
    made_at : mapping of str to str
        Hash to the moment (UTC) of the erasure.
    """

    def __init__(self, folder: Path, key: bytes, made_at: Mapping[str, str]) -> None:
        self._folder, self._key = folder, key
        self.made_at = dict(made_at)

    def digest(self, customer_id: str, *, state_id: str) -> str:
        """The keyed hash of a customer of one state; the same id in the state of another shop is somebody else."""
        name = f"{state_id}\0{customer_id}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, name, "sha256").hex()

    def add(self, made_at: Mapping[str, str]) -> None:
        """Write further erasures down, durably; one that is known keeps the later moment."""
        self.made_at = self._merge(LIST_NAME, made_at)

    def objections(self, *, state_id: str) -> dict[str, str]:
        """Read the last words of customers of a state on whether they object, by keyed hash."""
        with _explaining(self._folder):
            words = _read_list(self._folder, OBJECTIONS_NAME).items()
        return {name.rpartition(" ")[2]: word for name, word in words if name.startswith(f"{state_id} ")}

    def add_objections(self, words: Mapping[str, str], *, state_id: str) -> None:
        """Write further words of customers of a state down, durably; one that is known keeps the later."""
        self._merge(OBJECTIONS_NAME, {f"{state_id} {digest}": word for digest, word in words.items()})

    def _merge(self, name: str, made_at: Mapping[str, str]) -> dict[str, str]:
        with _explaining(self._folder), hold_lock(self._folder, timeout=DEFAULT_LOCK_TIMEOUT):
            merged = _read_list(self._folder, name)
            for digest, moment in made_at.items():
                merged[digest] = max(moment, merged.get(digest, ""))
            text = json.dumps(merged, indent=1, sort_keys=True)
            replace_file(self._folder / name, text.encode(), mode=0o600)
            return merged


def load_erased() -> ErasedCustomers:
    """Read the list of the erased and its key, which is made on first use.

    Raises
    ------
    SigningKeyError
        The key can be read by others, is damaged, or is missing while there is a list that was made with it.
    """
    folder = find_config_folder()
    with _explaining(folder):
        refuse_foreign_writers(folder)
        key = read_secret(folder / KEY_NAME) or _make_key(folder)
        return ErasedCustomers(folder, key, _read_list(folder, LIST_NAME))


def find_erased() -> ErasedCustomers | None:
    """Read the list of the erased and its key where there is one; None, and nothing made, where there is not.

    Raises
    ------
    SigningKeyError
        The key can be read by others, or is damaged.
    """
    folder = find_config_folder()
    with _explaining(folder):
        key = read_secret(folder / KEY_NAME)
        return None if key is None else ErasedCustomers(folder, key, _read_list(folder, LIST_NAME))


def has_erased() -> bool:
    """Tell whether any customer was erased by this installation, or has objected; cheap, and makes nothing."""
    return (find_config_folder() / LIST_NAME).exists() or has_objected()


def has_objected() -> bool:
    """Tell whether any customer has objected at this installation; cheap, and makes nothing."""
    return (find_config_folder() / OBJECTIONS_NAME).exists()


def read_secret(path: Path) -> bytes | None:
    """Read a file of 32 bytes in hexadecimal that is for its owner's eyes only; None where there is none.

    Raises
    ------
    SigningKeyError
        Where others can read it, or it holds something else.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    with file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        content = file.read(256).strip()
    if os.name == "posix" and mode & 0o077:
        raise SigningKeyError(
            f"the key {path} can be read or changed by others (mode {mode:04o}); close it: chmod 600 '{path}'"
        )
    try:
        key = bytes.fromhex(content.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != 32:
        raise SigningKeyError(f"{path} is not 32 bytes in hexadecimal; restore it from a copy")
    return key


def write_secret(path: Path) -> bytes:
    """Make a key of 32 random bytes in a new file of mode 0600, and give it."""
    key = secrets.token_bytes(32)
    try:
        write_synced(path, key.hex().encode() + b"\n", mode=0o600)
        sync(path.parent)
    except FileExistsError:
        raise
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return key


def load_pseudonym_key(path: Path | None = None) -> bytes:
    """Read the key of pseudonyms: that of a file, or the one in the configuration folder.

    Raises
    ------
    SigningKeyError
        Where there is none, or it can be read by others.
    """
    place = path or find_config_folder() / PSEUDONYM_KEY_NAME
    with explain_failure(f"read {place}", way_out="name another with --pseudonym-key", error_class=SigningKeyError):
        key = read_secret(place)
    if key is None:
        raise SigningKeyError(
            f"{place}: there is no such key. `churnrisk keys pseudonym-key` makes one; keep a copy of it, since other "
            "pseudonyms come of another key."
        )
    return key


def make_pseudonym_key(path: Path | None = None) -> Path:
    """Make a key of pseudonyms in a new file of mode 0600, and give where it is; an existing one is never replaced."""
    place = path or find_config_folder() / PSEUDONYM_KEY_NAME
    with explain_failure(f"write {place}", way_out="name another file", error_class=SigningKeyError):
        if path is None:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if place.exists():
            raise SigningKeyError(f"{place} is there already; whoever replaces a key makes every pseudonym a new one")
        write_secret(place)
    return place


def _make_key(folder: Path) -> bytes:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with hold_lock(folder, timeout=DEFAULT_LOCK_TIMEOUT):
        made_meanwhile = read_secret(folder / KEY_NAME)
        if made_meanwhile is not None:
            return made_meanwhile
        for name in (LIST_NAME, OBJECTIONS_NAME):
            if (folder / name).exists():
                raise SigningKeyError(
                    f"{folder / name} is there but its key, {KEY_NAME}, is not; put that back: without it the "
                    "customers on the list cannot be known again"
                )
        return write_secret(folder / KEY_NAME)


def _read_list(folder: Path, name: str) -> dict[str, str]:
    try:
        content = json.loads((folder / name).read_text(encoding="ascii"))
        return {str(digest): str(moment) for digest, moment in content.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError):
        raise SigningKeyError(f"{folder / name} is damaged; restore it from a copy") from None


def _explaining(folder: Path) -> contextlib.AbstractContextManager[None]:
    return explain_failure(f"use the keys in {folder}", way_out=_WAY_OUT, error_class=SigningKeyError)
