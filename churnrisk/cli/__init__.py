"""The command line: parse, call a workflow, show. Data libraries are imported inside the commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churnrisk.cli import (
    access,
    backtest,
    campaign,
    check,
    convert,
    explain,
    forget,
    keys,
    learn,
    models,
    monitor,
    objection,
    products,
    products_next,
    report,
    retention,
    score,
    serve,
    setup,
    state,
    target,
    weekly,
)
from churnrisk.cli.grouped import GroupedCommands, GroupedProgram
from churnrisk.cli.run import run
from churnrisk.cli.weekly import run_weekly

app = GroupedProgram(
    name="churnrisk",
    cls=GroupedCommands,
    help="Which customers are about to stop buying: learn it from a purchase history, score them, keep watch.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # the pretty help takes 0.4 s to import, more than all the rest
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from churnrisk import __version__

        typer.echo(f"churnrisk {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings file. (default: churnrisk.toml in this folder)"),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del config, version  # the commands read the settings file; the version is printed by its callback


learn.register(app)
score.register(app)
explain.register(app)
target.register(app)
backtest.register(app)
check.register(app)
convert.register(app)
models.register(app)
keys.register(app)
state.register(app)
forget.register(app)
objection.register(app)
access.register(app)
retention.register(app)
products.register(app)
products_next.register(products.products)
report.register(app)
campaign.register(app)
weekly.register(app)
monitor.register(app)
serve.register(app)
setup.register(app)

__all__ = ["app", "run", "run_weekly"]
