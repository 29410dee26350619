"""List, verify, read, promote, remove."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import churnrisk.store
from churnrisk.errors import IncompatibleModel, ModelNotFound, StoreError
from churnrisk.store import list_models, load_model, promote_model, read_card, remove_model, verify_model
from churnrisk.store.entries import Promotion

ABSENT = "20200101T000000.000Z-00000000"


def test_the_door_lists_what_it_exports() -> None:
    assert sorted(churnrisk.store.__all__) == churnrisk.store.__all__
    assert all(hasattr(churnrisk.store, name) for name in churnrisk.store.__all__)


def test_no_models_are_an_empty_list(models_dir: Path) -> None:
    assert list_models(models_dir) == []
    models_dir.mkdir()
    assert list_models(models_dir) == []


def test_a_list_tells_what_is_known(save: Callable[..., str], models_dir: Path) -> None:
    first, second = save(horizon=30), save(horizon=60, promote=False)
    (models_dir / "README.md").write_text("not a version")
    (models_dir / "backup").mkdir()
    entries = list_models(models_dir)
    assert [(entry.version, entry.is_current, entry.status) for entry in entries] == [
        (second, False, "ok"),
        (first, True, "ok"),
    ]
    entry = entries[0]
    folder = models_dir / second
    assert entry.created_at is not None
    assert timedelta(0) <= datetime.now(UTC) - entry.created_at < timedelta(minutes=1)
    assert entry.size_bytes == sum((folder / name).stat().st_size for name in ("model.joblib", "card.json"))
    assert entry.card == json.loads((folder / "card.json").read_bytes())
    assert entry.card == read_card(models_dir, version=second)
    assert entry.signed_by == "this installation"
    assert entry.key_id == (folder / "manifest.sig").read_text().split()[1]


def test_a_list_says_which_model_this_program_cannot_use(
    save: Callable[..., str], models_dir: Path, sign_other_card: Callable[..., None]
) -> None:
    version = save()
    (entry,) = list_models(models_dir, feature_fingerprint="0000")
    assert (entry.status, entry.card is not None) == ("incompatible", True)
    sign_other_card(version, versions={"numpy": "1.0.0"})
    (entry,) = list_models(models_dir)
    assert entry.status == "incompatible"
    assert "numpy" in str(entry.reason)
    assert read_card(models_dir)["feature_fingerprint"] == "f" * 64
    with pytest.raises(IncompatibleModel):
        verify_model(models_dir, version=version)


def test_a_broken_note_of_the_current_one_does_not_hide_the_list(save: Callable[..., str], models_dir: Path) -> None:
    save()
    (models_dir / "current").write_text("rubbish")
    assert [(entry.is_current, entry.status) for entry in list_models(models_dir)] == [(False, "ok")]


def test_verify_and_read_take_the_current_one_by_default(save: Callable[..., str], models_dir: Path) -> None:
    first = save(horizon=30)
    save(horizon=60)
    entry = verify_model(models_dir)
    assert (entry.is_current, entry.status, entry.reason) == (True, "ok", None)
    assert read_card(models_dir)["horizon"] == 60
    assert read_card(models_dir, version=first)["horizon"] == 30
    assert verify_model(models_dir, version=first).is_current is False
    with pytest.raises(IncompatibleModel):
        verify_model(models_dir, feature_fingerprint="0000")


def test_promotion_switches_and_tells_both(save: Callable[..., str], models_dir: Path) -> None:
    first, second = save("first", promote=False), save("second", promote=False)
    assert promote_model(models_dir, first) == Promotion(first, None)
    assert promote_model(models_dir, second) == Promotion(second, first)
    assert load_model(models_dir, feature_fingerprint=None).model == "second"


def test_an_unusable_model_is_not_promoted(save: Callable[..., str], models_dir: Path) -> None:
    first, second = save(), save(promote=False)
    with pytest.raises(IncompatibleModel):
        promote_model(models_dir, second, feature_fingerprint="0000")
    (models_dir / second / "card.json").unlink()
    with pytest.raises(StoreError):
        promote_model(models_dir, second)
    assert load_model(models_dir, feature_fingerprint=None).version == first


def test_removal_leaves_the_others(save: Callable[..., str], models_dir: Path) -> None:
    first, second = save(), save()
    remove_model(models_dir, first)
    assert [entry.version for entry in list_models(models_dir)] == [second]
    assert {path.name for path in models_dir.iterdir()} == {second, "current", ".lock"}


def test_the_current_model_is_never_removed(save: Callable[..., str], models_dir: Path) -> None:
    version = save()
    with pytest.raises(StoreError, match=f"{version} is the current one.*promote another first"):
        remove_model(models_dir, version)
    assert load_model(models_dir, feature_fingerprint=None).version == version
    promote_model(models_dir, save(promote=False))
    remove_model(models_dir, version)


def test_a_damaged_model_can_be_removed(save: Callable[..., str], models_dir: Path) -> None:
    broken = save()
    save()
    (models_dir / broken / "manifest.json").unlink()
    (models_dir / broken / "more").mkdir()
    remove_model(models_dir, broken)
    assert not (models_dir / broken).exists()


def test_removal_of_a_linked_version_leaves_what_it_points_to(
    save: Callable[..., str], models_dir: Path, tmp_path: Path
) -> None:
    version = save()
    save()
    (models_dir / version).rename(tmp_path / "elsewhere")
    (models_dir / version).symlink_to(tmp_path / "elsewhere")
    remove_model(models_dir, version)
    assert not (models_dir / version).is_symlink()
    assert (tmp_path / "elsewhere" / "card.json").exists()


@pytest.mark.parametrize("change", [promote_model, remove_model])
def test_what_is_not_there_is_named_and_nothing_made(change: Callable[[Path, str], object], models_dir: Path) -> None:
    with pytest.raises(ModelNotFound, match=f"no model {ABSENT}"):
        change(models_dir, ABSENT)
    assert not models_dir.exists()


def test_readers_always_find_a_model_while_others_promote_and_remove(
    save: Callable[..., str], models_dir: Path
) -> None:
    save()
    stop = threading.Event()

    def renew() -> None:
        previous = None
        while not stop.is_set():
            version = save()
            if previous:
                remove_model(models_dir, previous)
            previous = version

    thread = threading.Thread(target=renew)
    thread.start()
    seen = set()
    try:
        for _ in range(150):
            seen.add(load_model(models_dir, feature_fingerprint=None).version)
    finally:
        stop.set()
        thread.join()
    assert len(seen) > 1


def test_nothing_here_changes_a_stored_file(save: Callable[..., str], models_dir: Path) -> None:
    first, second = save(), save()

    def digest() -> dict[str, str]:
        files = [path for version in (first, second) for path in (models_dir / version).iterdir()]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = digest()
    list_models(models_dir)
    verify_model(models_dir, version=first)
    promote_model(models_dir, first)
    load_model(models_dir, feature_fingerprint=None)
    assert digest() == before
