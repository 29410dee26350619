"""Whatever is changed after signing is found, and nothing of it is unpickled."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import joblib
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from churnrisk.errors import DamagedModel, IncompatibleModel, StoreError, UntrustedModel
from churnrisk.store import list_models, load_model, promote_model, read_card, verify_model
from churnrisk.store.keys import load_signing_key
from churnrisk.store.manifest import sign_manifest

FILES = ["model.joblib", "card.json", "manifest.json", "manifest.sig"]


class Planted:
    """Unpickling it creates a file: the witness that something was unpickled."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.witness,)


def assert_refused(models_dir: Path, version: str, error: type[StoreError], match: str) -> None:
    """Every door refuses, the list says so, and the model stays as it is."""
    operations: list[Callable[[], object]] = [
        lambda: load_model(models_dir, version=version, feature_fingerprint=None),
        lambda: verify_model(models_dir, version=version),
        lambda: read_card(models_dir, version=version),
        lambda: promote_model(models_dir, version),
    ]
    for operation in operations:
        with pytest.raises(error, match=match):
            operation()
    entry = next(entry for entry in list_models(models_dir) if entry.version == version)
    assert entry.status in {"damaged", "untrusted", "incompatible"}
    assert entry.reason is not None
    assert entry.card is None


@pytest.mark.parametrize("name", FILES)
def test_no_flipped_byte_gets_through(name: str, save: Callable[..., str], models_dir: Path, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    path = models_dir / save(Planted(witness)) / name
    original = path.read_bytes()
    for position in range(len(original)):
        for bit in (0, 5):  # the sixth changes the case of a letter
            path.write_bytes(original[:position] + bytes([original[position] ^ 1 << bit]) + original[position + 1 :])
            with pytest.raises((DamagedModel, UntrustedModel)):
                load_model(models_dir, feature_fingerprint=None)
    assert not witness.exists()
    path.write_bytes(original)
    load_model(models_dir, feature_fingerprint=None)
    assert witness.exists()


@pytest.mark.parametrize(("name", "match"), [("model.joblib", "model.joblib is not the file"), ("card.json", "card")])
def test_a_changed_file_is_named_at_every_door(
    name: str, match: str, save: Callable[..., str], models_dir: Path
) -> None:
    version = save()
    path = models_dir / version / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert_refused(models_dir, version, DamagedModel, match)


@pytest.mark.parametrize("change", [lambda content: content + b"\n", lambda content: content[:-1], lambda content: b""])
@pytest.mark.parametrize("name", FILES)
def test_longer_shorter_and_empty_files_are_refused(
    name: str, change: Callable[[bytes], bytes], save: Callable[..., str], models_dir: Path
) -> None:
    version = save()
    path = models_dir / version / name
    path.write_bytes(change(path.read_bytes()))
    assert_refused(models_dir, version, StoreError, "churnrisk models remove")


@pytest.mark.parametrize(
    ("name", "error", "match"),
    [
        ("model.joblib", DamagedModel, "model.joblib is missing"),
        ("card.json", DamagedModel, "card.json is missing"),
        ("manifest.json", DamagedModel, "lacks manifest.json"),
        ("manifest.sig", UntrustedModel, "is not signed"),
    ],
)
def test_a_removed_file_is_named(
    name: str, error: type[StoreError], match: str, save: Callable[..., str], models_dir: Path
) -> None:
    version = save()
    (models_dir / version / name).unlink()
    assert_refused(models_dir, version, error, match)


@pytest.mark.parametrize("name", ["extra.py", ".hidden", "model2.joblib"])
def test_an_added_file_is_named(name: str, save: Callable[..., str], models_dir: Path) -> None:
    version = save()
    (models_dir / version / name).write_text("x")
    assert_refused(models_dir, version, DamagedModel, f"'{name}' was added")


def test_an_added_folder_is_named(save: Callable[..., str], models_dir: Path) -> None:
    version = save()
    (models_dir / version / "__pycache__").mkdir()
    assert_refused(models_dir, version, DamagedModel, "'__pycache__' is not a regular file")


def test_the_signed_manifest_of_another_version_does_not_fit(save: Callable[..., str], models_dir: Path) -> None:
    one, other = save("one"), save("other")
    for name in ("manifest.json", "manifest.sig"):
        shutil.copyfile(models_dir / one / name, models_dir / other / name)
    assert_refused(models_dir, other, DamagedModel, f"the folder {other} holds the model {one}")


def test_a_whole_genuine_version_under_another_name_is_refused(save: Callable[..., str], models_dir: Path) -> None:
    old, new = save("old"), save("new")
    shutil.rmtree(models_dir / new)
    shutil.copytree(models_dir / old, models_dir / new)
    assert_refused(models_dir, new, DamagedModel, f"the folder {new} holds the model {old}")


@pytest.mark.parametrize("name", FILES)
def test_a_link_in_the_folder_is_refused_even_to_the_same_bytes(
    name: str, save: Callable[..., str], models_dir: Path, tmp_path: Path
) -> None:
    version = save()
    path = models_dir / version / name
    path.rename(tmp_path / name)
    path.symlink_to(tmp_path / name)
    assert_refused(models_dir, version, DamagedModel, f"'{name}' is a symbolic link")


def test_a_folder_that_is_a_link_is_refused(save: Callable[..., str], models_dir: Path, tmp_path: Path) -> None:
    version = save()
    (models_dir / version).rename(tmp_path / "elsewhere")
    (models_dir / version).symlink_to(tmp_path / "elsewhere")
    assert_refused(models_dir, version, DamagedModel, "the folder itself is a symbolic link")


@pytest.mark.skipif(os.name != "posix", reason="named pipes are made on POSIX only")
def test_a_named_pipe_does_not_hang_the_reader(save: Callable[..., str], models_dir: Path) -> None:
    version = save()
    (models_dir / version / "card.json").unlink()
    os.mkfifo(models_dir / version / "card.json")
    assert_refused(models_dir, version, DamagedModel, "'card.json' is not a regular file")


def test_an_unsigned_pickle_is_never_run(save: Callable[..., str], models_dir: Path, tmp_path: Path) -> None:
    witness, version = tmp_path / "witness", "20261122T000000.000Z-00000000"
    save()
    (models_dir / version).mkdir()
    joblib.dump(Planted(witness), models_dir / version / "model.joblib")
    (models_dir / version / "card.json").write_text("{}")
    assert_refused(models_dir, version, UntrustedModel, "is not signed")
    assert not witness.exists()
    joblib.load(models_dir / version / "model.joblib")
    assert witness.exists(), "the pickle is harmless, so this test proves nothing"


def test_a_model_of_a_stranger_is_run_only_once_their_key_is_trusted(
    save: Callable[..., str], models_dir: Path, config_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    witness = tmp_path / "witness"
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(tmp_path / "stranger"))
    version = save(Planted(witness))
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(config_dir))
    save()
    assert_refused(models_dir, version, UntrustedModel, "does not trust.*trusted_keys")
    assert not witness.exists()
    (config_dir / "trusted_keys").mkdir()
    shutil.copyfile(tmp_path / "stranger" / "signing_key.pub", config_dir / "trusted_keys" / "colleague.pub")
    assert verify_model(models_dir, version=version).signed_by == "trusted_keys/colleague.pub"
    load_model(models_dir, version=version, feature_fingerprint=None)
    assert witness.exists()


