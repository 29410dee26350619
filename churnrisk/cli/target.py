"""``churnrisk target``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.cli.options import (
    AsJson,
    AsOf,
    CsvStyleChoice,
    Details,
    Language,
    ModelsDir,
    Reading,
    StateFile,
    contact_file,
    current_settings,
    known_playbook,
    known_state,
    reads_purchases,
    state_path,
)
from churnrisk.cli.products import known_products
from churnrisk.cli.retention_source import Purchases, choose_source
from churnrisk.schema import CsvStyle, Tool

if TYPE_CHECKING:
    from churnrisk.decide import Target
    from churnrisk.public import TargetList
    from churnrisk.settings import Settings
    from churnrisk.targeting import TargetResult, Written


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(target)


@reads_purchases
def target(
    context: typer.Context,
    purchases: Purchases = None,
    contact_cost: Annotated[
        float | None, typer.Option("--contact-cost", metavar="AMOUNT", help="Cost of contacting one customer.")
    ] = None,
    incentive_cost: Annotated[
        float | None,
        typer.Option("--incentive-cost", metavar="AMOUNT", help="Cost of what is offered, for each who takes it."),
    ] = None,
    acceptance_rate: Annotated[
        float | None,
        typer.Option(
            "--acceptance-rate",
            metavar="SHARE",
            help="Share of would-be leavers who stay because they were contacted; not coupon redemption.",
        ),
    ] = None,
    margin: Annotated[
        float | None, typer.Option("--margin", metavar="SHARE", help="Share of revenue that is profit.")
    ] = None,
    redemption: Annotated[
        float | None,
        typer.Option(
            "--redemption",
            metavar="SHARE",
            help="Share of those who would have stayed anyway and take the incentive. (default: 1)",
        ),
    ] = None,
    budget: Annotated[
        float | None, typer.Option("--budget", metavar="AMOUNT", help="What contacts and incentives may cost.")
    ] = None,
    capacity: Annotated[
        int | None, typer.Option("--capacity", metavar="N", help="How many customers can be contacted.")
    ] = None,
    suppress: Annotated[
        str | None, typer.Option("--suppress", metavar="FILE", help="Customers who have opted out: never listed.")
    ] = None,
    uplift: Annotated[
        str | None,
        typer.Option("--uplift", metavar="CAMPAIGN", help="Learn from a finished campaign which customers respond."),
    ] = None,
    as_of: AsOf = None,
    models_dir: ModelsDir = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="VERSION", help="Model to use. (default: the current one)")
    ] = None,
    top: Annotated[int, typer.Option("--top", metavar="N", min=0, help="Rows of the list to show.")] = 10,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the list: .csv, .parquet or .xlsx.")
    ] = None,
    csv_style: CsvStyleChoice = "plain",
    tool: Annotated[
        Tool | None,
        typer.Option("--for", help="Write what this tool imports as it is."),
    ] = None,
    contacts: Annotated[
        str | None,
        typer.Option(
            "--contacts",
            metavar="FILE",
            help="Names, addresses and consents by customer id, for the file. (default: `contacts` in the settings)",
        ),
    ] = None,
    state: StateFile = None,
    lang: Language = None,
    details: Details = False,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Choose whom it pays to contact, with what, and say what that is expected to bring.

    Example: churnrisk target --contact-cost 1 --incentive-cost 10 --acceptance-rate 0.1 --margin 0.3 -o list.csv
    """
    from churnrisk import public
    from churnrisk.cli.show import print_json, progress_bar

    settings = current_settings(context, lang, models_dir=models_dir)
    known_contacts = contact_file(settings, contacts)
    _check_files(output, tool, contacts, has_contacts=known_contacts is not None)
    given = {"contact_cost": contact_cost, "incentive_cost": incentive_cost, "margin": margin}
    known = _complete(given, settings)
    source = choose_source(context, purchases, reading)
    with progress_bar(is_quiet=as_json) as progress:
        progress("scoring", 0, 1)
        result = public.target(
            **source,
            **known,
            acceptance_rate=acceptance_rate,
            usual_acceptance_rate=settings.acceptance_rate,
            redemption=settings.redemption if redemption is None else redemption,
            discount=settings.discount_rate,
            budget=budget,
            capacity=capacity,
            playbook=known_playbook(settings),
            suppress=suppress or settings.suppress,
            contacts=known_contacts,
            uplift=uplift,
            as_of=as_of,
            model=model,
            models_dir=settings.models_dir,
            state=known_state(settings, state) if uplift is None else state_path(settings, state),
            products=known_products(settings),
        )
    written = _write(result, output, tool, csv_style=csv_style)
    if as_json:
        return print_json({**result.to_dict(), "written": None if written is None else vars(written)})
    return show(result, top=top, written=written, output=output, has_details=details)


def _write(
    result: TargetList,
    output: Path | None,
    tool: Tool | None,
    *,
    csv_style: CsvStyle,
) -> Written | None:
    return None if output is None else result.write(output, csv_style=csv_style, tool=tool)


