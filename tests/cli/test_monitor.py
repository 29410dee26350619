"""Watching from the shell: tables, JSON, exit codes, memory, and being called."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from churnrisk.state import list_monitor_runs, list_outcomes, open_state
from churnrisk.workflows import load
from support.shop import PURCHASES, churnrisk, read_rows

SECRET = "0123456789-abcdefghijklmnopqrstuvwxyz"
RULES = ["retention_rate < 0.95", "psi > 0.2", "days_since_last_purchase > 3", "auc < 0.5"]
THEN, DAY = "2011-06-10", "2011-12-10"


@pytest.fixture(scope="session")
def watched(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model, said to have been trained half a year earlier, and what it then said of everybody."""
    folder = tmp_path_factory.mktemp("watched")
    model = load(models_dir=models)
    model.card["snapshot"] = model.card["snapshot"] | {"as_of": THEN}
    model.save(folder / "models")
    score(folder / "models", folder / "state.db")
    return folder


def score(models: Path, state: Path) -> None:
    options = ("--models-dir", models, "--state", state, "--as-of", THEN, "--reasons", "none")
    answer = churnrisk("score", PURCHASES, *options)
    assert answer.code == 0, answer.err


@pytest.fixture
def shop(watched: Path) -> Path:
    """A folder with settings, and a state of its own."""
    shutil.copy(watched / "state.db", "state.db")
    write_settings(watched / "models")
    return Path.cwd()


def write_settings(models: Path, *more: str, rules: list[str] = RULES) -> None:
    lines = [f"purchases = '{PURCHASES}'", f"models_dir = '{models}'", 'state = "state.db"', f"rules = {rules}", *more]
    Path("churnrisk.toml").write_text("\n".join(lines), encoding="utf-8")


def test_a_look(shop: Path) -> None:
    answer = churnrisk("monitor", "--as-of", DAY)
    assert (answer.code, answer.err) == (3, "")  # retention is below 95 %
    assert max(map(len, answer.out.splitlines())) <= 80
    assert "retention_rate < 0.95 0.9274 FIRED" in answer.words
    assert "psi > 0.2 0 quiet" in answer.words
    assert "0 of 100 features drifted" in answer.words
    assert "What became of earlier scores" in answer.words


def test_everything_as_json_and_remembered(shop: Path) -> None:
    answer = churnrisk("monitor", "--as-of", DAY, "--json")
    assert (answer.code, answer.err) == (3, "")
    found = answer.json
    assert [one["rule"] for one in found["rules"] if one["fired"]] == ["retention_rate < 0.95"]
    values = found["values"]
    assert values["days_since_last_purchase"] == 1
    assert values["psi"] == values["psi_max"] == values["drifted_features"] == 0
    assert values["days_since_training"] == 183
    [run] = found["realised"]
    assert (run["as_of"], run["window_until"]) == (THEN, "2011-09-07")
    assert values["auc"] == run["measures"]["auc"]["value"] > 0.7
    assert values["auc_drop"] == pytest.approx(run["tested_auc"] - values["auc"])
    assert run["measures"]["auc"]["low"] < values["auc"] < run["measures"]["auc"]["high"]
    assert sum(one["customers"] for one in run["reliability"]) == run["customers"] > 1000
    assert (found["webhook"], found["retrained"]) == (None, None)

    with open_state(Path("state.db")) as state:
        [look] = list_monitor_runs(state)
        outcomes = list_outcomes(state)
    assert look.model == found["model"]
    assert look.result["values"] == values
    assert outcomes == {run["run"]: {name: one for name, one in run.items() if name != "tested_auc"}}
    text = json.dumps([look.result, outcomes])
    ids = {row["customer_id"] for row in read_rows(PURCHASES)}
    assert [one for one in ids if f'"{one}"' in text] == []


def test_a_log_that_ends_before_the_window_closes_does_not_count(shop: Path) -> None:
    answer = churnrisk("monitor", "--as-of", "2011-09-07", "--json", "--no-remember")
    assert (answer.json["realised"], answer.json["open_runs"]) == ([], 1)
    assert answer.json["values"]["auc"] is None
    assert [one["fired"] for one in answer.json["rules"] if one["name"] == "auc"] == [False]
    assert any("Not known yet, so without effect: auc < 0.5" in one for one in answer.json["advice"])
    with open_state(Path("state.db")) as state:
        assert list_monitor_runs(state) == []


def test_a_model_that_knew_what_came_forecast_nothing(shop: Path, models: Path) -> None:
    """The model of December, let loose on June, would be praised for what it had seen."""
    write_settings(models)
    score(models, Path("state.db"))
    found = churnrisk("monitor", "--as-of", DAY, "--json").json
    assert [one["run"] for one in found["realised"]] == [1]
    assert any("1 scoring runs are left out" in one for one in found["notes"])


