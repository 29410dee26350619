"""Settings read from their file and the environment, and refused with the line that is wrong."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from churnrisk.errors import SettingsError
from churnrisk.schema import ROLES, SUMMARY_DATE_ROLES, SUMMARY_ROLES
from churnrisk.settings.fields import FILE_NAME, PREFIX, Settings
from churnrisk.settings.tables import declare_tables

_OTHER_VARIABLES = {  # read where they are needed, and in no file: where the keys are, a password, and a secret
    "CHURNRISK_CONFIG_DIR",
    "CHURNRISK_SMTP_PASSWORD",
    "CHURNRISK_ADMIN_KEY",
    "CHURNRISK_WEBHOOK_SECRET",
}
GONE = {
    "net_cancellations": "is no longer known: purchases that were taken back whole are recognised by default, and "
    "{keep} turns that off"
}
"""Earlier keys, and what has come in their place."""

_PATHS = {"purchases", "models_dir", "weekly_dir", "suppress", "contacts", "state", "pseudonym_key"}


def read_settings(config: Path | None = None) -> Settings:
    """Read ``churnrisk.toml`` in the current folder, or the file that ``config`` names, and the environment.

    A relative path in the file is taken from the file's folder, so that a scheduled run may start anywhere.

    Raises
    ------
    SettingsError
        For a file that cannot be read, an unknown key (with the nearest known one), or an impossible value.
    """
    path = Path(FILE_NAME) if config is None else config
    values = _read_toml(path, is_named=config is not None)
    _refuse_unknown(values, path)
    _refuse_unknown_variables()
    for key in _PATHS & values.keys():
        values[key] = _from_folder(values[key], path.parent)
    for group in ("tables", "attributes"):
        for declared in values.get(group, {}).values() if isinstance(values.get(group), dict) else ():
            if isinstance(declared, dict) and "source" in declared:
                declared["source"] = _from_folder(declared["source"], path.parent)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError(_explain(error, path, values)) from None
    declare_tables(settings.tables, settings.attributes, place=lambda name: f"{path}{_line_with(path, name)}: ")
    return settings


def column_roles() -> tuple[str, ...]:
    """Return every role that a column of a user's file can be mapped to."""
    return tuple(dict.fromkeys((*ROLES, *SUMMARY_ROLES, *SUMMARY_DATE_ROLES)))


def _read_toml(path: Path, *, is_named: bool) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        return tomllib.loads(text)
    except FileNotFoundError:
        if is_named:
            raise SettingsError(f"{path}: no such settings file. `churnrisk init` writes one.") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from None


def _from_folder(value: Any, folder: Path) -> Any:
    is_path = isinstance(value, str) and "://" not in value
    return str(folder / value) if is_path else value


def _refuse_unknown(values: Mapping[str, Any], path: Path) -> None:
    for key in values:
        if key in GONE:
            successor = GONE[key].format(keep='reversals = "keep"')
            raise SettingsError(f"{path}{_line_of(path, key)}: {key} {successor}. Take the line out.")
        if key not in Settings.model_fields:
            raise SettingsError(
                f"{path}{_line_of(path, key)}: unknown key {key!r}{nearest(key, Settings.model_fields)}."
            )
    columns = values.get("columns", {})
    for role in columns if isinstance(columns, dict) else ():
        if role not in column_roles():
            raise SettingsError(
                f"{path}{_line_of(path, role)}: unknown column {role!r} under [columns]{nearest(role, column_roles())}."
            )


def _refuse_unknown_variables() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | _OTHER_VARIABLES
    for variable in os.environ:
        gone = GONE.get(variable.upper().removeprefix(PREFIX).lower()) if variable.upper().startswith(PREFIX) else None
        if gone is not None:
            keep = f"{PREFIX}REVERSALS=keep"
            raise SettingsError(f"environment: {variable} {gone.format(keep=keep)}. Unset the variable.")
        if variable.upper().startswith(PREFIX) and variable.upper() not in known:
            raise SettingsError(f"environment: unknown variable {variable}{nearest(variable.upper(), known)}.")


def nearest(word: str, known: Any) -> str:
    """Return ``; did you mean ...?`` or the list of what is known, to end an error message with."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(sorted(known))}"


def _explain(error: ValidationError, path: Path, values: Mapping[str, Any]) -> str:
    first = error.errors()[0]
    key = str(first["loc"][0])
    variable = PREFIX + key.upper()
    where = f"environment {variable}" if variable in os.environ else f"{path}{_line_of(path, key)}: {key}"
    bad = os.environ.get(variable, values.get(key))
    if len(first["loc"]) > 1 and isinstance(bad, dict):  # of a table, the line and the value of its key
        inner = str(first["loc"][1])
        where, bad = f"{path}{_line_of(path, inner)}: [{key}] {inner}", bad.get(inner)
    return f"{where} = {bad!r}: {first['msg'].lower()}. It means: {Settings.model_fields[key].description}."


def _line_of(path: Path, key: str) -> str:
    """Return ``, line N`` for the line of the file that starts with the key, where there is one."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    for number, line in enumerate(lines, start=1):
        if line.strip().strip('["').startswith(key):
            return f", line {number}"
    return ""


def _line_with(path: Path, name: str) -> str:
    """Return ``, line N`` for the line of the file that begins the table of this name."""
    return _line_of(path, f"tables.{name}") or _line_of(path, f"attributes.{name}")


def commented_file() -> str:
    """Return the text that ``churnrisk init`` writes: every key with its meaning, all commented out."""
    parts = ["# Settings of churnrisk. An option on the command line beats the environment, which beats this file.", ""]
    tables = []
    for name, field in Settings.model_fields.items():
        example = field.examples[0] if field.examples else field.get_default(call_default_factory=True)
        lines = [f"# {field.description}; environment: {PREFIX}{name.upper()}"]
        if isinstance(example, dict) and any(isinstance(value, dict) for value in example.values()):
            for key, inner in example.items():
                lines += [f"# [{name}.{key}]", *(f"# {_key(one)} = {_toml(value)}" for one, value in inner.items()), ""]
            tables += lines
        elif isinstance(example, dict):
            lines += [f"# [{name}]", *(f"# {_key(key)} = {_toml(value)}" for key, value in example.items()), ""]
            tables += lines
        else:
            parts += [*lines, f"# {name} = {_toml(example)}", ""]
    return "\n".join(parts + tables)


def _key(key: str) -> str:
    return key if key.replace("_", "").isalpha() else f'"{key}"'


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value) if isinstance(value, int | float) else f'"{value}"'
