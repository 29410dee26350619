"""The signed list of a model's files."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from churnrisk.errors import DamagedModel, IncompatibleModel, StoreError, UntrustedModel
from churnrisk.messages import wording
from churnrisk.store.keys import (
    PUBLIC_NAME,
    TRUSTED_NAME,
    KnownKey,
    find_config_folder,
    identify_key,
    iterate_known_keys,
)

# Raise by one with every change after which an older churnrisk would misread the folder, and teach parse_manifest
# both. A new key in the card is no such change.
STORE_FORMAT_VERSION = 1

MODEL_NAME = "model.joblib"
CARD_NAME = "card.json"
MANIFEST_NAME = "manifest.json"
SIGNATURE_NAME = "manifest.sig"

_FILE_NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9]+)+")
# One spelling only: base64 would let some flipped bits pass.
_SIGNATURE = re.compile(rb"ed25519 ([0-9a-f]{16}) ([0-9a-f]{128})\n")


@dataclass(frozen=True)
class FileRecord:
    """What was signed about one file: its SHA-256 in hexadecimal, and its size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """What was signed about one model."""

    version: str
    created_at: datetime
    key_id: str
    files: Mapping[str, FileRecord]


def write_canonical_json(value: Mapping[str, Any], *, name: str) -> bytes:
    """Write JSON that is the same bytes for the same value: sorted keys, UTF-8, no NaN, one line feed at the end."""
    plain = _make_plain(value, name)
    return (json.dumps(plain, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def record_file(content: bytes) -> FileRecord:
    """Measure the bytes of a file."""
    return FileRecord(hashlib.sha256(content).hexdigest(), len(content))


def build_manifest(manifest: Manifest) -> bytes:
    """Write a manifest down as the bytes that are signed."""
    fields = {
        "format_version": STORE_FORMAT_VERSION,
        "version": manifest.version,
        "created_at": manifest.created_at.isoformat(timespec="milliseconds"),
        "key_id": manifest.key_id,
        "files": {name: {"sha256": file.sha256, "size": file.size} for name, file in manifest.files.items()},
    }
    return write_canonical_json(fields, name=MANIFEST_NAME)


def sign_manifest(content: bytes, private_key: Ed25519PrivateKey) -> bytes:
    """Sign the exact bytes of a manifest: one line of algorithm, key id and signature."""
    key_id = identify_key(private_key.public_key())
    return f"ed25519 {key_id} {private_key.sign(content).hex()}\n".encode("ascii")


def verify_signature(content: bytes, signature: bytes, *, version: str, key: KnownKey | None = None) -> KnownKey:
    """Find the known key that signed these bytes, or refuse; where a key is given, it must be that one."""
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise UntrustedModel(f"{SIGNATURE_NAME} of model {version} is not a signature; {suggest_repair(version)}")
    if key is None or key.key_id != match[1].decode():
        key = _find_known_key(match[1].decode(), version=version)
    try:
        key.public_key.verify(bytes.fromhex(match[2].decode()), content)
    except InvalidSignature:
        raise DamagedModel(
            wording("{file} or {other} of model {name} was changed after the key {names} signed it; {way}").format(
                file=MANIFEST_NAME,
                other=SIGNATURE_NAME,
                name=version,
                names=f"{key.key_id} ({key.origin})",
                way=suggest_repair(version),
            )
        ) from None
    return key


def parse_manifest(content: bytes, *, version: str, key_id: str) -> Manifest:
    """Read a manifest that the key ``key_id`` signed, and whose folder is called ``version``."""
    try:
        fields = json.loads(content)
        found_format = fields["format_version"]
        if found_format != STORE_FORMAT_VERSION:
            raise IncompatibleModel(
                f"model {version} has the store format {found_format!r}, and this churnrisk reads "
                f"{STORE_FORMAT_VERSION}; update churnrisk, or train again: churnrisk train"
            )
        manifest = _parse_fields(fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedModel(f"{MANIFEST_NAME} of model {version} is signed but malformed: {error!r}") from error
    if manifest.version != version:
        raise DamagedModel(f"the folder {version} holds the model {manifest.version}; give it back that name")
    if manifest.key_id != key_id:
        raise DamagedModel(f"model {version} names the key {manifest.key_id}, but {key_id} signed it")
    return manifest


def suggest_repair(version: str) -> str:
    """Say what to do with a model that is not as it was signed."""
    way = wording("restore its folder from a copy, or: churnrisk models remove {name}, and churnrisk train")
    return way.format(name=version)


def _parse_fields(fields: dict[str, Any]) -> Manifest:
    files = {name: FileRecord(str(file["sha256"]), int(file["size"])) for name, file in fields["files"].items()}
    strange = [name for name in files if not _FILE_NAME.fullmatch(name)]
    if strange or not {MODEL_NAME, CARD_NAME} <= files.keys():
        raise ValueError(f"files {sorted(files)}")
    created_at = datetime.fromisoformat(fields["created_at"])
    return Manifest(str(fields["version"]), created_at, str(fields["key_id"]), files)


def _find_known_key(key_id: str, *, version: str) -> KnownKey:
    for key in iterate_known_keys():
        if key.key_id == key_id:
            return key
    folder = find_config_folder()
    raise UntrustedModel(
        wording(
            "model {name} is signed by the key {names}, which this installation does not trust; a model can run any "
            "program, so only if you trust its maker copy their {file} to {other}, else train your own: churnrisk train"
        ).format(name=version, names=key_id, file=PUBLIC_NAME, other=f"{folder / TRUSTED_NAME / key_id}.pub")
    )


def _make_plain(value: object, place: str) -> object:
    """Copy a value in JSON's own types, and refuse, with its place, what JSON would refuse or change in silence."""
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str) or not _is_plain(key):
                raise StoreError(f"{place} has the key {key!r}; every key has to be text")
        return {key: _make_plain(inner, f"{place}: {key}") for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_make_plain(inner, f"{place}[{number}]") for number, inner in enumerate(value)]
    if not _is_plain(value):
        raise StoreError(f"{place} is {value!r}; a card holds text, finite numbers, true, false and null")
    return value


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool | int)
