"""Match the headers of a user's file to the roles that we know."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from churnrisk.errors import ColumnError
from churnrisk.messages import wording
from churnrisk.schema import OPTIONAL_ROLES
from churnrisk.sources.aliases import ALIASES, CUSTOMER_TOTALS, SUMMARY_ALIASES
from churnrisk.sources.headers import bare_header, plain_header, read_headers
from churnrisk.sources.missing import Row, list_headers, say_missing
from churnrisk.sources.systems import SYSTEMS, System

NEEDED = ("customer_id", "ordered_at")
_STRONG = 2  # so many lists of a role's names are sure; a name with a unit behind it comes before those that follow


@dataclass(frozen=True)
class ColumnMatch:
    """Which column, by position, stands for which role; the rest is ignored.

    Where ``is_blank_zero``, a row without an amount is a further line of its order. ``currency`` is the code of the
    currency that the header of the amounts names, ``system`` the shop system whose export this is.
    """

    headers: tuple[str, ...]
    positions: Mapping[str, int]
    notices: tuple[str, ...] = ()
    is_blank_zero: bool = False
    currency: str = ""
    system: str = ""

    @property
    def names(self) -> dict[str, str]:
        """Return the user's header of each role."""
        return {role: self.headers[position] for role, position in self.positions.items()}

    @property
    def money(self) -> str:
        """Return the role that amounts come from: ``amount``, ``unit_price`` (times the quantity), or none."""
        if "amount" in self.positions:
            return "amount"
        return "unit_price" if {"unit_price", "quantity"} <= set(self.positions) else ""

    @property
    def ignored(self) -> tuple[str, ...]:
        """Return the headers that stand for no role."""
        used = set(self.positions.values())
        return tuple(header for position, header in enumerate(self.headers) if position not in used)

    @property
    def converted(self) -> str:
        """Return the options by which a payment export's amounts in one currency are read; empty where it has none."""
        plain = {plain_header(header): header for header in self.ignored}
        pairs = (("amount", "convertedamount"), ("currency", "convertedcurrency"))
        found = [say_option(role, plain[name]) for role, name in pairs if name in plain]
        return " ".join(found) if "convertedamount" in plain else ""


_PLAIN_ALIASES = {
    role: [frozenset(plain_header(name) for name in tier) for tier in tiers]
    for role, tiers in (SUMMARY_ALIASES | ALIASES).items()
}
_PLAIN_NAMES = [frozenset().union(*tiers) for role, tiers in _PLAIN_ALIASES.items() if role not in OPTIONAL_ROLES]
_ALL_NAMES = frozenset().union(*(tier for tiers in _PLAIN_ALIASES.values() for tier in tiers))
_TOTALS = frozenset(plain_header(name) for name in CUSTOMER_TOTALS)
_ADDRESS = frozenset(
    ("city", "country", "zip", "zipcode", "postcode", "postalcode", "street", "address", "cidade", "ciudad")
)
PURCHASE_ROLES, SUMMARY_FILE_ROLES = tuple(ALIASES), tuple(SUMMARY_ALIASES)


def say_option(role: str, header: str) -> str:
    """Write the option that names a column, as a shell takes it."""
    return f"--column {shlex.quote(f'{role}={header}')}"


