"""``churnrisk backtest``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.cli.options import (
    AsJson,
    AsOf,
    Details,
    Horizon,
    Lead,
    Lookback,
    Purchases,
    Reading,
    Seed,
    StateFile,
    TrainCustomers,
    current_settings,
    known_state,
    reads_purchases,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from churnrisk.settings import Settings

SHORT = (
    ("auc", "AUC", "{:.3f}"),
    ("average_precision", "av. prec.", "{:.3f}"),
    ("log_loss", "log loss", "{:.4f}"),
    ("brier", "Brier", "{:.3f}"),
    ("calibration_error", "calib.", "{:.3f}"),
    ("bias", "bias", "{:+.3f}"),
    ("top_decile_lift", "lift", "{:.2f}"),
)


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(backtest)


@reads_purchases
def backtest(
    context: typer.Context,
    purchases: Purchases = None,
    cutoffs: Annotated[
        int | None,
        typer.Option(
            "--cutoffs",
            metavar="K",
            min=1,
            max=100,
            help="Days of the past to test at, one horizon apart. (default: as many as the history allows, at most 5)",
        ),
    ] = None,
    horizon: Horizon = None,
    lookback: Lookback = None,
    lead: Lead = None,
    as_of: AsOf = None,
    seed: Seed = None,
    train_customers: TrainCustomers = None,
    state: StateFile = None,
    details: Details = False,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Test at several days of the past how a model would have done, beside six simple methods, and grade it.

    Example: churnrisk backtest purchases.csv --horizon 90 --cutoffs 3
    """
    from churnrisk.cli.show import print_json

    settings = current_settings(context)
    given = {"horizon": horizon, "lookback": lookback, "lead": lead, "seed": seed, "state": state}
    given |= {"train_customers": train_customers}
    settings = settings.model_copy(update={name: value for name, value in given.items() if value is not None})
    report = _run(purchases, settings, reading, as_of, cutoffs=cutoffs, as_json=as_json)
    if as_json:
        print_json(report)
    else:
        show_report(report, has_details=details)


def _run(
    purchases: str | None,
    settings: Settings,
    reading: Reading,
    as_of: str | None,
    *,
    cutoffs: int | None,
    as_json: bool,
) -> dict[str, Any]:
    from churnrisk import inputs, workflows
    from churnrisk.cli.show import progress_bar

    source = inputs.find_purchases(purchases, settings.purchases)
    with progress_bar(is_quiet=as_json) as progress:
        report = workflows.backtest(
            source,
            horizon=settings.horizon,
            lookback=settings.lookback,
            lead=settings.lead,
            as_of=as_of,
            cutoffs=cutoffs,
            seed=settings.seed,
            campaigns=known_state(settings),
            options=reading.options(settings, rejects=inputs.rejects_beside(source, settings.rejects_dir)),
            train_customers=settings.train_customers,
            progress=progress,
        )
    return report.to_dict()


def show_report(report: Mapping[str, Any], *, has_details: bool) -> None:
    """Print the grade and each cutoff; with details the models, the calibration, and customers left out."""
    from churnrisk.cli.card import show_draw, show_exposures, show_horizon, tell_grade
    from churnrisk.cli.show import say
    from churnrisk.cli.verdict import tell_intake

    for text in (tell_grade(report["grade"]), "", *tell_intake(report["intake"])):
        say(text)
    show_horizon(report)
    show_draw(report)
    _show_cutoffs(report)
    show_exposures(report)
    if has_details:
        _show_details(report)
        return
    for one in report["skipped"]:
        say(f"Cutoff {one['cutoff']} skipped: {one['reason']}")
    say("Next: --details compares every model and shows the calibration; `churnrisk train` makes the model to use.")


def _show_details(report: Mapping[str, Any]) -> None:
    from churnrisk.cli.card import show_gains, show_grade, show_intake

    show_intake(report["intake"])
    _show_models(report["pooled"])
    _show_own(report)
    show_gains(report["pooled"]["gains"])
    _show_reliability(report["pooled"]["reliability"]["churnrisk"])
    _show_left_out(report)
    show_grade(report["grade"])


def _show_cutoffs(report: Mapping[str, Any]) -> None:
    from churnrisk.cli.show import percent, show_table

    best = report["grade"]["best_baseline"]
    rows = []
    for one in report["cutoffs"]:
        own, theirs = (one["measures"][name] for name in ("churnrisk", best))
        rows.append(
            {
                "cutoff": one["cutoff"],
                "customers": one["customers"],
                "churned": one["churn_rate"],
                "AUC": own["auc"]["value"],
                "log loss": own["log_loss"]["value"],
                "saved": 1 - own["log_loss"]["value"] / theirs["log_loss"]["value"],
                "bias": own["bias"]["value"],
            }
        )
    formats = {"churned": percent, "AUC": "{:.3f}".format, "bias": "{:+.3f}".format}
    formats |= {"log loss": "{:.4f}".format, "saved": "{:+.1%}".format}
    title = f"{len(rows)} cutoffs, {report['distinct_customers']:,} customers (saved: of the log loss of {best})"
    show_table(title, rows, formats=formats)


def _show_models(pooled: Mapping[str, Any]) -> None:
    from churnrisk.cli.card import SHORT as NAMES
    from churnrisk.cli.show import show_table

    rows = [
        {"model": NAMES.get(name, name)} | {label: figures[key]["value"] for key, label, _ in SHORT}
        for name, figures in pooled["measures"].items()
    ]
    formats = {label: shape.format for _, label, shape in SHORT}
    show_table("Mean over the cutoffs, weighted by customers", rows, formats=formats)


def _show_own(report: Mapping[str, Any]) -> None:
    from churnrisk.cli.card import MEASURES, signed
    from churnrisk.cli.show import show_table

    best = report["grade"]["best_baseline"]
    own, gains = report["pooled"]["measures"]["churnrisk"], report["pooled"]["gains"][best]
    rows = [
        {"measure": label, "churnrisk": _estimate(own[key]), f"less {best}": signed(gains[key])}
        for key, label in (*MEASURES, ("bias", "bias"))
    ]
    show_table(f"95 % intervals, and the difference from {best}", rows)


def _estimate(interval: Mapping[str, float | None]) -> str:
    value, low, high = (interval[key] for key in ("value", "low", "high"))
    if value is None:
        return "–"
    if low is None or high is None:
        return f"{value:.3f}"
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _show_reliability(bins: list[dict[str, float]]) -> None:
    from churnrisk.cli.show import percent, show_table

    rows = [
        {
            "customers": int(one["customers"]),
            "mean probability": one["mean_probability"],
            "of them churned": one["churn_rate"],
        }
        for one in bins
    ]
    formats = {"mean probability": percent, "of them churned": percent}
    show_table("Calibration, all cutoffs together", rows, formats=formats)


def _show_left_out(report: Mapping[str, Any]) -> None:
    from churnrisk.cli.show import say, show_table

    rows = [
        {
            "cutoff": one["cutoff"],
            f"nothing bought in {report['snapshot']['lookback_days']} days": one["left_out"]["lapsed"],
            "first bought later": one["left_out"]["not_yet_customers"],
        }
        for one in report["cutoffs"]
    ]
    show_table("Customers left out", rows)
    for one in report["skipped"]:
        say(f"  Cutoff {one['cutoff']} skipped: {one['reason']}")
    for one in report["cutoffs"]:
        for name, note in one["notes"].items():
            say(f"  {one['cutoff']}, {name}: {note}")
    say()
