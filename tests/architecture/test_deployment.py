"""What the files for running the service promise, as far as it can be told without building an image."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml  # type: ignore[import-untyped] # comes with the documentation

from churnrisk.cli import app

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
UNIT = (ROOT / "deploy" / "churnrisk.service").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", flags=re.MULTILINE)


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile with their arguments, lines put together."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^\s*#.*\n", "", text))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())]


def last_stage() -> list[tuple[str, str]]:
    found = instructions(DOCKERFILE)
    return found[max(place for place, (word, _) in enumerate(found) if word == "FROM") :]


def check_command(words: list[str]) -> None:
    """A command line of churnrisk must be one that it takes; nothing is run."""
    command = typer.main.get_command(app)
    context = command.make_context("churnrisk", list(words), resilient_parsing=False)
    while hasattr(command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)


def test_the_image_runs_as_nobody_in_particular_and_tells_its_health() -> None:
    stage = dict(last_stage())
    assert stage["USER"] == "10001:10001"
    assert "/readyz" in stage["HEALTHCHECK"]
    assert "--start-period=10m" in stage["HEALTHCHECK"], "a large history is read first"
    assert stage["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(stage["ENTRYPOINT"]) == ["churnrisk"]
    words = [word for word, _ in last_stage()]
    assert words.index("USER") > max(place for place, word in enumerate(words) if word in ("RUN", "COPY"))
    assert "ADD" not in words
    check_command(json.loads(stage["CMD"]))


def test_the_image_installs_what_the_lock_pins_and_nothing_else() -> None:
    installs = re.findall(r"pip install ([^\n]*)", DOCKERFILE)
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert "--requirement requirements.lock" in installs[0]
    assert {"--no-deps", "--no-build-isolation"} <= set(installs[1].split())
    assert not re.search(r"curl|wget|apt-get|latest", DOCKERFILE)
    assert "PASSWORD" not in DOCKERFILE.upper()


def test_the_lock_of_the_image_is_that_of_the_project_with_the_service() -> None:
    locks = {
        name: dict(PIN.findall((ROOT / name).read_text())) for name in ("requirements.lock", "requirements-dev.lock")
    }
    pins = dict(PIN.findall((ROOT / "deploy" / "requirements.lock").read_text()))
    assert locks["requirements.lock"].items() <= pins.items() <= locks["requirements-dev.lock"].items()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {re.split(r"[\[>=;]", line)[0].strip() for name in ("service", "postgres") for line in extras[name]}
    assert wanted <= pins.keys()
    assert "pyspark" not in pins


def test_only_what_is_copied_is_sent_to_the_builder() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    first = [rest.split()[:-1] for word, rest in instructions(DOCKERFILE) if word == "COPY" and "--from" not in rest]
    copied = {source for sources in first for source in sources}
    assert copied == set(allowed)
    assert all((ROOT / source).exists() for source in copied)
    assert not any(fnmatch.fnmatch(name, one) for name in ("state.db", "models", "deploy/secrets") for one in allowed)


def test_the_composed_service_is_shut_in_and_no_password_is_written_down() -> None:
    service, database = COMPOSE["services"]["churnrisk"], COMPOSE["services"]["database"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["user"] == "10001:10001"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert "ports" not in database
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert COMPOSE["secrets"]["postgres_password"]["file"].startswith("./deploy/secrets/")
    text = (ROOT / "compose.yaml").read_text()
    assert not re.search(r"(?m)^\s*(POSTGRES_PASSWORD|PGPASSWORD):", text)
    assert not re.search(r"postgresql://[^@/\s]*:[^@/\s]*@", text)
    check_command(service["command"])
    wrapper = service["entrypoint"][2].replace("$$", "$")
    assert subprocess.run(["/bin/sh", "-n", "-c", wrapper], check=False).returncode == 0
    assert "deploy/secrets" in (ROOT / ".gitignore").read_text()


def test_the_database_is_shut_in_as_the_service_is() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["user"].partition(":")[0]) > 0, name
        assert {"mem_limit", "cpus", "pids_limit"} <= service.keys(), name
        assert service["tmpfs"], name
        for place in service["tmpfs"]:
            assert {"noexec", "nosuid", "nodev"} <= {*re.split("[:,]", place)}, place
            assert re.search(r"[:,]size=\d+[kmg]", place), place


FAKE_DOCKER = """#!/bin/sh
for last; do :; done
case "$last" in python:*) echo {python} ;; *) echo {other} ;; esac
"""


def pin(folder: Path, python: str, other: str) -> subprocess.CompletedProcess[str]:
    """Run `make pin` on copies, with a docker that only tells digests."""
    docker = folder / "bin" / "docker"
    docker.parent.mkdir(exist_ok=True)
    docker.write_text(FAKE_DOCKER.format(python=python, other=other))
    docker.chmod(0o755)
    path = f"{docker.parent}:{os.environ['PATH']}"
    command = ["make", "--directory", str(folder), "pin"]
    return subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, check=False)


def test_base_images_are_pinned_by_the_digests_of_the_registry_again_and_again(tmp_path: Path) -> None:
    for name in ("Makefile", "Dockerfile", "compose.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    for sign in "ab":
        digests = (f"sha256:{sign * 64}", f"sha256:{sign * 63}f")
        assert pin(tmp_path, *digests).returncode == 0
        [base] = re.findall(r"^ARG PYTHON=(.*)$", (tmp_path / "Dockerfile").read_text(), flags=re.MULTILINE)
        assert base == f"python:3.11-slim-bookworm@{digests[0]}"
        database = yaml.safe_load((tmp_path / "compose.yaml").read_text())["services"]["database"]
        assert database["image"] == f"postgres:17-bookworm@{digests[1]}"
    before = (tmp_path / "Dockerfile").read_text()
    refused = pin(tmp_path, "latest", "latest")
    assert refused.returncode != 0
    assert "no digest of python:3.11-slim-bookworm: latest" in refused.stderr
    assert (tmp_path / "Dockerfile").read_text() == before


def test_the_audit_reads_locks_that_there_are_with_tools_of_its_own() -> None:
    told = subprocess.run(["make", "-n", "audit"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    named = re.findall(r"\S+\.(?:lock|toml)\b", told)
    assert {"deploy/requirements.lock", "requirements-dev.lock", "pyproject.toml"} <= {*named}
    assert [name for name in named if not (ROOT / name).is_file()] == []
    assert all(word.startswith(".venv-audit/") for word in re.findall(r"\S*bin/\S+", told))
    assert "make audit" not in (ROOT / ".ci" / "run").read_text()  # which has no network for it


def test_the_unit_is_shown_and_not_copied() -> None:
    pages = {path.name: path.read_text() for path in (ROOT / "docs").rglob("*.md")}
    assert '--8<-- "deploy/churnrisk.service"' in pages["deploy.md"]
    assert [name for name, text in pages.items() if "ExecStart=" in text] == []


UNDER_THE_UNIT = """
import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):
    sys.exit(77)
