"""The requirement locks hold what pyproject.toml asks for, with hashes and without addresses."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)( ; [^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def read_pins(name: str) -> dict[str, str]:
    """The versions that a lock pins, by name."""
    lines = (ROOT / name).read_text().splitlines()
    return {found[1]: found[2] for line in lines if (found := PIN.match(line))}


def requirements(*, dev: bool) -> list[Requirement]:
    """The direct requirements that a lock has to cover."""
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["build"]]
    if dev:
        extras = PROJECT["project"]["optional-dependencies"]
        wanted += [line for name, lines in extras.items() if name != "all" for line in lines]
        wanted += PROJECT["dependency-groups"]["dev"]
    return [Requirement(line) for line in wanted]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_fits_the_project(name: str) -> None:
    pins = read_pins(name)
    outdated = [
        str(wanted)
        for wanted in requirements(dev="dev" in name)
        if not wanted.specifier.contains(pins.get(canonicalize_name(wanted.name), "0"), prereleases=True)
    ]
    assert outdated == [], "run `make lock`"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_is_pins_and_hashes_only(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    assert [line for line in lines if not (PIN.match(line) or HASH.match(line))] == []
    after_pins = [below for line, below in pairwise([*lines, ""]) if PIN.match(line)]
    assert [line for line in after_pins if not HASH.match(line)] == []


def test_every_library_has_a_lower_bound() -> None:
    unbounded = [str(one) for one in requirements(dev=True) if not any(part.operator == ">=" for part in one.specifier)]
    assert unbounded == ["pandas-stubs", "scipy-stubs"]  # types alone, and of the day


def test_tests_run_on_the_versions_that_users_get() -> None:
    core, dev = read_pins("requirements.lock"), read_pins("requirements-dev.lock")
    assert core.items() <= dev.items()
