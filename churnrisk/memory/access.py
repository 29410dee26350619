"""What is held of a customer: in every table of the state, in every file that churnrisk wrote, and in kept copies."""

from __future__ import annotations

import contextlib
import csv
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from churnrisk.engines import Database, FileDatabase, engine_error
from churnrisk.errors import ChurnriskError
from churnrisk.memory.erasure import results_folder
from churnrisk.memory.written import FOLDERS, holds_any, look_into_written, others_in, read_sheets, rows_of_csv
from churnrisk.schema import NEVER
from churnrisk.state import State, StatePlace, copies_folder, find_held, find_state, identify, list_written
from churnrisk.store import find_erased
from churnrisk.timeline import date_of


@dataclass(frozen=True)
class Held:
    """All that is held of a customer.

    Parameters
    ----------
    tables : dict of str to list of dict
        Rows of the state, by table.
    files : list of dict
        Each file that names the customer, or may, with its rows; None where they cannot be told apart from others.
    """

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)


def find_all_held(
    place: StatePlace,
    customer_id: str,
    *,
    models_dir: Path,
    files: Iterable[Path] = (),
    copies: Iterable[Path] = (),
    stored_as: Callable[[str], str] = str,
) -> Held:
    """Return all that is held of a customer; nothing is changed, and nobody else is shown.

    Parameters
    ----------
    place : Path or str
        Where the state is.
    customer_id : str
        As it stands in the purchase history.
    models_dir : Path
        The stored models, which hold no ids; results of jobs are beside them.
    files : iterable of Path
        Further files to look into, as the purchase history.
    copies : iterable of Path
        Further folders of kept copies.
    stored_as : callable
        How intake spells the id.
    """
    ids = {customer_id, stored_as(customer_id)}
    state = find_state(place)
    tables, found = dict[str, list[dict[str, Any]]](), list[dict[str, Any]]()
    folders = {copies_folder(place, models_dir), *copies}
    others = [*files, *sorted(results_folder(models_dir).glob("*.csv"))]
    if state is not None:
        with state:
            tables = find_held(state, ids, _digests(state, ids))
            found = [one for one in look_into_written(state, ids) if one["names_a_customer"] is not False]
            folders |= {Path(one.path).parent for one in list_written(state) if one.holds in FOLDERS}
            others += sorted(results_folder(models_dir, state).glob("*.csv"))
    kept = [path for folder in sorted(folders) for path in sorted(folder.glob("[!.]*/*"))]
    others += [path for path in kept if path.suffix in (".parquet", ".csv", ".duckdb")]
    known = {one["file"] for one in found}
    more = [{"file": str(path)} for path in others if str(path.resolve()) not in known]
    shown = ({**one, "rows": _with_dates(rows_in(Path(one["file"]), ids))} for one in [*found, *more])
    dated = {name: _with_dates(rows) or [] for name, rows in tables.items()}
    return Held(dated, [one for one in shown if one["rows"] != []])


def _with_dates(rows: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Write the days that are kept as numbers as dates, for people who ask what is held of them."""
    if rows is None:
        return None
    days = [{name: _date(row[name]) for name in _DAYS if isinstance(row.get(name), int)} for row in rows]
    return [row | dates for row, dates in zip(rows, days, strict=True)]


_DAYS = (
    *("as_of", "starts_on", "order_day", "undone_day", "first_day", "last_day"),
    *("happened_day", "known_day", "ended_day", "value_day", "valid_day"),
)


def _date(day: int) -> str | None:
    """Return a day number as an ISO date; None for the day that never comes, and for one that always was."""
    return date_of(day).isoformat() if 0 <= day < NEVER else None


def _digests(state: State, ids: Set[str]) -> set[str]:
    erased = find_erased()
    return set() if erased is None else {erased.digest(one, state_id=identify(state)) for one in ids}


def rows_in(path: Path, ids: Set[str]) -> list[dict[str, Any]] | None:
    """Return the rows of a file that are of a customer; None where it names one, or may, and has no rows to be read."""
    try:
        if path.suffix.lower() == ".csv":
            return list(rows_of_csv(path, ids))
        if path.suffix.lower() == ".parquet":
            return list(_rows_of_parquet(path, ids))
        if path.suffix.lower() == ".xlsx":
            return list(_rows_of_workbook(path, ids))
        if path.suffix == ".duckdb":
            return list(_rows_of_database(path, ids))
    except (OSError, KeyError, UnicodeDecodeError, zipfile.BadZipFile, csv.Error, ChurnriskError, engine_error()):
        pass
    return [] if holds_any(path, ids) is False else None


def _rows_of_parquet(path: Path, ids: Set[str]) -> Iterator[dict[str, Any]]:
    with Database(threads=1) as database:
        source, is_other = others_in(path, ids, database)
        names: Sequence[str] = [str(row[0]) for row in database.rows_of(f"DESCRIBE SELECT * FROM {source}")]  # noqa: S608
        for row in database.iterate_rows(f"SELECT * FROM {source} WHERE NOT ({is_other})"):  # noqa: S608 - quoted
            cells = ((name, cell) for name, cell in zip(names, row, strict=True) if cell is not None and cell == cell)
            yield {name: cell if isinstance(cell, str | int | float) else str(cell) for name, cell in cells}


def _rows_of_database(path: Path, ids: Set[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a kept generation of the service."""
    with contextlib.closing(FileDatabase(path, is_read_only=True, threads=1)) as database:
        listed = "SELECT table_name AS name FROM information_schema.tables WHERE starts_with(table_name, 'dated_')"
        beside = sorted(one["name"] for one in database.rows(listed))
        for table in ("scored", "orders", "order_lines", *beside):
            with contextlib.suppress(engine_error()):  # a log without products has no lines
                query = f"SELECT * FROM {table} WHERE customer_id IN (SELECT unnest(CAST(? AS VARCHAR[])))"  # noqa: S608 - names of ours
                yield from ({"table": table, **row} for row in database.rows(query, [sorted(ids)]))


def _rows_of_workbook(path: Path, ids: Set[str]) -> Iterator[dict[str, Any]]:
    for sheet in read_sheets(path):
        for place, customer in enumerate(sheet.customer_ids):
            if customer in ids:
                yield {"customer_id": customer} | {name: cells[place] for name, cells in sheet.columns.items()}
