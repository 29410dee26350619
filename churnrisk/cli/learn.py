"""``churnrisk train`` and ``churnrisk demo``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.cli.options import (
    AsJson,
    AsOf,
    Details,
    Horizon,
    Lead,
    Lookback,
    ModelsDir,
    Purchases,
    Reading,
    Seed,
    StateFile,
    TrainCustomers,
    current_settings,
    made_state,
    reads_purchases,
    runs_on_engines,
)

if TYPE_CHECKING:
    from churnrisk.orders import IntakeOptions
    from churnrisk.settings import Settings
    from churnrisk.state import StatePlace
    from churnrisk.workflows import ChurnModel


RECIPE_SETTINGS = ("horizon", "lookback", "lead", "seed", "train_customers")
"""What is as it was for the model that another one is made like."""

DEMO_HORIZON = 90
"""Days. Left to choose, the sample's two years give 180, for which they are too short to show that learning helps."""


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command()(train)
    app.command()(demo)


@reads_purchases
@runs_on_engines
def train(
    context: typer.Context,
    purchases: Purchases = None,
    horizon: Horizon = None,
    lookback: Lookback = None,
    lead: Lead = None,
    as_of: AsOf = None,
    models_dir: ModelsDir = None,
    seed: Seed = None,
    train_customers: TrainCustomers = None,
    backtest: Annotated[
        bool, typer.Option("--backtest", help="Grade the model at several cutoffs instead of one; takes longer.")
    ] = False,
    like: Annotated[
        str | None,
        typer.Option(
            "--like",
            metavar="VERSION",
            help="Make a model as that one was made, from its card alone; `current` for the current one.",
        ),
    ] = None,
    state: StateFile = None,
    details: Details = False,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Learn from a purchase history which customers stop buying, test that, and store the model.

    Example: churnrisk train purchases.csv --horizon 90
    """
    settings = current_settings(context)
    given = {"horizon": horizon, "lookback": lookback, "lead": lead, "seed": seed, "models_dir": models_dir}
    given |= {"train_customers": train_customers}
    settings = settings.model_copy(update={name: value for name, value in given.items() if value is not None})
    campaigns = made_state(settings, state)
    if like is not None:
        asked = {name for name, value in given.items() if value is not None}
        how: dict[str, Any] = {"campaigns": campaigns, "has_details": details, "as_json": as_json}
        _train_like(like, purchases, settings, reading, as_of, asked=asked, **how)
        return
    model, rejects = _train(
        purchases, settings, reading, as_of, backtest=backtest, campaigns=campaigns, as_json=as_json
    )
    _show_training(model, settings.models_dir, rejects, has_details=details, as_json=as_json)


def _train_like(
    version: str,
    purchases: str | None,
    settings: Settings,
    reading: Reading,
    as_of: str | None,
    *,
    asked: set[str],
    campaigns: StatePlace | None,
    has_details: bool,
    as_json: bool,
) -> None:
    from churnrisk.cards import compare_cards, read_recipe
    from churnrisk.cli.recipe import show_difference
    from churnrisk.cli.show import print_json, say
    from churnrisk.inputs import rejects_beside
    from churnrisk.store import read_card, resolve_version

    like = resolve_version(settings.models_dir, None if version == "current" else version)
    card = read_card(settings.models_dir, version=like)
    recipe = read_recipe(card)
    for note in () if as_json else recipe.notes:
        say(note)
    windows = {name: getattr(recipe, name) for name in RECIPE_SETTINGS if name not in asked}
    settings = settings.model_copy(update=windows)
    source = recipe.source(purchases, settings.purchases)
    options = reading.options_like(settings, recipe, rejects=rejects_beside(source, settings.rejects_dir))
    model = _train_from(
        source, settings, options, as_of, backtest=recipe.backtest, campaigns=campaigns, as_json=as_json
    )
    version = model.save(settings.models_dir)
    found = compare_cards(card, read_card(settings.models_dir, version=version))
    if as_json:
        about = {"like": like, "difference": found.to_dict(), "notes": list(recipe.notes)}
        print_json({"version": version, "models_dir": str(settings.models_dir), **about, **model.card})
        return
    _show_stored(model, settings.models_dir, options.rejects, has_details=has_details)
    show_difference(like, found)


@reads_purchases
def demo(
    context: typer.Context,
    models_dir: ModelsDir = None,
    *,
    reading: Reading,
) -> None:
    """Train on the sample that comes with churnrisk, score its customers, and show those at risk.

    Example: churnrisk demo
    """
    from churnrisk.cli.score_tables import Scored, show_scores
    from churnrisk.inputs import sample_file
    from churnrisk.workflows import score_source

    settings = current_settings(context)
    horizon = settings.horizon or DEMO_HORIZON
    settings = settings.model_copy(
        update={"horizon": horizon, "models_dir": settings.models_dir if models_dir is None else models_dir}
    )
    model, rejects = _train(str(sample_file("purchases.csv")), settings, reading, None, as_json=False)
    _show_training(model, settings.models_dir, rejects, has_details=False, as_json=False)
    customers = sample_file("customers.csv")
    result = score_source(model, customers, options=reading.options(settings))
    show_scores(Scored.here(model, result, source=str(customers)), top=None, has_details=False)


def _train(
    purchases: str | None,
    settings: Settings,
    reading: Reading,
    as_of: str | None,
    *,
    backtest: bool = False,
    campaigns: StatePlace | None = None,
    as_json: bool,
) -> tuple[ChurnModel, Path | None]:
    from churnrisk import inputs

    source = inputs.find_purchases(purchases, settings.purchases)
    options = reading.options(settings, rejects=inputs.rejects_beside(source, settings.rejects_dir))
    model = _train_from(source, settings, options, as_of, backtest=backtest, campaigns=campaigns, as_json=as_json)
    return model, options.rejects


def _train_from(
    source: str,
    settings: Settings,
    options: IntakeOptions,
    as_of: str | None,
    *,
    backtest: bool,
    campaigns: StatePlace | None,
    as_json: bool,
) -> ChurnModel:
    from churnrisk import workflows
    from churnrisk.cli.show import progress_bar

    with progress_bar(is_quiet=as_json) as progress:
        return workflows.train(
            source,
            horizon=settings.horizon,
            lookback=settings.lookback,
            lead=settings.lead,
            as_of=as_of,
            seed=settings.seed,
            backtest=backtest,
            campaigns=campaigns,
            options=options,
            train_customers=settings.train_customers,
            progress=progress,
        )


def _show_training(
    model: ChurnModel, models_dir: Path, rejects: Path | None, *, has_details: bool, as_json: bool
) -> None:
    from churnrisk.cli.show import print_json

    version = model.save(models_dir)
    if as_json:
        print_json({"version": version, "models_dir": str(models_dir), **model.card})
        return
    _show_stored(model, models_dir, rejects, has_details=has_details)


def _show_stored(model: ChurnModel, models_dir: Path, rejects: Path | None, *, has_details: bool) -> None:
    """Print the verdict, or the whole card, and what to do next."""
    from churnrisk.cli.card import show_card
    from churnrisk.cli.show import say
    from churnrisk.cli.verdict import show_verdict
    from churnrisk.planning import say_if_card_long_past

    show = show_card if has_details else show_verdict
    show(model.card, rejects=rejects)
    for notice in say_if_card_long_past(model.card):
        say(f"Note: {notice}")
    say(f"Stored as {model.version} in {models_dir}/, signed, and current.")
    say("Next: `churnrisk score FILE` lists who is at risk; `churnrisk models show` prints all tables of the model.")
