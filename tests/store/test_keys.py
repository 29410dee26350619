"""Where keys come from, and which are refused."""

from __future__ import annotations

import base64
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from churnrisk.errors import SigningKeyError, UntrustedModel
from churnrisk.store import list_models, load_model
from churnrisk.store.keys import find_config_folder

posix_only = pytest.mark.skipif(os.name != "posix", reason="file modes are checked on POSIX only")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix_only
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_first_use_makes_a_pair_that_only_its_owner_reads(
    umask: int, save: Callable[..., str], config_dir: Path
) -> None:
    before = os.umask(umask)
    try:
        save()
    finally:
        os.umask(before)
    assert mode_of(config_dir) == 0o700
    assert mode_of(config_dir / "signing_key.pem") == 0o600
    assert mode_of(config_dir / "signing_key.pub") == 0o644 & ~umask


def test_the_pair_stays_the_same(save: Callable[..., str], config_dir: Path) -> None:
    save()
    first = (config_dir / "signing_key.pem").read_bytes()
    save()
    assert (config_dir / "signing_key.pem").read_bytes() == first


def test_the_variable_moves_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(tmp_path / "keys"))
    assert find_config_folder() == tmp_path / "keys"
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", "~/keys")
    assert find_config_folder() == Path.home() / "keys"


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_the_folder_is_the_users(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHURNRISK_CONFIG_DIR")
    if value is not None:
        monkeypatch.setenv("CHURNRISK_CONFIG_DIR", value)
    assert find_config_folder() == Path(platformdirs.user_config_dir("churnrisk", appauthor=False))


def test_loading_needs_no_private_key(save: Callable[..., str], models_dir: Path, config_dir: Path) -> None:
    version = save()
    (config_dir / "signing_key.pem").unlink()
    assert load_model(models_dir, feature_fingerprint=None).version == version


def test_loading_needs_no_public_file_either_and_saving_makes_it_again(
    save: Callable[..., str], models_dir: Path, config_dir: Path
) -> None:
    version = save()
    public = (config_dir / "signing_key.pub").read_bytes()
    (config_dir / "signing_key.pub").unlink()
    assert load_model(models_dir, feature_fingerprint=None).version == version
    save()
    assert (config_dir / "signing_key.pub").read_bytes() == public


def test_without_any_key_folder_a_model_is_untrusted_and_no_key_is_made(
    save: Callable[..., str], models_dir: Path, config_dir: Path
) -> None:
    version = save()
    shutil.rmtree(config_dir)
    with pytest.raises(UntrustedModel, match=f"{version} is signed by the key [0-9a-f]{{16}}, which"):
        load_model(models_dir, feature_fingerprint=None)
    assert not config_dir.exists()


@posix_only
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_private_key_open_to_others_is_refused_with_the_way_out(
    mode: int, save: Callable[..., str], config_dir: Path, models_dir: Path
) -> None:
    save()
    (config_dir / "signing_key.pem").chmod(mode)
    with pytest.raises(SigningKeyError, match=rf"mode {mode:04o}.*chmod 600 '{config_dir / 'signing_key.pem'}'"):
        save()
    assert len(list_models(models_dir)) == 1
    (config_dir / "signing_key.pem").chmod(0o600)
    save()


@posix_only
def test_a_key_folder_that_others_can_write_to_is_refused(
    save: Callable[..., str], models_dir: Path, config_dir: Path
) -> None:
    save()
    trusted = config_dir / "trusted_keys"
    trusted.mkdir()
    shutil.copyfile(config_dir / "signing_key.pub", trusted / "other.pub")
    for path in (trusted / "other.pub", trusted):
        path.chmod(0o777)
        (config_dir / "signing_key.pub").rename(config_dir / "aside")
        (config_dir / "signing_key.pem").rename(config_dir / "aside.pem")
        with pytest.raises(SigningKeyError, match=f"others can write to .*chmod go-w '{path}'"):
            load_model(models_dir, feature_fingerprint=None)
        assert [entry.status for entry in list_models(models_dir)] == ["untrusted"]
        (config_dir / "aside").rename(config_dir / "signing_key.pub")
        (config_dir / "aside.pem").rename(config_dir / "signing_key.pem")
        path.chmod(0o700)
    config_dir.chmod(0o770)
    for operation in (save, lambda: load_model(models_dir, feature_fingerprint=None)):
        with pytest.raises(SigningKeyError, match=f"chmod go-w '{config_dir}'"):
            operation()


def trust(config_dir: Path, content: bytes) -> None:
    config_dir.mkdir(mode=0o700, exist_ok=True)
    (config_dir / "trusted_keys").mkdir(exist_ok=True)
    (config_dir / "trusted_keys" / "a.pub").write_bytes(content)


@pytest.mark.parametrize("form", ["pem", "base64", "base64 with CRLF"])
def test_a_trusted_key_may_be_pem_or_base64(
    form: str, save: Callable[..., str], models_dir: Path, config_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = save()
    private = (config_dir / "signing_key.pem").read_bytes()
    public = (config_dir / "signing_key.pub").read_bytes()
    raw = base64.b64decode(b"".join(public.splitlines()[1:-1]))[-32:]
    receiver = config_dir.with_name("receiver")
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(receiver))
    endings = {"pem": b"", "base64": b"", "base64 with CRLF": b"\r\n"}
    trust(receiver, public if form == "pem" else base64.b64encode(raw) + endings[form])
    assert load_model(models_dir, feature_fingerprint=None).version == version
    assert private not in public


def pem_of_rsa() -> bytes:
    key = generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("content", [b"", b"rubbish", b"QUJD", b"-----BEGIN PUBLIC KEY-----\nrubbish", pem_of_rsa()])
def test_a_broken_trusted_key_is_named_but_harms_only_strange_models(
    content: bytes, save: Callable[..., str], models_dir: Path, config_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = save()
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(config_dir.with_name("stranger")))
    strange = save()
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(config_dir))
    trust(config_dir, content)
    with pytest.raises(SigningKeyError, match=r"trusted_keys.a\.pub is not an Ed25519 public key"):
        load_model(models_dir, version=strange, feature_fingerprint=None)
    assert load_model(models_dir, version=own, feature_fingerprint=None).version == own
    assert {entry.version: entry.status for entry in list_models(models_dir)} == {own: "ok", strange: "untrusted"}


