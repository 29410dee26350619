"""A campaign from Python is the one of the commands."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from churnrisk import Campaign, ChurnriskError
from support.shop import CUSTOMERS, churnrisk, read_rows


@pytest.fixture
def listed() -> pd.DataFrame:
    rows = pd.read_csv(CUSTOMERS, dtype=str)
    customers = sorted(set(rows["customer_id"]))
    risk = [(k % 97 + 1) / 100 for k in range(len(customers))]
    return pd.DataFrame({"customer_id": customers, "churn_probability": risk, "contact_cost": 2.5})


def test_the_same_list_gives_the_same_campaign_as_the_command(
    listed: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    listed.to_csv("list.csv", index=False)
    pd.DataFrame({"customer_id": listed["customer_id"][:7]}).to_csv("opted-out.csv", index=False)
    made = Campaign.create(
        "spring",
        listed,
        window=30,
        starts_on="2011-11-01",
        holdout=0.25,
        margin=0.4,
        suppress="opted-out.csv",
        output="ours.csv",
        state="ours.db",
    )
    options = [
        "--window",
        "30",
        "--starts-on",
        "2011-11-01",
        "--holdout",
        "25%",
        "--margin",
        "0.4",
        "--suppress",
        "opted-out.csv",
    ]
    answer = churnrisk("campaign", "create", "spring", "--from", "list.csv", *options, "--state", "state.db")
    assert (answer.code, answer.err) == (0, "")
    theirs = Campaign.load("spring", state="state.db")
    assert made.records() == theirs.records()
    assert made.stored.campaign == theirs.stored.campaign
    assert made.stored.campaign.suppressed == 7
    assert read_rows(Path("ours.csv")) == read_rows(Path("spring.contacts.csv"))
    verdict = made.measure(CUSTOMERS)
    said = churnrisk("campaign", "measure", "spring", CUSTOMERS, "--state", "state.db", "--json").json
    assert verdict.to_dict() == said
    assert [row["outcome"] for row in verdict.records()] == ["retained", "orders", "revenue"]
    shown = churnrisk("campaign", "show", "spring", "--state", "ours.db", "--json").json
    assert Campaign.load("spring", state="ours.db").to_dict() == shown
    assert shown["result"] == said["result"]
    assert (Campaign.names(state="ours.db"), Campaign.names(state="none.db")) == (["spring"], [])


def test_a_campaign_that_is_not_there_is_refused_with_the_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ChurnriskError, match="`churnrisk campaign create` makes one"):
        Campaign.load("spring", state=tmp_path / "state.db")
