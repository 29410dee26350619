"""The built wheel holds what a user without a checkout needs, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [path] = folder.glob("churnrisk-*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_carries_the_sample(wheel: zipfile.ZipFile) -> None:
    for name in ("purchases.csv", "customers.csv", "README.md"):
        assert wheel.read(f"churnrisk/sample/{name}") == (ROOT / "data" / name).read_bytes()


def test_the_wheel_carries_licence_notice_and_types(wheel: zipfile.ZipFile) -> None:
    endings = ("licenses/LICENSE", "licenses/NOTICE", "churnrisk/py.typed")
    assert [end for end in endings if not any(name.endswith(end) for name in wheel.namelist())] == []
    [notice] = [wheel.read(name).decode() for name in wheel.namelist() if name.endswith("/NOTICE")]
    assert "10.24432/C5CG6D" in notice
    assert "CC BY 4.0" in notice


def test_the_wheel_carries_what_pages_are_made_of(wheel: zipfile.ZipFile) -> None:
    report = ROOT / "churnrisk" / "report"
    parts = [path for folder in ("static", "templates") for path in (report / folder).iterdir()]
    assert len(parts) >= 6
    assert [path.name for path in parts if str(path.relative_to(ROOT)) not in wheel.namelist()] == []


def test_the_wheel_holds_the_package_only(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"churnrisk"}
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "churnrisk").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules


def test_the_wheel_carries_the_words_of_exports(wheel: zipfile.ZipFile) -> None:
    words = wheel.read("churnrisk/orders/words.toml")
    assert words == (ROOT / "churnrisk" / "orders" / "words.toml").read_bytes()
