"""Options that several commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.errors import SettingsError

if TYPE_CHECKING:
    from churnrisk.orders import IntakeOptions
    from churnrisk.settings import Settings

READING = "Reading the file"
"""Panel of the help text that holds the intake options."""

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
ModelsDir = Annotated[Path | None, typer.Option("--models-dir", help="Folder of stored models. (default: models)")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="YYYY-MM-DD", help="First day that counts as not known yet.")
]

Column = Annotated[
    list[str] | None,
    typer.Option(
        "--column", metavar="ROLE=HEADER", help="What a column stands for; repeatable.", rich_help_panel=READING
    ),
]
RejectLimit = Annotated[
    float | None,
    typer.Option(
        "--reject-limit",
        metavar="SHARE",
        help="Stop when more than this share of the rows is rejected. (default: 0.05)",
        rich_help_panel=READING,
    ),
]
Rejects = Annotated[
    Path | None,
    typer.Option("--rejects", metavar="FILE", help="Write the rejected rows here.", rich_help_panel=READING),
]

INTAKE_PARAMETERS: Mapping[str, Any] = {"column": Column, "reject_limit": RejectLimit, "rejects": Rejects}
"""Options of every command that reads a user's file, by the name of the parameter."""


@dataclass(frozen=True)
class Reading:
    """The intake options as given, before the settings are known."""

    given: Mapping[str, Any]

    def options(self, settings: Settings) -> IntakeOptions:
        """Give the intake options: what was given here beats the settings."""
        from churnrisk.orders import IntakeOptions

        rest = {k: v for k, v in self.given.items() if v not in (None, []) and k not in ("column", "reject_limit")}
        limit = self.given.get("reject_limit")
        return IntakeOptions(
            columns={**settings.columns, **parse_columns(self.given.get("column") or [])},
            reject_limit=settings.reject_limit if limit is None else limit,
            **rest,
        )


def reads_purchases(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the intake options; it receives them as one argument, ``reading``."""
    signature = inspect.signature(command, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name != "reading"]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in INTAKE_PARAMETERS.items()
    ]

    @functools.wraps(command)
    def with_reading(**arguments: Any) -> None:
        given = {name: arguments.pop(name) for name in INTAKE_PARAMETERS}
        command(**arguments, reading=Reading(given))

    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    with_reading.__signature__ = signature.replace(parameters=[*keyword_only, *added])  # type: ignore[attr-defined]
    with_reading.__annotations__ = {p.name: p.annotation for p in (*keyword_only, *added)}
    return with_reading


def parse_columns(pairs: list[str]) -> dict[str, str]:
    """Read ``ROLE=HEADER`` pairs.

    Raises
    ------
    SettingsError
        For a pair without ``=``, an unknown role, or a role given twice.
    """
    from churnrisk.settings import column_roles, nearest

    columns: dict[str, str] = {}
    for pair in pairs:
        role, equals, header = pair.partition("=")
        if not equals or not header:
            raise SettingsError(f"--column {pair}: write it as ROLE=HEADER, for example --column customer_id=Klient.")
        if role not in column_roles():
            raise SettingsError(f"--column {pair}: unknown role {role!r}{nearest(role, column_roles())}.")
        if role in columns:
            raise SettingsError(f"--column {pair}: {role} was given before as {columns[role]!r}.")
        columns[role] = header
    return columns


def current_settings(context: typer.Context) -> Settings:
    """Read the settings file, the one that ``--config`` named or the usual one, and the environment."""
    from churnrisk.settings import read_settings

    return read_settings(context.find_root().params.get("config"))
