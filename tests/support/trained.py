"""Models that are trained once for a whole run of the tests, however many processes share it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from support.shop import churnrisk


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all processes of this run see."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def train_once(factory: pytest.TempPathFactory, log: Path, horizon: int) -> Path:
    """Train on a log through the command, unless another process of this run has; give the folder.

    In it are ``models``, and ``train.txt`` with what the command said. It is for reading: a test that changes a
    store makes one of its own.
    """
    folder = shared_folder(factory) / f"trained-{log.stem}-{horizon}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = folder / "train.txt"
        if not said.exists():
            answer = churnrisk("train", log, "--horizon", horizon, "--models-dir", folder / "models")
            assert (answer.code, answer.err) == (0, "")
            said.write_text(answer.out, encoding="utf-8")
    return folder
