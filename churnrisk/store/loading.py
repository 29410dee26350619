"""Load a model, once it is verified."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.errors import IncompatibleModel, StoreError
from churnrisk.store.manifest import MODEL_NAME
from churnrisk.store.verification import VerifiedFiles, check_compatible, read_verified
from churnrisk.store.versions import resolve_version


@dataclass(frozen=True)
class StoredModel:
    """A model that was verified and unpickled, with its card, its version, and the verified files themselves."""

    model: Any
    card: Mapping[str, Any]
    version: str
    files: VerifiedFiles


def load_model(models_dir: Path, *, version: str | None = None, feature_fingerprint: str | None) -> StoredModel:
    """Load a model that this installation, or a key that it trusts, has signed.

    In this order, and before a byte is unpickled: the version is a safe name; the folder holds regular files only;
    the manifest's signature is of a known key; the format is known; exactly the signed files are there, with their
    sizes and digests; the features are those of this program; Python, scikit-learn and NumPy are of the same
    major.minor as in training. The bytes that were verified are the ones that are unpickled. No lock is taken.

    Parameters
    ----------
    models_dir : Path
        The folder of all versions.
    version : str, optional
        The version to load; the current one by default.
    feature_fingerprint : str or None
        What the card's ``feature_fingerprint`` has to be. None leaves that unchecked, for a caller that computes no
        features.

    Returns
    -------
    StoredModel
        The model, its card, and its version.

    Raises
    ------
    ModelNotFound
        No such version, no current one, or a name that is no version.
    UntrustedModel
        Unsigned, or signed by an unknown key.
    DamagedModel
        A file was changed, added or removed after signing.
    IncompatibleModel
        Made for other features, by other versions, or in a later format.
    SigningKeyError
        The keys of this installation cannot be read.
    """
    files = read_resolved(models_dir, version)
    check_compatible(files, feature_fingerprint=feature_fingerprint)
    return StoredModel(unpickle(files), files.card, files.manifest.version, files)


def read_resolved(models_dir: Path, version: str | None) -> VerifiedFiles:
    """Read and verify a version, by default the current one, even while another process promotes and removes."""
    while True:
        chosen = resolve_version(models_dir, version)
        try:
            return read_verified(models_dir, chosen)
        except StoreError:
            # Between naming the current version and reading it, another may have been promoted and this one removed.
            if resolve_version(models_dir, version) == chosen:
                raise


def unpickle(files: VerifiedFiles) -> object:
    """Rebuild the model from bytes that were verified."""
    import joblib  # late: it loads NumPy, which listing and verifying do not need

    try:
        with warnings.catch_warnings():
            # scikit-learn warns of any other version; a patch release is accepted here, on purpose.
            warnings.filterwarnings("ignore", message="Trying to unpickle estimator")
            return joblib.load(io.BytesIO(files.contents[MODEL_NAME]))
    except Exception as error:  # a pickle may fail with anything, most often ImportError or AttributeError
        raise IncompatibleModel(
            f"model {files.manifest.version} is genuine, but this program cannot rebuild it "
            f"({type(error).__name__}: {error}); train again: churnrisk train"
        ) from error
