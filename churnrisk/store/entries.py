"""Look after the stored models: list, read, verify, promote, remove. Nothing here unpickles."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from churnrisk.errors import DamagedModel, IncompatibleModel, ModelNotFound, SigningKeyError, StoreError, UntrustedModel
from churnrisk.store.files import remove_folder
from churnrisk.store.loading import read_resolved
from churnrisk.store.lock import DEFAULT_LOCK_TIMEOUT
from churnrisk.store.saving import change_store
from churnrisk.store.verification import VerifiedFiles, check_compatible, read_verified
from churnrisk.store.versions import (
    check_version,
    list_version_names,
    read_current,
    suggest_promotion,
    write_current,
)

ModelStatus = Literal["ok", "untrusted", "damaged", "incompatible"]


@dataclass(frozen=True)
class ModelEntry:
    """What is known of one stored version.

    Parameters
    ----------
    version : str
        Its name.
    is_current : bool
        Whether it is loaded when no version is named.
    status : str
        ``ok``, ``untrusted``, ``damaged`` or ``incompatible``; only the first can be loaded.
    reason : str or None
        Why it cannot be loaded, and the way out.
    created_at : datetime or None
        When it was saved (UTC). This and all below are None where nothing could be verified.
    key_id : str or None
        The key that signed it.
    signed_by : str or None
        Where that key is known from: ``this installation``, or the file under ``trusted_keys``.
    size_bytes : int or None
        Model and card together.
    card : mapping or None
        The verified card.
    """

    version: str
    is_current: bool
    status: ModelStatus
    reason: str | None = None
    created_at: datetime | None = None
    key_id: str | None = None
    signed_by: str | None = None
    size_bytes: int | None = None
    card: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Promotion:
    """The version that is current now, and the one that was before (None: there was none)."""

    version: str
    previous: str | None


def list_models(models_dir: Path, *, feature_fingerprint: str | None = None) -> list[ModelEntry]:
    """List the stored versions, newest first, those that cannot be loaded with the reason.

    Every file is read and verified, and none is unpickled. A missing folder is an empty list.

    Parameters
    ----------
    models_dir : Path
        The folder of all versions.
    feature_fingerprint : str, optional
        When given, a model for other features is ``incompatible``.

    Returns
    -------
    list of ModelEntry
        One for each folder that is named like a version.
    """
    current = _read_current_or_none(models_dir)
    names = reversed(list_version_names(models_dir))
    entries = [_describe(models_dir, name, current, feature_fingerprint) for name in names]
    # A version that another process removed meanwhile is not damaged but gone.
    return [entry for entry in entries if entry.status == "ok" or os.path.lexists(models_dir / entry.version)]


def verify_model(models_dir: Path, *, version: str | None = None, feature_fingerprint: str | None = None) -> ModelEntry:
    """Check all that loading checks, without unpickling.

    Parameters
    ----------
    models_dir : Path
        The folder of all versions.
    version : str, optional
        The version to check; the current one by default.
    feature_fingerprint : str, optional
        What the card's ``feature_fingerprint`` has to be; unchecked by default.

    Returns
    -------
    ModelEntry
        With the status ``ok``.

    Raises
    ------
    StoreError
        As `load_model` would.
    """
    files = read_resolved(models_dir, version)
    check_compatible(files, feature_fingerprint=feature_fingerprint)
    return _enter(files, "ok", None, is_current=files.manifest.version == _read_current_or_none(models_dir))


def read_card(models_dir: Path, *, version: str | None = None) -> dict[str, Any]:
    """Read the card of a version, by default the current one, once signature and digests are verified.

    A model made with other library versions, which would not load, still shows its card.

    Parameters
    ----------
    models_dir : Path
        The folder of all versions.
    version : str, optional
        The version; the current one by default.

    Returns
    -------
    dict
        The card, as it was signed.

    Raises
    ------
    ModelNotFound, UntrustedModel, DamagedModel
        As `load_model` would.
    """
    return read_resolved(models_dir, version).card


def promote_model(
    models_dir: Path,
    version: str,
    *,
    feature_fingerprint: str | None = None,
    lock_timeout: float = DEFAULT_LOCK_TIMEOUT,
) -> Promotion:
    """Make a version the current one, by one rename, if it can be loaded.

    Parameters
    ----------
    models_dir : Path
        The folder of all versions.
    version : str
        The version to promote.
    feature_fingerprint : str, optional
        What the card's ``feature_fingerprint`` has to be; unchecked by default.
    lock_timeout : float
        Seconds to wait for another writer.

    Returns
    -------
    Promotion
        The version, and the one that was current before.

    Raises
    ------
    StoreError
        As `load_model` would, or because another process writes. The current version then stays.
    """
    _find_version(models_dir, version)
    with change_store(models_dir, lock_timeout=lock_timeout):
        check_compatible(read_verified(models_dir, version), feature_fingerprint=feature_fingerprint)
        previous = _read_current_or_none(models_dir)
        write_current(models_dir, version)
    return Promotion(version, previous)


def remove_model(models_dir: Path, version: str, *, lock_timeout: float = DEFAULT_LOCK_TIMEOUT) -> None:
    """Remove a version, damaged or not; the current one never, even if it is the only one.

    So there is always a model to score with. Who wants none deletes the folder.

    Parameters
    ----------
    models_dir : Path
        The folder of all versions.
    version : str
        The version to remove.
    lock_timeout : float
        Seconds to wait for another writer.

    Raises
    ------
    ModelNotFound
        No such version.
    StoreError
        It is the current one, or the folder cannot be written to.
    """
    _find_version(models_dir, version)
    with change_store(models_dir, lock_timeout=lock_timeout):
        if version == _read_current_or_none(models_dir):
            raise StoreError(
                f"model {version} is the current one and is not removed; promote another first: "
                f"churnrisk models promote VERSION (`churnrisk models list` shows them); to have none, delete "
                f"{models_dir}"
            )
        remove_folder(_find_version(models_dir, version))


def _find_version(models_dir: Path, version: str) -> Path:
    folder = models_dir / check_version(version)
    if not folder.is_symlink() and not folder.is_dir():
        raise ModelNotFound(f"there is no model {version} in {models_dir}; {suggest_promotion(models_dir)}")
    return folder


def _read_current_or_none(models_dir: Path) -> str | None:
    """Name the current version; a damaged note of it counts as none, so that promoting can mend it."""
    try:
        return read_current(models_dir)
    except DamagedModel:
        return None


def _describe(models_dir: Path, version: str, current: str | None, feature_fingerprint: str | None) -> ModelEntry:
    is_current = version == current
    try:
        files = read_verified(models_dir, version)
    except (UntrustedModel, SigningKeyError) as error:
        return ModelEntry(version, is_current, "untrusted", str(error))
    except IncompatibleModel as error:
        return ModelEntry(version, is_current, "incompatible", str(error))
    except StoreError as error:
        return ModelEntry(version, is_current, "damaged", str(error))
    try:
        check_compatible(files, feature_fingerprint=feature_fingerprint)
    except IncompatibleModel as error:
        return _enter(files, "incompatible", str(error), is_current=is_current)
    return _enter(files, "ok", None, is_current=is_current)


def _enter(files: VerifiedFiles, status: ModelStatus, reason: str | None, *, is_current: bool) -> ModelEntry:
    return ModelEntry(
        version=files.manifest.version,
        is_current=is_current,
        status=status,
        reason=reason,
        created_at=files.manifest.created_at,
        key_id=files.key.key_id,
        signed_by=files.key.origin,
        size_bytes=sum(file.size for file in files.manifest.files.values()),
        card=files.card,
    )
