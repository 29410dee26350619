"""Models that travel: verified where they arrive, and never unpickled otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from churnrisk.errors import DamagedModel, UntrustedModel
from churnrisk.store import PackedModel, load_model, pack_files, pack_model, save_model, unpack_model


class Bomb:
    """Says when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("unpickled",))


@pytest.fixture
def packed(tmp_path_factory: pytest.TempPathFactory) -> PackedModel:
    folder = tmp_path_factory.mktemp("models")
    save_model({"a": 1}, {"feature_fingerprint": "f"}, models_dir=folder)
    return pack_files(load_model(folder, feature_fingerprint="f").files)


def test_a_stored_model_arrives(packed: PackedModel) -> None:
    assert unpack_model(packed) == {"a": 1}
    assert set(packed.contents) == {"model.joblib", "card.json", "manifest.json", "manifest.sig"}


def test_a_model_that_was_never_stored_arrives() -> None:
    assert unpack_model(pack_model({"b": 2}, {"feature_fingerprint": "f"})) == {"b": 2}


@pytest.mark.parametrize("name", ["model.joblib", "card.json", "manifest.json", "manifest.sig"])
def test_a_changed_file_is_not_unpickled(packed: PackedModel, name: str) -> None:
    bomb = pack_model(Bomb(), {"feature_fingerprint": "f"}).contents["model.joblib"]
    content = bomb if name == "model.joblib" else packed.contents[name].replace(b"1", b"2", 1)
    with pytest.raises((DamagedModel, UntrustedModel)):
        unpack_model(replace(packed, contents={**packed.contents, name: content}))


def test_a_model_of_another_key_is_not_unpickled(packed: PackedModel) -> None:
    """Signed well, but not by the key that came along, which nobody here trusts either."""
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    bomb = pack_model(Bomb(), {"feature_fingerprint": "f"})
    with pytest.raises((DamagedModel, UntrustedModel)):
        unpack_model(replace(bomb, contents={**bomb.contents, "manifest.sig": packed.contents["manifest.sig"]}))
    stranger = replace(packed, public_key=other)
    assert unpack_model(stranger) == {"a": 1}, "this installation has signed it, and trusts itself"