def test_a_lost_private_key_is_explained_and_old_models_can_stay(
    save: Callable[..., str], models_dir: Path, config_dir: Path
) -> None:
    old = save()
    (config_dir / "signing_key.pem").unlink()
    with pytest.raises(SigningKeyError, match=r"signing_key.pub is there but its private half.*move.*trusted_keys"):
        save()
    (config_dir / "trusted_keys").mkdir()
    (config_dir / "signing_key.pub").rename(config_dir / "trusted_keys" / "old.pub")
    new = save()
    assert [entry.status for entry in list_models(models_dir)] == ["ok", "ok"]
    assert load_model(models_dir, version=old, feature_fingerprint=None).version != new


def test_halves_of_two_pairs_are_refused(save: Callable[..., str], config_dir: Path) -> None:
    save()
    other = Ed25519PrivateKey.generate().public_key()
    pem = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (config_dir / "signing_key.pub").write_bytes(pem)
    with pytest.raises(SigningKeyError, match="is not the public half"):
        save()


def test_a_damaged_private_key_is_refused_without_a_word_of_it(save: Callable[..., str], config_dir: Path) -> None:
    save()
    path = config_dir / "signing_key.pem"
    secret = path.read_text().splitlines()[1]
    path.write_text(path.read_text().replace("-----END", "-----FIN"))
    with pytest.raises(SigningKeyError, match="is not an Ed25519 private key") as refusal:
        save()
    assert secret not in f"{refusal.value}{refusal.value.__cause__}{refusal.value.__context__}"


def test_a_private_key_with_another_algorithm_is_refused(save: Callable[..., str], config_dir: Path) -> None:
    config_dir.mkdir(mode=0o700)
    key = generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (config_dir / "signing_key.pem").write_bytes(pem)
    (config_dir / "signing_key.pem").chmod(0o600)
    with pytest.raises(SigningKeyError, match="is not an Ed25519 private key"):
        save()


def test_a_key_folder_that_cannot_be_made_names_the_variable(
    save: Callable[..., str], config_dir: Path, models_dir: Path
) -> None:
    config_dir.write_text("a file")
    with pytest.raises(SigningKeyError, match="CHURNRISK_CONFIG_DIR"):
        save()
    assert not models_dir.exists()


FIRST_USE = """
import sys
from churnrisk.store.keys import identify_key, load_signing_key
sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.readline()
print(identify_key(load_signing_key().public_key()))
"""


def test_first_uses_at_once_end_with_one_key(config_dir: Path) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", FIRST_USE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    answers = [child.communicate(timeout=60)[0] for child in children]
    assert len(set(answers)) == 1
    assert len(answers[0].strip()) == 16
    assert {path.name for path in config_dir.iterdir()} == {".lock", "signing_key.pem", "signing_key.pub"}
