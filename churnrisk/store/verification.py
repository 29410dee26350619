"""Everything that is checked about a stored model before a byte of it is unpickled."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from churnrisk.errors import DamagedModel, IncompatibleModel, ModelNotFound, UntrustedModel
from churnrisk.messages import wording
from churnrisk.store.files import NotPlainFile, list_plain_files, read_plain_file
from churnrisk.store.keys import KnownKey
from churnrisk.store.manifest import (
    CARD_NAME,
    MANIFEST_NAME,
    SIGNATURE_NAME,
    FileRecord,
    Manifest,
    parse_manifest,
    record_file,
    suggest_repair,
    verify_signature,
)
from churnrisk.store.versions import check_version, suggest_promotion

# Raise by one with every change after which an older churnrisk would misread the card.
CARD_FORMAT_VERSION = 3

_MANIFEST_LIMIT = 1_000_000


@dataclass(frozen=True)
class VerifiedFiles:
    """The very bytes that were verified. What is used later is taken from here, never read again."""

    manifest: Manifest
    key: KnownKey
    contents: Mapping[str, bytes]
    card: dict[str, Any]
    signed: bytes
    signature: bytes


def collect_versions() -> dict[str, str]:
    """Return the versions on which unpickling a model depends."""
    libraries = {name: installed_version(name) for name in ("scikit-learn", "numpy")}
    return {"python": platform.python_version(), **libraries}


def read_verified(models_dir: Path, version: str) -> VerifiedFiles:
    """Read a version's files, each once, and verify them: name, kinds, signature, format, digests, in that order.

    The format comes before the digests, since a later format may list its files otherwise.
    """
    folder = models_dir / check_version(version)
    try:
        names = _list_files(models_dir, folder)
        signed, signature = _read_signed(folder, names)
        key = verify_signature(signed, signature, version=version)
        manifest = parse_manifest(signed, version=version, key_id=key.key_id)
        _compare_names(manifest, names - {MANIFEST_NAME, SIGNATURE_NAME})
        contents = {name: _read_recorded(folder / name, record) for name, record in manifest.files.items()}
    except NotPlainFile as error:
        said = wording("in model {name}, {what}; {way}")
        raise DamagedModel(said.format(name=version, what=error, way=suggest_repair(version))) from error
    except OSError as error:
        reason = f"{error.strerror or error} ({error.filename})"
        raise DamagedModel(f"model {version} cannot be read: {reason}; {suggest_repair(version)}") from error
    card = parse_card(contents[CARD_NAME], version)
    return VerifiedFiles(manifest, key, contents, card, signed, signature)


def check_compatible(files: VerifiedFiles, *, feature_fingerprint: str | None) -> None:
    """Refuse a genuine model that this program would misread: other card, other features, other libraries."""
    version, card = files.manifest.version, files.card
    if card.get("format_version") != CARD_FORMAT_VERSION:
        raise IncompatibleModel(
            f"the card of model {version} has the format {card.get('format_version')!r}, and this churnrisk reads "
            f"{CARD_FORMAT_VERSION}; update churnrisk, or train again: churnrisk train"
        )
    if feature_fingerprint is not None and card.get("feature_fingerprint") != feature_fingerprint:
        raise IncompatibleModel(
            f"model {version} was trained on features with the fingerprint {card.get('feature_fingerprint')!r}, and "
            f"this churnrisk computes {feature_fingerprint!r}; train again: churnrisk train"
        )
    _compare_versions(version, card.get("versions"))


def _list_files(models_dir: Path, folder: Path) -> frozenset[str]:
    if folder.is_symlink():
        raise NotPlainFile("the folder itself is a symbolic link")
    try:
        return list_plain_files(folder)
    except FileNotFoundError:
        raise ModelNotFound(
            f"there is no model {folder.name} in {models_dir}; {suggest_promotion(models_dir)}"
        ) from None


def _read_signed(folder: Path, names: frozenset[str]) -> tuple[bytes, bytes]:
    """Read the manifest and its signature."""
    version = folder.name
    if SIGNATURE_NAME not in names:
        raise UntrustedModel(
            wording("model {name} is not signed; {way}").format(name=version, way=suggest_repair(version))
        )
    if MANIFEST_NAME not in names:
        raise DamagedModel(f"model {version} lacks {MANIFEST_NAME}; {suggest_repair(version)}")
    signature = read_plain_file(folder / SIGNATURE_NAME, limit=_MANIFEST_LIMIT)
    return read_plain_file(folder / MANIFEST_NAME, limit=_MANIFEST_LIMIT), signature


def _compare_names(manifest: Manifest, names: frozenset[str]) -> None:
    missing, unlisted = sorted(manifest.files.keys() - names), sorted(names - manifest.files.keys())
    problems = [wording("{name} is missing").format(name=name) for name in missing] + [
        f"{name!r} was added" for name in unlisted
    ]
    if problems:
        raise DamagedModel(
            wording("in model {name}, {what}; {way}").format(
                name=manifest.version, what=", ".join(problems[:5]), way=suggest_repair(manifest.version)
            )
        )


def _read_recorded(path: Path, record: FileRecord) -> bytes:
    content = read_plain_file(path, limit=record.size)
    if record_file(content) != record:
        raise NotPlainFile(f"{path.name} is not the file that was signed")
    return content


def parse_card(content: bytes, version: str) -> dict[str, Any]:
    """Read a card that was verified."""
    try:
        card = json.loads(content)
    except ValueError:
        card = None
    if not isinstance(card, dict):
        raise DamagedModel(f"{CARD_NAME} of model {version} is signed but is no JSON object; {suggest_repair(version)}")
    return card


def _compare_versions(version: str, trained_with: object) -> None:
    """Pickles of another scikit-learn, NumPy or Python may load and then score wrongly, in silence."""
    recorded = trained_with if isinstance(trained_with, Mapping) else {}
    other = {
        name: (recorded.get(name), here)
        for name, here in collect_versions().items()
        if _major_minor(recorded.get(name)) != _major_minor(here)
    }
    if other:
        differences = ", ".join(f"{name} {there} (here {here})" for name, (there, here) in other.items())
        raise IncompatibleModel(
            wording(
                "model {name} was made with {names}; train again with: churnrisk train, or install those versions"
            ).format(name=version, names=differences)
        )


def _major_minor(found: object) -> tuple[str, ...] | None:
    return tuple(found.split(".")[:2]) if isinstance(found, str) else None
