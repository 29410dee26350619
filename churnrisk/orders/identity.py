"""Whose an order is: ids that stand for nobody, and what tells them apart instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from churnrisk.engines import Database, SqlEngine
from churnrisk.errors import TooManyRejects
from churnrisk.messages import wording
from churnrisk.orders.ids import find_identifier
from churnrisk.orders.issues import NO_CUSTOMER
from churnrisk.orders.missing import MISSING_WORDS
from churnrisk.orders.rows import RowCounts, RowTable
from churnrisk.orders.words import is_guest_word, is_missing_word, spell_guests
from churnrisk.sources import ColumnMatch, IntakeOptions, fold_sql, pseudonym_sql, say_option

_NUMBERS = ("0", "-1")
_MOST = 50


@dataclass(frozen=True)
class Guests:
    """Ids of a column of customers that stand for nobody in particular.

    Parameters
    ----------
    rows : dict of str to int
        How many rows each of them has.
    """

    rows: dict[str, int]


def find_guests(engine: SqlEngine, table: RowTable) -> Guests:
    """Find the ids that stand for nobody: words for guests, and 0 or -1 unless they are customers like the others.

    Zero is a customer where ids count from it (1 and 2 are there), nobody has fewer rows, and no other identifier says
    more.
    """
    forms = ", ".join(engine.quote_text(one) for one in spell_guests())
    spelt = f"lower({_replace(engine, 'customer_id', '[ _-]+', ' ')})"
    known = f"SELECT customer_id, n FROM {table.customers} WHERE customer_id IS NOT NULL"
    most = engine.rows_of(f"{known} ORDER BY n DESC, customer_id LIMIT {_MOST}")
    parts = " + ".join(f"instr(customer_id, '{sign}')" for sign in " _-")  # few ids have any, and patterns are slow
    further = f"{known} AND {parts} > 0 AND {spelt} IN ({forms})"  # apart, so that no other id is spelt so
    if len(most) == _MOST:  # else they are all
        most += engine.rows_of(f"{known} AND lower(customer_id) IN ({forms}, '1', '2') UNION {further}")
    counts = {str(customer): int(count) for customer, count in most}
    found = dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
    guests = {one: count for one, count in found.items() if is_guest_word(one) and not _is_name(one)}
    has_other = not {"email_text", "phone_text"}.isdisjoint(table.further)
    largest = max((count for one, count in found.items() if one not in guests), default=0)
    for number in _NUMBERS:
        if number in guests and not has_other and {"1", "2"} <= found.keys() and guests[number] <= largest:
            del guests[number]
    return Guests(guests)


def _is_name(word: str) -> bool:
    """Tell a name of people from a word for nothing: Nan and Nat from nan and NaT."""
    return is_missing_word(word) and word.istitle() and word not in MISSING_WORDS


@dataclass(frozen=True)
class Whose:
    """SQL for whose a row is.

    Parameters
    ----------
    guest : str
        The id that stands for nobody, where a row has one.
    by : str
        The role by which a row without an id of its own is somebody's: ``email``, ``phone``.
    customer : str
        Its own id, else its e-mail address, else its telephone number.
    """

    guest: str
    by: str
    customer: str


def whose_sql(engine: SqlEngine, table: RowTable, guests: Guests, options: IntakeOptions) -> Whose:
    """Return SQL for the customer of a row: its id, else its e-mail, else its telephone, each unless it is nobody's."""
    own, guest = "customer_id", "CAST(NULL AS STRING)"
    if guests.rows:
        listed = list_sql(engine, list(guests.rows))
        own = f"CASE WHEN customer_id NOT IN ({listed}) THEN customer_id END"
        guest = f"CASE WHEN customer_id IN ({listed}) THEN customer_id END"
    further: list[tuple[str, str, str]] = []
    if "email_text" in table.further:
        further.append(("email", HAS_ADDRESS, "lower(email_text)"))
    if "phone_text" in table.further:
        digits = _replace(engine, "phone_text", "[^0-9+]", "")
        further.append(("phone", f"length({digits}) >= 6", digits))
    if not further:
        return Whose(guest, "CAST(NULL AS STRING)", _own_sql(engine, own, options))
    cases = " ".join(f"WHEN {condition} THEN '{role}'" for role, condition, _ in further)
    others = " ".join(f"WHEN {condition} THEN {_fold(engine, value, options)}" for _, condition, value in further)
    customer = f"coalesce({own}, CASE {others} END)"
    return Whose(guest, f"CASE WHEN {own} IS NULL THEN CASE {cases} END END", _own_sql(engine, customer, options))


HAS_ADDRESS = "email_text LIKE '%_@_%'"


def _own_sql(engine: SqlEngine, customer: str, options: IntakeOptions) -> str:
    return pseudonym_sql(customer, engine, options.pseudonym_key) if isinstance(engine, Database) else customer


def _fold(engine: SqlEngine, value: str, options: IntakeOptions) -> str:
    return fold_sql(value, engine, options) if isinstance(engine, Database) else value


