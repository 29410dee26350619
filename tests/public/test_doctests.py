"""The examples of the public names run, and say what they show."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import churnrisk as package
from support.shop import ROOT

PACKAGE = Path(package.__file__).parent
FILES = [*PACKAGE.glob("public/*.py"), *PACKAGE.glob("sklearn/*.py")]
MODULES = [f"churnrisk.{path.parent.name}.{path.stem}" for path in FILES if ">>>" in path.read_text()]


@pytest.mark.parametrize("name", sorted(MODULES))
def test_examples_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert doctest.testmod(import_module(name)).failed == 0


def test_the_page_on_python_shows_what_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = ROOT / "docs" / "how-to" / "python.md"
    assert doctest.testfile(str(page), module_relative=False).failed == 0
