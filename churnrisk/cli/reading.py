"""Options of every command that reads a user's file."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.errors import SettingsError, StateError

if TYPE_CHECKING:
    from churnrisk.cards import Recipe
    from churnrisk.dated import DatedSource
    from churnrisk.orders import IntakeOptions, KeepIn
    from churnrisk.settings import Settings
    from churnrisk.state import StatePlace


SLOW_SECONDS = 10.0
"""Reading that takes longer is worth a hint."""

READING, LIMITS = "Reading the purchases", "Limits of reading"
"""Panels of the help."""


def _option(kind: Any, name: str, metavar: str | None, text: str, *, panel: str = READING) -> Any:
    return Annotated[kind, typer.Option(name, metavar=metavar, help=text, rich_help_panel=panel)]


def _flag(name: str, text: str) -> Any:
    return Annotated[bool | None, typer.Option(name, help=text, rich_help_panel=READING)]


def _spell(parameter: str) -> str:
    return "--" + parameter.replace("_", "-")


TEXT, PAIRS, NUMBER, FILE = str | None, list[str] | None, int | None, Path | None

INTAKE_PARAMETERS: Mapping[str, Any] = {
    "column": _option(PAIRS, "--column", "ROLE=HEADER", "What a column stands for; repeatable."),
    "reject_limit": _option(
        float | None, "--reject-limit", "SHARE", "Stop when more than this share of rows is rejected. (default: 0.05)"
    ),
    "rejects": _option(FILE, "--rejects", "FILE", "Where to list the rows set aside. (default: beside the output)"),
    "encoding": _option(TEXT, "--encoding", "NAME", "Encoding of a text file, such as cp1251. (default: found)"),
    "delimiter": _option(TEXT, "--delimiter", "CHARACTER", "Between the fields of a text file. (default: found)"),
    "date_format": _option(
        TEXT,
        "--date-format",
        "FORMAT",
        "How dates are written: dmy, mm/dd/yyyy, dd-mon-yy, epoch_ms, ... (default: found)",
    ),
    "decimal": _option(TEXT, "--decimal", ".|,", "Decimal sign of amounts. (default: found)"),
    "timezone": _option(TEXT, "--timezone", "ZONE", "The shop's zone, such as Europe/Sofia, for times with an offset."),
    "rate": _option(PAIRS, "--rate", "CURRENCY=RATE", "Convert a currency, as PLN=0.235; repeatable."),
    "rate_before": _option(
        PAIRS, "--rate-before", "DATE=RATE", "Multiply the amounts before a date, as 2026-01-01=0.511292; repeatable."
    ),
    "fold_case": _flag("--fold-case", "Take ids that differ only by case for one customer."),
    "fold_ids": _flag(
        "--fold-ids", "Take ids that differ only in writing (case, invisible characters, zeros) for one."
    ),
    "pseudonymise": _flag("--pseudonymise", "Replace customer ids by keyed hashes on the way in."),
    "pseudonym_key": _option(
        FILE, "--pseudonym-key", "FILE", "Pseudonymise with the key in this file, of `churnrisk keys pseudonym-key`."
    ),
    "drop_duplicates": _flag("--drop-duplicates", "Drop exact copies of rows in a log of order lines, too."),
    "status": _option(
        PAIRS, "--status", "WORD=CLASS", "What a status means: sale, no_sale, pending or returned; repeatable."
    ),
    "count_pending": _flag("--count-pending", "Count orders that wait for their payment as sales."),
    "reversals": _option(
        TEXT, "--reversals", "undo|keep", "Whether a purchase that was taken back whole stays one. (default: undo)"
    ),
    "reversal_days": _option(
        NUMBER, "--reversal-days", "DAYS", "How long a return of the same amount takes a purchase back. (default: 30)"
    ),
    "no_customer_limit": _option(
        float | None, "--no-customer-limit", "SHARE", "Stop when more rows have no customer id. (default: 0.5)"
    ),
    "amounts": _option(TEXT, "--amounts", "order|line", "Whose amount stands on a line. (default: found)"),
    "discount": _option(
        TEXT, "--discount", "KIND", "What a discount is: share, percent, unit, line or none. (default: found)"
    ),
    "no_amounts": _flag("--no-amounts", "Read a log without amounts on purpose."),
    "no_cache": _flag("--no-cache", "Read the source itself, and keep no copy of it for the next time."),
    "query": _option(TEXT, "--query", "SQL", "What to read from a database."),
    "tables": _option(
        PAIRS, "--table", "NAME=FILE", "A table beside the purchases, each row with its day; repeatable."
    ),
    "attributes": _option(
        PAIRS, "--attributes", "NAME=FILE", "Attributes of customers, each row from its day on; repeatable."
    ),
    "trust": _option(PAIRS, "--trust", "NAME", "Learn from a table that seems to know the future; repeatable."),
    "threads": _option(NUMBER, "--threads", "N", "Threads of the engine. (default: all)"),
    "memory": _option(TEXT, "--memory", "SIZE", "Memory limit, as 2GB. (default: 600MiB to read, then 80 % of all)"),
}
"""By the name of the parameter."""

ENGINE_PARAMETERS: Mapping[str, Any] = {
    "engine": _option(
        TEXT, "--engine", "NAME", "duckdb, polars, spark (on this machine) or spark://HOST:PORT. (default: duckdb)"
    )
}
"""Of the commands that leave the work to an engine."""

LIMIT_PARAMETERS: Mapping[str, Any] = {
    name: _option(NUMBER, _spell(name), "N", text, panel=LIMITS)
    for name, text in {
        "max_field_size": "Most characters of one field.",
        "max_size": "Most bytes of a source once it is decompressed.",
        "max_ratio": "How many times larger a compressed source may become.",
        "max_columns": "Most columns of a source.",
        "max_cells": "Most cells that a sheet may span.",
        "max_depth": "How deep JSON may be nested.",
        "max_memory": "Bytes of memory for reading anything but plain text.",
        "max_seconds": "Seconds that this may take.",
    }.items()
}
"""Bounds on what a file may cost; each message about a bound names its option."""

GONE_PARAMETERS: Mapping[str, Any] = {
    "net_cancellations": Annotated[
        bool | None, typer.Option("--net-cancellations", hidden=True, help="No longer known.")
    ]
}
"""Of earlier versions: given, they are refused with what has come in their place."""

PARAMETERS = {**INTAKE_PARAMETERS, **LIMIT_PARAMETERS, **GONE_PARAMETERS}
_MAPPINGS = {"column": "columns", "rate": "rates", "rate_before": "rate_before", "status": "status"}
_PARAMETERS_OF = {name: parameter for parameter, name in _MAPPINGS.items()}
_BESIDE = ("tables", "attributes", "trust")
_NOT_COPIED = ("column", "rate", "rejects", "query", "pseudonymise", "pseudonym_key", "no_cache", *_BESIDE)
_FROM_SETTINGS = tuple(name for name in INTAKE_PARAMETERS if name not in _NOT_COPIED)


@dataclass(frozen=True)
class Reading:
    """The intake options as given, before the settings are known."""

    given: Mapping[str, Any]
    state: str | None = None
    models_dir: Path | None = None

    def place(self, settings: Settings) -> StatePlace:
        """Return where the state is, as the command was told or as the settings say."""
        from churnrisk.state import default_state_path, parse_place

        named = self.state or settings.state
        return parse_place(named) if named else default_state_path(self.models_dir or settings.models_dir)

    def options(self, settings: Settings, *, rejects: Path | None = None) -> IntakeOptions:
        """Return the intake options: what was given here beats the settings, which beat the defaults.

        Customers who have objected are left out, and standard error says so.

        Parameters
        ----------
        settings : Settings
            The settings of the program.
        rejects : Path, optional
            Where the rows that are set aside are listed when no option names a file.
        """
        from churnrisk.orders import IntakeOptions

        chosen: dict[str, Any] = {name: getattr(settings, name) for name in _FROM_SETTINGS}
        special = {*_MAPPINGS, "pseudonymise", "pseudonym_key", "no_cache", *_BESIDE}
        chosen |= {name: value for name, value in self.given.items() if value is not None and name not in special}
        chosen["pseudonym_key"] = self.pseudonym_key(settings)
        chosen["on_read"] = hint_at_slow
        chosen["keep"] = keep_in(settings) if settings.cache and not self.given.get("no_cache") else None
        for parameter, name in _MAPPINGS.items():
            pairs = self.given.get(parameter) or []
            parsed = parse_columns(pairs) if parameter == "column" else parse_pairs(_spell(parameter), pairs)
            chosen[name] = {**getattr(settings, name), **parsed}
        chosen["tables"] = self.tables(settings)
        chosen.setdefault("rejects", rejects)
        if "engine" in self.given:
            chosen.setdefault("engine", settings.engine)
        made = IntakeOptions(**{name: value for name, value in chosen.items() if value is not None})
        return _without_objectors(made, self.place(settings))

    def tables(self, settings: Settings) -> dict[str, DatedSource]:
        """Return the tables beside the purchases: those of the settings, and files that were given here."""
        from churnrisk.settings import declare_tables

        found: list[dict[str, Any]] = []
        for option, name in (("--table", "tables"), ("--attributes", "attributes")):
            declared: dict[str, Any] = dict(getattr(settings, name))
            for one, file in parse_pairs(option, self.given.get(name) or []).items():
                declared[one] = {**declared.get(one, {}), "source": file}
            found.append(declared)
        for one in self.given.get("trust") or []:
            group = next((group for group in found if one in group), None)
            if group is None:
                known = ", ".join(sorted(found[0] | found[1])) or "none"
                raise SettingsError(f"--trust {one}: there is no such table. Tables that are named: {known}.")
            group[one] = {**group[one], "trusted": True}
        return declare_tables(*found)

    def options_like(self, settings: Settings, recipe: Recipe, *, rejects: Path | None = None) -> IntakeOptions:
        """Return the intake options of a recipe: what was given here beats it, and it beats the settings."""
        options = self.options(settings, rejects=rejects)
        over: dict[str, Any] = {}
        for name, value in recipe.options.items():
            parameter = _PARAMETERS_OF.get(name, name)
            if name == "tables":
                over[name] = {**value, **options.tables}
            elif self.given.get(parameter) is None:
                over[name] = value
            elif parameter in _MAPPINGS:
                over[name] = {**value, **getattr(options, name)}
        return replace(options, **over)

    def pseudonym_key(self, settings: Settings) -> bytes | None:
        """Read the key by which customer ids are replaced; None where they are not."""
        from churnrisk.store import load_pseudonym_key

        named = self.given.get("pseudonym_key")
        if named is None and not (self.given.get("pseudonymise") or settings.pseudonymise):
            return None
        return load_pseudonym_key(named or settings.pseudonym_key)


def hint_at_slow(seconds: float, is_kept: bool) -> None:
    """Say on standard error what makes the next command quicker, where reading the source took long."""
    if seconds < SLOW_SECONDS:
        return
    quicker = (
        "The next command on it starts at once: a copy was kept"
        if is_kept
        else "`cache_from_mb = 0` in churnrisk.toml keeps a copy that opens at once; `churnrisk convert` writes a file "
        "that is read quickly"
    )
    typer.echo(f"churnrisk: reading the source took {seconds:.0f} s. {quicker}.", err=True)


def keep_in(settings: Settings) -> KeepIn:
    """Return where copies of large purchase histories are kept, and how many."""
    from churnrisk.orders import KeepIn
    from churnrisk.state import copies_folder, default_state_path, parse_place

    place = parse_place(settings.state) if settings.state else default_state_path(settings.models_dir)
    return KeepIn(
        folder=copies_folder(place, settings.models_dir),
        days=settings.cache_days,
        size=int(settings.cache_gb * 1000**3),
        least=int(settings.cache_from_mb * 1000**2),
    )


def runs_on_engines(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that reads purchases the option ``--engine`` as well; stands below :func:`reads_purchases`."""
    command.runs_on_engines = True  # type: ignore[attr-defined]
    return command


