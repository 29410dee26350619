"""``churnrisk campaign create | plan | list | show | measure | uplift``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churnrisk.cli.grouped import GroupedProgram
from churnrisk.cli.options import (
    AsJson,
    ModelsDir,
    Purchases,
    Reading,
    Seed,
    StateFile,
    contact_file,
    current_settings,
    reads_purchases,
    state_path,
)
from churnrisk.errors import SettingsError
from churnrisk.schema import Outcome

if TYPE_CHECKING:
    from churnrisk.orders import ContactList, CustomerList, IntakeOptions
    from churnrisk.settings import Settings
    from churnrisk.state import StatePlace

campaign = GroupedProgram(
    help="Campaigns with a control group: create, plan, list, show, measure, uplift.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


Name = Annotated[str, typer.Argument(help="Name of the campaign.")]
FromList = Annotated[
    str, typer.Option("--from", metavar="LIST", help="Whom to contact: a file with customer_id, as `target` writes it.")
]
Holdout = Annotated[str, typer.Option("--holdout", metavar="SHARE", help="Share that is not contacted, as 10%.")]
OfAction = Annotated[
    str | None,
    typer.Option("--action", metavar="NAME", help="Only the customers of the list whose action this is."),
]
OfSheet = Annotated[
    str | None,
    typer.Option(
        "--sheet",
        metavar="NAME",
        help='Sheet of a workbook, as "To win back". (default: the first one with customer ids)',
    ),
]
Suppress = Annotated[
    str | None,
    typer.Option("--suppress", metavar="FILE", help="Customers who opted out; taken off before the draw."),
]
ContactCost = Annotated[
    float | None, typer.Option("--contact-cost", metavar="MONEY", min=0, help="Cost of contacting one customer.")
]
IncentiveCost = Annotated[
    float | None,
    typer.Option("--incentive-cost", metavar="MONEY", min=0, help="Cost of the offer for each of them who buys."),
]
Margin = Annotated[
    float | None,
    typer.Option("--margin", metavar="SHARE", min=0, max=1, help="Share of revenue that is profit. (default: 1)"),
]


def register(app: typer.Typer) -> None:
    """Add the command group to the program."""
    app.add_typer(campaign, name="campaign")


@campaign.command()
def create(
    context: typer.Context,
    name: Name,
    from_list: FromList,
    holdout: Holdout = "10%",
    outcome: Annotated[Outcome, typer.Option("--outcome", help="What it will be judged by.")] = "retained",
    window: Annotated[
        int | None,
        typer.Option("--window", metavar="DAYS", min=1, help="Days that count. (default: the model's horizon)"),
    ] = None,
    starts_on: Annotated[
        str | None,
        typer.Option("--starts-on", metavar="YYYY-MM-DD", help="First day that counts. (default: the list's as_of)"),
    ] = None,
    action: OfAction = None,
    sheet: OfSheet = None,
    suppress: Suppress = None,
    drop_overlap: Annotated[
        bool, typer.Option("--drop-overlap", help="Leave out customers who are in another campaign on these days.")
    ] = False,
    contact_cost: ContactCost = None,
    incentive_cost: IncentiveCost = None,
    margin: Margin = None,
    seed: Seed = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Whom to contact. (default: NAME.contacts.csv)"),
    ] = None,
    state: StateFile = None,
    models_dir: ModelsDir = None,
    as_json: AsJson = False,
) -> None:
    """Keep a random control group back, write the list of those to contact, and remember both.

    Example: churnrisk campaign create spring --from list.csv --holdout 10% --window 60
    """
    from churnrisk import campaigns
    from churnrisk.campaigns import Campaign
    from churnrisk.cli.campaign_tables import show_created
    from churnrisk.cli.show import print_json
    from churnrisk.state import open_state

    settings = current_settings(context, models_dir=models_dir)
    place = state_path(settings, state)
    listed = campaigns.read_campaign_list(from_list, replace(_read_ids(settings), table=sheet)).only(action)
    costs = {"contact_cost": contact_cost, "incentive_cost": incentive_cost, "margin": margin}
    given = {name: value for name, value in costs.items() if value is not None}
    of_list = listed.terms(but=given)
    settings = settings.model_copy(update={**of_list, **given})
    suppressed, contacts = _suppressed(settings, suppress) | _objecting(settings, place, listed), _contacts(settings)
    wanted = Campaign(
        name,
        listed.first_day(starts_on),
        window or _default_window(settings),
        outcome,
        read_share(holdout),
        settings.seed if seed is None else seed,
        contact_cost=settings.contact_cost or 0.0,
        incentive_cost=settings.incentive_cost or 0.0,
        margin=settings.margin,
    )
    target = output or Path(f"{name}.contacts.csv")
    with open_state(place) as file:
        made, drawn = campaigns.create_campaign(
            file, listed, wanted, output=target, suppressed=suppressed, contacts=contacts, drop_overlap=drop_overlap
        )
    if as_json:
        return print_json({**made.to_dict(), "plan": drawn.to_dict(), "contacts": str(target)})
    _tell_consent(contacts, listed)
    return show_created(made, drawn, target)


@campaign.command()
def plan(
    context: typer.Context,
    from_list: FromList,
    holdout: Holdout = "10%",
    action: OfAction = None,
    sheet: OfSheet = None,
    suppress: Suppress = None,
    state: StateFile = None,
    models_dir: ModelsDir = None,
    as_json: AsJson = False,
) -> None:
    """Tell what a split of a list could show, without making a campaign.

    Example: churnrisk campaign plan --from list.csv --holdout 20%
    """
    from churnrisk import campaigns
    from churnrisk.cli.campaign_tables import show_plan
    from churnrisk.cli.show import print_json

    settings = current_settings(context, models_dir=models_dir)
    listed = campaigns.read_campaign_list(from_list, replace(_read_ids(settings), table=sheet)).only(action)
    contacts = _contacts(settings)
    suppressed = _suppressed(settings, suppress) | _objecting(settings, state_path(settings, state), listed)
    drawn = campaigns.draw(
        listed,
        name="plan",
        holdout=read_share(holdout),
        seed=0,
        suppressed=suppressed | (contacts.without_consent(listed.customer_ids) if contacts else set()),
        overlapping=set(),
    )
    if as_json:
        print_json(drawn.to_dict())
    else:
        show_plan(drawn)


@campaign.command("list")
def list_(
    context: typer.Context, state: StateFile = None, models_dir: ModelsDir = None, as_json: AsJson = False
) -> None:
    """List the campaigns, oldest first.

    Example: churnrisk campaign list
    """
    from churnrisk.campaigns import list_campaigns, list_measured
    from churnrisk.cli.campaign_tables import show_campaigns
    from churnrisk.cli.show import print_json
    from churnrisk.state import find_state

    path = state_path(current_settings(context, models_dir=models_dir), state)
    file = find_state(path)
    stored, measured = [], {}
    if file is not None:
        with file:
            stored, measured = list_campaigns(file), list_measured(file)
    if as_json:
        print_json([one.to_dict(measured.get(one.campaign.name)) for one in stored])
    else:
        show_campaigns(stored, measured, path)


@campaign.command()
def show(
    context: typer.Context,
    name: Name,
    state: StateFile = None,
    models_dir: ModelsDir = None,
    as_json: AsJson = False,
) -> None:
    """Show what was fixed for a campaign, and its result where it has been measured.

    Example: churnrisk campaign show spring
    """
    from churnrisk.cli.campaign_tables import show_campaign, show_erased
    from churnrisk.cli.show import print_json
    from churnrisk.public import Campaign

    found = Campaign.load(name, state=state_path(current_settings(context, models_dir=models_dir), state))
    if as_json:
        return print_json(found.to_dict())
    show_campaign(found.stored, found.measured, found.strata)
    return show_erased(found.members_erased)


@campaign.command()
@reads_purchases
def measure(
    context: typer.Context,
    name: Name,
    purchases: Purchases = None,
    state: StateFile = None,
    models_dir: ModelsDir = None,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Tell whether a campaign helped: contacted against control, once its window is over.

    Example: churnrisk campaign measure spring purchases.csv
    """
    from churnrisk import inputs
    from churnrisk.cli.campaign_tables import show_erased, show_result
    from churnrisk.cli.show import print_json
    from churnrisk.public import Campaign

    settings = current_settings(context, models_dir=models_dir)
    source = inputs.find_purchases(purchases, settings.purchases)
    options = reading.options(settings, rejects=inputs.rejects_beside(source, settings.rejects_dir))
    found = Campaign.load(name, state=state_path(settings, state)).measure(source, options=options)
    if as_json:
        return print_json(found.to_dict())
    show_result(found.campaign, found.result)
    return show_erased(found.members_erased)


