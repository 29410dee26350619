"""``churnrisk convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churnrisk.cli.options import AsJson, Purchases, Reading, current_settings, reads_purchases


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(convert)


@reads_purchases
def convert(
    context: typer.Context,
    purchases: Purchases = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The Parquet file to write.")] = Path(
        "purchases.parquet"
    ),
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Write a purchase history as plain Parquet, which every engine reads and gives the same scores from.

    Example: churnrisk convert export.csv --output purchases.parquet
    """
    from churnrisk import workflows
    from churnrisk.cli.card import show_intake
    from churnrisk.cli.show import print_json, progress_bar, say

    settings = current_settings(context)
    source = workflows.find_purchases(purchases, settings.purchases)
    options = reading.options(settings, rejects=workflows.rejects_beside(source))
    with progress_bar(is_quiet=as_json) as progress:
        progress("converting", 0, 1)
        report = workflows.convert(source, output, options=options)
    account = {name: value for name, value in report.to_dict().items() if name != "rejected_rows"}
    if as_json:
        print_json({"output": str(output), "intake": account})
        return
    show_intake(account, rejects=options.rejects)
    say(f"{report.rows_used:,} rows: {output}")
