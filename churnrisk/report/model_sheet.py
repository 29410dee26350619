"""The model: its grade, how it did on customers it had not seen, what its ranking is worth, and what drives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from churnrisk.messages import mark, say, say_many, write_date
from churnrisk.report.blocks import Block, Card, Cards, Chart, Column, DataTable, Section, Words
from churnrisk.report.charts import Curve, Series, curve_chart, line_chart, value_bars
from churnrisk.report.content import ContactPlan, ModelSheet, ReportData
from churnrisk.report.formats import NOTHING, amount, between, decimal, percent, whole
from churnrisk.report.value_trust import tell_value_trust

OURS = "churnrisk"
STEPS = tuple(k / 20 for k in range(21))
"""Shares of the customer base at which the curves are told."""

INGREDIENTS = {
    "ranking": (mark("Ranking"), mark("how well leavers are told from stayers: AUC, 0.5 is chance and 1 is perfect")),
    "gain": (mark("Gain"), mark("log loss saved against the best simple method, {baseline}")),
    "calibration": (mark("Calibration"), mark("how far probabilities are off, beyond chance")),
    "stability": (mark("Stability"), mark("log loss saved at the worst cutoff, upper end of its interval")),
}
"""What a grade is made of: title and meaning."""

BASES = {
    "backtest": mark("Tested on {cutoffs} past cutoffs, each with a model that knew nothing later."),
    "later snapshot": mark("Tested on one later snapshot that the model had not seen."),
    "other customers": mark("Tested on other customers of the same weeks."),
}


def build_model(data: ReportData) -> Section | None:
    """Build the page of the model; without one there is no such section."""
    return None if data.model is None else Section("model", say("Model"), list(describe_model(data.model)))


def describe_model(sheet: ModelSheet) -> Iterator[Block]:
    """Yield all that is shown of a model, from the grade to the drivers."""
    card = sheet.card
    yield Words(_introduce(sheet))
    yield _grade_cards(card["grade"])
    if told := tell_value_trust(card):
        yield Words(told)
    curve = _find_curve(card["test"])
    yield _draw_calibration(_find_bins(card))
    if curve:
        yield _draw_lift(curve)
        yield _draw_profit(curve, card["test"]["churn_rate"], sheet.plan)
    if card.get("backtest"):
        yield _draw_backtest(card["backtest"])
    if card.get("drivers"):
        yield _draw_drivers(card["drivers"])
    if card.get("drivers"):
        yield Words(_say_drivers(card["drivers"]), is_note=True)
    yield _compare_methods((card.get("backtest") or {}).get("pooled") or card["test"])


def _introduce(sheet: ModelSheet) -> str:
    card, snapshot, grade = sheet.card, sheet.card["snapshot"], sheet.card["grade"]
    days = snapshot["horizon_days"]
    basis, cutoffs = BASES[grade["basis"]], grade["cutoffs"]
    return " ".join(
        (
            say(
                "Model {version} knew the orders before {as_of} and learned from {snapshots} snapshots.",
                version=sheet.version,
                as_of=write_date(snapshot["as_of"]),
                snapshots=len(card["training"]),
            ),
            say_many(
                "It predicts which customers buy nothing within a day.",
                "It predicts which customers buy nothing in {count} days.",
                days,
            ),
            say(basis, cutoffs=cutoffs),
        )
    )


def _grade_cards(grade: Mapping[str, Any]) -> Cards:
    found, letters, best = grade["ingredients"], grade["letters"], grade["best_baseline"]
    values = {
        "ranking": _with_interval(found["auc"], lambda value: decimal(value)),
        "gain": _with_interval(found["log_loss_saved"], percent),
        "calibration": (decimal(found["calibration_error_beyond_chance"], 3), ""),
        "stability": (percent(found["worst_log_loss_saved_upper_end"]), ""),
    }
    cards = [Card(say("Grade"), grade["letter"], "", say("A is best, E is worst: the worst of its parts"))]
    for name, (title, meaning) in INGREDIENTS.items():
        if name in letters:
            value, change = values[name]
            said = say(meaning, baseline=say(best))
            cards.append(Card(f"{say(title)}: {letters[name]}", value, change, said))
    return Cards(tuple(cards))


def _with_interval(interval: Mapping[str, Any], write: Any) -> tuple[str, str]:
    span = between(interval["low"], interval["high"], write=write)
    return write(interval["value"]), "" if span == NOTHING else say("95 % interval: {interval}", interval=span)


def _find_bins(card: Mapping[str, Any]) -> Sequence[Mapping[str, float]]:
    """Take the bins of the backtest where there is one: more customers, and several cutoffs."""
    pooled = (card.get("backtest") or {}).get("pooled")
    bins: Sequence[Mapping[str, float]] = pooled["reliability"][OURS] if pooled else card["test"]["reliability"]
    return bins


def _draw_calibration(bins: Sequence[Mapping[str, float]]) -> Chart:
    points = tuple((one["mean_probability"], one["churn_rate"]) for one in bins)
    labels = tuple(f"{percent(x)} → {percent(y)}" for x, y in points)
    said, happened = say("predicted churn probability"), say("share that churned")
    option = curve_chart(
        [
            Curve(say("this model"), points, labels),
            Curve(say("perfect"), ((0.0, 0.0), (1.0, 1.0)), is_guide=True),
        ],
        x_name=said,
        y_name=happened,
        x_unit="share",
        y_unit="share",
    )
    worst = max(points, key=lambda point: abs(point[0] - point[1]))
    summary = say(
        "A curve near the diagonal means honest probabilities. Farthest off: {predicted} predicted, {observed} "
        "churned.",
        predicted=percent(worst[0]),
        observed=percent(worst[1]),
    )
    columns = (Column(say("predicted churn probability")), Column(say("share that churned")), Column(say("customers")))
    rows = tuple(
        (percent(one["mean_probability"]), percent(one["churn_rate"]), whole(one["customers"])) for one in bins
    )
    title = say("Calibration: what was predicted, and what happened")
    return Chart("calibration", title, summary, option, DataTable(title, columns, rows), height=320)


def _find_curve(test: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Return share contacted and share of leavers found at each step, along the hull of the ROC curve."""
    hull, rate = test.get("roc_hull") or [], test["churn_rate"]
    corners = [(rate * churned + (1 - rate) * kept, churned) for churned, kept in hull]
    return [(step, _interpolate(corners, step)) for step in STEPS] if corners else []