def reads_purchases(command: Callable[..., None]) -> Callable[..., None]:
    """Add the intake options to a command; it receives them as one argument, ``reading``."""
    signature = inspect.signature(command, eval_str=True)
    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in signature.parameters.items()
        if name != "reading"
    ]
    parameters = {**(ENGINE_PARAMETERS if hasattr(command, "runs_on_engines") else {}), **PARAMETERS}
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in parameters.items()
        if name not in signature.parameters
    ]
    names = [parameter.name for parameter in added]

    @functools.wraps(command)
    def with_reading(**arguments: Any) -> None:
        given = {name: arguments.pop(name) for name in names}
        _refuse_gone(given)
        reading = Reading(given, arguments.get("state"), arguments.get("models_dir"))
        forgotten: list[str] = []
        try:
            with _remembering_files(reading, arguments, forgotten.append):
                command(**arguments, reading=reading)
        except BaseException:  # the command has an end of its own to tell
            for text in forgotten:
                typer.echo(f"churnrisk: {text}", err=True)
            raise
        if forgotten:
            raise StateError(" ".join(forgotten))

    with_reading.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined]
    with_reading.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *added)}
    return with_reading


def _without_objectors(options: IntakeOptions, place: StatePlace) -> IntakeOptions:
    from churnrisk.memory import leave_out

    made = leave_out(options, place)
    if made.left_out is not None:
        count = len(made.left_out.digests)
        said = "customer has objected to being scored, and is" if count == 1 else "customers have objected, and are"
        typer.echo(f"churnrisk: {count:,} {said} left out.", err=True)
    return made


