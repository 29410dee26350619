"""A model's card on the terminal: after training, and for ``churnrisk models show``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from churnrisk.cli.show import percent, say, show_table

Card = Mapping[str, Any]

MEASURES = (
    ("auc", "AUC"),
    ("average_precision", "average precision"),
    ("log_loss", "log loss"),
    ("brier", "Brier score"),
    ("calibration_error", "calibration error"),
    ("top_decile_lift", "top-decile lift"),
)
MODELS = ("churnrisk", "base rate", "recency rule", "RFM logistic regression")
SHORT = {"RFM logistic regression": "RFM logistic"}


def show_card(card: Card, *, rejects: Path | None = None) -> None:
    """Print the intake, the horizon, the snapshots, the test and the risk bands."""
    show_intake(card["intake"], rejects=rejects)
    _show_horizon(card)
    _show_snapshots(card)
    _show_test(card["test"])
    _show_bands(card)


def show_intake(intake: Card, *, rejects: Path | None = None) -> None:
    """Print the account of the rows, and in which file those are that were set aside."""
    counted = (
        ("rows in", "rows_in"),
        ("used", "rows_used"),
        ("rejected", "rows_rejected"),
        ("without customer", "rows_without_customer"),
        ("duplicates", "duplicates_dropped"),
    )
    show_table(f"Intake of {intake['source']}", [{label: intake[key] for label, key in counted}])
    say(
        f"  {intake['orders']:,} orders of {intake['customers']:,} customers, {intake['first_on']} to "
        f"{intake['last_on']}: {intake['purchases']:,} purchases, {intake['returns']:,} returns, "
        f"{intake['zero_orders']:,} of amount zero."
    )
    for reason, count in sorted(intake["reasons"].items()):
        say(f"  {count:,} rows set aside: {reason}")
    if intake["reasons"] and rejects is not None:
        say(f"  They are listed, each with its line, in {rejects}.")
    for notice in intake["notices"]:
        say(f"  Note: {notice}")
    say()


def _show_horizon(card: Card) -> None:
    snapshot, choice = card["snapshot"], card["horizon_choice"]
    days = snapshot["horizon_days"]
    lead = f", after {snapshot['lead_days']} days to act" if snapshot["lead_days"] else ""
    say(
        f"Churned: bought in the {snapshot['lookback_days']} days before a cutoff, and nothing in the {days} days "
        f"from it{lead}."
    )
    if choice is not None:
        reached = "the shortest usual horizon with 80 %" if choice["is_reached"] else "the longest this history allows"
        say(
            f"Horizon {days} days: of those who buy again within {choice['window']} days, {percent(choice['share'])} "
            f"do so within {days} ({reached}; Kaplan-Meier on the gaps between purchase days)."
        )
    say()


def _show_snapshots(card: Card) -> None:
    test_on = card["test"]["as_of"]
    rows = [
        {
            "cutoff": one["cutoff"],
            "customers": one["customers"],
            "churned": one["churned"],
            "churn rate": one["churned"] / one["customers"] if one["customers"] else None,
            "use": "test, then fit" if one["cutoff"] == test_on else "fit",
        }
        for one in card["training"]
    ]
    if len(rows) > 13:
        say(f"{len(rows)} snapshots; the newest twelve (all in --json):")
    show_table("Snapshots", rows[-12:], formats={"churn rate": percent})


def _show_test(test: Card) -> None:
    names = [name for name in MODELS if name in test["measures"]]
    rows = [
        {"measure": label} | {SHORT.get(name, name): _estimate(test["measures"][name][key]) for name in names}
        for key, label in MEASURES
    ]
    show_table(
        f"Test: {test['customers']:,} customers on {test['as_of']}, {percent(test['churn_rate'])} churned "
        "(below: 95 % intervals)",
        rows,
    )
    if test["kind"] == "other customers":
        say(
            "  The history holds too little before this snapshot, so the test is on other customers of the same "
            "weeks and not on a later snapshot. That flatters."
        )
    rows = [
        {"churnrisk against": name, "AUC": _signed(gains["auc"]), "log loss": _signed(gains["log_loss"])}
        for name, gains in ((name, test["gains"][name]) for name in MODELS if name in test["gains"])
    ]
    show_table("Gain, paired over customers (AUC: more is better; log loss: less is)", rows)


def _show_bands(card: Card) -> None:
    risk, bands = card["risk"], card["test"]["risk_bands"]
    meaning = {
        "high": f"from {percent(risk['high_from'])}",
        "medium": "between",
        "low": f"to {percent(risk['low_to'])}",
    }
    rows = [
        {
            "risk": level,
            "probability now": meaning[level],
            "in the test": f"{percent(band['from'])} – {percent(band['to'])}",
            "customers": band["customers"],
            "of them churned": band["churn_rate"],
        }
        for level, band in ((level, bands[level]) for level in ("high", "medium", "low"))
    ]
    show_table(
        f"Risk: twice and half the odds of the churn rate expected now, {percent(card['base_rate'])}",
        rows,
        formats={"of them churned": percent},
    )


def _estimate(interval: Card) -> str:
    if interval["value"] is None or interval["low"] is None:
        return "–"
    return f"{interval['value']:.3f}\n{interval['low']:.3f}–{interval['high']:.3f}"


def _signed(interval: Card) -> str:
    if interval["value"] is None or interval["low"] is None:
        return "–"
    return f"{interval['value']:+.3f} [{interval['low']:+.3f}, {interval['high']:+.3f}]"
