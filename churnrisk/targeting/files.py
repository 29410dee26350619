"""The files in which a list of whom to contact is written, for people and for other tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.decide import make_export
from churnrisk.errors import OutputError
from churnrisk.orders import IntakeOptions, read_contacts
from churnrisk.schema import TOOLS, CsvStyle
from churnrisk.tables import Table, check_target, write_table
from churnrisk.targeting.target import TargetResult


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


def check_list_output(output: Path, tool: str | None, contacts: Any) -> None:
    """Refuse a file that cannot be written, before any work is done."""
    ending = check_target(output)
    if tool is None and contacts is not None:
        raise OutputError(f"--contacts goes with --for {'|'.join(TOOLS)}: other lists hold no personal data.")
    if tool is not None and contacts is None:
        raise OutputError(
            f"--for {tool} needs --contacts FILE with customer_id and email: the tool knows people by their address."
        )
    if tool is not None and ending != ".csv":
        raise OutputError(f"{output}: {tool} imports CSV; name the file {output.with_suffix('.csv')}.")


def write_target(
    result: TargetResult,
    output: Path,
    *,
    csv_style: CsvStyle = "plain",
    tool: str | None = None,
    contacts: Any = None,
    options: IntakeOptions | None = None,
) -> Written:
    """Write a list to a ``.csv``, ``.parquet`` or ``.xlsx`` file, or as another tool imports it.

    Parameters
    ----------
    result : TargetResult
        From :func:`make_target`.
    output : Path
        Where to.
    csv_style : {"plain", "excel"}
        How CSV is written; tools are given plain CSV.
    tool : {"mailchimp", "klaviyo", "hubspot"}, optional
        Who imports it. The file then holds e-mail addresses and names, which are kept nowhere else.
    contacts : str, Path or frame, optional
        Customers with their e-mail addresses and names.
    options : IntakeOptions, optional
        How the purchases are read; the ids of the contacts are read the same way.
    """
    check_list_output(output, tool, contacts)
    if tool is None:
        defused = write_table(result.table, output, holds="list", csv_style=csv_style, is_for_people=True)
        return Written(len(result.table), defused, {})
    export = make_export(result.table.columns, read_contacts(contacts, options or IntakeOptions()).contacts, tool=tool)
    table = Table(export.columns)
    left_out = {name: getattr(export, name) for name in ("without_contact", "without_email", "shared_email")}
    return Written(len(table), write_table(table, output, holds="contacts"), left_out)
