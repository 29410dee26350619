"""The workbook of the weekly run: the list for a sales person first, everybody behind it."""

from __future__ import annotations

from pathlib import Path

from churnrisk.messages import say, say_heading
from churnrisk.orders import ContactList
from churnrisk.report import list_sheets, tell_table
from churnrisk.tables import Sheet, Table, write_workbook
from churnrisk.week_list import WeekList


def write_list_book(
    listed: WeekList | None, everybody: Table, path: Path, *, contacts: ContactList | None = None
) -> int:
    """Write this week's list, the orders due, the lapsed worth winning back, and all customers, each on its sheet.

    Parameters
    ----------
    listed : WeekList or None
        The list; None where there is none, and then all customers are the only sheet.
    everybody : Table
        The scores of all customers.
    path : Path
        The workbook.
    contacts : ContactList, optional
        How customers are reached: names and addresses stand beside those to contact.

    Returns
    -------
    int
        How many texts got an apostrophe, since a spreadsheet would run them as formulas.
    """
    people = {} if contacts is None else {one: known.shown() for one, known in contacts.contacts.items()}
    sheets = [] if listed is None else list_sheets(listed, people=people)
    told = tell_table(everybody)
    headings = [say_heading(name) for name in told.names]
    return write_workbook(
        [*sheets, Sheet(say("All customers"), told, headings)],
        path,
        holds="list" if contacts is None else "contacts",
    )
