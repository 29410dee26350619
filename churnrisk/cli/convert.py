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
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The Parquet file to write; of a folder, a new folder."),
    ] = Path("purchases.parquet"),
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Write a purchase history as plain Parquet, which every engine reads and gives the same scores from.

    A folder of files becomes a folder of Parquet files, several read at a time: churnrisk convert exports/ --output
    purchases/

    Example: churnrisk convert export.csv --output purchases.parquet
    """
    from churnrisk import inputs
    from churnrisk.cli.card import show_intake
    from churnrisk.cli.show import counted, print_json, progress_bar, say

    settings = current_settings(context)
    source = inputs.find_purchases(purchases, settings.purchases)
    options = reading.options(settings, rejects=inputs.rejects_beside(source, settings.rejects_dir, output=output))
    with progress_bar(is_quiet=as_json) as progress:
        progress("converting", 0, 1)
        reports = inputs.convert(source, output, options=options, progress=progress)
    accounts = [report.describe() for report in reports]
    if as_json:
        print_json({"output": str(output), "intake": accounts[0] if output.suffix else accounts})
        return
    for account in accounts:
        show_intake(account, rejects=options.rejects)
    say(f"{counted(sum(report.rows_used for report in reports), 'row')}: {output}")
