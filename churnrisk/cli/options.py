"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churnrisk.cli.reading import Reading, reads_purchases

if TYPE_CHECKING:
    from churnrisk.settings import Settings

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


def current_settings(context: typer.Context) -> Settings:
    """Read the settings file, the one that ``--config`` named or the usual one, and the environment."""
    from churnrisk.settings import read_settings

    return read_settings(context.find_root().params.get("config"))


__all__ = [
    "AsJson",
    "AsOf",
    "Horizon",
    "Lead",
    "Lookback",
    "ModelsDir",
    "Purchases",
    "Reading",
    "Seed",
    "current_settings",
    "reads_purchases",
]
