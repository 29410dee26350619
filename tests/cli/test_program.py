"""The program as a whole: help, exit codes, settings, models."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from hypothesis import given, settings
from hypothesis import strategies as st

import churnrisk as package
from churnrisk.cli import app
from churnrisk.cli.grouped import PANELS, shorten
from support.shop import CUSTOMERS, churnrisk


def commands(group: Any, prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*prefix, name))
        else:
            yield (*prefix, name), command


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_help_text_has_an_example_and_explains_every_option(path: tuple[str, ...]) -> None:
    answer = churnrisk(*path, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert f"Example: churnrisk {' '.join(path)}" in answer.out
    for parameter in COMMANDS[path].params:
        assert parameter.help or parameter.name == "help", f"{parameter.name} is not explained"


def test_the_wrong_word_is_answered_with_the_right_one() -> None:
    answer = churnrisk("trian")
    assert (answer.code, "train" in answer.err) == (2, True)
    assert churnrisk("score", CUSTOMERS, "--outptu", "x.csv").code == 2


def test_the_version_is_that_of_the_package() -> None:
    assert churnrisk("--version").out == f"churnrisk {package.__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["init", "--print"], ["train", "--help"]])
def test_quick_commands_load_no_data_library(arguments: list[str]) -> None:
    program = (
        "import sys; from churnrisk.cli import run\n"
        f"run({arguments!r})\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'duckdb', 'scipy', 'narwhals'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_goes_away_is_no_error(models: Path) -> None:
    command = [sys.executable, "-m", "churnrisk", "score", str(CUSTOMERS), "--models-dir", str(models), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_init_writes_the_settings_once() -> None:
    assert churnrisk("init").code == 0
    written = Path("churnrisk.toml").read_text()
    assert "# lookback = 365" in written
    answer = churnrisk("init")
    assert (answer.code, "--force" in answer.err) == (2, True)
    assert churnrisk("init", "--force").code == 0
    assert churnrisk("init", "--print").out.strip() == written.strip()


def test_settings_may_come_from_elsewhere(tmp_path: Path, models: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "churnrisk.toml").write_text(f'models_dir = "{models}"\n')
    assert churnrisk("--config", folder / "churnrisk.toml", "models", "show").code == 0
    assert churnrisk("--config", "nowhere.toml", "models", "show").code == 2


def test_models_are_listed_shown_verified_promoted_and_removed(tmp_path: Path, small_trained: Path) -> None:
    folder = ("--models-dir", tmp_path / "models")
    assert "No model is stored" in churnrisk("models", "list", *folder).words
    shutil.copytree(small_trained / "models", tmp_path / "models", symlinks=True)  # its seed is 0
    assert churnrisk("train", CUSTOMERS, "--horizon", 60, "--seed", 2, *folder).code == 0
    newest, oldest = (entry["version"] for entry in churnrisk("models", "list", *folder, "--json").json)
    assert f"* {newest}" in churnrisk("models", "list", *folder).words
    assert churnrisk("models", "show", *folder, "--json").json["seed"] == 2
    assert churnrisk("models", "show", oldest, *folder, "--json").json["seed"] == 0
    assert churnrisk("models", "promote", oldest, *folder).code == 0
    assert churnrisk("models", "show", *folder, "--json").json["seed"] == 0
    assert churnrisk("models", "remove", newest, *folder).code == 0
    assert churnrisk("models", "verify", *folder).code == 0
    (tmp_path / "models" / oldest / "card.json").write_text("{}")
    answer = churnrisk("models", "verify", *folder)
    assert (answer.code, oldest in answer.err) == (2, True)
    assert "damaged" in churnrisk("models", "list", *folder).words
    assert churnrisk("score", CUSTOMERS, *folder).code == 2


def test_every_command_stands_under_one_panel_of_the_help() -> None:
    names = [name for panel in PANELS.values() for name in panel]
    assert sorted(names) == sorted({path[0] for path in COMMANDS})
    lines = churnrisk("--help").out.splitlines()
    assert all(any(line.startswith(f"  {name} ") for line in lines) for name in names)
    assert max(map(len, lines)) <= 80


def test_reading_options_stand_apart_from_those_of_the_command() -> None:
    own, reading, limits = re.split(
        r"\n(?:Reading the purchases|Limits of reading):\n", churnrisk("train", "--help").out
    )
    assert ("--horizon" in own, "--encoding" in reading, "--max-cells" in limits) == (True, True, True)
    assert not any(name in own for name in ("--encoding", "--column", "--max-cells"))


@settings(max_examples=100)
@given(st.text("ab ,.:", max_size=60), st.integers(5, 40))
def test_a_shortened_line_begins_the_text_and_fits(text: str, room: int) -> None:
    line = shorten(text, room)
    assert len(line) <= room
    assert text.strip().startswith(line.removesuffix("…"))