def match_columns(
    headers: Sequence[str],
    chosen: Mapping[str, str],
    *,
    roles: Sequence[str] = PURCHASE_ROLES,
    needed: Sequence[str] = NEEDED,
    names_products: bool = True,
    sample: Callable[[], Sequence[Row]] | None = None,
) -> ColumnMatch:
    """Find the column of each role, by the user's choice first and then by its header.

    Parameters
    ----------
    headers : sequence of str
        Of the file.
    chosen : mapping of str to str
        The user's header for a role; an empty one where no column has a role that no log needs.
    roles, needed : sequence of str
        What is looked for, and what must be there.
    names_products : bool
        Whether the descriptions of products are looked for.
    sample : callable, optional
        Gives some rows, by which a refusal says more.

    Raises
    ------
    ColumnError
        Where a chosen column is not there, a needed one is missing, or two could be meant.
    """
    check_roles(chosen)
    roles = [role for role in roles if names_products or role != "description"]
    off, positions = _take_chosen(headers, chosen, roles)
    plain, repaired = read_headers(headers, _ALL_NAMES)
    names = [
        (name, *bare_header(name if header in repaired else header))
        for name, header in zip(plain, headers, strict=True)
    ]
    system = next((one for one in SYSTEMS if _is_export(plain, one)), None) if "ordered_at" in roles else None
    notices = [_REPAIRED.format(names=", ".join(repaired))] if repaired else []
    notices += _take_system(plain, system, positions, off) if system else []
    for role in roles:
        if role == "discount" and "amount" in positions:
            positions.pop(role, None)  # an amount is taken as it is
        elif role not in positions and role not in off and not (system and system.columns.get(role) == ""):
            notices += _take(headers, names, role, positions)
    missing = [role for role in needed if role not in positions]
    if missing:
        raise ColumnError(say_missing(headers, missing, _find_near(headers, missing, positions), sample))
    money = [positions[role] for role in ("amount", "unit_price") if role in positions]
    notices += _settle_price(headers, names, positions, is_chosen="amount" in chosen)
    ordered = {role: positions[role] for role in roles if role in positions}
    # Shopify names the total of an order in its first line only
    return ColumnMatch(
        tuple(headers),
        ordered,
        tuple(notices),
        is_blank_zero=system is not None and system.name == "Shopify" and "amount" not in chosen,
        currency=names[money[0]][2] if money else "",
        system=system.name if system else "",
    )


_REPAIRED = wording("In these headers letters of another alphabet were read as those that they look like: {names}.")
_EXPORT = wording("The columns are those of an export of {name}.")
_NO_STATUS = wording(
    "An export of {name} has the status of an order in {names}, which is missing here: cancelled orders count as sales."
)
_TWO = wording("{names} could each be the {other}, and none of them was used. To choose one: {name}.")


def _is_export(plain: Sequence[str], system: System) -> bool:
    return all(plain_header(header) in plain for header in system.signature)


def _take_system(plain: Sequence[str], system: System, positions: dict[str, int], off: set[str]) -> list[str]:
    """Add the columns of a system to those that are taken; give what is to be said."""
    for role, names in system.columns.items():
        found = [plain.index(name) for name in map(plain_header, names.split("|")) if name and name in plain]
        is_taken = (
            role in positions
            or role in off
            or (role in OPTIONAL_ROLES and bool(found[:1]) and found[0] in positions.values())
        )
        if found and not is_taken:
            positions[role] = found[0]
    said = [_EXPORT.format(name=system.name)]
    status = system.columns.get("order_status", "")
    if status and "order_status" not in positions:
        said.append(_NO_STATUS.format(name=system.name, names=status.split("|")[0]))
    return said


Names = Sequence[tuple[str, str, str]]
"""Of each column its plain name, its name without what stands behind it, and the currency that it names."""


def _take(headers: Sequence[str], names: Names, role: str, positions: dict[str, int]) -> list[str]:
    """Take the column of a role, if there is one; give what is to be said."""
    candidates = [c for c in _find_by_alias(names, role) if c not in positions.values()]
    if len(candidates) == 1:
        positions[role] = candidates[0]
    if len(candidates) < 2:
        return []
    if role not in OPTIONAL_ROLES:
        raise ColumnError(_say_ambiguous(headers, role, candidates))
    listed = ", ".join(headers[place] for place in candidates)
    return [_TWO.format(names=listed, other=role, name=say_option(role, headers[candidates[0]]))]


def _find_by_alias(names: Names, role: str) -> list[int]:
    """Return the columns whose header names the role, from the surest list of names that has any."""
    tiers = _PLAIN_ALIASES[role]
    plain = {name for name, _, _ in names}
    if role == "order_status" and plain & _ADDRESS:
        tiers = tiers[:-1]  # a state beside a city is no state of an order
    sure = frozenset().union(*tiers[:_STRONG])
    steps = [*((tier, 0) for tier in tiers[:_STRONG]), (sure, 1)]
    steps += [(tier, part) for tier in tiers[_STRONG:] for part in (0, 1)]
    if role == "amount" and not plain.isdisjoint(frozenset().union(*_PLAIN_ALIASES["order_count"])):
        steps = [(tier - _TOTALS, part) for tier, part in steps]
    for tier, part in steps:
        found = [place for place, name in enumerate(names) if name[part] in tier]
        if found:
            return found
    return []


_PRICES = _PLAIN_ALIASES["amount"][2] - {plain_header(name) for name in ("gross_sales", "subtotal", "price_total")}


