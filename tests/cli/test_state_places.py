"""Every command that remembers takes a database where it takes a file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from churnrisk.campaigns import list_campaigns
from churnrisk.state import list_keys, list_runs, list_written, open_state
from support.shop import CUSTOMERS, PURCHASES, churnrisk, write_rows


@pytest.fixture
def url(postgres_server: str) -> Iterator[str]:
    import psycopg

    yield postgres_server
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        connection.execute("DROP SCHEMA IF EXISTS churnrisk CASCADE")


def test_runs_campaigns_and_keys_go_to_the_database_that_is_named(
    url: str, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "shop" / "models"  # beside which nobody else keeps a state file
    shutil.copytree(models, store, symlinks=True)
    given = ("--models-dir", store)
    scored = churnrisk("score", CUSTOMERS, *given, "--output", "scores.csv", "--state", url, "--json")
    assert scored.code == 0, scored.err
    rows = [{"customer_id": f"c{k}", "churn_probability": 0.5} for k in range(100)]
    listed = write_rows(tmp_path / "list.csv", rows, rows[0])
    monkeypatch.setenv("CHURNRISK_STATE", url)  # from here on as a setting
    made = churnrisk("campaign", "create", "spring", "--from", listed, "--holdout", "50%", "--window", 30)
    assert made.code == 0, made.err
    shown = churnrisk("campaign", "list", "--json")
    assert [one["name"] for one in json.loads(shown.out)] == ["spring"]
    assert churnrisk("keys", "create", "--role", "reader", "--name", "x").code == 0
    with open_state(url) as state:
        [run] = list_runs(state)
        assert run.run.customers > 0
        assert (len(list_campaigns(state)), len(list_keys(state))) == (1, 1)
    assert not list(tmp_path.glob("*.db"))
    assert not list(store.parent.glob("*.db"))


def test_a_password_in_the_url_is_refused() -> None:
    answer = churnrisk("keys", "list", "--state", "postgresql://shop:hunter2@db/x")
    assert answer.code == 2
    assert "PGPASSWORD" in answer.err
    assert "hunter2" not in answer.err + answer.out


def test_sisters_take_the_same_options(models: Path, tmp_path: Path) -> None:
    beside = tmp_path / "shop" / "state.db"
    models = Path(shutil.copytree(models, tmp_path / "shop" / "models", symlinks=True))
    made = churnrisk("keys", "create", "--role", "reader", "--name", "x", "--models-dir", models, "--json")
    assert made.code == 0, made.err
    Path("list.csv").write_text("customer_id,churn_probability\n" + "".join(f"{k},0.5\n" for k in range(60)))
    create = ("campaign", "create", "spring", "--from", "list.csv", "--holdout", "50%", "--models-dir", models)
    campaign = churnrisk(*create, "--json")
    assert campaign.code == 0, campaign.err
    assert campaign.json["window_days"] == 90, "the horizon of the model there"
    assert [one["name"] for one in churnrisk("keys", "list", "--models-dir", models, "--json").json] == ["x"]
    assert churnrisk("campaign", "show", "spring", "--models-dir", models).code == 0
    assert len(churnrisk("campaign", "list", "--models-dir", models, "--json").json) == 1
    with open_state(beside) as state:
        assert [one.holds for one in list_written(state)] == ["list"]
    beside.unlink()
    assert not Path("state.db").exists()
    twice = churnrisk("monitor", "a.csv", "--purchases", "b.csv", "--models-dir", models)
    assert (twice.code, "named already" in twice.err) == (2, True)
    look = churnrisk("monitor", "--purchases", PURCHASES, "--models-dir", models, "--no-remember", "--json")
    assert look.code == 0, look.err


def test_rejected_rows_are_listed_beside_the_output_or_in_a_folder_of_their_own(models: Path) -> None:
    Path("source").mkdir()
    log = Path("source", "log.csv")
    log.write_text(PURCHASES.read_text() + "x1,17850,never,3,1,UK\n")
    assert churnrisk("segments", log).code == 0
    assert sorted(path.name for path in Path("source").iterdir()) == ["log.csv"]
    checked = churnrisk("check", log, "--json")
    assert checked.code == 0, checked.err
    assert [str(path) for path in Path().rglob("*.rejects.csv")] == ["rejects/log.rejects.csv"]
    Path("out").mkdir()
    assert churnrisk("convert", log, "--output", "out/log.parquet").code == 0
    Path("churnrisk.toml").write_text('rejects_dir = "aside"\n')
    assert churnrisk("check", log).code == 0
    found = sorted(str(path) for path in Path().rglob("*.rejects.csv"))
    assert found == ["aside/log.rejects.csv", "out/log.rejects.csv", "rejects/log.rejects.csv"]
    assert Path("rejects").stat().st_mode & 0o777 == 0o700
