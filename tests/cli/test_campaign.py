"""``churnrisk campaign`` from a list to a verdict, and what training and scoring make of the state file."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from churnrisk.cli.backtest import show_report
from churnrisk.simulate import simulate_purchases
from churnrisk.timeline import date_of
from support.shop import CUSTOMERS, PURCHASES, Answer, churnrisk, read_rows, write_rows

FIRST_DAY, DAYS, WINDOW = 15_000, 420, 30
START = FIRST_DAY + DAYS - WINDOW
SIZE = 400


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    chance = np.random.default_rng(0)
    rows = [
        {
            "customer_id": f"customer-{k:06d}",
            "churn_probability": f"{chance.uniform(0.3, 0.9):.6f}".replace(".", ","),
            "value_at_risk": f"{chance.lognormal(3, 1):.2f}".replace(".", ","),
            "action": "=call()" if k == 0 else "win_back_mail",
        }
        for k in range(SIZE)
    ]
    return write_rows(tmp_path / "list.csv", rows, rows[0])


def shop_log(path: Path, *, bought: set[str] = frozenset()) -> Path:  # type: ignore[assignment]
    """A simulated log; some customers buy once more on the first day of the window."""
    log = simulate_purchases(SIZE, first_day=FIRST_DAY, days=DAYS, seed=1).orders
    rows = [
        {"customer_id": who, "order_id": order, "ordered_at": date_of(int(day)), "amount": f"{amount / 10_000:.2f}"}
        for who, order, day, amount in zip(
            log["customer_id"], log["order_id"], log["order_day"], log["amount"], strict=True
        )
    ]
    rows += [
        {"customer_id": who, "order_id": f"saved-{who}", "ordered_at": date_of(START), "amount": "30.00"}
        for who in sorted(bought)
    ]
    return write_rows(path, rows, rows[0])


def create(listed: Path, *arguments: object, name: str = "spring") -> Answer:
    fixed = ("--holdout", "25%", "--window", WINDOW, "--starts-on", date_of(START), "--state", "state.db")
    return churnrisk("campaign", "create", name, "--from", listed, *fixed, *arguments)


def members(path: Path = Path("state.db")) -> dict[str, int]:
    with sqlite3.connect(path) as connection:
        found = dict(connection.execute("SELECT customer_id, is_treated FROM campaign_members").fetchall())
    connection.close()
    return found


def test_a_campaign_from_list_to_verdict(listed: Path) -> None:
    made = create(listed, "--contact-cost", 1, "--incentive-cost", 5, "--margin", 0.5, "--json").json
    plan = made["plan"]
    assert (plan["treated"], plan["control"], made["contacts"]) == (300, 100, "spring.contacts.csv")
    assert 0.1 < plan["smallest_effect"] < 0.2
    contacts = read_rows(Path("spring.contacts.csv"))
    treated = {name for name, is_treated in members().items() if is_treated}
    assert {row["customer_id"] for row in contacts} == treated
    assert list(contacts[0]) == ["customer_id", "churn_probability", "value_at_risk", "action"]
    log = shop_log(Path("log.csv"), bought=treated)
    answer = churnrisk("campaign", "measure", "spring", log, "--state", "state.db", "--json")
    result = answer.json["result"]
    assert result["treated_means"]["retained"] == 1.0
    assert result["verdict"].startswith("It kept")
    assert result["cost"] == 300 + 5 * 300
    assert result["acceptance"] == pytest.approx(1.0)
    shown = churnrisk("campaign", "show", "spring", "--state", "state.db", "--json").json
    assert shown["result"] == result
    assert sum(one["control"] for one in shown["strata"]) == 100
    text = churnrisk("campaign", "measure", "spring", log, "--state", "state.db")
    assert "300 contacted, 100 left alone, by assignment" in text.words
    assert result["verdict"] in text.words


def test_the_same_seed_draws_the_same_and_a_campaign_cannot_be_made_twice(listed: Path) -> None:
    assert create(listed).code == 0
    again = create(listed)
    assert again.code == 2
    assert "there is a campaign 'spring' already" in again.err
    assert create(listed, "--state", "other.db").code == 0
    assert members() == members(Path("other.db"))
    assert create(listed, "--state", "third.db", "--seed", 1).code == 0
    assert members() != members(Path("third.db"))


def test_the_terms_of_a_list_become_those_of_the_campaign(models: Path) -> None:
    terms = ("--contact-cost", 0.5, "--incentive-cost", 8, "--acceptance-rate", 0.2, "--margin", 0.3)
    assert churnrisk("target", PURCHASES, *terms, "--models-dir", models, "--capacity", 200, "-o", "l.csv").code == 0
    where = ("--from", "l.csv", "--state", "state.db", "--models-dir", models, "--json")
    made = churnrisk("campaign", "create", "spring", *where).json
    assert "error" not in made, made
    assert {name: made[name] for name in ("contact_cost", "incentive_cost", "margin")} == {
        "contact_cost": 0.5,
        "incentive_cost": 8.0,
        "margin": 0.3,
    }
    other = churnrisk("campaign", "create", "summer", *where, "--starts-on", "2031-01-01", "--margin", 0.6).json
    assert (other["margin"], other["contact_cost"]) == (0.6, 0.5)


@pytest.mark.parametrize(
    ("costs", "words"), [(["1", "2"], "2 different values, from 1 to 2"), (["-1", "-1"], "-1 cannot be")]
)
def test_terms_that_cannot_be_are_refused_or_given(tmp_path: Path, costs: list[str], words: str) -> None:
    rows = [{"customer_id": f"c{k}", "contact_cost": cost} for k, cost in enumerate(costs * 50)]
    path = write_rows(tmp_path / "list.csv", rows, rows[0])
    answer = create(path, "--json")
    assert (answer.code, words in answer.err) == (2, True)
    assert answer.json["error"]["code"].startswith("campaign.terms")
    assert create(path, "--contact-cost", 3).code == 0


def test_a_list_without_customers_is_refused_with_the_reason(models: Path) -> None:
    terms = ("--contact-cost", 100_000, "--incentive-cost", 8, "--acceptance-rate", 0.01, "--margin", 0.1)
    assert churnrisk("target", PURCHASES, *terms, "--models-dir", models, "-o", "l.csv").code == 0
    answer = create(Path("l.csv"), "--json")
    assert (answer.code, answer.json["error"]["code"]) == (2, "campaign.list_empty")
    assert "no contact pays at its costs" in answer.err


def test_overlapping_campaigns_are_refused_with_a_way_out(listed: Path) -> None:
    assert create(listed).code == 0
    refused = create(listed, name="summer")
    assert (refused.code, Path("summer.contacts.csv").exists()) == (2, False)
    assert "spring (400)" in refused.err
    assert "--drop-overlap" in refused.err
    rows = read_rows(listed)
    more = [{**row, "customer_id": f"new-{k}"} for k, row in enumerate(rows[:100])]
    both = write_rows(Path("both.csv"), rows + more, rows[0])
    left = create(both, "--drop-overlap", "--json", name="summer").json["plan"]
    assert (left["customers"], left["overlapping"]) == (100, 400)
    later = ("--starts-on", date_of(START + WINDOW))
    assert create(listed, *later, name="autumn").code == 0


def test_who_opted_out_is_taken_out_before_the_draw(listed: Path) -> None:
    Path("out.csv").write_text("customer_id\ncustomer-000000\ncustomer-000001\nstranger\ncustomer-000001\n")
    plan = create(listed, "--suppress", "out.csv", "--json").json["plan"]
    assert (plan["suppressed"], plan["customers"]) == (2, 398)
    assert not {"customer-000000", "customer-000001"} & set(members())


def test_who_opted_out_is_recognised_in_any_case_where_ids_are_folded(listed: Path) -> None:
    Path("churnrisk.toml").write_text("fold_case = true\n[columns]\ncustomer_id = 'Klient'\n")
    Path("out.csv").write_text("Klient\nCUSTOMER-000000\n")
    shouted = [row | {"customer_id": row["customer_id"].upper()} for row in read_rows(listed)]
    plan = create(write_rows(Path("upper.csv"), shouted, shouted[0]), "--suppress", "out.csv", "--json").json["plan"]
    assert (plan["suppressed"], plan["customers"]) == (1, 399)
    assert "customer-000000" not in members()
    assert "customer-000001" in members()


def test_neither_list_nor_campaign_without_the_other(listed: Path) -> None:
    failed = create(listed, "--output", "nowhere/contacts.csv")
    assert failed.code == 2
    assert "nothing" not in failed.out
    assert churnrisk("campaign", "list", "--state", "state.db", "--json").json == []
    Path("taken.csv").mkdir()
    assert create(listed, "--output", "taken.csv").code == 2
    assert members() == {}


def test_a_window_that_is_still_open_is_not_measured(listed: Path) -> None:
    assert create(listed, "--window", WINDOW + 5).code == 0
    answer = churnrisk("campaign", "measure", "spring", shop_log(Path("log.csv")), "--state", "state.db")
    assert answer.code == 2
    assert f"up to and including {date_of(START + WINDOW + 4)}" in answer.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("customer_id\nc1\nc2\nc1\n", "line 4: customer c1 stands in the list already, on line 2"),
        ("customer_id,churn_probability\nc1,high\n", "line 2, churn_probability: 'high' is not a number"),
        ("customer_id,churn_probability\nc1,90\n", "must lie between 0 and 1"),
        ("customer_id,x\nc1,1\n,2\n", "line 3: no customer id"),
        ("customer_id\nc1\nc2\n", "2 customers can be drawn from"),
    ],
)
def test_lists_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    answer = create(path)
    assert answer.code == 2
    assert message in answer.err
    assert churnrisk("campaign", "list", "--state", "state.db", "--json").json == []


def test_the_plan_says_what_a_split_could_show(listed: Path) -> None:
    plan = churnrisk("campaign", "plan", "--from", listed, "--holdout", "0.5", "--json").json
    assert (plan["treated"], plan["control"], plan["split_for_effect"]) == (200, 200, None)
    assert plan["customers_for_effect"] > 2000
    words = churnrisk("campaign", "plan", "--from", listed).words
    assert "No split of this list shows 5 points" in words
    assert not Path("state.db").exists()
    alone = churnrisk("campaign", "plan", "--from", listed, "--holdout", "0%")
    assert "Without a control group nobody will be able to tell" in alone.words
    assert churnrisk("campaign", "plan", "--from", listed, "--holdout", "all").code == 2


def test_small_campaigns_teach_no_uplift(listed: Path) -> None:
    assert create(listed).code == 0
    answer = churnrisk("campaign", "uplift", "spring", shop_log(Path("log.csv")), "--state", "state.db")
    assert answer.code == 2
    assert "500 are needed" in answer.err


def test_a_list_does_not_learn_from_a_small_campaign(models: Path) -> None:
    rows = [{"customer_id": row["customer_id"]} for row in read_rows(CUSTOMERS)[:300]]
    path = write_rows(Path("list.csv"), list({row["customer_id"]: row for row in rows}.values()), ["customer_id"])
    fixed = ("--holdout", "25%", "--window", 30, "--starts-on", "2011-11-01", "--state", "state.db")
    assert churnrisk("campaign", "create", "autumn", "--from", path, *fixed).code == 0
    terms = ("--contact-cost", 1, "--incentive-cost", 10, "--acceptance-rate", 0.2, "--margin", 0.3)
    answer = churnrisk("target", PURCHASES, *terms, "--models-dir", models, "--state", "state.db", "--uplift", "autumn")
    assert answer.code == 2
    assert "500 are needed" in answer.err


def test_training_and_backtest_take_campaigns_into_account(
    listed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = shop_log(tmp_path / "log.csv")
    for name, holdout, day in (("tried", "20%", START - 25), ("blind", "0%", START + 5)):
        made = churnrisk(
            "campaign", "create", name, "--from", listed, "--holdout", holdout, "--window", 20, "--starts-on",
            date_of(day),
        )  # fmt: skip
        assert made.code == 0, made.err
    arguments = ("backtest", log, "--horizon", WINDOW, "--cutoffs", 1, "--json")
    report = churnrisk(*arguments).json
    assert [(one["name"], one["is_biased"]) for one in report["campaigns"]] == [("tried", False), ("blind", True)]
    show_report(report, has_details=False)
    assert "biased" in capsys.readouterr().out
    plain = churnrisk(*arguments, "--state", _empty_state(tmp_path)).json
    assert "campaigns" not in plain
    assert plain["cutoffs"][0]["churn_rate"] == report["cutoffs"][0]["churn_rate"]  # left as it is, and said
    assert plain["pooled"]["measures"]["base rate"] != report["pooled"]["measures"]["base rate"]  # learned otherwise
    assert churnrisk(*arguments, "--state", "missing.db").code == 2


def _empty_state(tmp_path: Path) -> Path:
    from churnrisk.state import open_state

    open_state(tmp_path / "empty.db").close()
    return tmp_path / "empty.db"


def scored(models: Path, day: str, *arguments: object) -> dict[str, Any]:
    answer = churnrisk("score", PURCHASES, "--models-dir", models, "--as-of", day, *arguments, "--json")
    assert answer.code == 0, answer.err
    document: dict[str, Any] = answer.json
    return document


def test_scoring_runs_are_remembered_and_compared(models: Path) -> None:
    state = ("--state", "runs.db")
    first = scored(models, "2011-06-01", *state)
    assert scored(models, "2011-06-01", *state)["run"] == first["run"] == 1
    later = scored(models, "2011-07-01", "--since", "last", *state)
    since = later["since"]
    assert (since["run"], since["as_of"]) == (1, "2011-06-01")
    changes = [row["change"] for row in later["customers"]]
    assert since["changes"] == {name: changes.count(name) for name in since["changes"]}
    high_then = {row["customer_id"] for row in first["customers"] if row["risk"] == "high"}
    bought = {row["customer_id"] for row in later["customers"] if (row["days_since_last_order"] or 999) <= 30}
    assert since["rated_high"]["silent"] == len(high_then - bought)
    assert (since["rated_high"]["days_over"], since["rated_high"]["days"]) == (30, 90)
    words = churnrisk("score", PURCHASES, "--models-dir", models, "--as-of", "2011-10-01", "--since", "1", *state).words
    assert f"Of the {len(high_then):,} rated high on 2011-06-01," in words
    assert "did not buy within 90 days" in words


def test_a_run_can_leave_no_trace(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scored(models, "2011-06-01", "--no-remember", "--state", "runs.db")["run"] is None
    monkeypatch.setenv("CHURNRISK_REMEMBER", "false")
    assert scored(models, "2011-06-01", "--state", "runs.db")["run"] is None
    assert not Path("runs.db").exists()
    answer = churnrisk("score", PURCHASES, "--models-dir", models, "--since", "last", "--state", "runs.db")
    assert answer.code == 2
    assert "no such scoring run is remembered" in answer.err


@pytest.mark.usefixtures("nobody_erased")
def test_scores_do_not_depend_on_being_remembered(models: Path) -> None:
    Path("runs.db").write_text("this is no database, and long enough to be taken for one " * 20)
    answer = churnrisk("score", PURCHASES, "--models-dir", models, "--state", "runs.db", "--json")
    assert answer.code == 2
    assert "this run is not remembered" in answer.err
    kept = churnrisk("score", PURCHASES, "--models-dir", models, "--no-remember", "--json")
    assert json.loads(answer.out)["customers"] == kept.json["customers"]
