"""What is written, in which form, and under which name."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sklearn.linear_model import LogisticRegression

from churnrisk.errors import StoreError
from churnrisk.store import load_model, save_model
from churnrisk.store.versions import name_version


def test_a_version_holds_four_files_and_current_names_it(save: Callable[..., str], models_dir: Path) -> None:
    version = save()
    names = {path.name for path in (models_dir / version).iterdir()}
    assert names == {"model.joblib", "card.json", "manifest.json", "manifest.sig"}
    assert (models_dir / "current").read_bytes() == version.encode() + b"\n"
    assert {path.name for path in models_dir.iterdir()} == {version, "current", ".lock"}


def test_the_manifest_tells_the_truth(save: Callable[..., str], models_dir: Path) -> None:
    version = save()
    manifest = json.loads((models_dir / version / "manifest.json").read_bytes())
    assert (manifest["format_version"], manifest["version"]) == (1, version)
    assert manifest["files"].keys() == {"model.joblib", "card.json"}
    for name, record in manifest["files"].items():
        content = (models_dir / version / name).read_bytes()
        assert record == {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def test_anyone_with_the_public_key_can_check_the_signature(
    save: Callable[..., str], models_dir: Path, config_dir: Path
) -> None:
    folder = models_dir / save()
    key: Any = load_pem_public_key((config_dir / "signing_key.pub").read_bytes())
    algorithm, key_id, signature = (folder / "manifest.sig").read_text().split()
    assert algorithm == "ed25519"
    assert key_id == hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]
    key.verify(bytes.fromhex(signature), (folder / "manifest.json").read_bytes())


def test_versions_sort_in_the_order_of_saving(save: Callable[..., str]) -> None:
    versions = [save() for _ in range(20)]
    assert versions == sorted(set(versions))
    assert all(re.fullmatch(r"\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}", version) for version in versions)


def test_a_millisecond_that_another_version_has_is_passed_over(save: Callable[..., str], models_dir: Path) -> None:
    now = datetime.now(UTC)
    taken = {name_version(now + timedelta(milliseconds=later), content_digest="0" * 64) for later in range(500)}
    for name in taken:
        (models_dir / name).mkdir(parents=True)
    assert save() > max(taken)


def test_equal_models_share_the_end_of_their_version(save: Callable[..., str]) -> None:
    first, again, other = save([1, 2]), save([1, 2]), save([1, 3])
    assert first[-8:] == again[-8:] != other[-8:]


def test_without_promotion_current_stays(save: Callable[..., str], models_dir: Path) -> None:
    first = save()
    second = save(promote=False)
    assert (models_dir / "current").read_text() == f"{first}\n"
    assert (models_dir / second).is_dir()


def test_two_fits_on_the_same_data_give_the_same_bytes(save: Callable[..., str], models_dir: Path) -> None:
    X = np.arange(40.0).reshape(20, 2) % 7
    y = np.arange(20) % 3 == 0
    versions = [save(LogisticRegression().fit(X, y)) for _ in range(2)]
    for name in ("model.joblib", "card.json"):
        first, second = ((models_dir / version / name).read_bytes() for version in versions)
        assert first == second


def test_the_card_is_canonical_whatever_the_order_of_its_keys(models_dir: Path) -> None:
    cards: list[dict[str, Any]] = [{"b": 1, "a": {"y": (1, 2), "x": "Łódź"}}, {"a": {"x": "Łódź", "y": [1, 2]}, "b": 1}]
    contents = [
        (models_dir / save_model(0, MappingProxyType(card), models_dir=models_dir) / "card.json").read_bytes()
        for card in cards
    ]
    assert contents[0] == contents[1]
    assert "Łódź".encode() in contents[0]
    assert contents[0].endswith(b"}\n")


def test_the_store_adds_the_versions_that_loading_compares(save: Callable[..., str], models_dir: Path) -> None:
    save(versions={"churnrisk": "0.1.0", "numpy": "0.0.1"})
    versions = load_model(models_dir, feature_fingerprint=None).card["versions"]
    assert versions["numpy"] == np.__version__
    assert versions["churnrisk"] == "0.1.0"
    assert versions.keys() == {"churnrisk", "numpy", "python", "scikit-learn"}


@pytest.mark.parametrize(
    ("card", "place"),
    [
        ({"evaluation": {"auc": float("nan")}}, "card.json: evaluation: auc is nan"),
        ({"evaluation": [0.5, float("-inf")]}, r"card.json: evaluation\[1\] is -inf"),
        ({"figures": {30: "days"}}, "card.json: figures has the key 30"),
        ({"source": "\udce9.csv"}, "card.json: source is"),
        ({"seeds": {1, 2}}, "card.json: seeds is {1, 2}"),
        ({"count": np.int64(3)}, "card.json: count is"),
    ],
)
def test_what_json_would_change_or_refuse_is_refused_by_its_place(
    card: dict[str, Any], place: str, models_dir: Path
) -> None:
    with pytest.raises(StoreError, match=place):
        save_model(0, card, models_dir=models_dir)
    assert not models_dir.exists()


def test_a_model_that_cannot_be_pickled_leaves_nothing(models_dir: Path) -> None:
    with pytest.raises(Exception, match="pickle"):
        save_model(lambda: 0, {}, models_dir=models_dir)
    assert not models_dir.exists()


def test_a_models_folder_that_is_a_file_is_refused(models_dir: Path, save: Callable[..., str]) -> None:
    models_dir.write_text("mine")
    with pytest.raises(StoreError, match=r"cannot write to .*models.*--models-dir"):
        save()
    assert models_dir.read_text() == "mine"
