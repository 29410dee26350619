"""Files beside the purchases that name customers: those that opted out, and how customers are reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from churnrisk.engines import Database
from churnrisk.errors import ColumnError, SourceError
from churnrisk.orders.load import id_sql
from churnrisk.orders.read import refuse_beyond_memory
from churnrisk.orders.rows import load_rejects
from churnrisk.sources import (
    IntakeOptions,
    RawRows,
    find_chosen_in,
    match_columns,
    open_source,
    own_sql,
    plain_header,
    refuse_odd_list,
    settle_rows,
    trim_sql,
)

_NAMES = {
    "email": """email | e_mail | email_address | e_mail_address | customer_email | billing_email | contact_email |
        mail | adres email | adres e-mail | poczta | имейл | електронна поща | електронен адрес | эл. почта | почта |
        электронная почта | электронный адрес | эл. пошта | пошта | электронная пошта | E-Mail-Adresse""",
    "first_name": """first_name | firstname | given_name | forename | name_first | fname | billing_first_name | imię |
        име | собствено име | имя | імя | Vorname""",
    "last_name": """last_name | lastname | surname | family_name | name_last | lname | billing_last_name | nazwisko |
        фамилия | фамилно име | прозвішча | Nachname""",
}
CONTACT_ALIASES = {
    role: frozenset(plain_header(name) for name in " ".join(names.split()).split("|")) for role, names in _NAMES.items()
}
"""Plain headers of each field of a contact."""


@dataclass(frozen=True)
class Contact:
    """How one customer is reached; what the file does not say is empty."""

    email: str = ""
    first_name: str = ""
    last_name: str = ""


@dataclass(frozen=True)
class ContactList:
    """The customers of a file with their contact data, and the account of its rows.

    Parameters
    ----------
    source : str
        What the file is called.
    contacts : dict of str to Contact
        By customer id, byte for byte as in the purchases. Of several rows of one customer the first with an e-mail
        address counts.
    rows_in, rows_without_customer, rows_repeated, rows_unreadable : int
        All rows; those with an empty id; further rows of a customer; lines that were no row at all.
    """

    source: str
    contacts: dict[str, Contact]
    rows_in: int
    rows_without_customer: int
    rows_repeated: int
    rows_unreadable: int

    def to_dict(self) -> dict[str, Any]:
        """Return the account without any person in it."""
        return {"customers": len(self.contacts), **{k: v for k, v in vars(self).items() if k != "contacts"}}


def read_contacts(
    source: Any,
    options: IntakeOptions = IntakeOptions(),  # noqa: B008 - frozen
    *,
    needs_email: bool = True,
) -> ContactList:
    """Read the customers that a file names, with e-mail address and name; ids are read as those of purchases are.

    Parameters
    ----------
    source : str, Path or frame
        A file of any form that purchases may come in. Its form is found in it: only the mapping of the customer's
        column, the folding of case and the limits are taken from ``options``.
    options : IntakeOptions
        How the purchases are read.
    needs_email : bool
        Whether a file without a column of e-mail addresses is refused.

    Raises
    ------
    SourceError, ColumnError, LimitExceeded
        Where the file cannot be read, or its columns are not found.
    """
    as_found: dict[str, Any] = dict.fromkeys(("rejects", "encoding", "delimiter", "query", "table", "group_column"))
    own = replace(options, **as_found, is_list=True, columns={})
    with Database(threads=options.threads, memory=options.memory) as database:
        try:
            raw = settle_rows(open_source(source, database, own), database)
            return _collect(raw, database, options, needs_email=needs_email)
        except BaseException as error:
            refuse_beyond_memory(error, options)
            raise


def read_opted_out(source: Any, options: IntakeOptions = IntakeOptions()) -> ContactList:  # noqa: B008 - frozen
    """Read the customers who must not be contacted; a line that cannot be read stops it, since it may name somebody.

    Parameters
    ----------
    source : str, Path or frame
        A file with a column of customer ids; it may be without rows.
    options : IntakeOptions
        How the purchases are read.

    Raises
    ------
    SourceError
        Also where a line cannot be read, or has no id.
    """
    listed = read_contacts(source, options, needs_email=False)
    bad = listed.rows_unreadable + listed.rows_without_customer
    if bad:
        raise SourceError(
            f"{listed.source}: {bad} rows cannot be read or have no customer id, and a customer who has opted out "
            "must not be contacted by mistake. Mend them or take them out."
        )
    # a guest is known by the address in small letters, however the list writes it
    plain = {name.lower(): contact for name, contact in listed.contacts.items() if "@" in name}
    return replace(listed, contacts={**plain, **listed.contacts})


def _collect(raw: RawRows, database: Database, options: IntakeOptions, *, needs_email: bool) -> ContactList:
    unread = load_rejects(raw)
    unreadable = int(database.rows_of(f"SELECT count(*) FROM ({unread})")[0][0]) if unread else 0
    chosen = {role: header for role, header in options.columns.items() if role == "customer_id"}
    match = match_columns(
        raw.headers, find_chosen_in(raw.headers, chosen), roles=("customer_id",), needed=("customer_id",)
    )
    refuse_odd_list(raw, match)
    identity = id_sql(f"c{match.positions['customer_id']}", raw.is_escaped)
    identity = own_sql(identity, database, options)
    places = _find_fields(raw, needs_email=needs_email)
    fields = [trim_sql(f"c{places[role]}") if role in places else "NULL" for role in CONTACT_ALIASES]
    whole = ", ".join(trim_sql(f"c{place}") for place in range(len(raw.headers)))
    query = f"SELECT {identity}, coalesce({whole}, NULL) IS NULL, {', '.join(fields)} FROM {raw.sql}"
    contacts: dict[str, Contact] = {}
    rows = anonymous = repeated = 0
    for customer, is_empty, *values in database.connection.execute(query).fetchall():
        if is_empty:
            continue
        rows += 1
        if customer is None:
            anonymous += 1
            continue
        contact = Contact(*(value or "" for value in values))
        repeated += customer in contacts
        if customer not in contacts or (contact.email and not contacts[customer].email):
            contacts[customer] = contact
    return ContactList(raw.name, contacts, rows + unreadable, anonymous, repeated, unreadable)


def _find_fields(raw: RawRows, *, needs_email: bool) -> dict[str, int]:
    plain = [plain_header(header) for header in raw.headers]
    places = {}
    for role, aliases in CONTACT_ALIASES.items():
        found = [place for place, header in enumerate(plain) if header in aliases]
        if len(found) > 1 and (needs_email or role != "email"):
            names = ", ".join(raw.headers[place] for place in found)
            raise ColumnError(
                f"{raw.name}: {names} could each be the {role}; leave one of them in the file.",
                code="columns.several_fit",
            )
        if found:
            places[role] = found[0]
    if needs_email and "email" not in places:
        raise ColumnError(
            f"{raw.name}: no column of e-mail addresses; name it email. The file has {', '.join(raw.headers)}.",
            code="columns.not_found",
        )
    return places
