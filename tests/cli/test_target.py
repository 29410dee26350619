"""``churnrisk target``: the list, who is never on it, what is asked for, and the files of other tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from churnrisk.campaigns import Campaign, Measured
from churnrisk.campaigns.records import add_campaign, add_measured
from churnrisk.orders import read_list
from churnrisk.state import open_state
from support.shop import PURCHASES, Answer, churnrisk, read_rows, write_rows

COLUMNS = [
    "customer_id",
    "rank",
    "churn_probability",
    "risk",
    "value_at_risk",
    "expected_profit",
    "segment",
    "action",
    "action_reason",
    "as_of",
    "contact_cost",
    "incentive_cost",
    "acceptance_rate",
    "redemption",
    "margin",
]
TERMS = ("--contact-cost", 1, "--incentive-cost", 10, "--acceptance-rate", 0.2, "--margin", 0.3)


def choose(models: Path, *arguments: object, terms: tuple[object, ...] = TERMS) -> Answer:
    return churnrisk("target", PURCHASES, *terms, "--models-dir", models, *arguments)


def chosen(models: Path, *arguments: object) -> dict[str, Any]:
    answer = choose(models, *arguments, "--json")
    assert answer.code == 0, answer.err
    document: dict[str, Any] = answer.json
    return document


@pytest.fixture(scope="module")
def whole(models: Path) -> dict[str, Any]:
    """The list without a limit."""
    return chosen(models)


def test_nobody_who_got_everything_back_is_worth_a_contact(whole: dict[str, Any], models: Path) -> None:
    brought: dict[str, float] = {}
    for row in read_rows(PURCHASES):
        brought[row["customer_id"]] = brought.get(row["customer_id"], 0) + float(row["amount"])
    nothing = {customer for customer, amount in brought.items() if round(amount, 4) <= 0}
    assert len(nothing) > 50
    scores = churnrisk("score", PURCHASES, "--models-dir", models, "--top", 100, "--json").json["customers"]
    by_value = sorted(scores, key=lambda row: row["value_at_risk"] or 0, reverse=True)[:100]
    assert nothing.isdisjoint(row["customer_id"] for row in by_value)
    assert nothing.isdisjoint(row["customer_id"] for row in whole["list"])


def test_the_list_is_what_the_scores_and_the_formula_say(whole: dict[str, Any], models: Path) -> None:
    scores = churnrisk("score", PURCHASES, "--models-dir", models, "--json").json["customers"]
    risk = {row["customer_id"]: (row["churn_probability"], row["risk"]) for row in scores}
    revenue = {row["customer_id"]: row["value_at_risk"] for row in scores}
    assert whole["counts"]["scored"] == sum(row["status"] == "scored" for row in scores)
    rows = whole["list"]
    assert [row["rank"] for row in rows] == list(range(1, whole["customers"] + 1))
    assert list(rows[0]) == COLUMNS
    for row in rows:
        p = row["churn_probability"]
        assert risk[row["customer_id"]] == (p, row["risk"])
        assert row["value_at_risk"] == revenue[row["customer_id"]], "revenue, as in every file"
        profit = 0.2 * (0.3 * row["value_at_risk"] - p * 10) - (1 - p) * 10 - 1
        assert row["expected_profit"] == pytest.approx(profit, abs=1e-3)
    profits = [row["expected_profit"] for row in rows]
    assert profits == sorted(profits, reverse=True)
    assert min(profits) >= 0
    assert whole["comparisons"][0]["expected_profit"] == pytest.approx(sum(profits), abs=0.01)
    emp = whole["expected_maximum_profit"]
    assert emp["standard"]["per_customer"] > 0
    assert 0 < emp["at_these_costs"]["share_contacted"] <= 1


def test_capacity_takes_the_top_and_a_budget_is_kept(whole: dict[str, Any], models: Path) -> None:
    few = chosen(models, "--capacity", 25)
    assert few["list"] == whole["list"][:25]
    cheap = chosen(models, "--budget", 100)
    assert 0 < cheap["comparisons"][0]["expected_cost"] <= 100
    assert cheap["comparisons"][0]["expected_profit"] <= cheap["best_possible_profit"] <= whole["best_possible_profit"]
    both = choose(models, "--budget", 100, "--capacity", 5)
    assert (both.code, "give one of them" in both.err) == (2, True)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_who_has_opted_out_is_never_on_the_list(
    whole: dict[str, Any], models: Path, tmp_path: Path, ending: str
) -> None:
    out = [row["customer_id"] for row in whole["list"][:3]]
    path = tmp_path / "out.csv"
    write_rows(path, [{"Customer": one} for one in [*out, "nobody"]], ["Customer"])
    document = chosen(models, "--capacity", 20, "--suppress", path, "--output", tmp_path / f"list.{ending}")
    listed = {row["customer_id"] for row in document["list"]}
    assert not listed & set(out)
    assert document["counts"]["opted_out"] == 3
    assert document["candidates"] == whole["candidates"] - 3
    assert "3 of the 4 customers in out.csv were taken out." in document["notices"]
    write_rows(path, [{"customer_id": "x"}], ["customer_id"])
    assert any(
        "None of the 1 ids in out.csv" in one for one in chosen(models, "--capacity", 1, "--suppress", path)["notices"]
    )


def test_files_hold_the_list(whole: dict[str, Any], models: Path, tmp_path: Path) -> None:
    assert choose(models, "--capacity", 20, "--output", tmp_path / "list.csv").code == 0
    rows = read_rows(tmp_path / "list.csv")
    assert [row["customer_id"] for row in rows] == [row["customer_id"] for row in whole["list"][:20]]
    assert list(rows[0]) == COLUMNS
    assert choose(models, "--capacity", 20, "--output", tmp_path / "list.parquet").code == 0
    found = duckdb.connect().execute(f"SELECT * FROM '{tmp_path / 'list.parquet'}'").fetchall()
    assert [row[0] for row in found] == [row["customer_id"] for row in whole["list"][:20]]


def test_a_list_that_cannot_pay_is_empty_and_says_why(models: Path, tmp_path: Path) -> None:
    dear = ("--contact-cost", 1, "--incentive-cost", 1e9, "--acceptance-rate", 0.2, "--margin", 0.3)
    answer = choose(models, "--output", tmp_path / "list.csv", terms=dear)
    assert answer.code == 0
    assert "No list pays: keeping a customer is worth at most" in answer.words
    assert (tmp_path / "list.csv").read_text() == ",".join(COLUMNS) + "\n"
    parquet = choose(models, "--output", tmp_path / "list.parquet", "--json", terms=dear)
    assert (parquet.code, parquet.json["list"], parquet.json["customers"]) == (0, [], 0)


def test_nothing_is_assumed_in_silence(models: Path, tmp_path: Path) -> None:
    missing = choose(models, terms=("--acceptance-rate", 0.2))
    assert missing.code == 2
    for name in ("--contact-cost", "--incentive-cost", "--margin", "contact_cost, incentive_cost, margin in churnrisk"):
        assert name in missing.err
    costs = ("--contact-cost", 1, "--incentive-cost", 10, "--margin", 0.3)
    unknown = choose(models, terms=costs)
    assert unknown.code == 2
    assert "the share of would-be leavers who stay because you contact them" in unknown.err
    settings = "contact_cost = 1\nincentive_cost = 10\nacceptance_rate = 0.2\nmargin = 0.3\n"
    Path("churnrisk.toml").write_text(settings + '[playbook]\nchampions = "none"\notherwise = "survey"\n')
    document = choose(models, "--capacity", 50, "--json", terms=()).json
    assert document["terms"]["acceptance_source"] == "from the settings"
    assert document["counts"]["no_action"] > 0
    assert "champions" not in {row["segment"] for row in document["list"]}
    by_segment = [row for row in document["list"] if row["action_reason"].startswith("segment hibernating")]
    assert {row["action"] for row in by_segment} <= {"survey"}
    Path("churnrisk.toml").write_text(settings + '[playbook]\nchampion = "none"\n')
    assert "[playbook] champion: not known" in choose(models, terms=()).err


def test_the_main_reason_decides_on_the_action(models: Path) -> None:
    Path("churnrisk.toml").write_text('[playbook]\nrecency = "survey"\nrhythm = "service_call"\n')
    rows = chosen(models, "--capacity", 40)["list"]
    top = churnrisk("explain", rows[0]["customer_id"], PURCHASES, "--models-dir", models, "--json").json["families"]
    actions = {"recency": "survey", "rhythm": "service_call", "returns": "service_call"}
    told = [row for row in rows if row["action_reason"].startswith("reason ")]
    assert told
    family = max(top, key=lambda one: one["log_odds"])["family"]
    assert rows[0]["action_reason"].startswith(f"reason {family}:" if family in actions else "segment")
    for row in told:
        assert row["action"] == actions[row["action_reason"].split()[1].rstrip(":")]


def test_a_measured_campaign_knows_the_acceptance_rate(models: Path, tmp_path: Path) -> None:
    with open_state(tmp_path / "state.db") as state:
        with state.transaction():
            place = add_campaign(state, Campaign("spring", 15_000, 60, "retained", 0.1, 0), [])
        add_measured(state, place, Measured("f", 0.07, 0.02, {}))
    terms = ("--contact-cost", 1, "--incentive-cost", 10, "--margin", 0.3, "--state", tmp_path / "state.db")
    document = choose(models, "--capacity", 5, "--json", terms=terms).json
    found = document["terms"]
    assert found["acceptance_rate"] == pytest.approx(0.07)
    assert found["acceptance_source"] == "measured by campaigns, 7.0%"
    given = choose(models, "--capacity", 5, "--json", "--acceptance-rate", 0.3, terms=terms).json["terms"]
    assert (given["acceptance_rate"], given["acceptance_source"]) == (0.3, "given")


def test_measured_campaigns_know_what_a_customer_kept_brings(models: Path, tmp_path: Path) -> None:
    before = chosen(models, "--capacity", 50)
    effects = {
        "retained": {"difference": 0.1, "error": 0.01},
        "revenue": {"difference": 60.0, "error": 6.0},  # one purchase of each of them was expected to bring 40
    }
    result = {"treated": 1000, "effects": effects, "save_forecast": 400.0}
    with open_state(tmp_path / "state.db") as state:
        with state.transaction():
            place = add_campaign(state, Campaign("spring", 15_000, 60, "retained", 0.1, 0), [])
        add_measured(state, place, Measured("f", None, None, result))
    document = chosen(models, "--capacity", 50, "--state", tmp_path / "state.db")
    assert before["terms"]["value_multiple"] is None
    assert document["terms"]["value_multiple"] == pytest.approx(1.5)
    assert any("1.50 times the one purchase" in notice for notice in document["notices"])
    was, now = ({row["customer_id"]: row["expected_profit"] for row in one["list"]} for one in (before, document))
    assert all(now[one] >= was[one] for one in was.keys() & now.keys())
    assert sum(now.values()) > sum(was.values())


def test_the_file_of_another_tool_holds_the_contacts_and_nothing_else_does(models: Path, tmp_path: Path) -> None:
    ids = [row["customer_id"] for row in chosen(models, "--capacity", 5)["list"]]
    people = [
        {"Klient": one, "E-mail": f"secret{k}@shop.example", "Imię": "=cmd|x", "Nazwisko": "Żak"}
        for k, one in enumerate(ids[:3])
    ]
    contacts = write_rows(tmp_path / "contacts.csv", people, people[0])
    output = tmp_path / "list.csv"
    arguments = ("--capacity", 5, "--for", "mailchimp", "--contacts", contacts, "--output", output)
    answer = choose(models, *arguments)
    assert "2 customers of the list are not in the contacts and are left out of the file." in answer.words
    assert "3 texts that a spreadsheet would run as formulas" in answer.words
    rows = read_rows(output)
    assert [row["Email Address"] for row in rows] == [f"secret{k}@shop.example" for k in range(3)]
    assert [row["CUSTOMERID"] for row in rows] == ids[:3]
    assert {row["First Name"] for row in rows} == {"'=cmd|x"}
    document = choose(models, *arguments, "--json")
    assert document.json["written"]["left_out"] == {"without_contact": 2, "without_email": 0, "shared_email": 0}
    assert "secret" not in document.out + document.err + answer.out + answer.err
    others = [path for path in tmp_path.rglob("*") if path.is_file() and path not in (contacts, output)]
    assert [path for path in others if b"secret" in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--for", "klaviyo", "--output", "x.csv"), "needs --contacts FILE"),
        (("--for", "klaviyo", "--contacts", "c.csv"), "add --output FILE.csv"),
        (("--for", "klaviyo", "--contacts", "c.csv", "--output", "x.xlsx"), "klaviyo imports CSV; name the file x.csv"),
        (("--contacts", "c.csv"), "add --output FILE.csv"),
        (("--output", "x.txt"), "the ending .txt is not known"),
        (("--acceptance-rate", 20), "give a share from 0 to 1"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(models: Path, arguments: tuple[object, ...], message: str) -> None:
    answer = choose(models, *arguments)
    assert (answer.code, message in answer.err) == (2, True), answer.err


def test_a_model_stored_without_the_curve_still_gives_a_list(models: Path, whole: dict[str, Any]) -> None:
    from churnrisk import targeting, workflows
    from churnrisk.decide import ContactTerms
    from churnrisk.forecast import Valuation

    model = workflows.load(models_dir=models)
    card = json.loads(json.dumps(model.card))
    del card["test"]["roc_hull"]
    old = workflows.ChurnModel(model.model, card, model.version)
    result = targeting.make_target(old, str(PURCHASES), ContactTerms(1, 10, 0.2), valuation=Valuation(0.3), capacity=20)
    assert result.max_profit == {}
    assert result.table.records() == whole["list"][:20]


SETTINGS = """
contact_cost = 1
incentive_cost = 10
acceptance_rate = 0.2
margin = 0.3
contacts = "contacts.csv"
state = "state.db"
"""
ACTIONS = """
[actions.free_delivery]
text = "free delivery on the next order"
channel = "e-mail"
contact_cost = 0.2
incentive_cost = 4
acceptance_rate = 0.15
for = ["champions", "loyal", "rhythm"]

