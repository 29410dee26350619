"""Kept copies through the commands: one door for all that read purchases, off when asked, and gone when they must."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from support.shop import PURCHASES, Answer, churnrisk

KEPT = Path("kept-purchases")
SAID = "Read from the copy of this source"


@pytest.fixture(autouse=True)
def _every_size_is_kept() -> None:
    Path("churnrisk.toml").write_text("cache_from_mb = 0\n")


def run(*arguments: object) -> Answer:
    answer = churnrisk(*arguments)
    assert answer.code == 0, answer.err
    return answer


def copies() -> list[Path]:
    return [one for one in KEPT.iterdir() if one.is_dir()] if KEPT.exists() else []


def test_commands_share_a_copy_and_give_the_same(models: Path) -> None:
    def score(name: str, *more: object) -> tuple[bytes, str]:
        told = run("score", PURCHASES, "--models-dir", models, "--no-remember", "--details", "--output", name, *more)
        return Path(name).read_bytes(), told.words + told.err

    plain, said = score("plain.csv", "--no-cache")
    assert SAID not in said
    assert copies() == []
    assert SAID not in run("check", PURCHASES).words
    [copy] = copies()
    read, said = score("read.csv")
    assert read == plain
    assert SAID in " ".join(said.split())
    figures = [run("metrics", PURCHASES, "--json", *more).json for more in ((), ("--no-cache",))]
    assert SAID in json.dumps(figures[0])
    assert SAID not in json.dumps(figures[1])
    assert {**figures[0], "intake": 0} == {**figures[1], "intake": 0}
    assert copies() == [copy]


def test_a_model_does_not_tell_whether_a_copy_was_read() -> None:
    cards = []
    for folder in ("first", "second"):
        run("train", PURCHASES, "--horizon", 60, "--train-customers", 400, "--models-dir", folder)
        [card] = Path(folder).rglob("card.json")
        cards.append({key: one for key, one in json.loads(card.read_text()).items() if key != "created_at"})
    assert cards[0]["intake"] == cards[1]["intake"]
    assert cards[0]["data_fingerprint"] == cards[1]["data_fingerprint"]
    assert len(copies()) == 1


def test_the_setting_turns_it_off() -> None:
    Path("churnrisk.toml").write_text("cache_from_mb = 0\ncache = false\n")
    run("check", PURCHASES)
    assert copies() == []


def test_a_small_log_is_not_kept() -> None:
    Path("churnrisk.toml").unlink()
    Path("log.csv").write_text("customer,date\na,2024-01-05\n")
    run("check", "log.csv")
    assert copies() == []


@pytest.mark.parametrize("state", ["state.db", "elsewhere/state.db"])
def test_forgetting_takes_all_copies(state: str) -> None:
    Path("elsewhere").mkdir()
    run("check", PURCHASES)
    looked = run("forget", "10042", "--dry-run", "--state", state, "--json")
    assert looked.json["copies"] == len(copies()) == 1
    done = run("forget", "10042", "--yes", "--state", state)
    assert "1 kept copies of purchase histories were erased" in done.words
    assert copies() == []
    run("check", PURCHASES)
    assert run("forget", "--apply", "--json").json["copies"] == 1
    assert copies() == []


def test_pruning_takes_what_was_not_used_for_long() -> None:
    run("check", PURCHASES)
    [copy] = copies()
    assert run("state", "prune", "--json").json["copies"] == 0
    moment = time.time() - 10 * 86_400
    os.utime(copy / "account.json", (moment, moment))
    assert run("state", "prune", "--older-than", 11, "--json").json["copies"] == 0
    assert run("state", "prune", "--older-than", 9, "--dry-run", "--json").json["copies"] == 1
    assert copies() == [copy]
    assert "1 kept copies of purchase histories" in run("state", "prune", "--older-than", 9).words
    assert copies() == []


def test_slow_reading_is_hinted_at_and_opening_a_copy_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("churnrisk.cli.reading.SLOW_SECONDS", 0.0)
    assert "churnrisk convert" in run("check", PURCHASES, "--no-cache").err
    assert "a copy was kept" in run("check", PURCHASES).err
    assert run("check", PURCHASES).err == ""
