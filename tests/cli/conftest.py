"""One model for all tests of the command line, trained on the sample through the command itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.shop import PURCHASES, churnrisk


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of stored models with one of 90 days in it."""
    folder = tmp_path_factory.mktemp("shop") / "models"
    answer = churnrisk("train", PURCHASES, "--horizon", 90, "--models-dir", folder)
    assert answer.code == 0, answer.err
    return folder


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command runs in an empty folder."""
    monkeypatch.chdir(tmp_path)
