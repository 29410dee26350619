"""``churnrisk weekly``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from churnrisk.cli.options import AsJson, Reading, current_settings, list_plan, reads_purchases, state_path
from churnrisk.cli.products import known_products

if TYPE_CHECKING:
    from churnrisk.operations import MailPlan, WeeklyPlan, WeeklyResult
    from churnrisk.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(weekly)


@reads_purchases
def weekly(
    context: typer.Context,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Do the weekly run from churnrisk.toml alone: score, compare with the last run, write list and report, mail them.

    Example: churnrisk weekly
    """
    from churnrisk.cli.show import print_json
    from churnrisk.operations import run_weekly

    result = run_weekly(plan_weekly(current_settings(context), reading))
    if as_json:
        print_json(_describe(result))
        return
    typer.echo(result.line)
    for said in (result.alarm, result.scored.long_past):
        if said:
            typer.echo(said)


def plan_weekly(settings: Settings, reading: Reading) -> WeeklyPlan:
    """Return what the settings say of the weekly run."""
    from churnrisk import inputs, operations
    from churnrisk.monitor import parse_rules

    folder = settings.weekly_dir
    return operations.WeeklyPlan(
        source=inputs.find_purchases(None, settings.purchases),
        models_dir=settings.models_dir,
        state=state_path(settings, None, models_dir=None),
        folder=folder,
        lookback=settings.lookback,
        options=reading.options(settings, rejects=folder / "rejects.csv"),
        listing=list_plan(settings),
        mail=_plan_mail(settings),
        keep_runs_days=settings.keep_runs_days,
        keep_rejects_days=settings.keep_rejects_days,
        rules=parse_rules(settings.rules, where="rules"),
        products=known_products(settings),
    )


def _describe(result: WeeklyResult) -> dict[str, Any]:
    return {
        "line": result.line,
        "files": [str(file) for file in result.files],
        "mailed_to": list(result.recipients),
        "list": None if result.week_list is None else result.week_list.to_dict(),
        "model_problem": result.model_problem or None,
        "alarm": result.alarm or None,
        "rules": [] if result.watched is None else [one.to_dict() for one in result.watched.verdicts],
        "notices": list(result.scored.notices),
        "intake": dict(result.scored.intake),
    }


def _plan_mail(settings: Settings) -> MailPlan | None:
    """Return the receivers and what is sent; None where no mail server is set."""
    from churnrisk.errors import SettingsError
    from churnrisk.operations import MailPlan, MailServer

    if settings.smtp_host is None:
        return None
    if settings.mail_from is None:
        raise SettingsError("smtp_host is set and mail_from is not: name the address that the mail comes from.")
    server = MailServer(settings.smtp_host, settings.smtp_port, settings.smtp_security, settings.smtp_user)
    return MailPlan(server, settings.mail_from, tuple(settings.mail_to))
