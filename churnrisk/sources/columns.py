"""Match the headers of a user's file to the roles that we know."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from churnrisk.errors import ColumnError
from churnrisk.messages import wording
from churnrisk.sources.aliases import ALIASES, LABELS, PERSONAL, PROFILES, SUMMARY_ALIASES

NEEDED = ("customer_id", "ordered_at")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


@dataclass(frozen=True)
class ColumnMatch:
    """Which column, by position, stands for which role; the rest is ignored.

    Where ``is_blank_zero``, a row without an amount is a further line of its order.
    """

    headers: tuple[str, ...]
    positions: Mapping[str, int]
    notices: tuple[str, ...] = ()
    is_blank_zero: bool = False
    currency: str = ""
    system: str = ""

    @property
    def names(self) -> dict[str, str]:
        """Give the user's header of each role."""
        return {role: self.headers[position] for role, position in self.positions.items()}

    @property
    def money(self) -> str:
        """Give the role that amounts come from: ``amount``, ``unit_price`` (times the quantity), or none."""
        if "amount" in self.positions:
            return "amount"
        return "unit_price" if {"unit_price", "quantity"} <= set(self.positions) else ""

    @property
    def ignored(self) -> tuple[str, ...]:
        """Give the headers that stand for no role."""
        used = set(self.positions.values())
        return tuple(header for position, header in enumerate(self.headers) if position not in used)


def plain_header(header: str) -> str:
    """Reduce a header to lower-case letters and digits without accents, so that spellings of one name agree."""
    decomposed = unicodedata.normalize("NFKD", header.replace("ł", "l").replace("Ł", "l").replace("ß", "ss"))
    kept = (c for c in decomposed.casefold() if c.isalnum() and not unicodedata.combining(c))
    return "".join(kept)


_PLAIN_ALIASES = {
    role: [frozenset(plain_header(name) for name in tier) for tier in tiers]
    for role, tiers in (SUMMARY_ALIASES | ALIASES).items()
}
_PLAIN_NAMES = [frozenset().union(*tiers) for tiers in _PLAIN_ALIASES.values()]
PURCHASE_ROLES, SUMMARY_FILE_ROLES = tuple(ALIASES), tuple(SUMMARY_ALIASES)


def match_columns(
    headers: Sequence[str],
    chosen: Mapping[str, str],
    *,
    roles: Sequence[str] = PURCHASE_ROLES,
    needed: Sequence[str] = NEEDED,
) -> ColumnMatch:
    """Find the column of each role, by the user's choice first and then by its header.

    Raises
    ------
    ColumnError
        Where a chosen column is not there, a needed one is missing, or two could be meant.
    """
    check_roles(chosen)
    positions = {role: _find_chosen(headers, role, header) for role, header in chosen.items() if role in roles}
    system, profile = _find_profile(headers) if roles == PURCHASE_ROLES else ("", {})
    positions = profile | positions
    notices = [wording("The columns are those of an export of {name}.").format(name=system)] if system else []
    for role in roles:
        if role not in positions:
            candidates = [c for c in _find_by_alias(headers, role) if c not in positions.values()]
            if len(candidates) > 1:
                raise ColumnError(_say_ambiguous(headers, role, candidates))
            if candidates:
                positions[role] = candidates[0]
    missing = [role for role in needed if role not in positions]
    if missing:
        raise ColumnError(say_missing(headers, missing))
    notices += _settle_price(headers, positions, is_chosen="amount" in chosen)
    ordered = {role: positions[role] for role in roles if role in positions}
    # Shopify names the total of an order in its first line only
    return ColumnMatch(
        tuple(headers), ordered, tuple(notices), is_blank_zero=system == "Shopify" and "amount" not in chosen
    )


_PRICES = frozenset(("price", "cena", "цена", "цана", "preis"))


