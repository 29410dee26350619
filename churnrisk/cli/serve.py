"""``churnrisk serve``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from churnrisk.cli.options import (
    Language,
    ModelsDir,
    Reading,
    StateFile,
    contact_file,
    contact_terms,
    current_settings,
    known_playbook,
    list_plan,
    reads_purchases,
    state_path,
)
from churnrisk.cli.products import known_products

if TYPE_CHECKING:
    from pathlib import Path

    from churnrisk.service import Bounds, Tasks
    from churnrisk.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(serve)


@reads_purchases
def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="Address to listen at. (default: 127.0.0.1)")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="PORT", min=0, max=65535, help="Port; 0 takes a free one. (default: 8000)"),
    ] = None,
    models_dir: ModelsDir = None,
    state: StateFile = None,
    purchases: Annotated[
        str | None,
        typer.Option(
            "--purchases",
            metavar="SOURCE",
            help="The purchase history. (default: `purchases` in the settings, then data/purchases.csv)",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, max=64, help="Processes that answer. (default: 1)")
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allowed-host",
            metavar="NAME",
            help="A name that requests may be addressed to, off this machine; repeatable.",
        ),
    ] = None,
    lang: Language = None,
    *,
    reading: Reading,
) -> None:
    """Serve scores over HTTP and the dashboard, until it is stopped; logs go to standard output as JSON lines.

    Example: churnrisk serve
    """
    _check_extra()
    from churnrisk.forecast import Valuation
    from churnrisk.memory import tend_state
    from churnrisk.messages import spoken_language
    from churnrisk.service import ServiceConfig
    from churnrisk.service import serve as run_service

    settings = current_settings(context, lang)
    config = ServiceConfig(
        models_dir=models_dir or settings.models_dir,
        state=state_path(settings, state, models_dir=models_dir),
        purchases=_find_purchases(settings, purchases),
        options=replace(reading.options(settings), left_out=None),  # objections are asked for each time anew
        valuation=Valuation(settings.margin, settings.discount_rate),
        host=host or settings.serve_host,
        port=settings.serve_port if port is None else port,
        workers=workers or settings.serve_workers,
        language=spoken_language(),
        allowed_hosts=tuple(allowed_host or settings.allowed_hosts),
        session_seconds=settings.session_hours * 3600,
        bounds=_bounds(settings),
        playbook=known_playbook(settings),
        terms=contact_terms(settings),
        listing=list_plan(settings),
        explained=settings.reasons_ahead,
        train_customers=settings.train_customers,
        parquet_uploads=settings.parquet_uploads,
        suppress=settings.suppress,
        contacts=contact_file(settings),
        year_starts=settings.year_starts,
        week_starts=settings.week_starts,
        products=known_products(settings),
        tasks=_plan_tasks(settings, reading, purchases, models_dir),
    )
    tend_state(config.state, keep_days=settings.keep_runs_days)
    if code := run_service(config, announce=lambda line: typer.echo(line, err=True)):
        raise typer.Exit(code)


def _check_extra() -> None:
    """Refuse to go on where the libraries of the service are missing."""
    import importlib.util

    from churnrisk.errors import MissingExtra

    if any(importlib.util.find_spec(name) is None for name in ("fastapi", "uvicorn", "prometheus_client")):
        raise MissingExtra("the service needs an extra part: pip install 'churnrisk[service]'.")


def _find_purchases(settings: Settings, given: str | None) -> str | None:
    """Return the history; None where none is named and the usual place is empty."""
    from churnrisk.errors import SourceError
    from churnrisk.inputs import find_purchases

    try:
        return find_purchases(given, settings.purchases)
    except SourceError:
        return None


def _plan_tasks(settings: Settings, reading: Reading, purchases: str | None, models_dir: Path | None) -> Tasks:
    """Return what is done by itself, and how; an incomplete setting is refused now and not at night."""
    from churnrisk.cli.weekly import plan_weekly
    from churnrisk.monitor import parse_rules
    from churnrisk.operations import MonitorPlan, make_webhook, read_schedule
    from churnrisk.service import Tasks

    source, folder = _find_purchases(settings, purchases), models_dir or settings.models_dir
    monitor = source and MonitorPlan(
        source,
        folder,
        state_path(settings, None, models_dir=models_dir),
        lookback=settings.lookback,
        options=reading.options(settings),
        rules=parse_rules(settings.rules, where="rules"),
    )
    return Tasks(
        monitor=monitor or None,
        webhook=None if settings.webhook_url is None else make_webhook(settings.webhook_url),
        weekly=plan_weekly(settings, reading) if "weekly" in settings.schedule else None,
        promotes=settings.retrain_promotes,
        timings=read_schedule(settings.schedule, zone=settings.timezone),
    )


def _bounds(settings: Settings) -> Bounds:
    from churnrisk.service import Bounds

    return Bounds(
        body=settings.request_body_mb * 2**20,
        rows=settings.request_rows,
        seconds=settings.request_seconds,
        queued=settings.request_queue,
        drain_seconds=settings.drain_seconds,
    )
