"""Files beside the purchases that name customers: those that opted out, and how customers are reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from churnrisk.engines import Database
from churnrisk.errors import ColumnError, SourceError
from churnrisk.messages import wording
from churnrisk.orders.consent import read_consents, show_value
from churnrisk.orders.contact_columns import CONTACT_ALIASES, find_contact_columns
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
    quote_text,
    refuse_odd_list,
    settle_rows,
    trim_sql,
)
from churnrisk.tables import Table

_ANSWERS = ("consent", "opted_out")
_TEXTS = ("email", "first_name", "last_name", "name", "phone", "language")
CONTACT_COLUMNS = ("name", "email", "phone", "language")
"""What a list says of a customer's contact, as far as the shop's file has it."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How one customer is reached; what the file does not say is empty.

    Parameters
    ----------
    email, first_name, last_name, name, phone, language : str
        As in the file; ``name`` is the whole name, put together from its parts where the file has only those.
    has_consent : bool
        Whether the customer may be contacted, as far as the file says: true where it has no column of consents.
    """

    email: str = ""
    first_name: str = ""
    last_name: str = ""
    name: str = ""
    phone: str = ""
    language: str = ""
    has_consent: bool = True

    def shown(self) -> dict[str, Any]:
        """Return :data:`CONTACT_COLUMNS`, and whether the customer may be contacted."""
        return {**{name: getattr(self, name) for name in CONTACT_COLUMNS}, "has_consent": self.has_consent}


@dataclass(frozen=True)
class ContactFile:
    """Where a shop keeps the contacts of its customers.

    Parameters
    ----------
    place : str, Path or frame
        A file, folder, or the URL of a database, as purchases may come from.
    query : str, optional
        What to read from the database.
    columns : mapping of str to str
        The header of ``customer_id``, of a field of :class:`Contact`, of ``consent`` or of ``opted_out``, where the
        file has another one than the usual.
    """

    place: Any
    query: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ContactList:
    """The customers of a file with their contact data, and the account of its rows.

    Parameters
    ----------
    source : str
        What the file is called.
    contacts : dict of str to Contact
        By customer id, byte for byte as in the purchases. Of several rows of one customer the first with an e-mail
        address counts, and each must have the consent.
    rows_in, rows_without_customer, rows_repeated, rows_unreadable : int
        All rows; those with an empty id; further rows of a customer; lines that were no row at all.
    fields : tuple of str
        Of :data:`CONTACT_COLUMNS`, those that the file has.
    says_consent : bool
        Whether it has a column of consents, or of those who have opted out.
    """

    source: str
    contacts: dict[str, Contact] = field(repr=False)
    rows_in: int
    rows_without_customer: int
    rows_repeated: int
    rows_unreadable: int
    fields: tuple[str, ...] = ()
    says_consent: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the account without any person in it."""
        return {"customers": len(self.contacts), **{k: v for k, v in vars(self).items() if k not in _NO_ACCOUNT}}

    def without_consent(self, customer_ids: Iterable[str]) -> set[str]:
        """Return those of some customers who have given no consent, or whom the file does not name.

        Nobody where the file has no column of consents: they are unknown then, and treated as given.
        """
        if not self.says_consent:
            return set()
        return {one for one in customer_ids if one not in self.contacts or not self.contacts[one].has_consent}

    def tell_consent(self, left_out: int) -> str:
        """Say how many customers were left out for want of consent, or that the file says nothing of it."""
        if not self.says_consent:
            return CONSENT_UNKNOWN.format(name=self.source)
        return WITHOUT_CONSENT.format(count=f"{left_out:,}", name=self.source)

    def add_to(self, table: Table) -> Table:
        """Return a list with the contacts as they are now, as :meth:`join` puts them."""
        return Table(self.join(table.columns))

    def join(self, columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """Return the columns of a list, with the fields of the file behind ``customer_id`` in place of those it has."""
        found = [self.contacts.get(one, _NOBODY) for one in columns["customer_id"]]
        joined = {name: [getattr(one, name) or None for one in found] for name in self.fields}
        others = {name: cells for name, cells in columns.items() if name not in CONTACT_COLUMNS}
        return {"customer_id": others.pop("customer_id"), **joined, **others}


_NOBODY = Contact()
_NO_ACCOUNT = ("contacts", "fields", "says_consent")
CONSENT_UNKNOWN = wording(
    "{name} has no column of consents, so consent is unknown and treated as given; only those who have opted out are "
    "left out. A column named consent, with yes or no, tells it."
)
WITHOUT_CONSENT = wording("Customers without consent in {name}, or not in it, who are on no list: {count}.")


def read_contacts(
    source: Any,
    options: IntakeOptions = IntakeOptions(),  # noqa: B008 - frozen
    *,
    needs_email: bool = True,
) -> ContactList:
    """Read the customers that a file names, with e-mail address and name; ids are read as those of purchases are.

    Parameters
    ----------
    source : ContactFile, or str, Path or frame
        A source of any form that purchases may come in. Its form is found in it: only the mapping of the customer's
        column, the folding of case and the limits are taken from ``options``.
    options : IntakeOptions
        How the purchases are read.
    needs_email : bool
        Whether a file without a column of e-mail addresses is refused.

    Raises
    ------
    SourceError, ColumnError, LimitExceeded
        Where the file cannot be read, its columns are not found, or a consent says neither yes nor no.
    """
    return _read(source, options, roles=tuple(CONTACT_ALIASES), needs_email=needs_email)


def _read(source: Any, options: IntakeOptions, *, roles: tuple[str, ...], needs_email: bool) -> ContactList:
    file = source if isinstance(source, ContactFile) else ContactFile(source)
    as_found: dict[str, Any] = dict.fromkeys(("rejects", "encoding", "delimiter", "table", "group_column"))
    own = replace(options, **as_found, query=file.query, is_list=True, columns={})
    chosen = {role: header for role, header in options.columns.items() if role == "customer_id"} | dict(file.columns)
    with Database(threads=options.threads, memory=options.memory) as database:
        try:
            raw = settle_rows(open_source(file.place, database, own), database)
            return _collect(raw, database, options, chosen=chosen, roles=roles, needs_email=needs_email)
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
    listed = _read(source, options, roles=(), needs_email=False)
    bad = listed.rows_unreadable + listed.rows_without_customer
    if bad:
        raise SourceError(
            f"{listed.source}: {bad} rows cannot be read or have no customer id, and a customer who has opted out "
            "must not be contacted by mistake. Mend them or take them out."
        )
    # a guest is known by the address in small letters, however the list writes it
    plain = {name.lower(): contact for name, contact in listed.contacts.items() if "@" in name}
    return replace(listed, contacts={**plain, **listed.contacts})


def _collect(
    raw: RawRows,
    database: Database,
    options: IntakeOptions,
    *,
    chosen: Mapping[str, str],
    roles: tuple[str, ...],
    needs_email: bool,
) -> ContactList:
    unread = load_rejects(raw)
    unreadable = int(database.rows_of(f"SELECT count(*) FROM ({unread})")[0][0]) if unread else 0
    own = {role: header for role, header in chosen.items() if role == "customer_id"}
    match = match_columns(raw.headers, find_chosen_in(raw.headers, own), roles=("customer_id",), needed=())
    if "customer_id" not in match.positions:
        names = ", ".join(raw.headers)
        raise ColumnError(NO_CUSTOMER.format(name=raw.name, names=names), code="columns.not_found")
    refuse_odd_list(raw, match)
    identity = own_sql(id_sql(f"c{match.positions['customer_id']}", raw.is_escaped), database, options)
    places = find_contact_columns(raw, chosen, roles=roles, needs_email=needs_email)
    consent = {role: _read_answers(raw, database, places[role], role) for role in _ANSWERS if role in places}
    fields = [trim_sql(f"c{places[role]}") if role in places else "NULL" for role in (*_TEXTS, *_ANSWERS)]
    whole = ", ".join(trim_sql(f"c{place}") for place in range(len(raw.headers)))
    query = f"SELECT {identity}, coalesce({whole}, NULL) IS NULL, {', '.join(fields)} FROM {raw.sql}"
    contacts: dict[str, Contact] = {}
    rows = anonymous = repeated = 0
    for customer, is_empty, *values in database.iterate_rows(query):
        rows += not is_empty
        if customer is None or is_empty:
            anonymous += not is_empty
            continue
        contact, before = _make_contact(values, consent), contacts.get(customer)
        repeated += before is not None
        contacts[customer] = contact if before is None else _join(before, contact)
    known = {*places, *(("name",) if {"first_name", "last_name"} & places.keys() else ())}
    fields_there = tuple(name for name in CONTACT_COLUMNS if name in known)
    return ContactList(
        raw.name, contacts, rows + unreadable, anonymous, repeated, unreadable, fields_there, bool(consent)
    )


def _make_contact(values: list[str | None], consent: Mapping[str, Mapping[str, bool]]) -> Contact:
    *texts, given, refused = (value or "" for value in values)
    email, first, last, name, phone, language = texts
    has_consent = consent.get("consent", {}).get(given, True) and not consent.get("opted_out", {}).get(refused, False)
    return Contact(email, first, last, name or " ".join(filter(None, (first, last))), phone, language, has_consent)


def _join(before: Contact, further: Contact) -> Contact:
    """Return the contact of a customer with several rows."""
    first = further if further.email and not before.email else before
    return replace(first, has_consent=before.has_consent and further.has_consent)


def _read_answers(raw: RawRows, database: Database, place: int, role: str) -> dict[str, bool]:
    """Return for each value of a column whether it is a yes.

    Raises
    ------
    ColumnError
        For a value that is neither yes nor no, with its first line.
    """
    words = [str(one or "") for (one,) in database.rows_of(f"SELECT DISTINCT {trim_sql(f'c{place}')} FROM {raw.sql}")]
    said = read_consents(words, of_refusals=role == "opted_out")
    unknown = [word for word, answer in said.items() if answer is None]
    if not unknown:
        return {word: bool(answer) for word, answer in said.items()}
    line = "line" if raw.has_lines else f"row_number() OVER () - 1 + {raw.first_line}"
    file = "file" if raw.files else "''"
    rows = f"SELECT {file} AS file, {line} AS line, {trim_sql(f'c{place}')} AS value FROM {raw.sql}"
    listed = ", ".join(map(quote_text, unknown))
    [(number, first, value)] = database.rows_of(
        f"SELECT file, line, value FROM ({rows}) WHERE value IN ({listed}) ORDER BY file, line LIMIT 1"
    )
    name = f"{raw.name} ({raw.files[int(number)]})" if raw.files else raw.name
    raise ColumnError(
        NO_CONSENT.format(name=name, line=int(first), names=raw.headers[place], other=show_value(str(value))),
        code="contacts.consent_unknown",
    )


NO_CUSTOMER = wording(
    "{name}: no column of customer ids was recognised. The file has {names}. Name the column customer_id."
)
NO_CONSENT = wording(
    "{name}, line {line}, {names}: {other} says neither yes nor no. Write yes or no (or 1 or 0) there; an empty cell "
    "is no consent. If the column is not about consent, name the right one under [contact_columns]."
)
