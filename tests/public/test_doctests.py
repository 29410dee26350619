"""The examples of the public names run, and say what they show."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import churnrisk as package
from support.shop import ROOT

MODULES = [f"churnrisk.public.{path.stem}" for path in Path(package.__file__).parent.glob("public/*.py")]


@pytest.mark.parametrize("name", [name for name in sorted(MODULES) if not name.endswith("__init__")])
def test_examples_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert doctest.testmod(import_module(name)).failed == 0
