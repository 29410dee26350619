"""``churnrisk models list | show | promote | verify | remove``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.cli.grouped import GroupedProgram
from churnrisk.cli.options import AsJson, ModelsDir, current_settings
from churnrisk.errors import StoreError

if TYPE_CHECKING:
    from churnrisk.store import ModelEntry

models = GroupedProgram(
    help="Stored models: list, show, promote, verify, remove.", no_args_is_help=True, rich_markup_mode=None
)
Version = Annotated[str | None, typer.Argument(help="Model version. (default: the current one)", show_default=False)]
NamedVersion = Annotated[str, typer.Argument(help="Model version, as `churnrisk models list` shows it.")]


def register(app: typer.Typer) -> None:
    """Add the command group to the program."""
    app.add_typer(models, name="models")


def _folder(context: typer.Context, given: Path | None) -> Path:
    return given or current_settings(context).models_dir


@models.command("list")
def list_(context: typer.Context, models_dir: ModelsDir = None, as_json: AsJson = False) -> None:
    """List the stored models, newest first.

    Example: churnrisk models list
    """
    from churnrisk.cli.show import print_json, say, show_table
    from churnrisk.store import list_models

    folder = _folder(context, models_dir)
    entries = list_models(folder)
    if as_json:
        print_json([_describe(entry) for entry in entries])
        return
    if not entries:
        say(f"No model is stored in {folder}. `churnrisk train purchases.csv` makes one.")
        return
    rows = [_row(entry) for entry in entries]
    show_table(f"Models in {folder} (* is the current one)", rows, formats={"test AUC": "{:.3f}".format})
    for entry in entries:
        if entry.reason:
            say(f"{entry.version}: {entry.reason}")


@models.command()
def show(
    context: typer.Context, version: Version = None, models_dir: ModelsDir = None, as_json: AsJson = False
) -> None:
    """Show a model's card: its data, its test, its risk bands.

    Example: churnrisk models show
    """
    from churnrisk.cli.card import show_card
    from churnrisk.cli.show import print_json
    from churnrisk.store import read_card

    card = read_card(_folder(context, models_dir), version=version)
    if as_json:
        print_json(card)
    else:
        show_card(card)


@models.command()
def promote(context: typer.Context, version: NamedVersion, models_dir: ModelsDir = None) -> None:
    """Make a stored model the current one, which is used when no version is named.

    Example: churnrisk models promote 20261122T014500.250Z-1a2b3c4d
    """
    from churnrisk.cli.show import say
    from churnrisk.store import promote_model

    promotion = promote_model(_folder(context, models_dir), version)
    before = f"; before it was {promotion.previous}" if promotion.previous else ""
    say(f"{promotion.version} is current now{before}.")


@models.command()
def verify(
    context: typer.Context, version: Version = None, models_dir: ModelsDir = None, as_json: AsJson = False
) -> None:
    """Check a model's signature, its files and its versions, without loading it.

    Example: churnrisk models verify
    """
    from churnrisk.cli.show import print_json, say
    from churnrisk.store import verify_model

    entry = verify_model(_folder(context, models_dir), version=version)
    if as_json:
        print_json(_describe(entry))
    if entry.status != "ok":
        raise StoreError(f"{entry.version}: {entry.reason}")
    if not as_json:
        say(f"{entry.version}: signed by {entry.signed_by}, every file as it was signed, fit for these versions.")


@models.command()
def remove(context: typer.Context, version: NamedVersion, models_dir: ModelsDir = None) -> None:
    """Remove a stored model; the current one only after another was promoted.

    Example: churnrisk models remove 20261122T014500.250Z-1a2b3c4d
    """
    from churnrisk.cli.show import say
    from churnrisk.store import remove_model

    remove_model(_folder(context, models_dir), version)
    say(f"Removed {version}.")


def _row(entry: ModelEntry) -> dict[str, Any]:
    card = entry.card or {}
    ours = card.get("test", {}).get("measures", {}).get("churnrisk", {})
    return {
        "version": ("* " if entry.is_current else "  ") + entry.version,
        "as of": card.get("snapshot", {}).get("as_of"),
        "horizon": card.get("snapshot", {}).get("horizon_days"),
        "test AUC": ours.get("auc", {}).get("value"),
        "status": entry.status,
    }


def _describe(entry: ModelEntry) -> dict[str, Any]:
    plain = {name: value for name, value in vars(entry).items() if name != "card"}
    return plain | {"created_at": entry.created_at.isoformat() if entry.created_at else None, "card": entry.card}
