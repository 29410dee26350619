"""What is loaded, and what is refused although it is genuine."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from churnrisk.errors import DamagedModel, IncompatibleModel, ModelNotFound, StoreError
from churnrisk.store import load_model, promote_model, remove_model
from churnrisk.store.verification import collect_versions

FINGERPRINT = "f" * 64
ABSENT = "20200101T000000.000Z-00000000"


class Planted:
    """Unpickling it creates a file: the witness that something was unpickled."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.witness,)


def test_the_model_comes_back_with_card_and_version(save: Callable[..., str], models_dir: Path) -> None:
    X = np.linspace(-1, 1, 40).reshape(20, 2)
    fitted = LogisticRegression().fit(X, np.arange(20) >= 8)
    version = save(fitted, horizon=90)
    stored = load_model(models_dir, feature_fingerprint=FINGERPRINT)
    np.testing.assert_array_equal(stored.model.predict_proba(X), fitted.predict_proba(X))
    assert (stored.version, stored.card["horizon"]) == (version, 90)


def test_a_version_can_be_named(save: Callable[..., str], models_dir: Path) -> None:
    first = save("first")
    save("second")
    assert load_model(models_dir, version=first, feature_fingerprint=None).model == "first"
    assert load_model(models_dir, feature_fingerprint=None).model == "second"


@pytest.mark.parametrize(
    "version",
    [
        "../x",
        "..",
        ".",
        "",
        "/etc",
        "a/../../b",
        "current",
        "x\x00y",
        "..\\x",
        f"{ABSENT}/",
        f"{ABSENT}\n",
        f"./{ABSENT}",
        ABSENT.replace("2", "٢"),
        "C:" + ABSENT,
        "9" * 5000,
    ],
)
def test_a_hostile_version_is_refused_by_name(version: str, save: Callable[..., str], models_dir: Path) -> None:
    save()
    operations: list[Callable[[], object]] = [
        lambda: load_model(models_dir, version=version, feature_fingerprint=None),
        lambda: promote_model(models_dir, version),
        lambda: remove_model(models_dir, version),
    ]
    for operation in operations:
        with pytest.raises(ModelNotFound, match="is not a model version") as refusal:
            operation()
        assert str(refusal.value).startswith(repr(version[:20])[:-1])
        assert len(str(refusal.value)) < 400


def test_an_empty_store_says_to_train(models_dir: Path) -> None:
    with pytest.raises(ModelNotFound, match="churnrisk train"):
        load_model(models_dir, feature_fingerprint=None)


def test_a_missing_version_says_which_there_are(save: Callable[..., str], models_dir: Path) -> None:
    version = save()
    with pytest.raises(ModelNotFound, match=f"no model {ABSENT}.*{version}"):
        load_model(models_dir, version=ABSENT, feature_fingerprint=None)


def test_without_a_current_one_a_promotion_is_proposed(save: Callable[..., str], models_dir: Path) -> None:
    version = save(promote=False)
    with pytest.raises(ModelNotFound, match=f"no model is current.*promote {version}"):
        load_model(models_dir, feature_fingerprint=None)


def test_a_dangling_current_is_explained(save: Callable[..., str], models_dir: Path) -> None:
    kept, lost = save(), save()
    shutil.rmtree(models_dir / lost)
    with pytest.raises(ModelNotFound, match=f"no model {lost}.*promote {kept}"):
        load_model(models_dir, feature_fingerprint=None)


@pytest.mark.parametrize("content", [b"", b"../../evil\n", b"\xff\xfe", b"x" * 5000])
def test_a_current_that_names_no_version_is_explained(
    content: bytes, save: Callable[..., str], models_dir: Path
) -> None:
    version = save()
    (models_dir / "current").write_bytes(content)
    with pytest.raises(DamagedModel, match=f"current does not hold a version.*promote {version}"):
        load_model(models_dir, feature_fingerprint=None)
    promote_model(models_dir, version)
    assert load_model(models_dir, feature_fingerprint=None).version == version


def test_a_models_folder_that_is_a_file_is_an_error_of_the_store(models_dir: Path) -> None:
    models_dir.write_text("mine")
    with pytest.raises(StoreError):
        load_model(models_dir, feature_fingerprint=None)