def test_a_shop_without_a_model_is_looked_at_as_far_as_it_goes(shop: Path, tmp_path: Path) -> None:
    write_settings(tmp_path / "none", rules=["days_since_last_purchase > 3"])
    answer = churnrisk("monitor")  # today, years after the log
    assert (answer.code, answer.err) == (3, "")
    assert "No model to look at" in answer.words
    assert "bring newer orders" in answer.words


def test_a_rule_is_heard_where_nothing_can_be_remembered(shop: Path, tmp_path: Path) -> None:
    settings = f"purchases = '{PURCHASES}'\nmodels_dir = 'none'\nrules = ['days_since_last_purchase > 3']\n"
    Path("churnrisk.toml").write_text(settings + "state = 'no folder/state.db'\n", encoding="utf-8")
    answer = churnrisk("monitor")
    assert answer.code == 3
    assert answer.err.startswith("churnrisk: this look is not remembered: ")
    assert len(answer.err.splitlines()) == 1


def test_a_file_that_cannot_be_remembered_is_told_whatever_else_is(shop: Path, tmp_path: Path) -> None:
    """With exit code 2, or beside the end that the command has of its own."""
    with open_state(Path("state.db")) as state, state.transaction():
        state.run("CREATE TRIGGER refuse BEFORE INSERT ON written_files BEGIN SELECT RAISE(ABORT, 'no'); END")
    Path("log.csv").write_text(PURCHASES.read_text(encoding="utf-8") + "1,x,no day,1,1,x\n", encoding="utf-8")
    settings = "rules = ['days_since_last_purchase > 3']\nmodels_dir = 'none'\nstate = 'state.db'\n"
    Path("churnrisk.toml").write_text(settings, encoding="utf-8")
    for command, code in (("metrics", 2), ("monitor", 3)):
        answer = churnrisk(command, "log.csv", "--rejects", f"{command}.csv")
        assert answer.code == code, answer.err
        assert f"{command}.csv is whole but not remembered" in answer.err
        assert "no day" in Path(f"{command}.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("rules", "options", "said"),
    [
        (["psy > 0.2"], (), "did you mean psi?"),
        (["psi"], (), "is no rule"),
        ([], ("--retrain-if", "psi >> 1"), "--retrain-if: 'psi >> 1' is no rule"),
        ([], ("--as-of", "2009-01-01"), "the log begins on"),
    ],
)
def test_what_a_user_can_mend(shop: Path, watched: Path, rules: list[str], options: tuple[str, ...], said: str) -> None:
    write_settings(watched / "models", rules=rules)
    answer = churnrisk("monitor", *options)
    assert answer.code == 2
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1


@pytest.fixture
def calls() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A receiver on this machine: its address, and what it was sent."""
    received: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200 if self.path == "/good" else 403)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", received
        server.shutdown()
        thread.join()


def test_somebody_is_called(
    shop: Path, watched: Path, calls: tuple[str, list[tuple[dict[str, str], bytes]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, received = calls
    monkeypatch.setenv("CHURNRISK_WEBHOOK_SECRET", SECRET)
    write_settings(watched / "models", f"webhook_url = '{url}/good'")
    answer = churnrisk("monitor", "--as-of", DAY, "--json")
    assert (answer.code, answer.err) == (3, "")
    assert answer.json["webhook"] == {"sent": True, "tries": 1, "problem": None}
    [(headers, body)] = received
    signed = f"{headers['X-Churnrisk-Timestamp']}.".encode() + body
    assert headers["X-Churnrisk-Signature"] == "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    alarm: dict[str, Any] = json.loads(body)
    assert sorted(alarm) == ["as_of", "event", "fired", "looked_on", "model", "rules", "values"]
    assert [one["rule"] for one in alarm["fired"]] == ["retention_rate < 0.95"]
    assert (alarm["as_of"], alarm["model"]) == (DAY, answer.json["model"])

    write_settings(watched / "models", f"webhook_url = '{url}/bad'")
    refused = churnrisk("monitor", "--as-of", DAY, "--json")
    assert refused.code == 3  # a rule did fire, whoever was told
    assert refused.json["webhook"] == {
        "sent": False,
        "tries": 1,
        "problem": "127.0.0.1 answered with status 403",
    }
    assert refused.err == "churnrisk: the webhook was not sent after 1 tries: 127.0.0.1 answered with status 403\n"

    write_settings(watched / "models", f"webhook_url = '{url}/good'", rules=["psi > 0.2"])
    assert churnrisk("monitor", "--as-of", DAY).code == 0
    assert len(received) == 2  # nobody is called while nothing fires


def test_without_a_good_secret_nothing_runs(shop: Path, watched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHURNRISK_WEBHOOK_SECRET", raising=False)
    write_settings(watched / "models", 'webhook_url = "https://alerts.example.com/"')
    answer = churnrisk("monitor")
    assert answer.code == 2
    assert "CHURNRISK_WEBHOOK_SECRET is not set" in answer.err