def _settle_price(headers: Sequence[str], positions: dict[str, int], *, is_chosen: bool) -> list[str]:
    """Tell the amount of a row from the price of a piece; beside a quantity, ``price`` could be either."""
    if "amount" in positions:
        amount = headers[positions["amount"]]
        if not is_chosen and "quantity" in positions and plain_header(amount) in _PRICES:
            raise ColumnError(
                f"{amount} could be the amount of a row or the price of one piece, since there is a quantity, "
                f"{headers[positions['quantity']]}. Say --column amount={amount}, or --column unit_price={amount} to "
                "have it multiplied by the quantity."
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


def _find_profile(headers: Sequence[str]) -> tuple[str, dict[str, int]]:
    """Give the shop system whose export this is, and its columns."""
    plain = [plain_header(header) for header in headers]
    for name, signature, columns in PROFILES:
        if all(plain_header(header) in plain for header in signature):
            found = {
                role: next((plain.index(p) for p in map(plain_header, names.split("|")) if p in plain), -1)
                for role, names in columns.items()
            }
            return name, {role: position for role, position in found.items() if position >= 0}
    return "", {}


def find_chosen_in(headers: Sequence[str], chosen: Mapping[str, str], *, keep: Sequence[str] = ()) -> dict[str, str]:
    """Leave out choices of columns that are not there, which belong to another kind of file; not those in ``keep``."""
    plain = {plain_header(header) for header in headers}
    return {role: header for role, header in chosen.items() if role in keep or plain_header(header) in plain}


def count_matches(headers: Sequence[str]) -> int:
    """Count the roles that some header stands for; it tells a header from other lines."""
    plain = {plain_header(header) for header in headers}
    return sum(not plain.isdisjoint(names) for names in _PLAIN_NAMES)


def check_roles(chosen: Mapping[str, str]) -> None:
    """Refuse a column mapping for a role that does not exist."""
    for role, header in chosen.items():
        if role not in _PLAIN_ALIASES:
            known = ", ".join(_PLAIN_ALIASES)
            raise ColumnError(f"--column {role}={header}: there is no role {role!r}; the roles are {known}.")


def _find_chosen(headers: Sequence[str], role: str, header: str) -> int:
    exact = [i for i, h in enumerate(headers) if h == header]
    found = exact or [i for i, h in enumerate(headers) if plain_header(h) == plain_header(header)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ColumnError(f"--column {role}={header}: {len(found)} columns have this name; rename one of them.")
    near = difflib.get_close_matches(header, headers, n=3, cutoff=0.4)
    hint = f" Nearest: {', '.join(map(repr, near))}." if near else ""
    raise ColumnError(f"--column {role}={header}: no such column. The file has {_list(headers)}.{hint}")


def _find_by_alias(headers: Sequence[str], role: str) -> list[int]:
    """Give the columns whose header names the role, from the surest list of names that has any."""
    plain = [plain_header(header) for header in headers]
    for tier in _PLAIN_ALIASES[role]:
        found = [i for i, header in enumerate(plain) if header in tier]
        if found:
            return found
    return []


def _say_ambiguous(headers: Sequence[str], role: str, candidates: Sequence[int]) -> str:
    names = " and ".join(repr(headers[i]) for i in candidates)
    return (
        f"two columns could be the {role}: {names}. Choose one with --column {role}={headers[candidates[0]]}. "
        f"The file has {_list(headers)}."
    )


def say_missing(headers: Sequence[str], missing: Sequence[str]) -> str:
    """Say which needed columns are missing, what is there, and how to name them."""
    if any(_CONTROL.search(header) for header in headers):
        return (
            "this is no text, nor another form that can be read: its first line holds control characters. Give "
            "delimited text, JSON lines, Parquet, xlsx or SQLite, whole and as the program that made it wrote it."
        )
    near = {role: _nearest(headers, role) for role in missing}
    hints = " ".join(f"Nearest to {role}: {', '.join(map(repr, names))}." for role, names in near.items() if names)
    options = " ".join(f"--column {role}=NAME" for role in missing)
    return (
        f"no column for {' and '.join(missing)} was recognised. The file has {_list(headers)}. "
        + (hints + " " if hints else "")
        + f"Name it with {options}."
    )


def _nearest(headers: Sequence[str], role: str) -> list[str]:
    names = [name for tier in _PLAIN_ALIASES[role] for name in tier]
    scored = ((difflib.get_close_matches(plain_header(h), names, n=1, cutoff=0.6), h) for h in headers)
    return [header for close, header in scored if close][:3]


def _list(headers: Sequence[str]) -> str:
    shown = ", ".join(header[:60] for header in headers[:30])
    more = f" and {len(headers) - 30} more" if len(headers) > 30 else ""
    return f"the columns {shown}{more}"


def name_ignored(match: ColumnMatch) -> list[str]:
    """Say which ignored columns look like labels of churn or like personal data."""
    notices = []
    labels = wording("These columns look like labels and are not used: {names}.")
    personal = wording("These columns hold personal data and are not used: {names}.")
    for names, sentence in ((LABELS, labels), (PERSONAL, personal)):
        plain = {plain_header(name) for name in names}
        found = [header for header in match.ignored if plain_header(header) in plain]
        if found:
            notices.append(sentence.format(names=", ".join(found)))
    return notices
