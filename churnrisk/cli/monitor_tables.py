"""A look at a model in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from churnrisk.cli.recipe import show_difference
from churnrisk.cli.show import percent, say, show_table
from churnrisk.timeline import date_of

if TYPE_CHECKING:
    from churnrisk.learning import Interval
    from churnrisk.monitor import Drift, Look, Realised, ScoreDrift
    from churnrisk.operations import Delivery, MonitorResult, Retrained

FEATURES_SHOWN = 8
VERDICTS = {"chance": "chance", "usual": "usual", "calendar": "season", "drifted": "drifted"}


def show_look(result: MonitorResult, retrained: Retrained | None, delivery: Delivery | None) -> None:
    """Show everything that was found, and what to do."""
    look = result.look
    _show_log(look)
    if look.arrivals:
        _show_arrivals(look)
    if look.drift is not None:
        _show_features(look.drift)
        _show_scores(look.drift)
    if look.realised:
        _show_runs(look)
    _show_rules(result)
    for sentence in result.advice:
        say(f"- {sentence}")
    if retrained is not None:
        _show_retrained(retrained)
    if delivery is not None and not delivery.problem:
        say("The webhook was sent.")


def _show_log(look: Look) -> None:
    fresh, volume, last = look.freshness, look.volume, look.volume.last
    model = "no model" if look.model is None else f"model {look.model}"
    rows: list[dict[str, Any]] = [
        {"log": "days since the last purchase", "now": _whole(fresh.days), "usual": None},
        {"log": "rows set aside", "now": percent(fresh.rejected_share), "usual": None},
    ]
    if last is not None:
        rows += [
            {"log": "purchases in the last week", "now": _whole(last.purchases), "usual": _whole(volume.usual)},
            {"log": "new customers in it", "now": _whole(last.new_customers), "usual": _whole(volume.usual_new)},
        ]
    if volume.year_before is not None:
        rows.append(
            {"log": "purchases, same week a year before", "now": _whole(volume.year_before.purchases), "usual": None}
        )
    if look.retention:
        month, rate = look.retention[-1]
        before = look.retention[-2][1] if len(look.retention) > 1 else None
        rows.append({"log": f"retention rate, {month}", "now": _share(rate), "usual": _share(before)})
    caption = "Usual: the median of the 13 weeks before; of the retention rate, the month before."
    title = f"Looked on {date_of(fresh.looked_on)} at {model}"
    show_table(title, rows, caption=caption, right={"now", "usual"})


def _show_arrivals(look: Look) -> None:
    rows = [
        {
            "table": one.table,
            "days since the newest row": _whole(one.days),
            "usual gap": _whole(one.usual_gap),
            "behind the purchases": _whole(one.days_behind),
            "": "STOPPED" if one.has_stopped else "comes",
        }
        for one in look.arrivals
    ]
    right = {"days since the newest row", "usual gap", "behind the purchases"}
    show_table("Tables beside the purchases", rows, right=right)


def _show_features(drift: Drift) -> None:
    from churnrisk.features import tell_feature

    rows = [
        {
            "feature": tell_feature(one.name),
            "PSI": f"{one.index:.3f}",
            "by chance": f"{one.expected:.3f}",
            "limit": f"{one.limit:.3f}",
            "": VERDICTS[one.verdict],
        }
        for one in drift.features[:FEATURES_SHOWN]
    ]
    if not rows:
        return
    apart = (
        "no two training cutoffs could be compared"
        if drift.usual_days is None
        else f"the largest PSI between training cutoffs {drift.usual_days} days apart"
    )
    caption = (
        f"{len(drift.drifted)} of {len(drift.features)} features drifted, {drift.base.customers:,} customers, "
        f"{drift.days} days after training. By chance: what PSI is on average without any drift. Limit: what chance "
        f"can do, plus {apart}."
    )
    show_table("Features against training", rows, caption=caption, right={"PSI", "by chance", "limit"})


def _show_scores(drift: Drift) -> None:
    run = drift.last_run
    compared = [("training", drift.since_training)]
    if run is not None:
        compared.append((f"run {run['run']} of {run['as_of']}", drift.since_last_run))
    rows = [_score_row(name, one) for name, one in compared if one is not None]
    if rows:
        show_table("Probabilities, then and now", rows, right=set(rows[0]) - {"against"})


def _score_row(name: str, one: ScoreDrift) -> dict[str, Any]:
    return {
        "against": name,
        "PSI": f"{one.index:.3f}",
        "chance below": f"{one.chance:.3f}",
        "mean then": percent(one.mean_then),
        "now": percent(one.mean_now),
        "high risk then": percent(one.risk_then["high"]),
        "high now": percent(one.risk_now["high"]),
    }


def _show_runs(look: Look) -> None:
    rows = [_run_row(one) for one in look.realised]
    newest = next((one for one in look.realised if one.measures), None)
    tested = None if newest is None else look.tested_auc.get(newest.model)
    caption = "" if tested is None else f"In its own test the newest of these models had an AUC of {tested:.3f}. "
    caption += (
        "Saved: log loss against giving everybody the churn rate that came out. Bias: mean probability less that rate. "
        "With 95 % intervals."
    )
    left_out = sum(one.contacted for one in look.realised)
    if left_out:
        caption += f" {left_out:,} customers contacted by campaigns are left out, and controls stand for them."
    show_table("What became of earlier scores", rows, caption=caption, right=set(rows[0]) - {"scored"})


def _run_row(one: Realised) -> dict[str, Any]:
    found = {"scored": date_of(one.snapshot.cutoff).isoformat(), "customers": one.customers}
    found |= {"churned": _share(one.churn_rate)}
    if not one.measures:
        return {**found, "AUC": None, "saved": None, "bias": None}
    return {
        **found,
        "AUC": _with_interval(one.measures["auc"], "{:.3f}"),
        "saved": None if one.saved is None else f"{one.saved.value:+.3f}",
        "bias": _with_interval(one.measures["bias"], "{:+.3f}"),
    }


def _with_interval(one: Interval, form: str) -> str:
    """Write a figure, and its interval in a line of its own, without a blank at which it could be broken."""
    return f"{form.format(one.value)}\n{form.format(one.low)}…{form.format(one.high)}"


def _show_rules(result: MonitorResult) -> None:
    verdicts = [("", one) for one in result.verdicts] + [("retrain", one) for one in result.retraining]
    if not verdicts:
        say("No rules are set; `rules = [...]` in churnrisk.toml tells when somebody is to be called.")
        return
    rows = [
        {
            "rule": f"{kind} if {one.rule.text}".strip() if kind else one.rule.text,
            "value": None if one.value is None else f"{one.value:,.4g}",
            "": "FIRED" if one.has_fired else ("not known" if one.value is None else "quiet"),
        }
        for kind, one in verdicts
    ]
    show_table("Rules", rows, right={"value"})


def _show_retrained(one: Retrained) -> None:
    show_difference(one.like, one.difference)
    if one.is_promoted:
        say(f"{one.version} was trained and is current now; back: churnrisk models promote {one.like}")
    else:
        say(f"{one.version} was trained and waits; to use it: churnrisk models promote {one.version}")


def _whole(value: float | None) -> str | None:
    return None if value is None else f"{value:,.0f}"


def _share(value: float | None) -> str | None:
    return None if value is None or value != value else percent(value)