def _check_files(output: Path | None, tool: Tool | None, contacts: str | None, *, has_contacts: bool) -> None:
    from churnrisk.errors import OutputError
    from churnrisk.targeting import check_list_output

    if output is not None:
        check_list_output(output, tool, has_contacts=has_contacts)
    elif tool is not None or contacts is not None:
        raise OutputError("--for and --contacts need a file to write to: add --output FILE.csv.")


def _complete(given: dict[str, float | None], settings: Settings) -> dict[str, Any]:
    """Fill in from the settings what was not given, and refuse what is known from neither."""
    from churnrisk.targeting import check_needed

    configured = {name: getattr(settings, name) for name in given if name in settings.model_fields_set}
    amounts = {name: configured.get(name) if value is None else value for name, value in given.items()}
    check_needed(**amounts)
    return {name: float(value) for name, value in amounts.items() if value is not None}


def show(
    made: TargetList,
    *,
    top: int,
    written: Written | None,
    output: Path | None,
    has_details: bool,
) -> None:
    """Print what the list is expected to bring, when it pays, and its top."""
    from churnrisk.cli.score_tables import may_list
    from churnrisk.cli.show import cut_notes, say
    from churnrisk.report import tell_value_trust

    model, result, acceptance = made.model, made.result, made.acceptance
    counts, target = result.counts, result.target
    say(f"Scored as of {result.snapshot['as_of']} by model {model.version}: {counts['scored']:,} active customers.")
    for text in [f"Note: {one}" for one in result.notices] if has_details else cut_notes(result.notices):
        say(text)
    if counts["no_action"]:
        say(f"{counts['no_action']:,} customers are left alone by the playbook.")
    if told := tell_value_trust(model.card):
        say(told)
    if not may_list(model):
        return _say_written(written, output) if written is not None else None
    _show_profit(target)
    doubt = "" if "measured" in acceptance.source else "; only a campaign with a control group measures it"
    say(f"The acceptance rate was {acceptance.source}{doubt}.")
    _show_actions(result)
    if has_details:
        _show_max_profit(result)
    if top and len(result.table):
        show_list(result, top=top)
    return _say_written(written, output) if written is not None else None


def _show_profit(target: Target) -> None:
    from churnrisk.cli.show import say, show_table

    rows = [
        {
            "contacted": one.name,
            "customers": one.customers,
            "expected cost": one.expected_cost,
            "expected profit": one.expected_profit,
        }
        for one in target.comparisons
    ]
    show_table("Expected profit, against contacting nobody", rows)
    if len(target.chosen):
        low, high = (f"{end:,.0f}" for end in target.interval)
        say(f"80 % interval of the profit of this list, at the acceptance rate that is assumed: {low} to {high}.")
    say(target.reason)


def _show_actions(result: TargetResult) -> None:
    """Print what is done for how many of the list, where the shop has actions of its own."""
    from churnrisk.cli.show import percent, show_table

    rows = [
        {
            "action": one["action"].replace("_", " "),
            "customers": one["customers"],
            "contact cost": one["contact_cost"],
            "incentive cost": one["incentive_cost"],
            "acceptance": one["acceptance_rate"],
        }
        for one in result.actions
    ]
    if rows:
        show_table("Actions of the list", rows, formats={"acceptance": percent})


def _show_max_profit(result: TargetResult) -> None:
    from churnrisk.cli.show import say

    found = result.max_profit.get("at_these_costs")
    if found is not None:
        say(
            f"Expected maximum profit of the model at these costs: {found.value:,.2f} per active customer. It is a "
            "mean over acceptance rates (30 % on average), and no figure of this list."
        )


def show_list(result: TargetResult, *, top: int) -> None:
    """Print the top of the list."""
    from churnrisk.cli.show import percent, say, show_table

    rows = [
        {
            "rank": row["rank"],
            "customer": row["customer_id"],
            "churn": row["churn_probability"],
            "value at risk": row["value_at_risk"],
            "profit": row["expected_profit"],
            "segment": row["segment"].replace("_", " "),
            "action": row["action"].replace("_", " "),
        }
        for row in result.table.records()[:top]
    ]
    say()
    show_table(f"Whom to contact (top {len(rows)})", rows, formats={"churn": percent})


def _say_written(written: Written, output: Path | None) -> None:
    from churnrisk.cli.show import say

    say(f"{written.rows:,} customers: {output}")
    words = {
        "without_contact": "are not in the contacts",
        "without_email": "have no e-mail address there",
        "shared_email": "share an address with one further up",
    }
    for reason, count in written.left_out.items():
        if count:
            say(f"{count:,} customers of the list {words[reason]} and are left out of the file.")
    if written.rows and not written.left_out:  # a list for no tool, which has the ids
        create = f"churnrisk campaign create NAME --from {shlex.quote(str(output))} --holdout 10%"
        say(f"Next: `{create}` leaves a part alone, so that the effect can be measured.")
    if written.defused:
        say(f"{written.defused:,} texts that a spreadsheet would run as formulas got a leading apostrophe there.")
