"""Models on disk: whole or absent, signed, and never unpickled before they are verified.

A model is a folder ``models/<version>/`` of four files; ``models/README.md`` describes them. joblib is pickle, and
to unpickle a file is to run what its writer wished. So every model is signed when it is saved, and only a model that
this installation, or a key that it trusts, has signed is ever unpickled.
"""

from churnrisk.store.entries import ModelEntry, list_models, promote_model, read_card, remove_model, verify_model
from churnrisk.store.erasure import (
    ErasedCustomers,
    find_erased,
    has_erased,
    has_objected,
    load_erased,
    load_pseudonym_key,
    make_pseudonym_key,
)
from churnrisk.store.loading import load_model
from churnrisk.store.saving import save_model
from churnrisk.store.shipping import PackedModel, pack_files, pack_model, unpack_model
from churnrisk.store.versions import read_current, resolve_version, stamp_current, stamp_model

__all__ = [
    "ErasedCustomers",
    "ModelEntry",
    "PackedModel",
    "find_erased",
    "has_erased",
    "has_objected",
    "list_models",
    "load_erased",
    "load_model",
    "load_pseudonym_key",
    "make_pseudonym_key",
    "pack_files",
    "pack_model",
    "promote_model",
    "read_card",
    "read_current",
    "remove_model",
    "resolve_version",
    "save_model",
    "stamp_current",
    "stamp_model",
    "unpack_model",
    "verify_model",
]
