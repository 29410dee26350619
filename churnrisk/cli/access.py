"""``churnrisk access``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.cli.options import (
    AsJson,
    ModelsDir,
    Reading,
    StateFile,
    contact_file,
    current_settings,
    reads_purchases,
    state_path,
)

if TYPE_CHECKING:
    from churnrisk.memory import Held
    from churnrisk.orders import ContactFile, IntakeOptions


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(access)


@reads_purchases
def access(
    context: typer.Context,
    customer_id: Annotated[str, typer.Argument(help="Id, as in the purchase history.", show_default=False)],
    state: StateFile = None,
    models_dir: ModelsDir = None,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Show all that is held of a customer: in the state, in files that churnrisk wrote, in kept copies.

    Example: churnrisk access 10042 --json
    """
    from churnrisk import memory
    from churnrisk.cli.reading import keep_in
    from churnrisk.cli.show import print_json

    settings = current_settings(context, models_dir=models_dir)
    options = reading.options(settings)
    contacts = _find_contact(contact_file(settings), options, customer_id.strip())
    held = memory.find_all_held(
        state_path(settings, state),
        customer_id.strip(),
        models_dir=settings.models_dir,
        files=memory.usual_exports(settings.weekly_dir, settings.rejects_dir, settings.purchases),
        copies=[keep_in(settings).folder],
        stored_as=options.own_id,
    )
    if as_json:
        print_json({"customer_id": customer_id.strip(), **asdict(held), **({"contacts": contacts} if contacts else {})})
    else:
        _show(held, contacts)


def _find_contact(file: ContactFile | None, options: IntakeOptions, customer_id: str) -> dict[str, Any] | None:
    """Return what the shop's own contacts say of a customer; None where there are none."""
    from churnrisk.orders import read_contacts

    if file is None:
        return None
    listed = read_contacts(file, options, needs_email=False)
    found = listed.contacts.get(options.own_id(customer_id))
    return {"file": listed.source, "contact": None if found is None else found.shown()}


def _show(held: Held, contacts: dict[str, Any] | None) -> None:
    from churnrisk.cli.show import counted, say

    for table, rows in held.tables.items():
        say(f"{table}: {counted(len(rows), 'row')}")
        _show_rows(rows)
    for one in held.files:
        rows = one["rows"]
        told = "names the customer, or may; look into it" if rows is None else counted(len(rows), "row")
        say(f"{Path(one['file'])}: {told}")
        _show_rows(rows or [])
    if contacts is not None and contacts["contact"] is not None:
        say(f"{contacts['file']}, the shop's own contacts, which are kept nowhere else:")
        _show_rows([contacts["contact"]])
    if not held.tables and not held.files:
        say("Nothing is held of this customer.")
    say("Models hold no ids. Files that were written without a state, by Spark or into a database are not known.")


def _show_rows(rows: list[dict[str, Any]]) -> None:
    from churnrisk.cli.show import say

    for row in rows:
        say("  " + ", ".join(f"{name}: {value}" for name, value in row.items()))
