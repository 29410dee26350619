"""Help in groups, in plain text: commands by what they are for, options by the panel that each names.

Typer draws panels by itself, but with a library that takes 0.4 s to import, more than all the rest of ``--help``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from typer import Typer
from typer.core import TyperCommand, TyperGroup

PANELS: Mapping[str, tuple[str, ...]] = {
    "Begin": ("demo", "init", "check", "convert"),
    "Who leaves, and why": ("train", "score", "explain", "products", "backtest", "models"),
    "Act, and see whether it helped": ("weekly", "target", "campaign", "monitor"),
    "Figures of the shop": (
        "report",
        "metrics",
        "cohorts",
        "segments",
        "ltv",
        "economics",
        "benchmarks",
        "nps",
        "rate",
    ),
    "Serve to others": ("serve", "keys", "state"),
    "Personal data": ("access", "object", "forget"),
}
"""The commands of the program, in the order of its help."""

ENDS = ",:;."


class GroupedCommand(TyperCommand):
    """A command whose options stand under the panels that they name (``rich_help_panel``)."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, the options, and then each panel of options."""
        panels: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                usual = "Options" if parameter.param_type_name == "option" else "Arguments"
                panels.setdefault(getattr(parameter, "rich_help_panel", None) or usual, []).append(record)
        _write(formatter, panels)


class GroupedCommands(TyperGroup):
    """The program, whose commands stand under :data:`PANELS`."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a line for each command: as much of its first sentence as fits."""
        del ctx
        room = formatter.width - 6 - max(map(len, self.commands), default=0)
        panels = {
            panel: [(name, shorten(self.commands[name].help or "", room)) for name in names if name in self.commands]
            for panel, names in PANELS.items()
        }
        _write(formatter, panels)


class GroupedProgram(Typer):
    """A program, or a group of commands, in which every command has grouped help."""

    def command(self, name: str | None = None, **how: Any) -> Callable[[Any], Any]:
        """Add a command, as Typer does."""
        return super().command(name, **{"cls": GroupedCommand, **how})


def shorten(text: str, room: int) -> str:
    """Return the first line of a text, up to the last comma, colon or full stop that fits where it is too long.

    >>> shorten("Learn which customers leave, test that, and store the model.", 40)
    'Learn which customers leave, test that'
    """
    line = text.strip().partition("\n")[0]
    if len(line) <= room:
        return line.rstrip(".")
    end = max(line.rfind(f"{sign} ", 0, room + 1) for sign in ENDS)
    return line[:end] if end > 0 else line[: room - 1].rpartition(" ")[0] + "…"


def _write(formatter: Any, panels: Mapping[str, list[tuple[str, str]]]) -> None:
    for panel, records in panels.items():
        if records:
            with formatter.section(panel):
                formatter.write_dl(records)
