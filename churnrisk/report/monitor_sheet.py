"""Watching the model: drift, what became of earlier scores, purchases per week, and the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from churnrisk.features import tell_feature
from churnrisk.messages import mark, say, write_date
from churnrisk.report.blocks import Block, Card, Cards, Chart, Column, DataTable, Words
from churnrisk.report.charts import Series, bar_chart, line_chart, value_bars
from churnrisk.report.formats import NOTHING, between, decimal, percent, whole
from churnrisk.retelling import retell

SHOWN = 12
VERDICTS = {
    "chance": mark("within chance"),
    "usual": mark("usual"),
    "calendar": mark("the season"),
    "drifted": mark("drifted"),
}


def describe_monitor(found: Mapping[str, Any]) -> Iterator[Block]:
    """Yield all that is shown of watching a model.

    Parameters
    ----------
    found : mapping
        What :func:`churnrisk.operations.monitor_view` gives.
    """
    look = found["latest"]
    if look is None:
        yield Words(
            say(
                "Nobody has looked at the model yet. The command churnrisk monitor does, best every day, and this page "
                "shows what it finds."
            ),
            is_note=True,
        )
        return
    yield Words(_introduce(look))
    yield _make_cards(found, look)
    if look["drift"] and look["drift"]["features"]:
        yield _draw_drift(look["drift"]["features"])
    if found["realised"]:
        yield _draw_realised(found["realised"])
    if look["volume"]["weeks"]:
        yield _draw_volume(look["volume"]["weeks"])
    if look.get("tables"):
        yield _list_tables(look["tables"])
    if len(found["trend"]) > 1:
        yield _draw_trend(found["trend"])
    if look["rules"]:
        yield _list_rules(look["rules"])
    yield from (Words(retell(sentence), is_note=True) for sentence in look["advice"])


def _introduce(look: Mapping[str, Any]) -> str:
    on = write_date(look["freshness"]["looked_on"])
    if look["model"] is None:
        return say("Looked on {day}; no model was there.", day=on)
    return say("Looked on {day} at model {version}.", day=on, version=look["model"])


def _make_cards(found: Mapping[str, Any], look: Mapping[str, Any]) -> Cards:
    values, rules = look["values"], look["rules"]
    newest = next((one for one in reversed(found["realised"]) if one["auc"] is not None), None)
    span = NOTHING if newest is None else between(newest["auc_low"], newest["auc_high"], write=decimal)
    return Cards(
        (
            Card(say("Days since the last purchase"), whole(found["days_since_last_purchase"])),
            Card(
                say("Features that drifted"),
                whole(values["drifted_features"]),
                say("largest PSI: {value}", value=decimal(values["psi_max"])),
                say("changes that chance, the season or time explain are not counted"),
            ),
            Card(
                say("Realised AUC"),
                NOTHING if newest is None else decimal(newest["auc"]),
                "" if span == NOTHING else say("95 % interval: {interval}", interval=span),
                say("of the newest scores whose outcome is known"),
            ),
            Card(
                say("Rules that fired"),
                whole(sum(one["fired"] for one in rules)),
                "",
                say("of {count} that are set", count=len(rules)),
            ),
        )
    )


def _draw_drift(features: Sequence[Mapping[str, Any]]) -> Chart:
    shown = features[:SHOWN]
    title = say("Features against training: population stability index")
    columns = (
        Column(say("Feature"), is_number=False),
        Column("PSI"),
        Column(say("by chance"), is_wide=True),
        Column(say("limit")),
        Column(say("verdict"), is_number=False),
    )
    rows = tuple(
        (
            say(tell_feature(one["name"])),
            decimal(one["index"], 3),
            decimal(one["expected"], 3),
            decimal(one["limit"], 3),
            say(VERDICTS[one["verdict"]]),
        )
        for one in shown
    )
    names = [say(tell_feature(one["name"])) for one in shown]
    summary = say("Most of all: {feature}.", feature=names[0])
    option = value_bars(names, Series("PSI", tuple(one["index"] for one in shown)))
    return Chart("drift", title, summary, option, DataTable(title, columns, rows), height=420)


def _draw_realised(runs: Sequence[Mapping[str, Any]]) -> Chart:
    title = say("Realised AUC of earlier scores")
    labels = [write_date(one["as_of"]) for one in runs]
    known = [one["auc"] for one in runs if one["auc"] is not None]
    summary = say(
        "AUC of {low} to {high} in {count} scoring runs.",
        low=decimal(min(known, default=None)),
        high=decimal(max(known, default=None)),
        count=len(runs),
    )
    columns = (
        Column(say("Scored on"), is_number=False),
        Column(say("Customers"), is_wide=True),
        Column(say("Churn rate")),
        Column("AUC"),
        Column(say("95 % interval"), is_wide=True),
        Column(say("too high by")),
    )
    rows = tuple(
        (
            label,
            whole(one["customers"]),
            percent(one["churn_rate"]),
            decimal(one["auc"], 3),
            between(one["auc_low"], one["auc_high"], write=lambda value: decimal(value, 3)),
            percent(one["bias"]),
        )
        for label, one in zip(labels, runs, strict=True)
    )
    option = line_chart(labels, [Series("AUC", tuple(one["auc"] for one in runs))], unit="ratio")
    return Chart("realised", title, summary, option, DataTable(title, columns, rows))


def _draw_volume(weeks: Sequence[Mapping[str, Any]]) -> Chart:
    title = say("Purchases per week")
    labels = [write_date(one["from"]) for one in weeks]
    bought, new = (Series(name, tuple(one[key] for one in weeks)) for name, key in _volume_names())
    last = say("{count} in the last week of the log.", count=whole(weeks[-1]["purchases"]))
    columns = (Column(say("Week from"), is_number=False), Column(bought.name), Column(new.name))
    rows = tuple(
        (label, whole(one["purchases"]), whole(one["new_customers"])) for label, one in zip(labels, weeks, strict=True)
    )
    option = bar_chart(labels, [bought, new], unit="customers")
    return Chart("volume", title, last, option, DataTable(title, columns, rows))


def _volume_names() -> tuple[tuple[str, str], ...]:
    return (say("Purchases"), "purchases"), (say("New customers"), "new_customers")


def _draw_trend(looks: Sequence[Mapping[str, Any]]) -> Chart:
    title = say("Largest PSI at each look")
    labels = [write_date(one["as_of"]) for one in looks]
    values = tuple(one["psi_max"] for one in looks)
    columns = (
        Column(say("Day"), is_number=False),
        Column("PSI"),
        Column(say("Rules that fired")),
    )
    rows = tuple(
        (label, decimal(value, 3), whole(len(one["fired"])))
        for label, value, one in zip(labels, values, looks, strict=True)
    )
    summary = say("{count} looks.", count=len(looks))
    option = line_chart(labels, [Series("PSI", values)], unit="ratio")
    return Chart("psi-trend", title, summary, option, DataTable(title, columns, rows))


def _list_tables(tables: Sequence[Mapping[str, Any]]) -> DataTable:
    columns = (
        Column(say("table"), is_number=False, is_foreign=True),
        Column(say("newest row"), is_number=False),
        Column(say("days behind the purchases")),
        Column(say("usual gap in days"), is_wide=True),
        Column(say("result"), is_number=False),
    )
    rows = tuple(
        (
            one["table"],
            NOTHING if one["last_row_on"] is None else write_date(one["last_row_on"]),
            whole(one["days_behind_purchases"]),
            whole(one["usual_gap_days"]),
            say("has stopped") if one["has_stopped"] else say("still comes"),
        )
        for one in tables
    )
    return DataTable(say("Tables beside the purchases"), columns, rows)


def _list_rules(rules: Sequence[Mapping[str, Any]]) -> DataTable:
    columns = (Column(say("Rule"), is_number=False), Column(say("Value")), Column(say("result"), is_number=False))
    rows = tuple(
        (
            one["rule"],
            decimal(one["value"], 3),
            say("fired") if one["fired"] else say("not known") if one["value"] is None else say("quiet"),
        )
        for one in rules
    )
    return DataTable(say("Rules"), columns, rows)
