"""The key pair of this installation, and the public keys that it trusts."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from churnrisk.errors import SigningKeyError
from churnrisk.store.files import explain_failure, replace_file
from churnrisk.store.lock import DEFAULT_LOCK_TIMEOUT, hold_lock

CONFIG_VARIABLE = "CHURNRISK_CONFIG_DIR"
PRIVATE_NAME = "signing_key.pem"
PUBLIC_NAME = "signing_key.pub"
TRUSTED_NAME = "trusted_keys"

_KEY_FILE_LIMIT = 4096
_CONFIG_WAY_OUT = f"mend that, or set {CONFIG_VARIABLE} to a folder of yours"


@dataclass(frozen=True)
class KnownKey:
    """A public key whose models may be unpickled, and where it is known from."""

    key_id: str
    public_key: Ed25519PublicKey
    origin: str


def find_config_folder() -> Path:
    """Name the user's configuration folder, which ``CHURNRISK_CONFIG_DIR`` moves; it need not exist."""
    moved = os.environ.get(CONFIG_VARIABLE)
    if moved:
        return Path(moved).expanduser()
    return Path(platformdirs.user_config_dir("churnrisk", appauthor=False))


def identify_key(public_key: Ed25519PublicKey) -> str:
    """Name a public key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(public_key.public_bytes_raw()).hexdigest()[:16]


def load_signing_key() -> Ed25519PrivateKey:
    """Read the private key of this installation; on first use make the pair.

    Raises
    ------
    SigningKeyError
        The key is readable by others, is damaged or lost its other half, or its folder cannot be used.
    """
    folder = find_config_folder()
    with explain_failure(f"use the keys in {folder}", way_out=_CONFIG_WAY_OUT, error_class=SigningKeyError):
        refuse_foreign_writers(folder)
        private_key = _read_private_key(folder / PRIVATE_NAME) or _make_key_pair(folder)
        _keep_public_half(folder, private_key.public_key())
    return private_key


def iterate_known_keys() -> Iterator[KnownKey]:
    """Yield the own public key, then the trusted ones. None is read before it is asked for.

    So a broken file under ``trusted_keys`` does not stand in the way of the models made here.
    """
    folder = find_config_folder()
    with explain_failure(f"read the keys in {folder}", way_out=_CONFIG_WAY_OUT, error_class=SigningKeyError):
        refuse_foreign_writers(folder)
        own = _read_own_public_key(folder)
        if own is not None:
            yield KnownKey(identify_key(own), own, "this installation")
        refuse_foreign_writers(folder / TRUSTED_NAME)
        for path in sorted((folder / TRUSTED_NAME).glob("*.pub")):
            refuse_foreign_writers(path)
            key = _read_public_key(path)
            yield KnownKey(identify_key(key), key, f"{TRUSTED_NAME}/{path.name}")


def refuse_foreign_writers(path: Path) -> None:
    """Refuse a file or folder into which others could slip a key of theirs."""
    if os.name != "posix" or not path.exists():
        return
    if stat.S_IMODE(path.stat().st_mode) & 0o022:
        raise SigningKeyError(
            f"others can write to {path}, and so choose whose models are trusted; close it: chmod go-w '{path}'"
        )


def _make_key_pair(folder: Path) -> Ed25519PrivateKey:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with hold_lock(folder, timeout=DEFAULT_LOCK_TIMEOUT):
        made_meanwhile = _read_private_key(folder / PRIVATE_NAME)
        if made_meanwhile is not None:
            return made_meanwhile
        if (folder / PUBLIC_NAME).exists():
            raise SigningKeyError(
                f"{folder / PUBLIC_NAME} is there but its private half, {PRIVATE_NAME}, is not; put that back, or move "
                f"{PUBLIC_NAME} into {folder / TRUSTED_NAME}, which keeps the models it signed, and a new pair is made"
            )
        private_key = Ed25519PrivateKey.generate()
        pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        replace_file(folder / PRIVATE_NAME, pem, mode=0o600)
    return private_key


def _keep_public_half(folder: Path, public_key: Ed25519PublicKey) -> None:
    path = folder / PUBLIC_NAME
    if not path.exists():
        # Several may come here at once: each writes the same bytes, by rename.
        replace_file(path, public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), mode=0o644)
    elif identify_key(_read_public_key(path)) != identify_key(public_key):
        raise SigningKeyError(
            f"{path} is not the public half of {PRIVATE_NAME}; if its models shall stay trusted, move it into "
            f"{folder / TRUSTED_NAME}, else delete it; the right one is then made again"
        )


def _read_private_key(path: Path) -> Ed25519PrivateKey | None:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    with file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        pem = file.read(_KEY_FILE_LIMIT)
    if os.name == "posix" and mode & 0o077:
        raise SigningKeyError(
            f"the private key {path} can be read or changed by others (mode {mode:04o}); if it may have been copied, "
            f"delete it and {PUBLIC_NAME} and train again, else close it: chmod 600 '{path}'"
        )
    return _parse_private_key(pem, path)


def _parse_private_key(pem: bytes, path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        # The cause is cut off on purpose: no part of a private key may reach a screen or a log.
        raise SigningKeyError(f"{path} is not an Ed25519 private key in PEM without a password; restore it from a copy")
    return key


def _read_own_public_key(folder: Path) -> Ed25519PublicKey | None:
    if (folder / PUBLIC_NAME).exists():
        return _read_public_key(folder / PUBLIC_NAME)
    private_key = _read_private_key(folder / PRIVATE_NAME)
    return private_key.public_key() if private_key else None


def _read_public_key(path: Path) -> Ed25519PublicKey:
    with path.open("rb") as file:
        content = file.read(_KEY_FILE_LIMIT).strip()
    try:
        if content.startswith(b"-----BEGIN"):
            key = load_pem_public_key(content)
        else:
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(content, validate=True))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise SigningKeyError(
            f"{path} is not an Ed25519 public key, in PEM or as the base64 of its 32 bytes; mend or delete it"
        )
    return key
