"""``churnrisk explain``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from churnrisk.cli.options import AsJson, AsOf, Details, ModelsDir, Reading, current_settings, reads_purchases


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(explain)


@reads_purchases
def explain(
    context: typer.Context,
    customer_id: Annotated[str, typer.Argument(help="The customer, as the purchase history writes the id.")],
    purchases: Annotated[
        str | None,
        typer.Argument(
            help="Purchase history (default: `purchases` in the settings, then data/purchases.csv)", show_default=False
        ),
    ] = None,
    as_of: AsOf = None,
    models_dir: ModelsDir = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="VERSION", help="Model to use. (default: the current one)")
    ] = None,
    details: Details = False,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Say where one customer's churn probability comes from, family by family, with the numbers behind.

    Example: churnrisk explain 12977 purchases.csv
    """
    from churnrisk import inputs, workflows
    from churnrisk.cli.show import print_json

    settings = current_settings(context)
    source = inputs.find_purchases(purchases, settings.purchases)
    churn_model = workflows.load(model, models_dir=models_dir or settings.models_dir)
    options = reading.options(settings, rejects=inputs.rejects_beside(source, settings.rejects_dir))
    found = {
        "model": churn_model.version,
        **churn_model.explain(source, customer_id, as_of=as_of, options=options),
    }
    if as_json:
        print_json(found)
    else:
        show_explanation(found, has_details=details)


def show_explanation(found: Mapping[str, Any], *, has_details: bool) -> None:
    """Print the score and the reasons; with details, what each family adds."""
    from churnrisk.cli.show import percent, printable, say

    say(
        f"Customer {printable(found['customer_id'])}, scored as of {found['as_of']} by model {found['model']}: churn "
        f"probability {percent(found['churn_probability'])} within {found['horizon_days']} days, {found['risk']} risk."
    )
    say()
    for sentence in found["why"]:
        say(f"{sentence[:1].upper()}{sentence[1:]}.")
    say()
    _show_reasons(found)
    if has_details:
        _show_shares(found)
    say(found["note"])
    if not has_details:
        say("What each family of features adds to the score: --details.")


def _show_shares(found: Mapping[str, Any]) -> None:
    from churnrisk.cli.show import percent, say, show_table

    rows = [
        {
            "family": one["family"],
            "log-odds": f"{one['log_odds']:+.2f}",
            "what the numbers are": one["text"],
        }
        for one in found["families"]
    ]
    base = {"family": "base value", "log-odds": f"{found['base_log_odds']:+.2f}", "what the numbers are": None}
    total = {"family": "score", "log-odds": f"{found['log_odds']:+.2f}", "what the numbers are": None}
    show_table("What adds up to the score, in log-odds", [base, *rows, total], right={"log-odds"})
    say(
        f"The base value, a probability of {percent(found['base_probability'])}, is that of the customers whom the "
        "model keeps to compare with; each family adds its Shapley value, above 0 where it raises the probability."
    )
    say("Families without a sentence add next to nothing, or have no single number to tell. All numbers: --json.")


def _show_reasons(found: Mapping[str, Any]) -> None:
    from churnrisk.cli.show import say

    direction = "lowers" if found["risk"] == "low" else "raises"
    if not found["reasons"]:
        say(f"By the model, nothing in particular {direction} the probability.")
    else:
        say(f"What {direction} the probability most, by the model:")
    for place, reason in enumerate(found["reasons"], start=1):
        say(f"  {place}. {reason['family']}: {reason['text']}")
