"""Models on their way to other machines: the signed bytes travel, and are verified where they are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from churnrisk.clock import utc_now
from churnrisk.errors import DamagedModel
from churnrisk.store.keys import KnownKey, identify_key, load_signing_key
from churnrisk.store.loading import unpickle
from churnrisk.store.manifest import (
    CARD_NAME,
    MANIFEST_NAME,
    MODEL_NAME,
    SIGNATURE_NAME,
    parse_manifest,
    record_file,
    verify_signature,
)
from churnrisk.store.saving import complete_card, dump_model, sign_contents
from churnrisk.store.verification import VerifiedFiles, check_compatible, parse_card

UNSAVED = "unsaved"


@dataclass(frozen=True)
class PackedModel:
    """A model as bytes, with its signed manifest and the key that the sender trusts.

    Parameters
    ----------
    version : str
        Its name.
    contents : mapping of str to bytes
        The files of the stored model, signature and manifest included.
    public_key : bytes
        The 32 bytes of the Ed25519 key that has signed it.
    """

    version: str
    contents: Mapping[str, bytes]
    public_key: bytes


def pack_files(files: VerifiedFiles) -> PackedModel:
    """Pack a stored model: the very bytes that were verified when it was loaded."""
    signed = {MANIFEST_NAME: files.signed, SIGNATURE_NAME: files.signature}
    return PackedModel(files.manifest.version, {**files.contents, **signed}, files.key.public_key.public_bytes_raw())


def pack_model(model: object, card: Mapping[str, Any]) -> PackedModel:
    """Pack a model that was never stored, signed with the key of this installation."""
    key = load_signing_key()
    contents = {MODEL_NAME: dump_model(model), CARD_NAME: complete_card(card)}
    signed = sign_contents(contents, UNSAVED, utc_now(), key)
    return PackedModel(UNSAVED, {**contents, **signed}, key.public_key().public_bytes_raw())


def unpack_model(packed: PackedModel) -> Any:
    """Verify a model that came from elsewhere in this program, and only then rebuild it.

    Raises
    ------
    DamagedModel
        The signature is not that of the key that came along, or a file is not the one that was signed.
    IncompatibleModel
        The libraries here are not those that the model was made with.
    """
    public_key = Ed25519PublicKey.from_public_bytes(packed.public_key)
    sender = KnownKey(identify_key(public_key), public_key, "the sender")
    signed, signature = packed.contents[MANIFEST_NAME], packed.contents[SIGNATURE_NAME]
    key = verify_signature(signed, signature, version=packed.version, key=sender)
    manifest = parse_manifest(signed, version=packed.version, key_id=key.key_id)
    for name, record in manifest.files.items():
        if record_file(packed.contents.get(name, b"")) != record:
            raise DamagedModel(f"{name} of model {packed.version} is not the file that was signed")
    contents = {name: packed.contents[name] for name in manifest.files}
    card = parse_card(contents[CARD_NAME], packed.version)
    files = VerifiedFiles(manifest, key, contents, card, signed, signature)
    check_compatible(files, feature_fingerprint=None)
    return unpickle(files)
