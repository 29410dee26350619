"""``churnrisk object``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from churnrisk.cli.forget import CustomerIds, IdFile, read_ids, show_changed, show_files
from churnrisk.cli.options import AsJson, ModelsDir, Reading, StateFile, current_settings, reads_purchases, state_path

if TYPE_CHECKING:
    from churnrisk.memory import Forgotten


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("object")(object_)


@reads_purchases
def object_(
    context: typer.Context,
    customer_ids: CustomerIds = None,
    file: IdFile = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the objection back.")] = False,
    state: StateFile = None,
    models_dir: ModelsDir = None,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Leave customers who object to being scored out of training, scores, segments and lists, until they withdraw.

    Example: churnrisk object 10042
    """
    from churnrisk import memory
    from churnrisk.cli.forget import describe
    from churnrisk.cli.reading import keep_in
    from churnrisk.cli.show import print_json

    settings = current_settings(context)
    options = reading.options(settings)
    result = memory.object_customers(
        state_path(settings, state, models_dir=models_dir),
        read_ids(customer_ids, file, options),
        models_dir=models_dir or settings.models_dir,
        copies=[keep_in(settings).folder],
        stored_as=options.own_id,
        is_withdrawn=withdraw,
    )
    if as_json:
        print_json({"is_withdrawn": withdraw, **describe(result)})
    else:
        _show(result, is_withdrawn=withdraw)


def _show(result: Forgotten, *, is_withdrawn: bool) -> None:
    from churnrisk.cli.show import counted, say

    if is_withdrawn:
        say(f"{counted(result.customers, 'customer')} will be scored again, as if nothing had been said.")
        return
    say(f"{counted(result.customers, 'customer')} will be left out of whatever is read from now on.")
    say(f"Scores and campaigns remembered of {result.known:,} of them were erased; received orders stay, unread.")
    show_changed(result)
    show_files(result)
    say("Train anew to be rid of what the current model has learned from them.")
