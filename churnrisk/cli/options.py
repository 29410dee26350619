"""Options that several commands share."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churnrisk.cli.reading import Reading, reads_purchases

if TYPE_CHECKING:
    from churnrisk.settings import Settings


class CsvStyle(enum.StrEnum):
    """How CSV is written."""

    plain = "plain"
    excel = "excel"


CsvStyleChoice = Annotated[
    CsvStyle,
    typer.Option(
        "--csv-style", metavar="plain|excel", help="excel: semicolons and decimal commas, for a European Excel."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
ModelsDir = Annotated[
    Path | None, typer.Option("--models-dir", metavar="DIR", help="Folder of stored models. (default: models)")
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="YYYY-MM-DD", help="First day that counts as not known yet.")
]
Purchases = Annotated[
    str | None,
    typer.Argument(
        help="Purchase history, one row per order or order line (default: `purchases` in the settings, "
        "then data/purchases.csv)",
        show_default=False,
    ),
]
Horizon = Annotated[
    int | None,
    typer.Option(
        "--horizon",
        metavar="DAYS",
        help="Churned is who buys nothing in so many days. (default: chosen from this log's repurchase gaps)",
    ),
]
Lookback = Annotated[
    int | None,
    typer.Option("--lookback", metavar="DAYS", help="Active is who bought in so many last days. (default: 365)"),
]
Lead = Annotated[int | None, typer.Option("--lead", metavar="DAYS", help="Days that you need to act. (default: 0)")]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of everything random. (default: 0)")]
StateFile = Annotated[
    Path | None,
    typer.Option(
        "--state", metavar="FILE", help="Where runs and campaigns are remembered. (default: state.db beside the models)"
    ),
]


def current_settings(context: typer.Context) -> Settings:
    """Read the settings file, the one that ``--config`` named or the usual one, and the environment."""
    from churnrisk.settings import read_settings

    return read_settings(context.find_root().params.get("config"))


def state_path(settings: Settings, given: Path | None, *, models_dir: Path | None = None) -> Path:
    """Give the state file: the one that is given, else that of the settings, else ``state.db`` beside the models."""
    from churnrisk.state import default_state_path

    return given or settings.state or default_state_path(models_dir or settings.models_dir)


def known_state(settings: Settings, given: Path | None = None) -> Path | None:
    """Give the state file to read from: one that is named must be there, the usual one may be missing."""
    path = state_path(settings, given)
    is_named = given is not None or settings.state is not None
    return path if is_named or path.exists() else None


__all__ = [
    "AsJson",
    "AsOf",
    "CsvStyle",
    "CsvStyleChoice",
    "Horizon",
    "Lead",
    "Lookback",
    "ModelsDir",
    "Purchases",
    "Reading",
    "Seed",
    "StateFile",
    "current_settings",
    "known_state",
    "reads_purchases",
    "state_path",
]
