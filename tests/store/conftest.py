"""What every test of the store needs: a configuration folder of its own, and models quickly made."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from churnrisk.store import save_model
from churnrisk.store.keys import load_signing_key
from churnrisk.store.manifest import sign_manifest

FINGERPRINT = "f" * 64

Save = Callable[..., str]
RunPython = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def config_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "config"
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(folder))
    return folder


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def save(models_dir: Path) -> Save:
    def save_small(model: object = None, *, into: Path = models_dir, promote: bool = True, **card: Any) -> str:
        content = {"weights": [1.5, -2.0]} if model is None else model
        return save_model(content, {"feature_fingerprint": FINGERPRINT, **card}, models_dir=into, promote=promote)

    return save_small


@pytest.fixture
def sign_other_card(models_dir: Path) -> Callable[..., None]:
    """Return a stored model another card, and sign it as another installation with our key would have."""

    def change(version: str, **changes: Any) -> None:
        folder, key = models_dir / version, load_signing_key()
        card = {**json.loads((folder / "card.json").read_bytes()), **changes}
        (folder / "card.json").write_text(json.dumps(card))
        manifest = json.loads((folder / "manifest.json").read_bytes())
        content = (folder / "card.json").read_bytes()
        manifest["files"]["card.json"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder / "manifest.sig").write_bytes(sign_manifest((folder / "manifest.json").read_bytes(), key))

    return change


@pytest.fixture
def run_python() -> RunPython:
    """Run a script in a process of its own, which inherits the configuration folder."""

    def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return run
