"""``churnrisk products``: temporary."""

from __future__ import annotations

import typer

from churnrisk.cli import products_next


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="What customers buy.")
    products_next.register(group)
    app.add_typer(group, name="products")

    @group.command("hold", hidden=True)
    def hold() -> None:
        """Nothing."""
