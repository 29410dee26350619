"""``churnrisk state backup | migrate | prune``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from churnrisk.cli.grouped import GroupedProgram
from churnrisk.cli.options import AsJson, StateFile, current_settings, state_path
from churnrisk.errors import StateError

state = GroupedProgram(
    help="What is remembered: back it up, move it, let go of what is old.", no_args_is_help=True, rich_markup_mode=None
)


def register(app: typer.Typer) -> None:
    """Add the command group to the program."""
    app.add_typer(state, name="state")


@state.command()
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write; an older backup is replaced.")],
    state: StateFile = None,
    as_json: AsJson = False,
) -> None:
    """Copy everything that is remembered, as it is at one moment, into one file, while others go on writing.

    Example: churnrisk state backup backups/state-2026-11-22.db
    """
    from churnrisk.cli.show import print_json, say
    from churnrisk.state import backup_state

    place = state_path(current_settings(context), state)
    size = backup_state(place, file)
    if as_json:
        print_json({"state": str(place), "backup": str(file), "bytes": size})
    else:
        say(f"{place} is copied to {file} ({size:,} bytes). It holds customer ids: keep it as the purchase log.")


@state.command()
def migrate(
    context: typer.Context,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FILE|URL", help="Copy everything there; nothing may be remembered there yet."),
    ] = None,
    state: StateFile = None,
    as_json: AsJson = False,
) -> None:
    """Bring what is remembered to the newest format, erase again the customers forgotten, and move it with --to.

    Example: churnrisk state migrate --to postgresql://churnrisk@db/churnrisk
    """
    from churnrisk import memory
    from churnrisk.cli.show import print_json, say
    from churnrisk.state import FORMAT, copy_state, find_state, parse_place

    place = state_path(current_settings(context), state)
    target = parse_place(to) if to is not None else None
    opened = find_state(place)
    if opened is None:
        raise StateError(f"{place}: nothing is remembered there yet.")
    opened.close()
    memory.catch_up(place)
    counts = copy_state(place, target) if target is not None else None
    if as_json:
        print_json({"state": str(place), "format": FORMAT, "to": target and str(target), "rows": counts})
        return
    say(f"{place} has format {FORMAT}, the newest.")
    if counts is not None:
        say(
            f"{sum(counts.values()):,} rows were copied to {target}. Name it with --state from now on, or as `state` in"
        )
        say("churnrisk.toml, and stop what still writes to the old one.")


@state.command()
def prune(
    context: typer.Context,
    older_than: Annotated[
        int | None,
        typer.Option("--older-than", metavar="DAYS", min=1, help="(default: `keep_runs_days` in the settings)"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    state: StateFile = None,
    as_json: AsJson = False,
) -> None:
    """Let go of old runs, jobs, audit entries, sessions, files of rejects and kept copies; campaigns and orders stay.

    Example: churnrisk state prune --older-than 365
    """
    from churnrisk import memory
    from churnrisk.cli.reading import keep_in
    from churnrisk.cli.show import print_json, say

    settings = current_settings(context)
    days = older_than or settings.keep_runs_days
    if not days:
        raise StateError("say with --older-than how many days are kept: keep_runs_days is 0, which keeps everything.")
    place = state_path(settings, state)
    pruned = memory.prune(
        place,
        days=days,
        rejects_days=min(days, settings.keep_rejects_days or days),
        folders=[settings.weekly_dir, settings.rejects_dir],
        keep=keep_in(settings),
        is_dry=dry_run,
    )
    if as_json:
        print_json(asdict(pruned))
        return
    verb = "would go" if dry_run else "are gone"
    say(
        f"Older than {days} days, {verb}: {pruned.state.runs:,} scoring runs ({pruned.state.scores:,} scores), "
        f"{pruned.state.jobs:,} jobs, {pruned.state.monitor_runs:,} looks at models, {pruned.state.audit:,} audit "
        f"entries, {pruned.state.sessions:,} sessions, "
        f"{pruned.state.week_lists:,} places on lists, {len(pruned.rejects):,} files of rejects, "
        f"{pruned.copies:,} kept copies of purchase histories."
    )
    say("Campaigns and received orders stay.")
