"""Two models side by side, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from churnrisk.cli.show import show_table

if TYPE_CHECKING:
    from churnrisk.cards import Difference


def show_difference(like: str, difference: Difference) -> None:
    """Show what differs between a new model and the one that it was made like."""
    rows = [
        {"": one["what"], "then": _write(one["then"]), "now": _write(one["now"])}
        for one in difference.rows
        if one["then"] is not None or one["now"] is not None
    ]
    caption = "Each was tested on the newest days that it knew, so small differences of the figures say little."
    show_table(f"Like {like}", rows, caption=caption)


def _write(value: Any) -> str:
    if value is None:
        return "\N{EN DASH}"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
