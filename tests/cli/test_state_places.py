"""Every command that remembers takes a database where it takes a file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from churnrisk.state import list_campaigns, list_keys, list_runs, open_state
from support.shop import CUSTOMERS, churnrisk, write_rows


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
