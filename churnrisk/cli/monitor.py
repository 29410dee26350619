"""``churnrisk monitor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.cli.options import (
    AsJson,
    ModelsDir,
    Purchases,
    Reading,
    StateFile,
    current_settings,
    known_state,
    reads_purchases,
    state_path,
)
from churnrisk.cli.run import MEND
from churnrisk.errors import SettingsError

if TYPE_CHECKING:
    from churnrisk.operations import Delivery, MonitorPlan, MonitorResult, Retrained
    from churnrisk.settings import Settings

RULE_FIRED = 3
"""Exit code where a monitoring rule fired."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(monitor)


@reads_purchases
def monitor(
    context: typer.Context,
    purchases: Purchases = None,
    history: Annotated[
        str | None, typer.Option("--purchases", metavar="FILE", help="The purchase history, named by an option.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="YYYY-MM-DD", help="Look as of that day. (default: today)")
    ] = None,
    retrain_if: Annotated[
        list[str] | None,
        typer.Option(
            "--retrain-if", metavar="RULE", help="Train a new model like the current one when this fires; repeatable."
        ),
    ] = None,
    promote: Annotated[
        bool,
        typer.Option("--promote", help="Make a model from --retrain-if current, if its grade is no worse."),
    ] = False,
    models_dir: ModelsDir = None,
    no_remember: Annotated[bool, typer.Option("--no-remember", help="Leave no trace of this run.")] = False,
    state: StateFile = None,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Watch the model at work: drift, what became of its scores, freshness, and the rules of churnrisk.toml.

    Exit code 3 when a rule fires. Example: churnrisk monitor purchases.csv
    """
    from churnrisk.cli.monitor_tables import show_look
    from churnrisk.cli.show import print_json, progress_bar
    from churnrisk.inputs import find_purchases, rejects_beside
    from churnrisk.monitor import parse_rules
    from churnrisk.operations import MonitorPlan, make_webhook, run_monitor

    settings = current_settings(context, models_dir=models_dir)
    webhook = None if settings.webhook_url is None else make_webhook(settings.webhook_url)
    source = find_purchases(_choose(purchases, history), settings.purchases)
    plan = MonitorPlan(
        source,
        settings.models_dir,
        known_state(settings, state),
        lookback=settings.lookback,
        options=reading.options(settings, rejects=rejects_beside(source, settings.rejects_dir)),
        rules=parse_rules(settings.rules, where="rules"),
        retrain_rules=parse_rules(retrain_if or [], where="--retrain-if"),
        as_of=as_of,
        remember_in=None if no_remember or not settings.remember else state_path(settings, state),
    )
    with progress_bar(is_quiet=as_json) as progress:
        progress("looking", 0, 1)
        result = run_monitor(plan)
        retrained = _retrain(plan, result, settings, reading, promote=promote, progress=progress)
    if result.memory_problem:
        typer.echo(f"churnrisk: this look is not remembered: {result.memory_problem}", err=True)
    delivery = None if webhook is None or not result.fired else _call(webhook, result)
    if as_json:
        print_json(_describe(result, retrained, delivery))
    else:
        show_look(result, retrained, delivery)
    if result.fired:
        raise typer.Exit(RULE_FIRED)
    if result.memory_problem:
        raise typer.Exit(MEND)


def _choose(purchases: str | None, history: str | None) -> str | None:
    if purchases is not None and history is not None:
        raise SettingsError(f"--purchases {history}: the purchase history is named already, {purchases}.")
    return purchases if history is None else history


def _retrain(
    plan: MonitorPlan, result: MonitorResult, settings: Settings, reading: Reading, *, promote: bool, progress: Any
) -> Retrained | None:
    from churnrisk.cards import read_recipe
    from churnrisk.operations import retrain
    from churnrisk.store import read_card

    if not any(one.has_fired for one in result.retraining) or result.look.model is None:
        return None
    recipe = read_recipe(read_card(plan.models_dir))
    return retrain(
        plan.source,
        models_dir=plan.models_dir,
        options=reading.options_like(settings, recipe),
        as_of=plan.as_of,
        campaigns=plan.state,
        promote=promote,
        progress=progress,
    )


def _call(webhook: Any, result: MonitorResult) -> Delivery:
    """Send the webhook; that it failed is said, and changes nothing else."""
    from churnrisk.operations import describe_alarm, send_alarm

    delivery = send_alarm(webhook, describe_alarm(result))
    if delivery.problem:
        typer.echo(f"churnrisk: the webhook was not sent after {delivery.tries} tries: {delivery.problem}", err=True)
    return delivery


def _describe(result: MonitorResult, retrained: Retrained | None, delivery: Delivery | None) -> dict[str, Any]:
    return {
        **result.to_dict(),
        "retrained": None if retrained is None else retrained.to_dict(),
        "webhook": None if delivery is None else delivery.to_dict(),
    }
