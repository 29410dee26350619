"""Lists in the columns of other tools: their rules for names, and who is left out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from churnrisk.decide import EXPORT_FIELDS, make_export
from churnrisk.errors import OutputError, SettingsError
from churnrisk.orders import ContactList
from churnrisk.orders.contacts import Contact
from churnrisk.schema import TOOLS

ROOT = Path(__file__).parents[2]
COLUMNS: dict[str, list[Any]] = {
    "customer_id": ["007", "b", "c", "d", "e"],
    "rank": [1, 2, 3, 4, 5],
    "churn_probability": [0.9, 0.8, 0.7, 0.6, 0.5],
    "risk": ["high"] * 5,
    "value_at_risk": [10.12345, 1.0, 1.0, 1.0, 1.0],
    "expected_profit": [2.0, 1.0, 1.0, 1.0, 1.0],
    "segment": ["lost"] * 5,
    "action": ["discount"] * 5,
    "action_reason": ["segment lost: fewest purchases, longest ago"] * 5,
    "observation": ["no tea for 80 days, usually bought every 28", None, None, None, None],
    "due_product": ["tea", None, None, None, None],
    **{f"next_product_{place}": [f"cup {place}"] * 5 for place in (1, 2, 3)},
}


def listing(**contacts: Contact) -> ContactList:
    return ContactList("contacts.csv", contacts, len(contacts), 0, 0, 0)


CONTACTS = listing(
    **{"007": Contact("ann@shop.example", "Ann", "Łęcka")},
    b=Contact("", "Bo", "Li"),
    c=Contact("cy@shop.example"),
    d=Contact("Ann@Shop.Example", "Ann", "Other"),
)

# What each tool asks of a name: Mailchimp's merge tags, HubSpot's internal names.
RULES = {"mailchimp": r"[A-Z][A-Z0-9_]{0,9}", "klaviyo": r"[a-z][a-z0-9_]*", "hubspot": r"[a-z][a-z0-9_]*"}


@pytest.mark.parametrize("tool", TOOLS)
def test_names_follow_the_rules_of_the_tool_and_are_documented(tool: str) -> None:
    names = list(EXPORT_FIELDS[tool].values())
    assert len(set(names)) == len(names) == len(COLUMNS)
    assert [name for name in names if not re.fullmatch(RULES[tool], name)] == []
    page = (ROOT / "docs" / "how-to" / "crm.md").read_text(encoding="utf-8")
    export = make_export(COLUMNS, CONTACTS, tool=tool)
    assert [name for name in export.columns if f"`{name}`" not in page] == []


def test_the_address_stands_first_under_the_name_that_the_tool_knows() -> None:
    heads = {tool: list(make_export(COLUMNS, CONTACTS, tool=tool).columns)[:3] for tool in TOOLS}
    assert heads == {
        "mailchimp": ["Email Address", "First Name", "Last Name"],
        "klaviyo": ["Email", "First Name", "Last Name"],
        "hubspot": ["Email", "First name", "Last name"],
    }


def test_who_cannot_be_reached_is_left_out_and_counted() -> None:
    export = make_export(COLUMNS, CONTACTS, tool="klaviyo")
    assert export.columns["Email"] == ["ann@shop.example", "cy@shop.example"]
    assert export.columns["Last Name"] == ["Łęcka", ""]
    assert export.columns["churnrisk_customer_id"] == ["007", "c"]
    assert export.columns["churnrisk_value_at_risk"] == [10.12, 1.0]
    assert (export.without_contact, export.without_email, export.shared_email, export.left_out) == (1, 1, 1, 3)


def test_mailchimp_gets_no_text_beyond_255_bytes() -> None:
    columns = {**COLUMNS, "action_reason": ["я" * 200] * 5}
    export = make_export(columns, CONTACTS, tool="mailchimp")
    assert export.columns["ACTIONWHY"] == ["я" * 127] * 2


def test_contacts_of_other_people_are_an_error_and_an_empty_list_is_none() -> None:
    with pytest.raises(OutputError, match=r"none of the 5 customers .* 5 are not named there.*Are the ids the same\?"):
        make_export(COLUMNS, listing(**{"7": Contact("a@b.example")}), tool="hubspot")
    empty: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    assert make_export(empty, CONTACTS, tool="hubspot").columns["Email"] == []
    with pytest.raises(SettingsError, match="--for salesforce: give one of mailchimp, klaviyo, hubspot"):
        make_export(COLUMNS, CONTACTS, tool="salesforce")
