"""Whose an order is: ids that stand for nobody, further identifiers, and what looks like one customer under two ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from churnrisk.engines import Database, SqlEngine
from churnrisk.errors import TooManyRejects
from churnrisk.messages import wording
from churnrisk.orders.rows import RowCounts, RowTable
from churnrisk.orders.words import is_guest_word, spell_guests
from churnrisk.sources import ColumnMatch, IntakeOptions, pseudonym_sql

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
    counted = f"SELECT customer_id, count(*) AS n FROM {table.name} GROUP BY customer_id"
    placed = f"SELECT customer_id, n, row_number() OVER (ORDER BY n DESC, customer_id) AS place FROM ({counted})"
    query = f"""SELECT customer_id, n FROM ({placed}) WHERE customer_id IS NOT NULL
        AND (place <= {_MOST} OR lower(customer_id) IN ({forms}, '1', '2') OR {spelt} IN ({forms}))
        ORDER BY n DESC, customer_id"""
    found = {str(customer): int(count) for customer, count in engine.rows_of(query)}
    guests = {one: count for one, count in found.items() if is_guest_word(one)}
    has_other = not {"email_text", "phone_text"}.isdisjoint(table.further)
    largest = max((count for one, count in found.items() if one not in guests), default=0)
    for number in _NUMBERS:
        if number in guests and not has_other and {"1", "2"} <= found.keys() and guests[number] <= largest:
            del guests[number]
    return Guests(guests)


def customer_sql(engine: SqlEngine, table: RowTable, guests: Guests, options: IntakeOptions) -> str:
    """Give SQL for the customer of a row: its id, else its e-mail, else its telephone, each unless it is nobody's."""
    own = "customer_id"
    if guests.rows:
        own = f"CASE WHEN customer_id NOT IN ({_list(engine, list(guests.rows))}) THEN customer_id END"
    found = [own]
    if "email_text" in table.further:
        found.append("CASE WHEN email_text LIKE '%_@_%' THEN lower(email_text) END")
    if "phone_text" in table.further:
        digits = _replace(engine, "phone_text", "[^0-9+]", "")
        found.append(f"CASE WHEN length({digits}) >= 6 THEN {digits} END")
    customer = f"coalesce({', '.join(found)})" if len(found) > 1 else own
    return pseudonym_sql(customer, engine, options.pseudonym_key) if isinstance(engine, Database) else customer


def _replace(engine: SqlEngine, text: str, pattern: str, by: str) -> str:
    every = ", 'g'" if isinstance(engine, Database) else ""
    return f"regexp_replace({text}, '{pattern}', '{by}'{every})"


def _list(engine: SqlEngine, words: Sequence[str]) -> str:
    return ", ".join(engine.quote_text(word) for word in words)


GUESTS = wording("Ids that stand for no customer, such as guests: {names} (rows); they are told apart by {other}.")
NOBODY = wording(
    "Ids that stand for no customer, such as guests: {names} (rows); these rows have no other identifier, and were set "
    "aside."
)
TAKEN = wording("{number} rows without an id of their own count for {customers} customers by {other}.")
MANGLED = wording(
    "Some customer ids were shortened by a spreadsheet, such as {names}: different customers may have become one. "
    "Export the file again with the id as text."
)
FOLDED = wording(
    "{number} customer ids differ from others by upper and lower case only and count as customers of their own; "
    "--fold-case merges them."
)
LARGEST = wording(
    "{share} of all orders are of one customer id, {name}: it may stand for many, such as guests. To take its rows "
    "out, leave it empty in the file."
)
ONCE = wording(
    "Every customer id has one order only ({number} ids in {names}): they may be made anew for each order. If another "
    "column names the customer, choose it: --column customer_id=NAME."
)
LARGEST_SHARE, LEAST_ORDERS = 0.2, 5


def say_guests(table: RowTable, guests: Guests, match: ColumnMatch) -> list[str]:
    """Say which ids stand for nobody, and by what else their rows were told apart."""
    others = [role for role in ("email", "phone") if f"{role}_text" in table.further]
    said = []
    if guests.rows:
        shown = ", ".join(f"{name} {count}" for name, count in list(guests.rows.items())[:5])
        named = ", ".join(repr(match.names[role]) for role in others)
        header = f"{match.names['customer_id']!r}: {shown}"
        said.append(GUESTS.format(names=header, other=named) if others else NOBODY.format(names=header))
    return said


def say_ids(engine: SqlEngine, orders: str, customers: int) -> list[str]:
    """Say which ids look mangled by a spreadsheet, differ by case only, or are not those of persons."""
    is_mangled = engine.matches_sql("id", r"^\d([.,]\d+)?[eE]\+\d+$")
    counted = f"SELECT customer_id AS id, count(*) AS n FROM {orders} GROUP BY customer_id"
    ids = engine.create_table("customer_ids", counted)
    [(folded, all_orders, most)] = engine.rows_of(
        f"SELECT count(DISTINCT {engine.hash_sql('lower(id)')}), sum(n), max(n) FROM {ids}"
    )
    mangled = engine.rows_of(f"SELECT id FROM {ids} WHERE {is_mangled} ORDER BY id LIMIT 5")
    said = []
    if mangled:
        said.append(MANGLED.format(names=", ".join(str(row[0]) for row in mangled)))
    if customers > int(folded):
        said.append(FOLDED.format(number=customers - int(folded)))
    if customers >= LEAST_ORDERS and int(most) > LARGEST_SHARE * int(all_orders) and int(most) >= LEAST_ORDERS:
        [(name,)] = engine.rows_of(f"SELECT id FROM {ids} WHERE n = {int(most)} ORDER BY id LIMIT 1")
        said.append(LARGEST.format(share=f"{int(most) / int(all_orders):.0%}", name=repr(str(name))))
    engine.drop_table(ids)
    return said


def enforce_customers(
    counts: RowCounts,
    guests: Guests,
    match: ColumnMatch,
    options: IntakeOptions,
    *,
    name: str,
) -> None:
    """Stop where more rows than the limit allows name no customer.

    Raises
    ------
    TooManyRejects
        With the column that has an identifier for most of them, if one has.
    """
    missing, rows = counts.without_customer, counts.rows - counts.no_sale
    if missing <= options.no_customer_limit * rows:
        return
    nobody = f" Ids that stand for nobody: {', '.join(map(repr, list(guests.rows)[:5]))}." if guests.rows else ""
    raise TooManyRejects(
        f"{name}: {missing} of {rows} rows name no customer in {match.names['customer_id']!r} "
        f"({missing / rows:.1%}), more than the limit of {options.no_customer_limit:.0%}.{nobody} Name a "
        "column that tells customers apart with --column customer_id=NAME, or raise --no-customer-limit."
    )