def _remembering_files(
    reading: Reading, arguments: Mapping[str, Any], tell: Callable[[str], object]
) -> contextlib.AbstractContextManager[None]:
    """Remember the files with customers in them that a command writes, unless it is to leave no trace.

    A command without the option --state makes no state for that where none is named and none is there yet. Where a file
    cannot be remembered it is written all the same, and ``tell`` gets a sentence on that.
    """
    from churnrisk.settings import read_settings
    from churnrisk.state import remembering_files

    def find() -> StatePlace | None:
        settings = read_settings(arguments["context"].find_root().params.get("config"))
        place = reading.place(settings)
        is_made = "state" in arguments or settings.state is not None
        if not settings.remember or arguments.get("no_remember"):
            return None
        return None if not is_made and isinstance(place, Path) and not place.exists() else place

    return remembering_files(find, tell=tell)


def _refuse_gone(given: dict[str, Any]) -> None:
    """Refuse options of earlier versions, with what has come in their place."""
    for name in GONE_PARAMETERS:
        if given.pop(name):
            from churnrisk.settings import GONE

            raise SettingsError(f"{_spell(name)} {GONE[name].format(keep='--reversals keep')}.")


def parse_columns(pairs: Iterable[str]) -> dict[str, str]:
    """Read ``ROLE=HEADER`` pairs.

    Raises
    ------
    SettingsError
        For a pair without ``=``, an unknown role, or a role given twice.
    """
    from churnrisk.settings import column_roles, nearest

    columns = parse_pairs("--column", pairs)
    for role, header in columns.items():
        if role not in column_roles():
            raise SettingsError(f"--column {role}={header}: unknown role {role!r}{nearest(role, column_roles())}.")
    return columns


_SHAPES = {
    "--column": ("ROLE=HEADER", "customer_id=Klient"),
    "--rate": ("CURRENCY=RATE", "PLN=0.235"),
    "--rate-before": ("DATE=RATE", "2026-01-01=0.511292"),
    "--status": ("WORD=CLASS", "Zrealizowane=sale"),
    "--table": ("NAME=FILE", "tickets=tickets.csv"),
    "--attributes": ("NAME=FILE", "members=members.csv"),
}


def parse_pairs(option: str, pairs: Iterable[str]) -> dict[str, str]:
    """Read repeated ``NAME=VALUE`` options, each name once; a column without a header stands for none."""
    parsed: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name or not (value or option == "--column"):
            shape, example = _SHAPES[option]
            raise SettingsError(f"{option} {pair}: write it as {shape}, for example {option} {example}.")
        if name in parsed:
            raise SettingsError(f"{option} {pair}: {name} was given before, as {parsed[name]!r}.")
        parsed[name] = value
    return parsed