libraries = "cryptography.hazmat.primitives.asymmetric.ed25519, psycopg, uvloop, httptools, churnrisk.service.worker"
command = f"import {libraries}, runpy; runpy.run_module('churnrisk', run_name='__main__')"
os.execv(sys.executable, [sys.executable, "-c", command, *sys.argv[1:]])
"""


def test_nothing_needs_memory_that_is_written_and_run(small_trained: Path, tmp_path: Path) -> None:
    """What MemoryDenyWriteExecute= asks of the kernel (65 is PR_SET_MDWE), with every library of the service loaded."""
    words = ["score", str(ROOT / "data" / "customers.csv"), "--models-dir", str(small_trained / "models"), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", UNDER_THE_UNIT, *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if done.returncode == 77:
        pytest.skip("this kernel does not know PR_SET_MDWE")
    assert done.returncode == 0, done.stderr
    assert "MemoryDenyWriteExecute=yes" in UNIT


def test_the_settings_in_the_environment_are_settings() -> None:
    from churnrisk.settings import Settings

    named = {*COMPOSE["services"]["churnrisk"]["environment"], *re.findall(r"CHURNRISK_\w+(?==)", UNIT + DOCKERFILE)}
    known = {f"CHURNRISK_{name.upper()}" for name in Settings.model_fields} | {"CHURNRISK_CONFIG_DIR"}
    assert named <= known


def test_the_unit_starts_a_command_that_there_is_and_passes_systemds_own_check(
    tmp_path: Path, require: Callable[..., None]
) -> None:
    [start] = re.findall(r"^ExecStart=(.*)$", UNIT, flags=re.MULTILINE)
    program, *words = shlex.split(start)
    assert program.endswith("/churnrisk")
    check_command(words)
    require("systemd-analyze")
    path = tmp_path / "churnrisk.service"
    path.write_text(UNIT.replace(program, "/bin/true"))
    checked = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=16", "--no-pager", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout[-300:]  # at most 1.6 of 10, less is better


def test_every_line_of_the_crontab_runs_commands_that_there_are() -> None:
    lines = (ROOT / "deploy" / "crontab").read_text().splitlines()
    jobs = [line for line in lines if re.match(r"[\d*]", line)]
    assert len(jobs) == 3
    for line in jobs:
        *_, user, work = line.split(None, 6)
        assert user == "churnrisk"
        for part in re.sub(r"\$\([^)]*\)", "x", work).split("&&"):
            words = shlex.split(part.split(">")[0])
            if words[0] == "churnrisk":
                check_command(words[1:])
            else:
                assert words[0] == "cd"