def _settle_price(headers: Sequence[str], names: Names, positions: dict[str, int], *, is_chosen: bool) -> list[str]:
    """Tell the amount of a row from the price of a piece; beside a quantity, ``price`` could be either."""
    if "amount" in positions:
        amount = headers[positions["amount"]]
        if not is_chosen and "quantity" in positions and not _PRICES.isdisjoint(names[positions["amount"]][:2]):
            raise ColumnError(
                f"{amount} could be the amount of a row or the price of one piece, since there is a quantity, "
                f"{headers[positions['quantity']]}. Say {say_option('amount', amount)}, or "
                f"{say_option('unit_price', amount)} to have it multiplied by the quantity."
            )
        positions.pop("unit_price", None)
        return []
    if "unit_price" not in positions:
        return []
    price = headers[positions["unit_price"]]
    if "quantity" not in positions:
        del positions["unit_price"]
        return [wording("{name} is the price of one piece, and without a quantity it was not used.").format(name=price)]
    product = wording("The amount of a row is {name} times {names}.")
    return [product.format(name=price, names=headers[positions["quantity"]])]


def find_chosen_in(headers: Sequence[str], chosen: Mapping[str, str], *, keep: Sequence[str] = ()) -> dict[str, str]:
    """Leave out choices of columns that are not there, which belong to another kind of file; not those in ``keep``."""
    plain = {plain_header(header) for header in headers}
    return {
        role: header for role, header in chosen.items() if role in keep or not header or plain_header(header) in plain
    }


def count_matches(headers: Sequence[str]) -> int:
    """Count the roles that some header stands for; it tells a header from other lines."""
    plain = set(read_headers(headers, _ALL_NAMES)[0])
    plain |= {bare_header(header)[0] for header in headers if len(header) < 60}
    return sum(not plain.isdisjoint(names) for names in _PLAIN_NAMES)


def check_roles(chosen: Mapping[str, str]) -> None:
    """Refuse a column mapping for a role that does not exist."""
    for role, header in chosen.items():
        if role not in _PLAIN_ALIASES:
            known = ", ".join(_PLAIN_ALIASES)
            raise ColumnError(f"{say_option(role, header)}: there is no role {role!r}; the roles are {known}.")


def _take_chosen(
    headers: Sequence[str], chosen: Mapping[str, str], roles: Sequence[str]
) -> tuple[set[str], dict[str, int]]:
    """Return the roles that no column is to have, and the columns that were chosen."""
    off = {role for role, header in chosen.items() if role in OPTIONAL_ROLES and not header}
    found = {role: header for role, header in chosen.items() if role in roles and role not in off}
    return off, {role: _find_chosen(headers, role, header) for role, header in found.items()}


def _find_chosen(headers: Sequence[str], role: str, header: str) -> int:
    exact = [i for i, h in enumerate(headers) if h == header]
    found = exact or [i for i, h in enumerate(headers) if plain_header(h) == plain_header(header)]
    if len(found) == 1:
        return found[0]
    option = say_option(role, header)
    if found:
        raise ColumnError(f"{option}: {len(found)} columns have this name; rename one of them.")
    near = difflib.get_close_matches(header, headers, n=3, cutoff=0.4)
    hint = f" Nearest: {', '.join(map(repr, near))}." if near else ""
    raise ColumnError(f"{option}: no such column. The file has {list_headers(headers)}.{hint}")


def _say_ambiguous(headers: Sequence[str], role: str, candidates: Sequence[int]) -> str:
    names = " and ".join(repr(headers[i]) for i in candidates)
    options = " or ".join(say_option(role, headers[i]) for i in candidates)
    return f"two columns could be the {role}: {names}. Choose one: {options}. The file has {list_headers(headers)}."


def _find_near(headers: Sequence[str], missing: Sequence[str], positions: Mapping[str, int]) -> dict[str, list[str]]:
    """The headers that are nearest in spelling to the names of each missing role, of those that are not taken."""
    free = [header for place, header in enumerate(headers) if place not in positions.values()]
    near = {}
    for role in missing:
        names = [name for tier in _PLAIN_ALIASES[role] for name in tier]
        scored = ((difflib.get_close_matches(plain_header(h), names, n=1, cutoff=0.6), h) for h in free)
        near[role] = [header for close, header in scored if close][:3]
    return near
