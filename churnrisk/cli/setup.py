"""``churnrisk init``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churnrisk.errors import OutputError


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(init)


def init(
    to_screen: Annotated[bool, typer.Option("--print", help="Print the file instead of writing it.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a churnrisk.toml that is there.")] = False,
) -> None:
    """Write churnrisk.toml, with every setting and its meaning, into this folder.

    Example: churnrisk init
    """
    from churnrisk.settings import FILE_NAME, commented_file

    if to_screen:
        typer.echo(commented_file())
        return
    from churnrisk.writing import replacing

    path = Path(FILE_NAME)
    if path.exists() and not force:
        raise OutputError(f"{path} is there already; --force replaces it, --print shows a new one.")
    with replacing(path, holds=None) as temporary:
        temporary.write_text(commented_file(), encoding="utf-8")
    typer.echo(f"Wrote {path}. Every line is a comment until you take its # away.")
