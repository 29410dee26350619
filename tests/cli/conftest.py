"""One model for all tests of the command line, trained on the sample through the command itself."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from support.shop import PURCHASES
from support.trained import train_once


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose ``models`` has one of 90 days, and whose ``train.txt`` has what training said; for reading."""
    return train_once(tmp_path_factory, PURCHASES, 90)


@pytest.fixture(scope="session")
def models(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of this process alone, with the model of 90 days in it."""
    folder = tmp_path_factory.mktemp("shop") / "models"
    shutil.copytree(trained / "models", folder, symlinks=True)
    return folder


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command runs in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def nobody_erased(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration of this test alone, in which nobody was erased and nobody objects: the others share one."""
    folder = tmp_path_factory.mktemp("own") / "configuration"
    left_out = shutil.ignore_patterns("erasure_key*", "erased.json*", "objections.json*")
    shutil.copytree(os.environ["CHURNRISK_CONFIG_DIR"], folder, ignore=left_out)
    folder.chmod(0o700)
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(folder))
