"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churnrisk.cli.reading import Reading, reads_purchases, runs_on_engines
from churnrisk.schema import CsvStyle, LanguageCode

if TYPE_CHECKING:
    from churnrisk.decide import ContactTerms, Playbook
    from churnrisk.orders import ContactFile
    from churnrisk.settings import Settings
    from churnrisk.state import StatePlace
    from churnrisk.week_list import ListPlan


CsvStyleChoice = Annotated[
    CsvStyle,
    typer.Option("--csv-style", help="excel: semicolons and decimal commas, for a European Excel."),
]


Language = Annotated[
    LanguageCode | None,
    typer.Option("--lang", help="Language of pages and headings of sheets. (default: en)"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
Details = Annotated[bool, typer.Option("--details", help="Print every table and note, however long.")]
ModelsDir = Annotated[
    Path | None, typer.Option("--models-dir", metavar="DIR", help="Folder of stored models. (default: models)")
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="YYYY-MM-DD", help="First day that counts as not known yet.")
]
Purchases = Annotated[
    str | None,
    typer.Argument(
        help="Purchase history, one row per order or order line (default: `purchases` in the settings, "
        "then data/purchases.csv)",
        show_default=False,
    ),
]
Horizon = Annotated[
    int | None,
    typer.Option(
        "--horizon",
        metavar="DAYS",
        help="Churned means no purchase in so many days. (default: chosen from this log's repurchase gaps)",
    ),
]
Lookback = Annotated[
    int | None,
    typer.Option("--lookback", metavar="DAYS", help="Days in which a purchase makes a customer active. (default: 365)"),
]
Lead = Annotated[int | None, typer.Option("--lead", metavar="DAYS", help="Days that you need to act. (default: 0)")]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of everything random. (default: 0)")]
TrainCustomers = Annotated[
    int | None,
    typer.Option(
        "--train-customers",
        metavar="N",
        min=0,
        help="Learn from N customers, drawn, where there are more; 0: from all. (default: 60000)",
    ),
]
StateFile = Annotated[
    str | None,
    typer.Option(
        "--state",
        metavar="FILE|URL",
        help="Where runs, campaigns and keys are remembered: a file, or postgresql://user@host/database. "
        "(default: state.db beside the models)",
    ),
]


def current_settings(
    context: typer.Context, lang: LanguageCode | None = None, *, models_dir: Path | None = None
) -> Settings:
    """Read the settings file, the one that ``--config`` named or the usual one, and the environment.

    A folder of models that is given takes the place of that of the settings; the usual state is beside it.

    What is written for people is from here on in the language that is given, else in that of the settings.
    """
    from churnrisk.messages import speak
    from churnrisk.settings import read_settings

    settings = read_settings(context.find_root().params.get("config"))
    speak(settings.lang if lang is None else lang)
    return settings if models_dir is None else settings.model_copy(update={"models_dir": models_dir})


def state_path(settings: Settings, given: str | None, *, models_dir: Path | None = None) -> StatePlace:
    """Return where the state is: what is given, else what the settings say, else ``state.db`` beside the models."""
    from churnrisk.state import default_state_path, parse_place

    named = given or settings.state
    return parse_place(named) if named else default_state_path(models_dir or settings.models_dir)


def known_state(settings: Settings, given: str | None = None) -> StatePlace | None:
    """Return the state to read from: one that is named must be there, the usual one may be missing."""
    place = state_path(settings, given)
    is_usual = given is None and settings.state is None
    return None if is_usual and isinstance(place, Path) and not place.exists() else place


def made_state(settings: Settings, given: str | None = None) -> StatePlace | None:
    """Return the state to take campaigns from: one that is named is made where it is missing, as scoring makes it."""
    from churnrisk.state import open_state

    place = known_state(settings, given)
    if place is not None:
        open_state(place).close()
    return place


def known_playbook(settings: Settings) -> Playbook | None:
    """Return what the shop does for whom; None where it is as usual."""
    if not (settings.playbook or settings.actions):
        return None
    from churnrisk.decide import Playbook, read_actions

    return Playbook(settings.playbook, read_actions(settings.actions))


def contact_file(settings: Settings, given: str | None = None) -> ContactFile | None:
    """Return where contacts are: the file that is given, else what the settings say; None where there are none."""
    from churnrisk.orders import ContactFile

    query = settings.contacts_query if given is None else None
    place = given or settings.contacts
    return (
        None
        if place is None
        else ContactFile(place, query, {str(role): header for role, header in settings.contact_columns.items()})
    )


__all__ = [
    "AsJson",
    "AsOf",
    "CsvStyleChoice",
    "Details",
    "Horizon",
    "Language",
    "Lead",
    "Lookback",
    "ModelsDir",
    "Purchases",
    "Reading",
    "Seed",
    "StateFile",
    "TrainCustomers",
    "contact_file",
    "current_settings",
    "known_playbook",
    "known_state",
    "made_state",
    "reads_purchases",
    "runs_on_engines",
    "state_path",
]


def list_plan(settings: Settings) -> ListPlan:
    """Return how the shop wants this week's list."""
    from churnrisk.decide import Playbook
    from churnrisk.forecast import Valuation
    from churnrisk.week_list import ListPlan

    return ListPlan(
        size=settings.list_customers,
        lapsed=settings.list_lapsed,
        lapsed_holdout=settings.list_lapsed_holdout,
        due=settings.list_due,
        rest_days=settings.list_rest_days,
        least_purchases=settings.list_least_purchases,
        quiet_days=settings.list_quiet_days,
        terms=contact_terms(settings),
        valuation=Valuation(settings.margin, settings.discount_rate),
        playbook=known_playbook(settings) or Playbook(),
        suppress=settings.suppress,
        contacts=contact_file(settings),
    )


def contact_terms(settings: Settings) -> ContactTerms | None:
    """Return what contacting costs and brings, where the settings say all of it."""
    from churnrisk.decide import ContactTerms

    if settings.contact_cost is None or settings.incentive_cost is None or settings.acceptance_rate is None:
        return None
    return ContactTerms(
        settings.contact_cost, settings.incentive_cost, settings.acceptance_rate, redemption=settings.redemption
    )
