"""A model's card on the terminal: after training, and for ``churnrisk models show``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from churnrisk.cli.show import counted, percent, say, show_table
from churnrisk.schema import RISKS
from churnrisk.timeline import YEAR

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
MOST_UNUSED = 8
SUSPECT = 0.05
"""Of the log loss: a table that saves more than this, and more than all others together, deserves a question."""

FLATTERS = (
    "The history holds too little before the test, so it was made on other customers of the same weeks and not on a "
    "later snapshot. That flatters."
)
SHORT = {"RFM logistic regression": "RFM logistic"}


def show_card(card: Card, *, rejects: Path | None = None) -> None:
    """Print the intake, the horizon, the snapshots, the test and the risk bands."""
    show_intake(card["intake"], rejects=rejects, notices=card.get("notices", ()))  # an earlier card has none
    show_horizon(card)
    show_draw(card)
    show_tried_tables(card)
    _show_snapshots(card)
    show_exposures(card)
    _show_test(card["test"])
    _show_bands(card)
    if card.get("outlook"):  # a card of an earlier version has none
        _show_outlook(card)
    if "drivers" in card:
        show_drivers(card["drivers"])
    if "grade" in card:  # a card of an earlier version has none
        show_grade(card["grade"])
    if card.get("note"):
        say(card["note"])


def show_draw(card: Card) -> None:
    """Print how many customers were learned from, where these are not all."""
    if card.get("drawn"):  # a card of an earlier version has none
        say(card["drawn"]["note"])
        say()


def show_tried_tables(card: Card) -> None:
    """Print what each table beside the purchases has gained, and whether the model learns from it."""
    for one in card.get("tables", ()):
        verdict = "learned from" if one["kept"] else f"not learned from, {one['reason']}"
        gain = ""
        if one["log_loss_gain"] is not None:
            interval = f"[{one['low']:+.4f}, {one['high']:+.4f}]"
            gain = f"; on customers not seen it saves {one['log_loss_gain_share']:+.1%} of the log loss {interval}"
        say(f"Table {one['table']}: {verdict}{gain}.")
    shares = {one["table"]: one["log_loss_gain_share"] or 0.0 for one in card.get("tables", ()) if one["kept"]}
    for name, share in shares.items():
        if share > max(SUSPECT, sum(shares.values()) - share):
            say(
                f"Table {name} alone gains more than all others together. See that each of its rows has the day on "
                "which it was known, and that no column was filled in or written over later: a table that knows the "
                "end looks just like this, and gains nothing once the model is used."
            )


def show_exposures(card: Card) -> None:
    """Print which campaigns touch the weeks that were learned from or tested on, and what was done about it."""
    for one in card.get("campaigns", ()):
        say(f"  Campaign {one['name']} ({one['from']} to {one['until']}): {one['note']}.")


def show_drivers(drivers: Card) -> None:
    """Print what drives the scores of the customer base as a whole."""
    means = drivers["mean_absolute_log_odds"]
    rows = [{"family": name, "mean share": means[name]} for name in sorted(means, key=lambda name: -means[name])]
    show_table("What drives the scores", rows, formats={"mean share": "{:.2f}".format})
    say(f"  Mean share in log-odds, of either sign, over {drivers['customers']:,} customers. {drivers['note']}")
    say()


def show_beside(tables: Mapping[str, Card]) -> None:
    """Print a line for each table beside the purchases."""
    for name, one in tables.items():
        days = f", {one['first_known_on']} to {one['last_known_on']}" if one["first_known_on"] else ""
        left = one["rows_in"] - one["rows_used"]
        say(
            f"  {name} ({one['source']}): {one['rows_used']:,} rows of {counted(one['customers'], 'customer')}{days}; "
            f"{left:,} not used."
        )


def show_intake(intake: Card, *, rejects: Path | None = None, notices: Iterable[str] = ()) -> None:
    """Print the account of the rows, and in which file those are that were set aside."""
    kinds = (
        ("rows in", "rows_in"),
        ("used", "rows_used"),
        ("rejected", "rows_rejected"),
        ("without customer", "rows_without_customer"),
        ("duplicates", "duplicates_dropped"),
        ("no sale", "rows_no_sale"),
    )
    shown = {label: intake.get(key, 0) for label, key in kinds}  # an earlier card has no rows that are no sale
    show_table(f"Intake of {intake['source']}", [shown])
    _show_columns(intake, notices=intake["notices"])
    orders, customers = counted(intake["orders"], "order"), counted(intake["customers"], "customer")
    purchases, returns = counted(intake["purchases"], "purchase"), counted(intake["returns"], "return")
    say(
        f"  {orders} of {customers}, {intake['first_on']} to {intake['last_on']}: {purchases}, {returns}, "
        f"{intake['zero_orders']:,} of amount zero."
    )
    show_beside(intake.get("tables", {}))
    for reason, count in sorted(intake["reasons"].items()):
        say(f"  {counted(count, 'row')} set aside: {reason}")
    if intake["reasons"] and rejects is not None:
        say(f"  They are listed, each with its line, in {rejects}.")
    for notice in (*intake["notices"], *notices):
        say(f"  Note: {notice}")
    say()


def _show_columns(intake: Card, *, notices: Iterable[str]) -> None:
    """Print which column was taken for which role, and those that were not used and that no notice names."""
    taken = intake.get("columns", {})
    pairs = [role if role == header else f"{role} = {header}" for role, header in taken.items()]
    if pairs:
        say(f"  Columns: {', '.join(pairs)}.")
    named = {one for notice in notices for one in notice.rstrip(".").partition(": ")[2].split(", ")}
    unused = [header for header in intake.get("ignored_columns", ()) if header not in named]
    if unused:
        more = f" and {len(unused) - MOST_UNUSED} more" if len(unused) > MOST_UNUSED else ""
        say(f"  Not used: {', '.join(unused[:MOST_UNUSED])}{more}.")


def show_horizon(card: Card) -> None:
    """Print what churned means, and how the horizon was chosen."""
    snapshot, choice = card["snapshot"], card["horizon_choice"]
    days = snapshot["horizon_days"]
    lead = f", after {snapshot['lead_days']} days to act" if snapshot["lead_days"] else ""
    say(
        f"Churned: bought in the {snapshot['lookback_days']} days before a cutoff, and nothing in the {days} days "
        f"from it{lead}."
    )
    if choice is not None and "reason" in choice:  # a card of an earlier version has no sentence
        say(choice["reason"])
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
        f"Test: {counted(test['customers'], 'customer')} on {test['as_of']}, {percent(test['churn_rate'])} churned "
        "(below: 95 % intervals)",
        rows,
    )
    if test["kind"] == "other customers":
        say(f"  {FLATTERS}")
    show_gains(test["gains"])


def show_gains(gains: Card) -> None:
    """Print the differences from every baseline."""
    rows = [
        {"churnrisk against": name, "AUC": signed(one["auc"]), "log loss": signed(one["log_loss"])}
        for name, one in gains.items()
    ]
    show_table("Gain, paired over customers (AUC: more is better; log loss: less is)", rows)


def tell_grade(grade: Card) -> str:
    """Tell the letter, what it was tested on, and the sentence that goes with it."""
    return f"Grade {grade['letter']} ({_basis(grade)}): {grade['sentence']}."


def show_grade(grade: Card) -> None:
    """Print the letter, the sentence, and each ingredient with its own letter."""
    say(tell_grade(grade))
    figures, letters = grade["ingredients"], grade["letters"]
    shown = {
        "ranking": ("AUC, lower end", _figure(figures["auc"]["low"])),
        "gain": (f"log loss saved of {grade['best_baseline']}, lower end", _share(figures["log_loss_saved"]["low"])),
        "calibration": ("calibration error beyond chance", _figure(figures["calibration_error_beyond_chance"])),
        "stability": ("log loss saved at worst cutoff, upper end", _share(figures["worst_log_loss_saved_upper_end"])),
    }
    rows = [
        {"ingredient": name, "figure": what, "amount": amount, "grade": letters.get(name)}
        for name, (what, amount) in shown.items()
    ]
    show_table("", rows)


def _basis(grade: Card) -> str:
    if grade["basis"] == "backtest":
        return f"backtest over {grade['cutoffs']} cutoffs" if grade["cutoffs"] > 1 else "backtest at one cutoff"
    if grade["basis"] == "later snapshot":
        return "provisional, tested on one later snapshot; `churnrisk backtest` tells more"
    return "provisional, tested on other customers of the same weeks"


def _figure(figure: float | None) -> str:
    return "–" if figure is None else f"{figure:.3f}"


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:+.1%}"


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
        for level, band in ((level, bands[level]) for level in RISKS)
    ]
    show_table(
        f"Risk levels: at twice and half the odds of the churn rate that is expected now, {percent(card['base_rate'])}",
        rows,
        formats={"of them churned": percent},
    )


def _show_outlook(card: Card) -> None:
    from churnrisk.report import tell_value_trust

    outlook, check = card["outlook"], card["outlook"]["check"]
    parts = [f"Next order and other horizons: learned from {outlook['curve_learned_days']} days of follow-up"]
    if outlook["curve_learned_days"] < YEAR:
        parts.append("; the rest of the year is the buy-till-you-die model's")
    if outlook.get("season_trust") is None:
        parts.append("; no season is known (that takes two years), so the interval holds less where there is one")
    say("".join(parts) + ".")
    if check is not None and check["coverage"] is not None:
        say(
            f"Look back from {check['as_of']} over {check['days']} days: {percent(check['coverage'])} of "
            f"{check['ordered']:,} next orders fell into their 80 % interval{_say_widened(check)}."
        )
    missing = card.get("value_missing") or "the log has no amounts or too few buyers."
    say(f"Value: {tell_value_trust(card) or f'none, since {missing}'}")
    say()


def _say_widened(check: Card) -> str:
    factor = check["interval_stretched_by"]
    if check.get("learned_a_season_since"):
        return ", when no season could be known yet"
    if factor is None:
        return "; no width is enough, so it is left out"
    return "" if factor == 1 else f", which is made {factor:.2f} times as wide since, in log-odds"


def _estimate(interval: Card) -> str:
    if interval["value"] is None:
        return "–"
    if interval["low"] is None:
        return f"{interval['value']:.3f}"
    return f"{interval['value']:.3f}\n{interval['low']:.3f}–{interval['high']:.3f}"


def signed(interval: Card) -> str:
    """Write a difference with its interval."""
    if interval["value"] is None or interval["low"] is None:
        return "–"
    return f"{interval['value']:+.3f} [{interval['low']:+.3f}, {interval['high']:+.3f}]"
