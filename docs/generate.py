"""Write the pages of the reference that are made from the code: commands, settings, features, rules.

Run ``python docs/generate.py`` after a change of any of them; a test fails while a page is behind.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer.main

from churnrisk.cli import app
from churnrisk.errors import CODES
from churnrisk.features.families import FAMILIES
from churnrisk.monitor.rules import rules_page
from churnrisk.products.due_list import DUE_COLUMNS
from churnrisk.products.first_list import FIRST_COLUMNS
from churnrisk.products.habits import HABIT_COLUMNS
from churnrisk.products.next_products import NEXT_COLUMNS
from churnrisk.settings import Settings
from churnrisk.settings.fields import PREFIX

FOLDER = Path(__file__).parent / "reference"


def commands_page() -> str:
    """Return the page on the command line: every command with its options."""
    lines = ["# Command line", "", "Every command prints `--help`. Exit codes: 0 done, 1 a defect of churnrisk,"]
    lines += ["2 something that you can mend (the message says how), 3 a monitoring rule fired.", ""]
    lines += ["`churnrisk --config FILE COMMAND` reads the settings from another file.", ""]
    program = typer.main.get_command(app)
    context = typer.Context(program)
    for path, command in walk(program):
        text = (command.help or "").strip().splitlines()
        lines += [f"## churnrisk {' '.join(path)}", "", text[0], ""]
        lines += [f"```sh\n{line.removeprefix('Example: ').strip()}\n```" for line in text if "Example:" in line]
        lines += ["", "| option | meaning |", "|---|---|"]
        lines += [f"| `{spelling(one, context)}` | {cell(one.help)} |" for one in command.params if is_shown(one)]
        lines.append("")
    return "\n".join(lines)


def errors_page() -> str:
    """Return the page on errors: every code, with what it means."""
    lines = ["# Errors", "", "The message of an error is for people, and says where and what to do; its words may"]
    lines += ["change. Its code is for programs and stays. With `--json` a command that fails prints"]
    lines += ['`{"error": {"code": ..., "detail": ...}}` on standard output, and exits with 2; over HTTP']
    lines += ["`code` is a member of the problem.", "", "| code | meaning |", "|---|---|"]
    lines += [f"| `{code}` | {meaning} |" for code, meaning in CODES.items()]
    return "\n".join([*lines, ""])


def walk(group: Any, prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with its path."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from walk(command, (*prefix, name))
        else:
            yield (*prefix, name), command


def is_shown(parameter: Any) -> bool:
    """Tell whether an option is for use: not the help itself, nor one that is only known to be refused."""
    return parameter.name != "help" and not getattr(parameter, "hidden", False)


def spelling(parameter: Any, context: Any) -> str:
    """Write an option as one types it."""
    if not parameter.opts[0].startswith("-"):
        return str(parameter.name).upper()
    kind = parameter.display_type(context).strip("<>")
    value = parameter.metavar or (kind if "|" in kind else "VALUE")
    return ", ".join(parameter.opts) + ("" if getattr(parameter, "is_flag", False) else f" {value}")


def cell(text: str | None) -> str:
    """Make a text fit into a table cell."""
    return (text or "").replace("|", "\\|").replace("\n", " ")


def settings_page() -> str:
    """Return the page on settings: every key with its environment variable."""
    lines = [
        "# Settings",
        "",
        "An option on the command line beats the environment, which beats `churnrisk.toml` (in the",
    ]
    lines += [
        "current folder, or `--config`), which beats the default. `churnrisk init` writes the file. Unknown keys are"
    ]
    lines += ["errors. Relative paths in the file start at its folder.", ""]
    lines += ["| key | environment | default | meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        shown = "not set" if default in (None, {}) else f"`{default}`"
        lines.append(f"| `{name}` | `{PREFIX}{name.upper()}` | {shown} | {cell(field.description)} |")
    lines += ["", "`CHURNRISK_CONFIG_DIR` moves the folder of the signing key and of the trusted keys.", ""]
    return "\n".join(lines)


def features_page() -> str:
    """Return the page on features: the whole catalogue."""
    lines = [
        "# Features",
        "",
        "What a model knows of a customer, all from orders before the cutoff. A model takes those",
    ]
    lines += ["that its log supports, and its card names the others.", ""]
    for family in FAMILIES:
        told = f"Reasons count them to {family.told_as}." if family.told_as else f"As a main reason: {family.words}."
        lines += ["", f"## {family.name.capitalize()}", "", told, ""]
        lines += ["| name | unit | meaning | missing |", "|---|---|---|---|"]
        for one in family.module.FEATURES:
            lines.append(f"| `{one.name}` | {cell(one.unit)} | {cell(one.meaning)} | {cell(one.missing)} |")
    return "\n".join([*lines, ""])


def products_page() -> str:
    """Return the page on the lists of products: their columns."""
    lines = ["# Lists of products", "", "What the columns of `churnrisk products` say. How to use them: [Products]"]
    lines[-1] += "(../how-to/products.md)."
    parts = {"products due": DUE_COLUMNS, "products first": FIRST_COLUMNS, "products next": NEXT_COLUMNS}
    for command, columns in (parts | {"target, score --products, weekly": HABIT_COLUMNS}).items():
        lines += ["", f"## churnrisk {command}", "", "| column | unit | meaning |", "|---|---|---|"]
        lines += [f"| `{one.name}` | {one.unit} | {cell(one.meaning)} |" for one in columns]
    return "\n".join([*lines, ""])


def http_page() -> str:
    """Every route under /v1, from the application itself."""
    from churnrisk.service import ServiceConfig, create_app

    app = create_app(ServiceConfig(Path("models"), Path("state.db")))
    roles = {(door.template, method): door.need for door in app.state.doors.all for method in door.methods}
    lines = [
        "# The HTTP API",
        "",
        "Made from the OpenAPI description, which a running service gives at `/openapi.json` with all schemas. How to "
        "use it: [The API, with curl](../how-to/api.md). Errors are `application/problem+json` (RFC 9457), with "
        "`type`, `title`, `status`, `detail` and `request_id`.",
        "",
    ]
    for path, methods in app.openapi()["paths"].items():
        if not path.startswith("/v1"):
            continue
        for method, operation in methods.items():
            need = roles.get((path, method.upper())) or roles.get((path.replace("}", ":path}"), method.upper()))
            lines += [f"## {method.upper()} {path}", "", operation.get("description", operation["summary"]), ""]
            lines += [f"Needs the role `{need.role}`.", ""] if need is not None and need.role else []
            parameters = operation.get("parameters", [])
            if parameters:
                lines += ["| parameter | in | meaning |", "|---|---|---|"]
                lines += [f"| `{one['name']}` | {one['in']} | {cell(one.get('description'))} |" for one in parameters]
                lines.append("")
            bodies = operation.get("requestBody", {}).get("content", {})
            lines += [f"Body: {', '.join(f'`{kind}`' for kind in bodies)}.", ""] if bodies else []
            lines += [f"Answers: {', '.join(f'{status}' for status in sorted(operation['responses']))}.", ""]
    return "\n".join(lines).rstrip() + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "errors.md": errors_page,
    "settings.md": settings_page,
    "features.md": features_page,
    "products.md": products_page,
    "rules.md": rules_page,
    "http-api.md": http_page,
}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


if __name__ == "__main__":
    main()
