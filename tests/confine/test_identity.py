"""Who owns nothing reaches what its modes say; another user id is given only where it can work with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from churnrisk.confine import choose_user, hand_over
from churnrisk.confine.identity import FIRST, LAST, can_reach

USER = FIRST + 7
MODES = (0o000, 0o100, 0o400, 0o500, 0o010, 0o040, 0o050, 0o001, 0o004, 0o005, 0o755)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give another user id")
ASK = """
import json, os, sys
paths = json.load(sys.stdin)
from churnrisk.confine.identity import read_status, switch_user
read_status("CapEff")  # libraries may be out of reach later
switch_user(int(sys.argv[1]))
print(json.dumps([os.access(path, os.R_OK | (os.X_OK if kind else 0)) for path, kind in paths]))
assert int(read_status("CapEff"), 16) == 0
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can look into, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@needs_root
def test_what_a_user_can_reach_is_what_the_system_lets_it(open_folder: Path) -> None:
    asked: list[tuple[Path, bool]] = []
    for number, (above, mode, (owner, group)) in enumerate(
        product(MODES, MODES, [(0, 0), (USER, 0), (0, USER), (USER, USER)])
    ):
        folder = open_folder / f"{number}"
        for path, is_folder in ((folder, True), (folder / "file", False)):
            path.mkdir() if is_folder else path.touch()
            path.chmod(above if is_folder else mode)
            os.chown(path, owner, group)
            asked.append((path, is_folder))
    paths = json.dumps([(str(path), kind) for path, kind in asked])
    command = [sys.executable, "-c", ASK, f"{USER}"]
    done = subprocess.run(command, input=paths, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = [can_reach(path, USER) for path, _ in asked]
    assert told == json.loads(done.stdout)
    assert {*told} == {True, False}


@needs_root
def test_a_user_is_chosen_where_it_can_work(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("churnrisk.confine.identity.OWN", (Path("/bin/sh"),))
    own, read, hidden = open_folder / "own", open_folder / "read", open_folder / "hidden"
    own.mkdir(0o700)
    read.touch()
    hidden.touch(0o600)
    user = choose_user(own, [read])
    assert user is not None
    assert FIRST <= user <= LAST
    assert choose_user(own, [hidden]) is None
    below = own / "below"
    below.mkdir(0o700)
    hand_over(user, below, through=own)
    assert choose_user(own, [below]) == user  # one folder, one user
    assert not can_reach(own, user)  # it passes through, and cannot look around
    assert own.stat().st_uid == 0
    monkeypatch.setattr("churnrisk.confine.identity.OWN", (hidden,))
    assert choose_user(own) is None


def test_without_the_right_nobody_is_chosen(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("churnrisk.confine.identity.read_status", lambda name: "00000000a80425f9")
    monkeypatch.setattr("churnrisk.confine.identity.OWN", ())
    assert choose_user(open_folder) is None