def test_other_features_are_refused_before_unpickling(
    save: Callable[..., str], models_dir: Path, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    save(Planted(witness))
    with pytest.raises(IncompatibleModel, match=r"fingerprint 'f+'.*'0000'.*churnrisk train"):
        load_model(models_dir, feature_fingerprint="0000")
    assert not witness.exists()
    load_model(models_dir, feature_fingerprint=FINGERPRINT)
    assert witness.exists()


def test_a_card_without_fingerprint_fits_no_features(models_dir: Path, save: Callable[..., str]) -> None:
    save(feature_fingerprint=None)
    with pytest.raises(IncompatibleModel, match="fingerprint None"):
        load_model(models_dir, feature_fingerprint=FINGERPRINT)


@pytest.mark.parametrize(
    ("library", "other", "accepted"),
    [
        ("scikit-learn", "0.9.9", False),
        ("numpy", "1.26.4", False),
        ("python", "3.4.0", False),
        ("numpy", ".".join([*np.__version__.split(".")[:2], "999"]), True),
        ("python", f"3.{sys.version_info.minor}.999", True),
    ],
)
def test_a_model_of_other_versions_is_refused_before_unpickling(
    library: str,
    other: str,
    accepted: bool,
    save: Callable[..., str],
    models_dir: Path,
    tmp_path: Path,
    sign_other_card: Callable[..., None],
) -> None:
    witness, here = tmp_path / "witness", collect_versions()
    sign_other_card(save(Planted(witness)), versions={**here, library: other})
    if accepted:
        load_model(models_dir, feature_fingerprint=None)
    else:
        with pytest.raises(IncompatibleModel, match=rf"with {library} {other} \(here {here[library]}\); train again"):
            load_model(models_dir, feature_fingerprint=None)
    assert witness.exists() is accepted


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"versions": None}, "with python None .*, scikit-learn None .*, numpy None"),
        ({"versions": {"numpy": 2}}, "numpy 2 "),
        ({"format_version": 2}, "format 2, and this churnrisk reads 3"),
    ],
)
def test_a_card_that_says_too_little_or_in_another_format_is_refused(
    changes: dict[str, object],
    match: str,
    save: Callable[..., str],
    models_dir: Path,
    sign_other_card: Callable[..., None],
) -> None:
    sign_other_card(save(), **changes)
    with pytest.raises(IncompatibleModel, match=match):
        load_model(models_dir, feature_fingerprint=None)


def test_what_cannot_be_rebuilt_is_refused_with_the_reason(save: Callable[..., str], models_dir: Path) -> None:
    save(Unbuildable())
    with pytest.raises(IncompatibleModel, match=r"cannot rebuild it \(ZeroDivisionError.*churnrisk train"):
        load_model(models_dir, feature_fingerprint=None)


class Unbuildable:
    def __reduce__(self) -> tuple[object, tuple[int, int]]:
        return divmod, (1, 0)


def test_the_bytes_that_were_verified_are_the_ones_unpickled(
    save: Callable[..., str], models_dir: Path, tmp_path: Path
) -> None:
    """Another process swaps the file all the time, and never gets its own unpickled."""
    witness, planted, genuine = tmp_path / "witness", tmp_path / "planted", tmp_path / "genuine"
    target = models_dir / save({"weights": list(range(1000))}) / "model.joblib"
    genuine.write_bytes(target.read_bytes())
    joblib.dump(Planted(witness), planted)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for content in (planted, genuine):
                shutil.copyfile(content, tmp_path / "next")
                (tmp_path / "next").replace(target)

    thread = threading.Thread(target=swap)
    thread.start()
    outcomes = set()
    try:
        for attempt in range(3000):
            try:
                outcomes.add(len(load_model(models_dir, feature_fingerprint=None).model["weights"]))
            except DamagedModel:
                outcomes.add(0)
            if outcomes == {0, 1000} and attempt > 200:
                break
    finally:
        stop.set()
        thread.join()
    assert outcomes == {0, 1000}
    assert not witness.exists()
