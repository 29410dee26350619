"""One call to the system fails, of each kind and place: `bench/faults.py` lets each of them fail, of every command."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from churnrisk.state import create_key, open_state
from churnrisk.store.keys import find_config_folder
from support.faults import Fault, Workplace, judge, refer
from support.shop import CUSTOMERS

COMMANDS = {
    "keys": ("keys", "create", "--role", "reader", "--name", "new"),
    "backup": ("state", "backup", "out/backup.db"),
    "promote": ("models", "promote", "VERSION"),
    "convert": ("convert", "few.csv", "--output", "out/converted.parquet"),
}
CALLS = {
    "keys": {"fdatasync", "pwrite64"},
    "backup": {"fdatasync", "fsync", "rename"},
    "promote": {"write", "fsync", "rename"},
    "convert": {"pwrite64", "fsync"},
}
"""The calls that are made to fail, so that this takes seconds: a start of the program for each."""


@pytest.fixture(scope="module")
def template(small_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with a model, a state, and results of before."""
    shop = tmp_path_factory.mktemp("shop") / "shop"
    shutil.copytree(small_trained / "models", shop / "models")
    shutil.copytree(find_config_folder(), shop / "conf")
    for name in ("state", "out"):
        (shop / name).mkdir()
    with open_state(shop / "state/state.db") as state:
        create_key(state, name="old", role="reader")
    shutil.copy(shop / "state/state.db", shop / "out/backup.db")
    (shop / "out/converted.parquet").write_text("as before\n")
    (shop / "few.csv").write_text("".join(CUSTOMERS.read_text(encoding="utf-8").splitlines(keepends=True)[:40]))
    (shop / "churnrisk.toml").write_text('state = "state/state.db"\n')
    return shop


@pytest.mark.parametrize("name", COMMANDS)
def test_a_failing_call_changes_nothing_and_is_told_with_its_place(
    name: str, template: Path, tmp_path: Path, require: Callable[..., None]
) -> None:
    require("strace")
    version = (template / "models/current").read_text().strip()
    command = tuple(version if one == "VERSION" else one for one in COMMANDS[name])
    work = Workplace(template, tmp_path)
    faults, ended = work.faults(command)
    assert (ended.code, ended.said) == (0, "")
    known = refer(work)
    codes = []
    for fault in one_of_each(faults, CALLS[name], work):
        work.renew()
        ended, _ = work.trace(command, fault)
        assert judge(work, ended, known) == [], (fault, ended)
        codes.append(ended.code)
    assert 2 in codes


def one_of_each(faults: list[tuple[Fault, str]], calls: set[str], work: Workplace) -> list[Fault]:
    """Choose one fault of each call, among temporary files and elsewhere: one in the middle."""
    kinds: dict[tuple[str, bool], list[Fault]] = {}
    for fault, path in faults:
        if fault.call in calls:
            kinds.setdefault((fault.call, path.startswith(str(work.temporary))), []).append(fault)
    return [found[len(found) // 2] for found in kinds.values()]
