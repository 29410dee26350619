"""``churnrisk keys create | list | revoke | pseudonym-key``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churnrisk.cli.grouped import GroupedProgram
from churnrisk.cli.options import AsJson, ModelsDir, StateFile, current_settings, state_path
from churnrisk.errors import StateError
from churnrisk.schema import KeyRole

if TYPE_CHECKING:
    from churnrisk.state import KeyRecord

keys = GroupedProgram(
    help="API keys of the service; the key of pseudonyms.", no_args_is_help=True, rich_markup_mode=None
)


def register(app: typer.Typer) -> None:
    """Add the command group to the program."""
    app.add_typer(keys, name="keys")


@keys.command()
def create(
    context: typer.Context,
    role: Annotated[
        KeyRole,
        typer.Option(
            "--role",
            help="reader: look at everything but names and addresses. scorer: also score, send purchases, "
            "send rows, make and measure campaigns, start jobs, save filters, write notes. contacts: also see names "
            "and addresses, where the settings name a file of them. admin: also train and promote models, "
            "read the audit log, see all that is held of a customer, forget customers, keep objections.",
        ),
    ],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Who uses it, as the list of keys shows it.")],
    state: StateFile = None,
    models_dir: ModelsDir = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key, and print it this once: only its hash is kept.

    Example: churnrisk keys create --role scorer --name "CRM import"
    """
    from churnrisk.cli.show import print_json, say
    from churnrisk.state import create_key, note_audit, open_state

    with open_state(state_path(current_settings(context, models_dir=models_dir), state)) as file, file.transaction():
        record, secret = create_key(file, name=name, role=role)
        note_audit(file, "create key", key=record.key_id, role=record.role)
    if as_json:
        print_json(asdict(record) | {"key": secret})
        return
    say(f"Key {record.key_id} ({record.role}, {record.name}):")
    typer.echo(f"\n{secret}\n")  # never wrapped
    say("It cannot be shown again. Send it as `Authorization: Bearer KEY`, or log in to the dashboard with it.")


@keys.command("list")
def list_(
    context: typer.Context, state: StateFile = None, models_dir: ModelsDir = None, as_json: AsJson = False
) -> None:
    """List the API keys, revoked ones too, and when each was used last.

    Example: churnrisk keys list
    """
    from churnrisk.cli.show import print_json, say, show_table
    from churnrisk.state import find_state, list_keys

    file = find_state(state_path(current_settings(context, models_dir=models_dir), state))
    found = []
    if file is not None:
        with file:
            found = list_keys(file)
    if as_json:
        print_json([asdict(one) for one in found])
    elif not found:
        say("There is no key. `churnrisk keys create --role reader --name NAME` makes one.")
    else:
        show_table("API keys", [_row(one) for one in found])


@keys.command()
def revoke(
    context: typer.Context,
    key_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the key, as `churnrisk keys list` shows it.")],
    state: StateFile = None,
    models_dir: ModelsDir = None,
    as_json: AsJson = False,
) -> None:
    """End a key, and with it every session that was opened with it.

    Example: churnrisk keys revoke 2
    """
    from churnrisk.cli.show import print_json, say
    from churnrisk.state import find_state, note_audit, revoke_key

    path = state_path(current_settings(context, models_dir=models_dir), state)
    file = find_state(path)
    if file is None:
        raise StateError(f"there is no key {key_id}: nothing is remembered in {path} yet.")
    with file, file.transaction():
        record = revoke_key(file, key_id)
        note_audit(file, "revoke key", key=key_id)
    if as_json:
        print_json(asdict(record))
    else:
        say(f"Key {record.key_id} ({record.name}) is revoked.")


@keys.command("pseudonym-key")
def pseudonym_key(
    file: Annotated[
        Path | None,
        typer.Argument(help="Where to write it. (default: the configuration folder)", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the key by which --pseudonymise replaces customer ids; one that is there is never replaced.

    Example: churnrisk keys pseudonym-key
    """
    from churnrisk.cli.show import print_json, say
    from churnrisk.store import make_pseudonym_key

    place = make_pseudonym_key(file)
    if as_json:
        print_json({"file": str(place)})
    else:
        say(f"A new key is in {place}. Keep a copy of it in a safe place: another key makes other pseudonyms.")


def _row(record: KeyRecord) -> dict[str, object]:
    return {
        "id": record.key_id,
        "name": record.name,
        "role": record.role,
        "made": record.made_at[:10],
        "last used": record.last_used_at and record.last_used_at[:16].replace("T", " "),
        "revoked": record.revoked_at and record.revoked_at[:10],
    }