def _interpolate(corners: Sequence[tuple[float, float]], x: float) -> float:
    for (ax, ay), (bx, by) in pairwise(corners):
        if x <= bx:
            return ay + (by - ay) * (x - ax) / (bx - ax) if bx > ax else by
    return corners[-1][1]


def _draw_lift(curve: Sequence[tuple[float, float]]) -> Chart:
    points = tuple((share, found / share) for share, found in curve[1:])
    labels = tuple(f"{percent(share)} → {decimal(lift)}" for share, lift in points)
    option = curve_chart(
        [
            Curve(say("this model"), points, labels),
            Curve(say("by chance"), ((0.0, 1.0), (1.0, 1.0)), is_guide=True),
        ],
        x_name=say("share of customers contacted, most at risk first"),
        y_name=say("lift"),
        x_unit="share",
        y_unit="ratio",
    )
    at_tenth, found = dict(points)[0.1], dict(curve)[0.1]
    summary = say(
        "Among the tenth most at risk are {lift} times as many leavers as in a tenth drawn by lot: {found} of all.",
        lift=decimal(at_tenth, 1),
        found=percent(found),
    )
    columns = (Column(say("contacted")), Column(say("leavers found")), Column(say("lift")))
    rows = tuple((percent(share), percent(found), decimal(found / share)) for share, found in curve[1:])
    title = say("Lift: how much better than a draw by lot")
    return Chart("lift", title, summary, option, DataTable(title, columns, rows), height=320)


def _draw_profit(curve: Sequence[tuple[float, float]], rate: float, plan: ContactPlan) -> Chart:
    points = tuple((share, _profit(share, found * rate, plan)) for share, found in curve)
    labels = tuple(f"{percent(share)} → {amount(profit)}" for share, profit in points)
    option = curve_chart(
        [
            Curve(say("this model"), points, labels),
            Curve(say("by chance"), ((0.0, 0.0), (1.0, points[-1][1])), is_guide=True),
        ],
        x_name=say("share of customers contacted, most at risk first"),
        y_name=say("profit for each customer of the base"),
        x_unit="share",
        y_unit="ratio",
    )
    share, best = max(points, key=lambda point: point[1])
    if share == 0:
        summary = say("At these terms contacting nobody is best.")
    else:
        summary = say(
            "Best at {share} contacted: {profit} for each customer of the base.",
            share=percent(share),
            profit=amount(best),
        )
    columns = (Column(say("contacted")), Column(say("profit for each customer of the base")))
    rows = tuple((percent(x), amount(y)) for x, y in points)
    title = say("Profit: how many it pays to contact")
    return Chart("profit", title, summary, option, DataTable(title, columns, rows), height=320, note=_say_plan(plan))


