"""``churnrisk weekly``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from churnrisk.cli.options import AsJson, Reading, current_settings, list_plan, reads_purchases, state_path
from churnrisk.cli.products import known_products

if TYPE_CHECKING:
    from churnrisk.operations import MailPlan, WeeklyPlan
    from churnrisk.public import WeeklyRun
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

    made = _run(current_settings(context), reading)
    if as_json:
        print_json(made.to_dict())
        return
    typer.echo(made.result.line)
    for said in (made.result.alarm, made.result.scored.long_past):
        if said:
            typer.echo(said)


def run_weekly(config: str | Path | None = None) -> WeeklyRun:
    r"""Do the weekly run from the settings alone: score, compare with the last run, write list and report, mail them.

    Parameters
    ----------
    config : str or Path, optional
        The settings file. By default ``churnrisk.toml`` in the current folder.

    Returns
    -------
    WeeklyRun
        A row per scored customer.

    Raises
    ------
    ChurnriskError
        For anything that you can mend, with what to do.

    See Also
    --------
    docs/how-to/weekly.md : What is set for it, and what it writes.

    Examples
    --------
    >>> import churnrisk, pathlib, tempfile
    >>> here, folder = pathlib.Path.cwd(), pathlib.Path(tempfile.mkdtemp())
    >>> settings = [f"purchases = '{here}/data/customers.csv'", f"models_dir = '{here}/models'", "state = 'state.db'"]
    >>> _ = (folder / "churnrisk.toml").write_text("\n".join(settings))
    >>> [file.name for file in churnrisk.run_weekly(folder / "churnrisk.toml").result.files]
    ['list.xlsx', 'report.html']
    """
    from churnrisk.messages import speaking
    from churnrisk.settings import read_settings

    settings = read_settings(None if config is None else Path(config))
    with speaking(settings.lang):
        return _run(settings, Reading({}))


def _run(settings: Settings, reading: Reading) -> WeeklyRun:
    from churnrisk import operations
    from churnrisk.public import WeeklyRun

    return WeeklyRun(operations.run_weekly(plan_weekly(settings, reading)), settings.lang)


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
