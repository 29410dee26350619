"""``churnrisk forget``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.cli.options import (
    AsJson,
    ModelsDir,
    Reading,
    StateFile,
    current_settings,
    reads_purchases,
    state_path,
)
from churnrisk.errors import SettingsError

if TYPE_CHECKING:
    from churnrisk.memory import Forgotten
    from churnrisk.orders import IntakeOptions
    from churnrisk.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(forget)


CustomerIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="[CUSTOMER_ID]...", help="Ids, as in the purchase history.", show_default=False),
]
IdFile = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="A list with a column customer_id, to take all of it.")
]


@reads_purchases
def forget(
    context: typer.Context,
    customer_ids: CustomerIds = None,
    file: IdFile = None,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="Forget again whoever was forgotten before, after a backup was brought back."),
    ] = False,
    files: Annotated[
        bool, typer.Option("--files", help="Rewrite or remove the files that churnrisk wrote and that name them.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    state: StateFile = None,
    models_dir: ModelsDir = None,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Erase customers from all that is remembered, and list what else may hold their ids.

    Example: churnrisk forget 10042 --dry-run
    """
    from churnrisk import memory
    from churnrisk.cli.reading import keep_in
    from churnrisk.cli.show import print_json

    settings = current_settings(context)
    place = state_path(settings, state, models_dir=models_dir)
    copies = [keep_in(settings).folder]
    if apply:
        if customer_ids or file or files:
            raise SettingsError("--apply forgets whoever was forgotten before; it takes no ids, no --file or --files.")
        result = memory.apply_erasures(place, copies=copies)
    else:
        options = reading.options(settings)
        look = partial(
            memory.forget_customers,
            place,
            read_ids(customer_ids, file, options),
            models_dir=models_dir or settings.models_dir,
            files=memory.usual_exports(
                settings.weekly_dir, settings.rejects_dir, settings.purchases, settings.contacts
            ),
            copies=copies,
            stored_as=options.own_id,
        )
        if not dry_run and not yes:
            _confirm(look, mends_files=files)
        result = look(is_dry=dry_run, mends_files=files)
    if as_json:
        return print_json(describe(result))
    _show(result)
    return _tell_contacts(settings)


def _tell_contacts(settings: Settings) -> None:
    """Say that contacts in a database stay there; a file of them is among the files."""
    from churnrisk.cli.show import say

    if settings.contacts is not None and "://" in settings.contacts:
        say("The contacts in the database that `contacts` names are the shop's own: take the customers out there.")


def read_ids(customer_ids: list[str] | None, file: Path | None, options: IntakeOptions) -> list[str]:
    """Return the customers who are named, and those of a list."""
    from churnrisk.orders import read_list

    ids = [one.strip() for one in customer_ids or [] if one.strip()]
    ids += read_list(file, options).customer_ids if file is not None else []
    if not ids:
        raise SettingsError("name a customer, or a list with --file.")
    return ids


def _confirm(look: Callable[..., Forgotten], *, mends_files: bool) -> None:
    if not sys.stdin.isatty():
        raise SettingsError("this cannot be undone: look with --dry-run, then give --yes.")
    found = look(is_dry=True)
    if mends_files:
        show_files(found)
    more = " and rewrite or remove these files" if mends_files else ""
    if not typer.confirm(f"Erase {found.customers} customers for good{more}?", err=True):
        raise typer.Exit(2)


def describe(result: Forgotten) -> dict[str, Any]:
    """Return what it came to as plain values."""
    from churnrisk.timeline import date_of

    runs = [one | {"as_of": str(date_of(one["as_of"]))} for one in result.runs]
    return asdict(result) | {"runs": runs}


def _show(result: Forgotten) -> None:
    from churnrisk.cli.show import say, show_table

    is_, verb = ("would be", "would be erased") if result.is_dry else ("is", "were erased")
    say(f"{result.known:,} of {result.customers:,} customers were known; what was remembered of them {is_} erased.")
    say(f"{result.copies:,} kept copies of purchase histories {verb}.")
    say(
        f"{result.received_orders:,} received orders, {result.received_rows:,} received rows of tables, "
        f"{result.documents:,} documents and {len(result.job_results):,} files of jobs {verb}."
    )
    show_changed(result)
    if result.models:
        say("\nModels keep no ids. These were trained before, and what they learned from the customers stays in them:")
        names = {"learned_from_them": "learned from them"}
        show_table("", [{names.get(key, key): value for key, value in one.items()} for one in result.models])
        say("Train anew on a purchase history without the customers to be rid of that.")
    show_files(result)
    if not result.is_scrubbed:
        say(
            "Another process has the state open at an older moment, so that its write-ahead log may still hold what "
            "was erased. Stop it, and run `churnrisk forget --apply`."
        )


def show_changed(result: Forgotten) -> None:
    """Print the runs and campaigns that are smaller now."""
    from churnrisk.cli.show import show_table

    runs = describe(result)["runs"]
    for title, rows in (("Runs that are smaller now", runs), ("Campaigns that are smaller", result.campaigns)):
        if rows:
            show_table(title, [{name.replace("_", " "): value for name, value in one.items()} for one in rows])


def show_files(result: Forgotten) -> None:
    """Print the files that name a customer, or may, and what was done with those that churnrisk wrote."""
    from churnrisk.cli.show import say

    for one in result.files:
        status, done = one.get("status"), one.get("done")
        if done is not None:
            say(f"{one['file']} was {done}: {one['holds']} of {one['made_at'][:10]}.")
        elif status in ("missing", "on another machine"):
            say(f"{one['file']}, {one['holds']} of {one['made_at'][:10]}, is {status} and may name them.")
        elif one["names_a_customer"] is not False:
            word = (
                "names a customer of these" if one["names_a_customer"] else "cannot be looked into, and may name them"
            )
            since = f" It was changed after {one['made_at'][:16]}." if status == "changed" else ""
            is_mended = status == "as written" or one.get("format") in ("csv", "parquet")
            how = "--files takes them out of it." if is_mended else "It is yours: mend or delete it."
            say(f"{one['file']} {word}.{since} {how}")
    say("Files that were written without a state, by Spark or into a database are not known.")
