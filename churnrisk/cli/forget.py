"""``churnrisk forget``."""

from __future__ import annotations

import sys
from dataclasses import asdict
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
    from churnrisk.workflows import Forgotten


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(forget)


@reads_purchases
def forget(
    context: typer.Context,
    customer_ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CUSTOMER_ID]...", help="Ids, as in the purchase history.", show_default=False),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="A list with a column customer_id, to forget all of it."),
    ] = None,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="Forget again whoever was forgotten before, after a backup was brought back."),
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
    from churnrisk import workflows
    from churnrisk.cli.reading import keep_in
    from churnrisk.cli.show import print_json
    from churnrisk.orders import read_list

    settings = current_settings(context)
    place = state_path(settings, state, models_dir=models_dir)
    ids = [one.strip() for one in customer_ids or [] if one.strip()]
    if apply and (ids or file):
        raise SettingsError("--apply forgets whoever was forgotten before; it takes no ids and no --file.")
    copies = [keep_in(settings).folder]
    if apply:
        result = workflows.apply_erasures(place, copies=copies)
    else:
        options = reading.options(settings)
        ids += read_list(file, options).customer_ids if file is not None else []
        if not ids:
            raise SettingsError("name a customer to forget, or a list with --file.")
        if not dry_run and not yes:
            _confirm(len(set(ids)))
        result = workflows.forget_customers(
            place,
            ids,
            models_dir=models_dir or settings.models_dir,
            files=workflows.usual_exports(settings.weekly_dir, settings.purchases),
            copies=copies,
            stored_as=options.own_id,
            is_dry=dry_run,
        )
    if as_json:
        print_json(_plain(result))
    else:
        _show(result)


def _confirm(count: int) -> None:
    if not sys.stdin.isatty():
        raise SettingsError("this cannot be undone: look with --dry-run, then give --yes.")
    if not typer.confirm(f"Erase {count} customers for good?", err=True):
        raise typer.Exit(2)


def _plain(result: Forgotten) -> dict[str, Any]:
    from churnrisk.timeline import date_of

    runs = [one | {"as_of": str(date_of(one["as_of"]))} for one in result.runs]
    return asdict(result) | {"runs": runs}


def _show(result: Forgotten) -> None:
    from churnrisk.cli.show import say, show_table

    plain = _plain(result)
    is_, verb = ("would be", "would be erased") if result.is_dry else ("is", "were erased")
    say(f"{result.known:,} of {result.customers:,} customers were known; what was remembered of them {is_} erased.")
    say(f"{result.copies:,} kept copies of purchase histories {verb}.")
    say(
        f"{result.received_orders:,} received orders, {result.documents:,} documents and {len(result.job_results):,} "
        f"files of jobs {verb}."
    )
    for title, rows in (("Runs that are smaller now", plain["runs"]), ("Campaigns that are smaller", result.campaigns)):
        if rows:
            show_table(title, [{name.replace("_", " "): value for name, value in one.items()} for one in rows])
    if result.models:
        say("\nModels keep no ids. These were trained before, and what they learned from the customers stays in them:")
        names = {"learned_from_them": "learned from them"}
        show_table("", [{names.get(key, key): value for key, value in one.items()} for one in result.models])
        say("Train anew on a purchase history without the customers to be rid of that.")
    named = [one for one in result.files if one["names_a_customer"] is not False]
    for one in named:
        word = "names a customer of these" if one["names_a_customer"] else "cannot be looked into, and may name them"
        say(f"{one['file']} {word}. It is yours: mend or delete it.")
    if not result.is_scrubbed:
        say(
            "Another process has the state open at an older moment, so that its write-ahead log may still hold what "
            "was erased. Stop it, and run `churnrisk forget --apply`."
        )
