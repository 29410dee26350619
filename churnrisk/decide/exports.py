"""Lists as Mailchimp, Klaviyo and HubSpot import them, with e-mail addresses and names joined at the last moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from churnrisk.errors import OutputError, SettingsError
from churnrisk.orders import ContactList
from churnrisk.schema import TOOLS

CONTACT_HEADERS: Mapping[str, tuple[str, str, str]] = {
    "mailchimp": ("Email Address", "First Name", "Last Name"),
    "klaviyo": ("Email", "First Name", "Last Name"),
    "hubspot": ("Email", "First name", "Last name"),
}
"""The headers by which each tool knows e-mail address, first and last name; the address stands first."""

# Mailchimp names a field by at most ten capitals and digits; HubSpot by lower case letters, digits and underscores.
_FIELDS = {
    "customer_id": ("CUSTOMERID", "churnrisk_customer_id"),
    "rank": ("LISTRANK", "churnrisk_rank"),
    "churn_probability": ("CHURNPROB", "churnrisk_churn_probability"),
    "risk": ("CHURNRISK", "churnrisk_risk"),
    "value_at_risk": ("VALUERISK", "churnrisk_value_at_risk"),
    "expected_profit": ("EXPPROFIT", "churnrisk_expected_profit"),
    "segment": ("SEGMENT", "churnrisk_segment"),
    "action": ("ACTION", "churnrisk_action"),
    "action_reason": ("ACTIONWHY", "churnrisk_action_reason"),
    "observation": ("PRODUCTWHY", "churnrisk_observation"),
    "due_product": ("DUEPRODUCT", "churnrisk_due_product"),
    **{f"next_product_{k}": (f"NEXTPROD{k}", f"churnrisk_next_product_{k}") for k in (1, 2, 3)},
}
EXPORT_FIELDS: Mapping[str, Mapping[str, str]] = {
    "mailchimp": {ours: short for ours, (short, _) in _FIELDS.items()},
    "klaviyo": {ours: long for ours, (_, long) in _FIELDS.items()},
    "hubspot": {ours: long for ours, (_, long) in _FIELDS.items()},
}
"""Tool to column of a list to the name of the tool's own field for it."""

# A byte limit of Mailchimp's text fields; reasons in words may be longer in some alphabets.
MAILCHIMP_BYTES = 255
MONEY = ("value_at_risk", "expected_profit")


@dataclass(frozen=True)
class Export:
    """A list in the columns of a tool, and whom it had to leave out.

    Parameters
    ----------
    columns : dict of str to list
        The tool's headers to values.
    without_contact : int
        Customers of the list that the contacts do not name.
    without_email : int
        Customers with a row among the contacts, and no e-mail address in it.
    shared_email : int
        Customers left out since one further up the list has the same address, which the tools would merge.
    """

    columns: dict[str, list[Any]]
    without_contact: int
    without_email: int
    shared_email: int

    @property
    def left_out(self) -> int:
        """How many customers of the list the file does not hold."""
        return self.without_contact + self.without_email + self.shared_email


def make_export(columns: Mapping[str, Sequence[Any]], known: ContactList, *, tool: str) -> Export:
    """Join a list with contacts, in the columns that a tool imports as they are.

    All three tools know a person by the e-mail address, so a customer without one cannot be on the list, and of two
    customers with one address the first remains.

    Parameters
    ----------
    columns : mapping of str to sequence
        ``customer_id`` and any other columns of a target; those without a field in the tool are left out.
    known : ContactList
        How customers are reached.
    tool : {"mailchimp", "klaviyo", "hubspot"}
        Who will read it.

    Raises
    ------
    SettingsError
        For another tool.
    OutputError
        Where nobody on the list has an e-mail address.
    """
    if tool not in TOOLS:
        raise SettingsError(f"--for {tool}: give one of {', '.join(TOOLS)}.")
    ids, contacts = list(columns["customer_id"]), known.contacts
    places, seen = [], set()
    without_contact = without_email = shared = 0
    for place, customer in enumerate(ids):
        contact = contacts.get(customer)
        if contact is None:
            without_contact += 1
        elif "@" not in contact.email:
            without_email += 1
        elif contact.email.casefold() in seen:
            shared += 1
        else:
            seen.add(contact.email.casefold())
            places.append(place)
    if ids and not places:
        raise OutputError(
            f"none of the {len(ids):,} customers on the list has an e-mail address in the contacts: "
            f"{without_contact:,} are not named there, {without_email:,} are without an address. Are the ids the same?"
        )
    chosen = [contacts[ids[place]] for place in places]
    email, first, last = CONTACT_HEADERS[tool]
    made: dict[str, list[Any]] = {
        email: [one.email for one in chosen],
        first: [one.first_name or ("" if one.last_name else one.name) for one in chosen],
        last: [one.last_name for one in chosen],
    }
    for ours, theirs in EXPORT_FIELDS[tool].items():
        if ours in columns:
            made[theirs] = [_fit(columns[ours][place], ours, tool) for place in places]
    return Export(made, without_contact, without_email, shared)


def _fit(value: Any, column: str, tool: str) -> Any:
    if column in MONEY and value is not None:
        return round(float(value), 2)
    if tool == "mailchimp" and isinstance(value, str):
        return value.encode()[:MAILCHIMP_BYTES].decode(errors="ignore")
    return value
