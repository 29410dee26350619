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


def current_settings(context: typer.Context) -> Settings:
    """Read the settings file, the one that ``--config`` named or the usual one, and the environment."""
    from churnrisk.settings import read_settings

    return read_settings(context.find_root().params.get("config"))


__all__ = ["AsJson", "AsOf", "ModelsDir", "Reading", "current_settings", "reads_purchases"]