def _replace(engine: SqlEngine, text: str, pattern: str, by: str) -> str:
    every = ", 'g'" if isinstance(engine, Database) else ""
    return f"regexp_replace({text}, '{pattern}', '{by}'{every})"


def list_sql(engine: SqlEngine, words: Sequence[str]) -> str:
    """Return SQL for texts between the brackets of IN."""
    return ", ".join(engine.quote_text(word) for word in words)


GUESTS = wording("Ids that stand for no customer, such as guests: {names} (rows).")
NOBODY = wording(
    "Ids that stand for no customer, such as guests: {names} (rows); these rows have no other identifier, and were set "
    "aside."
)
TAKEN = wording("{number} rows without an id of their own count for {customers} customers by {other}.")


@dataclass(frozen=True)
class GuestCounts:
    """What became of the rows without an id of their own.

    Parameters
    ----------
    rows, customers : int
        Rows that another identifier tells apart, and how many customers these are.
    by : tuple of str
        The roles of these identifiers.
    set_aside : dict of str to int
        Rows without any, by the word that stands in place of an id.
    """

    rows: int = 0
    customers: int = 0
    by: tuple[str, ...] = ()
    set_aside: Mapping[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return them for the account; empty where every row has an id of its own, or none at all."""
        if not self.rows and not self.set_aside:
            return {}
        return {
            "rows": self.rows,
            "customers": self.customers,
            "by": ", ".join(self.by),
            "set_aside": dict(self.set_aside),
        }


def count_guests(engine: SqlEngine, judged: str) -> GuestCounts:
    """Count them in rows that know their ``guest``, their ``taken_by`` and their customer."""
    where = f"(guest IS NOT NULL OR taken_by IS NOT NULL) AND issue IN (0, {NO_CUSTOMER})"
    query = f"SELECT guest, taken_by, count(*) AS n FROM {judged} WHERE {where} GROUP BY 1, 2 ORDER BY n DESC, 1, 2"
    found = [(guest, by, int(count)) for guest, by, count in engine.rows_of(query)]
    by = tuple(sorted({str(role) for _, role, _ in found if role is not None}))
    if not by:
        return GuestCounts(set_aside={str(guest): count for guest, _, count in found})
    distinct = f"SELECT DISTINCT customer_id FROM {judged} WHERE taken_by IS NOT NULL AND issue = 0"
    [(customers,)] = engine.rows_of(f"SELECT count(*) FROM ({distinct})")
    return GuestCounts(
        sum(count for _, role, count in found if role is not None),
        int(customers),
        by,
        {str(guest): count for guest, role, count in found if role is None},
    )


def say_guests(guests: Guests, counts: GuestCounts, match: ColumnMatch) -> list[str]:
    """Say which ids stand for nobody, and by what else their rows were told apart."""
    said = []
    if guests.rows:
        shown = ", ".join(f"{name!r} {count}" for name, count in list(guests.rows.items())[:5])
        sentence = GUESTS if counts.rows else NOBODY
        said.append(sentence.format(names=f"{match.names['customer_id']!r}: {shown}"))
    if counts.rows:
        named = ", ".join(repr(match.names[role]) for role in counts.by)
        said.append(TAKEN.format(number=counts.rows, customers=counts.customers, other=named))
    return said


def enforce_customers(
    engine: SqlEngine,
    counts: RowCounts,
    guests: Guests,
    match: ColumnMatch,
    options: IntakeOptions,
    *,
    name: str,
    source: str,
) -> None:
    """Stop where more rows than the limit allows name no customer.

    Parameters
    ----------
    engine, counts, guests, match, options
        What is known of the rows.
    name : str
        What the source is called.
    source : str
        The rows as they came, with the columns ``c0``, ``c1``, ...

    Raises
    ------
    TooManyRejects
        With the column that has an identifier for most of them, if one has.
    """
    missing, rows = counts.without_customer, counts.rows - counts.no_sale
    if missing <= options.no_customer_limit * rows:
        return
    nobody = f" Ids that stand for nobody: {', '.join(map(repr, list(guests.rows)[:5]))}." if guests.rows else ""
    own = engine.trim_sql(f"CAST(c{match.positions['customer_id']} AS STRING)")
    where = f"{own} IS NULL" + (f" OR {own} IN ({list_sql(engine, list(guests.rows))})" if guests.rows else "")
    other = find_identifier(engine, source, match, where=where)
    how = "Name a column that tells customers apart with --column customer_id=NAME"
    if other is not None:
        option = say_option("customer_id", other.header)
        how = f"{other.header!r} has an identifier for {other.share:.0%} of them: {option}"
    raise TooManyRejects(
        f"{name}: {missing} of {rows} rows name no customer in {match.names['customer_id']!r} "
        f"({missing / rows:.1%}), more than the limit of {options.no_customer_limit:.0%}.{nobody} {how}, or raise "
        "--no-customer-limit.",
        code="rows.too_many_without_customer",
    )
