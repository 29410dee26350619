"""The files in which a list of whom to contact is written, for people and for other tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from churnrisk.decide import make_export
from churnrisk.errors import ColumnError, OutputError
from churnrisk.schema import CsvStyle
from churnrisk.tables import Table, check_target, write_table
from churnrisk.targeting.target import TargetResult
from churnrisk.writing import Holds


@dataclass(frozen=True)
class Written:
    """What a file of a list holds.

    Parameters
    ----------
    rows : int
        Customers in the file.
    defused : int
        Texts that got an apostrophe, since a spreadsheet would run them as formulas.
    left_out : mapping of str to int
        Customers of the list that an export had to leave out, by reason.
    """

    rows: int
    defused: int
    left_out: Mapping[str, int]


def check_list_output(output: Path, tool: str | None, *, has_contacts: bool) -> None:
    """Refuse a file that cannot be written, before any work is done."""
    ending = check_target(output)
    if tool is not None and not has_contacts:
        raise OutputError(
            f"--for {tool} needs --contacts FILE, or contacts in churnrisk.toml, with customer_id and email: the tool "
            "knows people by their address."
        )
    if tool is not None and ending != ".csv":
        raise OutputError(f"{output}: {tool} imports CSV; name the file {output.with_suffix('.csv')}.")


def write_target(
    result: TargetResult, output: Path, *, csv_style: CsvStyle = "plain", tool: str | None = None
) -> Written:
    """Write a list to a ``.csv``, ``.parquet`` or ``.xlsx`` file, or as another tool imports it.

    Where the list was made with a file of contacts, the file holds names and addresses, which are kept nowhere else.

    Parameters
    ----------
    result : TargetResult
        From :func:`make_target`.
    output : Path
        Where to.
    csv_style : {"plain", "excel"}
        How CSV is written; tools are given plain CSV.
    tool : {"mailchimp", "klaviyo", "hubspot"}, optional
        What imports it.
    """
    check_list_output(output, tool, has_contacts=result.contacts is not None)
    if tool is None or result.contacts is None:
        table = result.table if result.contacts is None else result.contacts.add_to(result.table)
        holds: Holds = "list" if result.contacts is None else "contacts"
        defused = write_table(table, output, holds=holds, csv_style=csv_style, is_for_people=True)
        return Written(len(table), defused, {})
    if "email" not in result.contacts.fields:
        raise ColumnError(
            f"{result.contacts.source}: no column of e-mail addresses; name it email.", code="columns.not_found"
        )
    export = make_export(result.table.columns, result.contacts, tool=tool)
    table = Table(export.columns)
    left_out = {name: getattr(export, name) for name in ("without_contact", "without_email", "shared_email")}
    return Written(len(table), write_table(table, output, holds="contacts"), left_out)