@campaign.command()
@reads_purchases
def uplift(
    context: typer.Context,
    name: Name,
    purchases: Purchases = None,
    seed: Seed = None,
    state: StateFile = None,
    models_dir: ModelsDir = None,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Learn from a campaign for whom a contact does most, and tell whether that beats ranking by risk.

    Example: churnrisk campaign uplift spring purchases.csv
    """
    from churnrisk import campaigns, inputs
    from churnrisk.cli.campaign_tables import show_uplift
    from churnrisk.cli.show import print_json
    from churnrisk.public import open_existing

    settings = current_settings(context, models_dir=models_dir)
    source = inputs.find_purchases(purchases, settings.purchases)
    options = reading.options(settings, rejects=inputs.rejects_beside(source, settings.rejects_dir))
    with open_existing(state_path(settings, state)) as file:
        test, left_out = campaigns.learn_uplift(
            file,
            name,
            source,
            lookback=settings.lookback,
            seed=settings.seed if seed is None else seed,
            options=options,
        )
    if as_json:
        print_json({"campaign": name, "left_out": left_out, **test.to_dict()})
    else:
        show_uplift(name, test, left_out)


def read_share(text: str) -> float:
    """Read ``10%`` or ``0.1``."""
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise SettingsError(f"--holdout {text}: write a share, as 10% or 0.1.") from None


def _suppressed(settings: Settings, given: str | None) -> set[str]:
    from churnrisk import campaigns

    source = given or settings.suppress
    if not source:
        return set()
    return campaigns.read_suppressed(source, replace(_read_ids(settings), columns=settings.columns))


def _contacts(settings: Settings) -> ContactList | None:
    """Read how customers are reached, where the settings say where that is."""
    from churnrisk.orders import read_contacts

    file = contact_file(settings)
    options = replace(_read_ids(settings), columns=settings.columns)
    return None if file is None else read_contacts(file, options, needs_email=False)


def _tell_consent(contacts: ContactList | None, listed: CustomerList) -> None:
    from churnrisk.cli.show import say

    if contacts is not None:
        say(contacts.tell_consent(len(contacts.without_consent(listed.customer_ids))))


def _objecting(settings: Settings, place: StatePlace, listed: CustomerList) -> set[str]:
    """Return those of a list who have objected since it was written."""
    from churnrisk import memory

    left_out = memory.leave_out(_read_ids(settings), place).left_out
    return set() if left_out is None else left_out.among(listed.customer_ids)


def _read_ids(settings: Settings) -> IntakeOptions:
    """Read the ids of lists as those of the purchases are read, or customers who opted out would not be recognised."""
    from churnrisk.orders import IntakeOptions

    key = Reading({}).pseudonym_key(settings)
    return IntakeOptions(fold_case=settings.fold_case, fold_ids=settings.fold_ids, pseudonym_key=key)


def _default_window(settings: Settings) -> int:
    from churnrisk.errors import ChurnriskError
    from churnrisk.store import read_card

    if settings.horizon is not None:
        return settings.horizon
    try:
        return int(read_card(settings.models_dir)["snapshot"]["horizon_days"])
    except ChurnriskError:
        raise SettingsError(
            "--window is missing: say how many days count, for example --window 60. With a trained model, or `horizon` "
            "in churnrisk.toml, its horizon is taken."
        ) from None