def _profit(share: float, leavers: float, plan: ContactPlan) -> float:
    """Return the profit for each customer of the base when a share of it is contacted, of whom so many would leave.

    The formula of :func:`churnrisk.decide.expected_profit`, with one value for everybody.
    """
    gain = leavers * plan.acceptance_rate * (plan.value - plan.incentive_cost)
    return gain - (share - leavers) * plan.redemption * plan.incentive_cost - share * plan.contact_cost


def _say_plan(plan: ContactPlan) -> str:
    words = say(
        "Profit is told for one value of a kept customer, {value}, an offer that costs {incentive} where it is taken, "
        "{contact} for a contact, {accept} of would-be leavers who stay because of it, and {redeem} of all others who "
        "take the offer too.",
        value=amount(plan.value),
        incentive=amount(plan.incentive_cost),
        contact=amount(plan.contact_cost),
        accept=percent(plan.acceptance_rate),
        redeem=percent(plan.redemption),
    )
    if plan.is_own:
        return words
    return (
        words
        + " "
        + say(
            "These are numbers of the literature; set contact_cost, incentive_cost and acceptance_rate for your shop's "
            "own."
        )
    )


def _draw_backtest(backtest: Mapping[str, Any]) -> Chart:
    cutoffs = backtest["cutoffs"]
    names = [OURS, *sorted(name for name in backtest["pooled"]["measures"] if name != OURS)]
    ranked = sorted(names[1:], key=lambda name: backtest["pooled"]["measures"][name]["log_loss"]["value"])[:2]
    labels = [write_date(one["cutoff"]) for one in cutoffs]
    series = [
        Series(
            say("this model") if name == OURS else say(name),
            tuple(one["measures"][name]["auc"]["value"] for one in cutoffs),
        )
        for name in (OURS, *ranked)
    ]
    first = [value for value in series[0].values if value is not None]
    summary = say(
        "AUC of {low} to {high} at {cutoffs} cutoffs.",
        low=decimal(min(first, default=None)),
        high=decimal(max(first, default=None)),
        cutoffs=len(cutoffs),
    )
    columns = (Column(say("Cutoff"), is_number=False), *(Column(one.name) for one in series))
    rows = tuple((label, *(decimal(one.values[k], 3) for one in series)) for k, label in enumerate(labels))
    title = say("Backtest: AUC at past cutoffs")
    return Chart("backtest", title, summary, line_chart(labels, series, unit="ratio"), DataTable(title, columns, rows))


def _compare_methods(test: Mapping[str, Any]) -> DataTable:
    measures = test["measures"]
    ordered = sorted(measures, key=lambda name: (name != OURS, measures[name]["log_loss"]["value"]))
    columns = (
        Column(say("Method"), is_number=False),
        Column("AUC"),
        Column(say("log loss")),
        Column(say("Brier score"), is_wide=True),
        Column(say("lift of the first tenth"), is_wide=True),
    )
    kinds = ("auc", "log_loss", "brier", "top_decile_lift")
    rows = tuple(
        (
            say("this model") if name == OURS else say(name),
            *(decimal(measures[name].get(kind, {}).get("value"), 3) for kind in kinds),
        )
        for name in ordered
    )
    title = say_many(
        "Against simple methods, on one customer", "Against simple methods, on {count} customers", test["customers"]
    )
    return DataTable(title, columns, rows)


def _draw_drivers(drivers: Mapping[str, Any]) -> Chart:
    means = drivers["mean_absolute_log_odds"]
    ordered = sorted(means, key=lambda family: -means[family])
    names = [say(one) for one in ordered]
    share = say("mean share in log-odds")
    summary = say("Most of all: {family}.", family=names[0]) if names else ""
    columns = (Column(say("Family of features"), is_number=False), Column(share))
    rows = tuple((say(one), decimal(means[one])) for one in ordered)
    title = say("What drives the scores")
    option = value_bars(names, Series(share, tuple(means[one] for one in ordered)))
    return Chart("drivers", title, summary, option, DataTable(title, columns, rows), height=280)


def _say_drivers(drivers: Mapping[str, Any]) -> str:
    note = drivers["note"]
    told = say(
        "Mean share in log-odds, of either sign, over {customers} customers.", customers=whole(drivers["customers"])
    )
    return f"{told} {say(note)}"
