"""The list of this week in the workbook, the report and the service: the same rows in the same order."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnrisk.campaigns import list_campaigns
from churnrisk.decide import ContactTerms
from churnrisk.forecast import Valuation
from churnrisk.shop import Shop, ShopPlan, prepare_shop
from churnrisk.state import open_state
from churnrisk.week_list import ListPlan
from support.shop import PURCHASES, churnrisk

TERMS = {"contact_cost": 0.5, "incentive_cost": 2, "acceptance_rate": 0.2, "margin": 0.4}
SIZES = {"list_customers": 12, "list_lapsed": 6, "list_due": 5}
PLAN = ListPlan(12, 6, 5, terms=ContactTerms(0.5, 2, 0.2), valuation=Valuation(0.4))
SHOWN = ("contact", "lapsed", "due")


@pytest.fixture
def folder(models: Path) -> Path:
    lines = [f"purchases = '{PURCHASES}'", f"models_dir = '{models}'", 'state = "state.db"']
    lines += [f"{name} = {value}" for name, value in (TERMS | SIZES).items()]
    Path("churnrisk.toml").write_text("\n".join(lines), encoding="utf-8")
    return Path.cwd()


def ask_shop(folder: Path, models: Path, *, suppress: str | None = None) -> dict[str, Any]:
    """The list of a service with the same settings."""
    from dataclasses import replace

    plan = ShopPlan(
        folder / "shop", models, folder / "state.db", str(PURCHASES), listing=replace(PLAN, suppress=suppress)
    )
    prepare_shop(plan)
    with open_state(plan.state) as state:
        shop = Shop.open(plan, state)
        listed = shop.week_list()
        assert listed is not None
        assert shop.week_list() is listed, "it is made once"
        shop.close()
        return listed.to_dict()


def test_workbook_report_and_service_have_the_same_list(folder: Path, models: Path) -> None:
    weekly = churnrisk("weekly", "--json").json["list"]
    assert {part: len(weekly[part]) for part in SHOWN} == {"contact": 12, "lapsed": 6, "due": 5}
    report = churnrisk("report", "--json").json["week_list"]
    assert report == weekly
    assert ask_shop(folder, models) == weekly
    sheets = pd.read_excel("weekly/list.xlsx", sheet_name=None, engine="calamine", dtype={"customer id": str})
    assert list(sheets) == ["To contact", "Orders due", "To win back", "All customers"]
    assert not any("_" in name for sheet in sheets.values() for name in sheet.columns)
    for title, part in (("To contact", "contact"), ("Orders due", "due"), ("To win back", "lapsed")):
        sheet = sheets[title]
        assert sheet["customer id"].tolist() == [one["customer_id"] for one in weekly[part]]
        assert sheet["why"].tolist() == ["; ".join(one["why"]) for one in weekly[part]]
        assert sheet["why"].map(bool).all()
    profits = [one["expected_profit"] for one in weekly["contact"]]
    assert profits == sorted(profits, reverse=True)
    assert min(profits) > 0
    assert weekly["expected_profit"] == pytest.approx(sum(profits))
    page = Path("report.html").read_text(encoding="utf-8")
    assert page.index("This week’s list") < page.index("By level of risk")


def test_every_reason_is_of_this_customer_and_none_stands_in_many_rows(folder: Path) -> None:
    Path("churnrisk.toml").write_text(Path("churnrisk.toml").read_text().replace("= 12", "= 60"), encoding="utf-8")
    rows = churnrisk("weekly", "--json").json["list"]["contact"]
    assert len(rows) == 60
    own = 0
    for row in rows:
        named = [row["last_order_on"], f"{row['last_order_amount']:,.2f}", f"{row['revenue_365_days_before']:,.0f}"]
        own += any(one in row["why"][0] for one in (*named, *row["last_order_products"]))
    assert own >= 0.8 * len(rows)
    first = pd.Series([row["why"][0] for row in rows])
    assert first.value_counts().iloc[0] <= 0.15 * len(rows)


def test_campaigns_and_earlier_lists_are_remembered(folder: Path, models: Path) -> None:
    first = churnrisk("weekly", "--json").json["list"]
    assert first["since_last_list"] is None
    assert {one["change"] for one in first["contact"]} == {None}
    made = churnrisk("campaign", "create", "spring", "--from", "weekly/list.xlsx", "--window", 30, "--holdout", "25%")
    assert made.code == 0, made.err
    with open_state("state.db") as state:
        [campaign] = list_campaigns(state)
    assert campaign.treated + campaign.control == 12
    assert (campaign.campaign.contact_cost, campaign.campaign.margin) == (0.5, 0.4), "the terms have travelled"
    lapsed = ("campaign", "create", "back", "--from", "weekly/list.xlsx", "--window", 30, "--holdout", "40%", "--sheet")
    assert churnrisk(*lapsed, "To win back").code == 0
    wrong = churnrisk(*lapsed[:2], "other", *lapsed[3:], "Nobody")
    assert (wrong.code, "its sheets: To contact, Orders due, To win back" in wrong.err) == (2, True), wrong.err
    with open_state("state.db") as state:
        [back] = [one for one in list_campaigns(state) if one.campaign.name == "back"]
    assert (back.treated + back.control, back.campaign.contact_cost) == (6, 0.5)
    again = churnrisk("weekly", "--json").json["list"]
    assert not {one["customer_id"] for one in again["contact"]} & {one["customer_id"] for one in first["contact"]}
    assert again["left_out"]["in_campaign"] == 12
    assert again["since_last_list"] is None, "the list of the same day is this one"
    assert ask_shop(folder, models) == again

    buyer = first["contact"][0]["customer_id"]
    with Path(PURCHASES).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows.append(
        rows[0] | {"customer_id": buyer, "order_id": "new-1", "ordered_at": "2011-12-16 10:00:00", "amount": "25"}
    )
    with Path("later.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    settings = Path("churnrisk.toml").read_text(encoding="utf-8").replace(str(PURCHASES), "later.csv")
    Path("churnrisk.toml").write_text(settings, encoding="utf-8")
    before = {one["customer_id"] for one in again["contact"]}
    later = churnrisk("weekly", "--json").json["list"]
    assert later["since_last_list"] == {"as_of": again["as_of"], "customers": 12, "bought": 0, "revenue": 0.0}
    for one in later["contact"]:
        assert one["change"] == ("again" if one["customer_id"] in before else "new")
    assert {one["change"] for one in later["contact"]} >= {"again"}
    assert {one["change"] for part in ("lapsed", "due") for one in later[part]} == {None}, "these are not remembered"
    forgotten = next(iter(before))
    assert churnrisk("forget", forgotten, "--yes").code == 0
    with open_state("state.db") as state:
        assert not state.rows("SELECT 1 FROM week_lists WHERE customer_id = ?", (forgotten,))


def test_customers_who_opted_out_are_never_listed(folder: Path, models: Path) -> None:
    everybody = churnrisk("report", "--json").json["week_list"]
    out = everybody["contact"][0]["customer_id"]
    Path("out.csv").write_text(f"customer_id\n{out}\n", encoding="utf-8")
    with Path("churnrisk.toml").open("a", encoding="utf-8") as file:
        file.write('\nsuppress = "out.csv"\n')
    left = churnrisk("report", "--json").json["week_list"]
    assert [one["customer_id"] for one in left["contact"][:11]] == [
        one["customer_id"] for one in everybody["contact"][1:]
    ]
    assert left["left_out"]["refused"] == 1
    assert ask_shop(folder, models, suppress=str(folder / "out.csv")) == left


def test_each_row_has_the_terms_and_the_profit_of_its_own_action(folder: Path, models: Path) -> None:
    with Path("churnrisk.toml").open("a", encoding="utf-8") as file:
        file.write('\n[actions.gift]\ntext = "a gift"\ncontact_cost = 3\nacceptance_rate = 0.35\nfor = ["loyal"]\n')
    listed = churnrisk("weekly", "--json").json["list"]["contact"]
    assert {one["action"] for one in listed} > {"gift"}
    for one in listed:
        terms, p = one["terms"], one["churn_probability"]
        own = (3, 0.35) if one["action"] == "gift" else (0.5, 0.2)
        assert (terms["contact_cost"], terms["acceptance_rate"]) == own
        gain = 0.4 * one["value_at_risk"] - p * 2
        assert one["expected_profit"] == pytest.approx(
            terms["acceptance_rate"] * gain - (1 - p) * 2 - terms["contact_cost"], abs=1e-6
        )
    profits = [one["expected_profit"] for one in listed]
    assert profits == sorted(profits, reverse=True)
    sheet = pd.read_excel("weekly/list.xlsx", engine="calamine", dtype={"customer id": str})
    assert sheet["contact cost"].tolist() == [one["terms"]["contact_cost"] for one in listed]
    mixed = churnrisk("campaign", "create", "both", "--from", "weekly/list.xlsx", "--window", 30)
    assert mixed.code == 2
    assert "--action" in mixed.err
    one = churnrisk(
        "campaign",
        "create",
        "gifts",
        "--from",
        "weekly/list.xlsx",
        "--window",
        30,
        "--action",
        "gift",
        "--holdout",
        "40%",
    )
    assert one.code == 0, one.err
    with open_state("state.db") as state:
        [made] = list_campaigns(state)
    assert made.campaign.contact_cost == 3