def test_a_signature_that_borrows_our_key_id_is_refused(save: Callable[..., str], models_dir: Path) -> None:
    version = save()
    content = (models_dir / version / "manifest.json").read_bytes()
    ours = (models_dir / version / "manifest.sig").read_bytes().split()[1]
    forged = sign_manifest(content, Ed25519PrivateKey.generate()).split()
    (models_dir / version / "manifest.sig").write_bytes(b" ".join([forged[0], ours, forged[2]]) + b"\n")
    assert_refused(models_dir, version, DamagedModel, "was changed after the key")


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"format_version": 2}, IncompatibleModel, "store format 2, and this churnrisk reads 1"),
        ({"format_version": 2, "files": "listed otherwise"}, IncompatibleModel, "store format 2"),
        ({"files": {"model.joblib": {"sha256": "", "size": 0}}}, DamagedModel, "malformed"),
        ({"files": {"../x": {"sha256": "", "size": 0}}}, DamagedModel, "malformed"),
        ({"key_id": "0" * 16}, DamagedModel, "names the key 0000"),
        ({"created_at": "yesterday"}, DamagedModel, "malformed"),
    ],
)
def test_a_signed_manifest_that_makes_no_sense_is_refused(
    change: dict[str, object], error: type[StoreError], match: str, save: Callable[..., str], models_dir: Path
) -> None:
    version = save()
    path = models_dir / version / "manifest.json"
    content = json.dumps({**json.loads(path.read_bytes()), **change}).encode()
    path.write_bytes(content)
    (models_dir / version / "manifest.sig").write_bytes(sign_manifest(content, load_signing_key()))
    assert_refused(models_dir, version, error, match)