[actions.card]
text = "a card by post"
contact_cost = 2
incentive_cost = 0
acceptance_rate = 0.12
for = ["everybody"]

[actions.survey]
until = "2011-01-01"
for = ["everybody"]
"""


@pytest.fixture
def contacts(whole: dict[str, Any]) -> Path:
    """Contacts of everybody on the list; the first has given no consent, and the second stands not in the file."""
    ids = [row["customer_id"] for row in whole["list"]]
    people = [
        {"customer_id": one, "email": f"secret{k}@shop.example", "Imię": "Ann", "zgoda": "nie" if k == 0 else "tak"}
        for k, one in enumerate(ids)
        if k != 1
    ]
    Path("churnrisk.toml").write_text(SETTINGS, encoding="utf-8")
    return write_rows(Path("contacts.csv"), people, people[0])


def test_contacts_of_the_settings_are_in_files_alone_and_without_consent_nobody_is(
    whole: dict[str, Any], models: Path, contacts: Path, tmp_path: Path
) -> None:
    answer = choose(models, "--capacity", 20, "--output", "list.csv", "--json", terms=())
    counts, ids = answer.json["counts"], [row["customer_id"] for row in whole["list"]]
    assert counts["without_consent"] == counts["scored"] - len(ids) + 2
    said = (
        f"Customers without consent in contacts.csv, or not in it, who are on no list: {counts['without_consent']:,}."
    )
    assert said in answer.json["notices"]
    rows = read_rows(Path("list.csv"))
    assert [row["customer_id"] for row in rows] == ids[2:22]
    assert [row["email"] for row in rows] == [f"secret{k}@shop.example" for k in range(2, 22)]
    assert list(rows[0])[:4] == ["customer_id", "name", "email", "rank"]
    assert choose(models, "--capacity", 5, "--output", "list.xlsx", "--lang", "pl", terms=()).code == 0
    sheet = read_list(Path("list.xlsx"))
    assert (sheet.columns["email"][0], sheet.columns["name"][0]) == ("secret2@shop.example", "Ann")
    assert choose(models, "--capacity", 5, "--output", "tool.csv", "--for", "klaviyo", terms=()).code == 0
    assert read_rows(Path("tool.csv"))[0]["Email"] == "secret2@shop.example"
    fixed = ("--window", 30, "--holdout", "20%", "--models-dir", models)
    contacts.write_text(
        contacts.read_text().replace("secret2@", "moved@").replace("secret3@shop.example,Ann,tak", "x,y,")
    )
    made = churnrisk("campaign", "create", "spring", "--from", "list.csv", *fixed)
    assert made.code == 0, made.err
    named = {row["customer_id"]: row["email"] for row in read_rows(Path("spring.contacts.csv"))}
    assert ids[3] not in named, "the consent was withdrawn since the list was made"
    assert named.get(ids[2], "moved@shop.example") == "moved@shop.example"
    written = {"contacts.csv", "list.csv", "list.xlsx", "tool.csv", "spring.contacts.csv"}
    others = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in written]
    assert [path for path in others if b"@shop.example" in path.read_bytes()] == []
    assert "@shop.example" not in answer.out + answer.err + made.out + made.err


def test_what_a_customer_file_says_is_told_and_not_erased(whole: dict[str, Any], models: Path, contacts: Path) -> None:
    who = whole["list"][3]["customer_id"]
    told = churnrisk("access", who, "--models-dir", models, "--json").json["contacts"]
    assert told["file"] == "contacts.csv"
    assert told["contact"] == {
        "name": "Ann",
        "email": "secret3@shop.example",
        "phone": "",
        "language": "",
        "has_consent": True,
    }
    before = contacts.read_bytes()
    forgotten = churnrisk("forget", who, "--models-dir", models, "--yes")
    assert "contacts.csv names a customer of these. It is yours: mend or delete it." in forgotten.words
    assert contacts.read_bytes() == before


def test_contacts_meet_customers_under_pseudonyms(models: Path, contacts: Path) -> None:
    assert churnrisk("keys", "pseudonym-key", "shop.key").code == 0
    with Path("churnrisk.toml").open("a") as file:
        file.write('pseudonymise = true\npseudonym_key = "shop.key"\n')
    answer = choose(models, "--capacity", 5, "--output", "list.csv", terms=())
    assert answer.code == 0, answer.err
    rows = read_rows(Path("list.csv"))
    assert [row["email"] for row in rows] == [f"secret{k}@shop.example" for k in range(2, 7)]
    assert all(row["customer_id"].startswith("p_") for row in rows)


def test_the_shops_own_actions_share_a_budget_and_each_is_a_campaign(models: Path) -> None:
    first = chosen(models, "--budget", 300)
    Path("churnrisk.toml").write_text(SETTINGS.replace("contacts", "# contacts") + ACTIONS, encoding="utf-8")
    document = choose(models, "--budget", 300, "--output", "list.csv", "--json", terms=()).json
    assert document["notices"][-1] == "survey ended on 2011-01-01 and is not chosen."
    counts = {one["action"]: one["customers"] for one in document["actions"]}
    assert {"free_delivery", "card"} < set(counts)
    assert "survey" not in counts
    own = {"free_delivery": (0.2, 4.0, 0.15), "card": (2.0, 0.0, 0.12)}
    spent = 0.0
    for row in document["list"]:
        c, d, g = own.get(row["action"], (1.0, 10.0, 0.2))
        p = row["churn_probability"]
        assert (row["contact_cost"], row["incentive_cost"], row["acceptance_rate"]) == (c, d, g)
        profit = g * (0.3 * row["value_at_risk"] - p * d) - (1 - p) * d - c
        assert row["expected_profit"] == pytest.approx(profit, abs=1e-2)
        spent += c + ((1 - p) + p * g) * d
        if row["action"] == "free_delivery":
            assert (row["segment"] in ("champions", "loyal"), row["channel"]) == (True, "e-mail")
            assert "reason rhythm" in row["action_reason"]
    assert spent <= 300
    assert document["comparisons"][0]["expected_profit"] > first["comparisons"][0]["expected_profit"]
    fixed = ("--from", "list.csv", "--window", 30, "--models-dir", models)
    refused = churnrisk("campaign", "create", "all", *fixed)
    assert (refused.code, "Make a campaign for each action, with --action" in refused.err) == (2, True)
    wrong = churnrisk("campaign", "create", "all", *fixed, "--action", "flowers")
    assert (wrong.code, "no customer on the list has the action flowers" in wrong.err) == (2, True)
    made = churnrisk("campaign", "create", "cards", *fixed, "--action", "card", "--json").json
    assert (made["contact_cost"], made["incentive_cost"], made["margin"]) == (2.0, 0.0, 0.3)
    assert made["plan"]["treated"] + made["plan"]["control"] == counts["card"]
