"""``churnrisk object``: all that is written afterwards is that of a log without the customer, byte for byte."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from churnrisk.state import ReceivedOrder, add_received, load_history, load_received, open_state
from support.shop import PURCHASES, Answer, churnrisk, read_rows, write_rows

CUSTOMERS = 500
GONE = ("13085", "12583")
MOMENT = re.compile(r"\d{8}T\d{6}\.\d{3}Z")
COSTS = ("--contact-cost", 1, "--incentive-cost", 5, "--acceptance-rate", 0.3, "--margin", 0.4)
TRAIN = ("train", "purchases.csv", "--horizon", 90, "--json")


@pytest.fixture(autouse=True)
def _own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    """The models' key, and lists of the erased and of objections that are of this test alone."""
    from churnrisk.store.keys import find_config_folder

    shutil.copytree(find_config_folder(), tmp_path / "keys", ignore=shutil.ignore_patterns("erase*", "objections*"))
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(tmp_path / "keys"))


@pytest.fixture(scope="module")
def logs() -> dict[bool, list[dict[str, str]]]:
    """Part of the sample, with and without two customers; one has an order in a form that no other has."""
    rows = read_rows(PURCHASES)
    customers = sorted({row["customer_id"] for row in rows} - set(GONE))[:CUSTOMERS]
    few = [row for row in rows if row["customer_id"] in {*customers, *GONE}]
    few[-1:] = [few[-1], few[-1] | {"customer_id": GONE[0], "order_id": "odd", "amount": "none"}]
    return {True: few, False: [row for row in few if row["customer_id"] not in GONE]}


@contextmanager
def shop(name: str, rows: list[dict[str, str]]) -> Iterator[None]:
    """A folder with settings and purchases, to be in."""
    folder = Path(name).resolve()
    folder.mkdir()
    write_rows(folder / "purchases.csv", rows, rows[0])
    (folder / "churnrisk.toml").write_text('purchases = "purchases.csv"\nstate = "state.db"\n')
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def ask(*arguments: object) -> Answer:
    answer = churnrisk(*arguments)
    assert answer.code == 0, answer.err
    return answer


def plain(document: Any) -> Any:
    """Return a document without the moment in the name of a model, which differs from one training to the next."""
    if isinstance(document, dict):
        return {key: plain(value) for key, value in document.items()}
    if isinstance(document, list):
        return [plain(one) for one in document]
    return MOMENT.sub("", document) if isinstance(document, str) else document


def everything() -> dict[str, Any]:
    """Train, and let every command write what it writes."""
    said: dict[str, Any] = {"train": plain(ask(*TRAIN).json)}
    said["score"] = plain(ask("score", "purchases.csv", "--output", "scores.csv", "--json").json)
    said["ids"] = plain(ask("score", "ids.csv", "--output", "ids.scores.csv", "--json").json)
    said["target"] = plain(ask("target", *COSTS, "--output", "list.csv", "--json").json)
    for command in ("segments", "metrics", "check"):
        said[command] = plain(ask(command, "--json").json)
    said["weekly"] = plain(ask("weekly", "--json").json)
    ask("convert", "--output", "converted.parquet")
    files = [Path(name) for name in ("scores.csv", "ids.scores.csv", "list.csv", "converted.parquet")]
    said |= {path.name: path.read_bytes() for path in files}
    with zipfile.ZipFile("weekly/list.xlsx") as book:
        said["list.xlsx"] = {name: book.read(name) for name in book.namelist()}
    [model] = [path for path in Path("models").iterdir() if path.is_dir()]
    said["model"] = {path.name: path.read_bytes() for path in model.iterdir() if path.suffix == ".joblib"}
    return said


def test_all_outputs_are_those_of_a_log_without_the_customers(logs: dict[bool, list[dict[str, str]]]) -> None:
    listed = [{"customer_id": one} for one in (*GONE, logs[False][0]["customer_id"])]
    with shop("with", logs[True]):
        write_rows(Path("ids.csv"), listed, ["customer_id"])
        assert ask("object", *GONE, "--json").json["customers"] == 2
        found = everything()
        told = churnrisk("segments")
        assert "2 customers have objected" in told.err
    with shop("without", logs[False]):
        write_rows(Path("ids.csv"), listed[2:], ["customer_id"])
        expected = everything()
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == value, name
    assert found["model"]


def test_an_objection_takes_what_was_made_before_and_is_taken_back(
    logs: dict[bool, list[dict[str, str]]], models: Path
) -> None:
    one, other = logs[False][0]["customer_id"], logs[False][-1]["customer_id"]
    score = ("score", "purchases.csv", "--models-dir", models, "--output", "scores.csv")
    with shop("shop", logs[False]):
        ask(*score)
        Path("backup.db").write_bytes(Path("state.db").read_bytes())
        with open_state(Path("state.db")) as state:
            add_received(state, [ReceivedOrder(one, "n1", ({"ordered_at": "2026-01-01"},))])
        told = ask("object", one, "--json").json
        assert (told["known"], told["received_orders"], told["runs"][0]["customers_erased"]) == (1, 0, 1)
        assert [(file["holds"], file["names_a_customer"]) for file in told["files"]] == [("scores", True)]
        with open_state(Path("state.db")) as state:
            assert (len(load_history(state, one)), len(load_history(state, other))) == (0, 1)
            assert len(load_received(state, one)) == 1
        Path("list.csv").write_text(f"customer_id\n{one}\n{other}\n")
        create = ("campaign", "create", "spring", "--from", "list.csv", "--holdout", "0%", "--window", 30)
        assert ask(*create, "--json").json["suppressed"] == 1

        for path in Path().glob("state.db*"):
            path.unlink()
        Path("backup.db").rename("state.db")  # from before the objection
        ask(*score)
        assert one not in {row["customer_id"] for row in read_rows(Path("scores.csv"))}
        with open_state(Path("state.db")) as state:
            assert load_history(state, one) == []
        assert ask("object", one, "--withdraw", "--json").json["is_withdrawn"]
        again = ask(*score)
        assert again.err == ""
        assert one in {row["customer_id"] for row in read_rows(Path("scores.csv"))}


def test_without_the_key_nobody_is_read(logs: dict[bool, list[dict[str, str]]], tmp_path: Path) -> None:
    with shop("shop", logs[False]):
        ask("object", GONE[0])
        (tmp_path / "keys" / "erasure_key").unlink()
        refused = churnrisk("segments")
        assert refused.code == 2
        assert "erasure_key" in refused.err
    assert churnrisk("object").code == 2
