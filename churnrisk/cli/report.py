"""``churnrisk report``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churnrisk.cli.options import (
    AsJson,
    Language,
    ModelsDir,
    Reading,
    StateFile,
    current_settings,
    known_state,
    list_plan,
    reads_purchases,
)
from churnrisk.cli.products import known_products
from churnrisk.cli.retention_source import Lookback, PeriodKind, Purchases, WeekStarts, YearStarts, choose_starts

if TYPE_CHECKING:
    from churnrisk.settings import Settings
    from churnrisk.week_list import ListPlan
    from churnrisk.workflows import ReportResult


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(report)


@reads_purchases
def report(
    context: typer.Context,
    purchases: Purchases = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The HTML file to write.")] = Path(
        "report.html"
    ),
    period: PeriodKind = "month",
    lookback: Lookback = None,
    year_starts: YearStarts = None,
    week_starts: WeekStarts = None,
    top: Annotated[
        int | None,
        typer.Option(
            "--top",
            metavar="N",
            min=0,
            help="Customers to contact on this week's list, 0 to name nobody. (default: list_customers, 50)",
        ),
    ] = None,
    models_dir: ModelsDir = None,
    state: StateFile = None,
    lang: Language = None,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Write the retention figures, with charts and the customers at risk, into one HTML file that needs no network.

    Example: churnrisk report purchases.csv --output report.html
    """
    from churnrisk import inputs, workflows
    from churnrisk.cli.show import print_json, progress_bar
    from churnrisk.report import describe_report
    from churnrisk.retention import Calendar, parse_kind

    settings, kind = current_settings(context, lang, models_dir=models_dir), parse_kind(period)
    workflows.check_report_path(output)
    source = inputs.find_purchases(purchases, settings.purchases)
    with progress_bar(is_quiet=as_json) as progress:
        progress("measuring", 0, 1)
        result = workflows.make_report(
            source,
            kind=kind,
            calendar=Calendar(**choose_starts(context, year_starts, week_starts)),
            lookback=settings.lookback if lookback is None else lookback,
            plan=_plan(settings, top),
            models_dir=settings.models_dir,
            state=known_state(settings, state),
            options=reading.options(settings),
            products=known_products(settings),
        )
        size = workflows.write_report(result.data, output)
    if as_json:
        print_json(
            {"report": str(output), **describe_report(result.data), "model_problem": result.model_problem or None}
        )
        return
    show_result(result, output, size=size)


def _plan(settings: Settings, top: int | None) -> ListPlan:
    """Return how the list is wanted: as the settings say, but so many customers to contact, or nobody at all."""
    plan = list_plan(settings)
    if top is None:
        return plan
    return replace(plan, size=top) if top else replace(plan, size=0, lapsed=0, due=0)


def show_result(result: ReportResult, output: Path, *, size: int) -> None:
    """Print the account of the rows, what the report lacks, and where it is."""
    from churnrisk.cli.card import show_intake
    from churnrisk.cli.show import say

    data = result.data
    show_intake(data.intake)
    if data.no_list:
        say(data.no_list)
    if result.model_problem:
        say(f"The model: {result.model_problem}")
    named = 0 if data.week_list is None else len(data.week_list.customer_ids)
    if named:
        say(f"It names {named} customers; --top 0 leaves them out.")
    say(f"Wrote {output} ({size / 1000:,.0f} kB); any browser opens it, without a network.")
