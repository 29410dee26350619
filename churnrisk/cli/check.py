"""``churnrisk check``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from churnrisk.cli.options import AsJson, Reading, current_settings, reads_purchases

if TYPE_CHECKING:
    from churnrisk.planning import TableReadiness, TrainingTerms
    from churnrisk.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(check)


@reads_purchases
def check(
    context: typer.Context,
    purchases: Annotated[
        str | None,
        typer.Argument(help="Purchase history (default: `purchases` in the settings, then data/purchases.csv)"),
    ] = None,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Read a purchase history, account for every row, and say what it is enough for.

    Example: churnrisk check purchases.csv
    """
    from churnrisk import inputs, planning
    from churnrisk.cli.card import show_intake
    from churnrisk.cli.show import print_json, progress_bar, say, show_table

    settings = current_settings(context)
    source = inputs.find_purchases(purchases, settings.purchases)
    options = reading.options(settings, rejects=inputs.rejects_beside(source, settings.rejects_dir))
    with progress_bar(is_quiet=as_json) as progress:
        progress("reading purchases", 0, 1)
        result = planning.check_readiness(source, _terms(settings), options=options)
    if as_json:
        print_json(result.to_dict())
        return
    show_intake(result.intake, rejects=options.rejects, notices=result.notices)
    rows = [
        {"for": verdict.use, "enough": "yes" if verdict.is_enough else "NO", "why": verdict.reason}
        for verdict in result.verdicts
    ]
    show_table("What this log is enough for", rows)
    _show_tables(result.tables)
    if all(verdict.is_enough for verdict in result.verdicts if verdict.use in ("choosing a horizon", "scoring")):
        say(f"Next: `churnrisk train {shlex.quote(inputs.without_password(source))}` makes a model of it.")


def _show_tables(tables: Sequence[TableReadiness]) -> None:
    """Print what is in each table beside the purchases, whom it matches, and what it is enough for."""
    from churnrisk.cli.show import say, show_table

    rows = [
        {
            "table": one.account["name"],
            "rows": one.account["rows_used"],
            "buyers": one.customers_matched,
            "buyers without": one.buyers_without_rows,
            "never bought": one.customers_unknown,
            "enough": "yes" if one.is_enough else "NO",
        }
        for one in tables
    ]
    if rows:
        show_table("The tables beside it", rows)
    for one in tables:
        of = one.account
        frequent = [f"{kind} {count:,}" for kind, count in of["frequent_kinds"].items()]
        held = ", ".join(frequent or of["types"] or [f"{of['values']:,} values"])
        say(f"  {of['name']}: {held}. {one.reason}")


def _terms(settings: Settings) -> TrainingTerms:
    """Return what ``churnrisk train`` would be asked for by the settings."""
    from churnrisk.planning import TrainingTerms

    return TrainingTerms(
        settings.lookback, settings.lead, settings.horizon, most=settings.train_customers, seed=settings.seed
    )
