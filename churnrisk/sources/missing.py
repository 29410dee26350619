"""What is asked where the columns of a file do not say enough: no customer, no day, no amount."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from churnrisk.errors import ColumnError
from churnrisk.sources.aliases import COARSE, LABELS, NO_MONEY
from churnrisk.sources.headers import plain_header, split_header

Row = Sequence[str | None]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/. ](\d{1,2}|[^\W\d_]{3,9})\.?[-/. ,]+\d{2,4}([T ,].*)?"
    r"|[^\W\d_]{3,9}[-. ]\d{1,2},?[- ]\d{2,4}.*"
)
_MONTH = re.compile(r"(19|20)\d\d[-/.](0?[1-9]|1[0-2]|Q[1-4]|W\d\d?)|(0?[1-9]|1[0-2])[-/.](19|20)\d\d")
_NUMBER = re.compile(
    r"[-+(]?\s?[€$£₽₴₺]?\s?[-+]?(\d{1,3}([ .,'\u00a0\u202f]\d{3})+|\d+)?([.,]\d+)?\s?([€$£₽₴₺]|[^\W\d_]{1,4}\.?)?\)?-?"
)
_FRACTION = re.compile(r"\d[.,]\d{1,2}(?!\d)")
_MOSTLY = 0.8


def say_missing(
    headers: Sequence[str],
    missing: Sequence[str],
    near: Mapping[str, Sequence[str]],
    sample: Callable[[], Sequence[Row]] | None,
) -> str:
    """Say which needed columns are missing, what is there, and how to name them."""
    if any(_CONTROL.search(header) for header in headers):
        return (
            "this is no text, nor another form that can be read: its first line holds control characters. Give "
            "delimited text, JSON lines, Parquet, xlsx or SQLite, whole and as the program that made it wrote it."
        )
    said = f"no column for {' and '.join(missing)} was recognised. The file has {list_headers(headers)}. "
    if "ordered_at" in missing:
        dated = _find_dates(sample() if sample else ())
        if dated:
            near = {**near, "ordered_at": [headers[place] for place in dated]}
        elif not near.get("ordered_at") or sample:
            return said + _say_undated(headers)
    said += "".join(f"Nearest to {role}: {', '.join(map(repr, found))}. " for role, found in near.items() if found)
    return said + f"Name it with {' '.join(f'--column {role}=NAME' for role in missing)}."


def _find_dates(rows: Sequence[Row]) -> list[int]:
    """Return the columns of a sample that hold dates."""
    return [place for place, cells in enumerate(_columns(rows)) if _is_mostly(_DATE, cells)]


def _say_undated(headers: Sequence[str]) -> str:
    """Say what a file without dates is, as far as its headers tell."""
    plain = {plain_header(header): header for header in headers}
    labels = [plain[name] for name in map(plain_header, LABELS) if name in plain]
    coarse = [plain[name] for name in map(plain_header, COARSE) if name in plain]
    needs = "churnrisk learns from purchases: a row for each, with the day on which it was made"
    if labels:
        return (
            f"It seems to be a table with one row per customer and an answer, {labels[0]}, which is not needed: "
            f"{needs}. Export the purchases of these customers."
        )
    if coarse:
        return f"{coarse[0]} says a time that is no day, which is too coarse: {needs}. Export the days themselves."
    return f"No column holds dates: {needs}. If one does, name it with --column ordered_at=NAME."


def _columns(rows: Sequence[Row]) -> list[list[str]]:
    return [[cell.strip() for cell in cells if cell and cell.strip()] for cells in zip(*rows, strict=True)]


def _is_mostly(pattern: re.Pattern[str], cells: Sequence[str]) -> bool:
    found = sum(pattern.fullmatch(cell) is not None for cell in cells)
    return found > 0 and found >= _MOSTLY * len(cells)


def list_headers(headers: Sequence[str]) -> str:
    """List the columns of a file, the first thirty of them."""
    shown = ", ".join(header[:60] for header in headers[:30])
    more = f" and {len(headers) - 30} more" if len(headers) > 30 else ""
    return f"the columns {shown}{more}"


def refuse_unread_money(headers: Sequence[str], free: Sequence[int], rows: Sequence[Row], *, name: str) -> None:
    """Ask where no column is the amount, and one that nobody has recognised may be.

    Parameters
    ----------
    headers : sequence of str
        Of the file.
    free : sequence of int
        The columns that have no role.
    rows : sequence
        Some rows of the file.
    name : str
        What the file is called.

    Raises
    ------
    ColumnError
        Where a column without a role holds numbers that may be money, naming such columns.
    """
    columns = _columns(rows)
    found = [place for place in free if place < len(columns) and _is_money(headers[place], columns[place])]
    if not found:
        return
    found.sort(key=lambda place: not any(_FRACTION.search(cell) for cell in columns[place]))
    names = ", ".join(headers[place] for place in found[:5])
    option = shlex.quote(f"amount={headers[found[0]]}")
    verb = "holds" if len(found) == 1 else "hold"
    raise ColumnError(
        f"{name}: no column was recognised as the amount, and {names} {verb} numbers. Say which is the amount of a "
        f"row, as --column {option}, or --no-amounts to read the file without amounts.",
        code="columns.amount_not_found",
    )


_MONEY = frozenset(
    re.findall(
        r"\w+",
        """amount price value revenue kwota cena wartość сума цена стойност сумма стоимость кошт цана betrag preis
        umsatz montant prix importe precio valor preço importo prezzo tutar fiyat částka""",
    )
)
"""Words of a header that say money whatever stands beside them: the amount of a line, the price of an item."""


def _is_money(header: str, cells: Sequence[str]) -> bool:
    """Tell whether a column may hold amounts: mostly numbers, and by name and shape nothing else."""
    words = split_header(header)
    says_no = not NO_MONEY.isdisjoint(words) and _MONEY.isdisjoint(words)
    if says_no or not _is_mostly(_NUMBER, cells):
        return False
    digits = [re.sub(r"\D", "", cell) for cell in cells if any(c.isdigit() for c in cell)]
    if any(_FRACTION.search(cell) for cell in cells):
        return not all(len(cell) > 12 for cell in cells)
    is_flag = set(cells) <= {"0", "1"}
    is_code = len(cells) > 1 and len({len(one) for one in digits}) == 1 and len(digits[0]) >= 5 if digits else True
    return not is_flag and not is_code and not all(len(one) >= 9 for one in digits)


def refuse_empty_money(header: str, *, name: str, form: str) -> None:
    """Ask where the column of amounts is there, and has nothing in it.

    Raises
    ------
    ColumnError
        Always, with what may be the reason.
    """
    why = " Its formulas have no stored values: open the workbook, compute and save it." if "workbook" in form else ""
    raise ColumnError(
        f"{name}: the column {header} is there and is empty in every row.{why} Name another with --column amount=NAME, "
        "or give --no-amounts to read the file without amounts."
    )
