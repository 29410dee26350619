"""A single customer in charts: what was bought, how the score went, and what it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churnrisk.messages import mark, say, write_date
from churnrisk.report.blocks import Chart, Column, DataTable
from churnrisk.report.charts import Series, line_chart, timeline_chart, value_bars
from churnrisk.report.formats import amount, decimal, percent, whole
from churnrisk.retelling import retell

KINDS = {
    "purchase": mark("purchase"),
    "undone": mark("purchase taken back whole"),
    "return": mark("return"),
    "zero": mark("order of amount zero"),
}
"""Kinds of orders."""


def draw_timeline(orders: Sequence[Mapping[str, Any]], *, currency: str | None = None) -> Chart:
    """Draw orders over time, each by its amount, or by its rows where the log has no amounts.

    Parameters
    ----------
    orders : sequence of mapping
        The newest first: ``ordered_on, amount, line_count, kind`` and ``order_id``.
    currency : str, optional
        Of the amounts.
    """
    has_amounts = any(order["amount"] is not None for order in orders)
    points: dict[str, list[tuple[str, float, str]]] = {}
    for order in reversed(orders):
        size = float(order["amount"] or 0) if has_amounts else float(order["line_count"])
        told = f"{write_date(order['ordered_on'])}: {amount(size) if has_amounts else whole(size)}"
        points.setdefault(order["kind"], []).append((order["ordered_on"], size, told))
    series = {say(KINDS[kind]): points[kind] for kind in KINDS if kind in points}
    summary = say(
        "Each order by its day and size, from {first} to {last}.", first=_day(orders, -1), last=_day(orders, 0)
    )
    return Chart("timeline", say("Orders over time"), summary, timeline_chart(series), _list_orders(orders, currency))


def _day(orders: Sequence[Mapping[str, Any]], place: int) -> str:
    return write_date(orders[place]["ordered_on"])


def _list_orders(orders: Sequence[Mapping[str, Any]], currency: str | None) -> DataTable:
    sum_title = (
        say("amount") if currency is None else say("{figure}, in {currency}", figure=say("amount"), currency=currency)
    )
    columns = (
        Column(say("Day"), is_number=False),
        Column(say("order"), is_number=False, is_foreign=True),
        Column(say("kind"), is_number=False, is_wide=True),
        Column(sum_title),
        Column(say("rows"), is_wide=True),
    )
    rows = tuple(
        (
            write_date(order["ordered_on"]),
            order["order_id"] or "",
            _name_kind(order["kind"]),
            amount(order["amount"]),
            whole(order["line_count"]),
        )
        for order in orders
    )
    return DataTable(say("Orders"), columns, rows)


def _name_kind(kind: str) -> str:
    return say(KINDS[kind])


def draw_history(scores: Sequence[tuple[str, float | None]]) -> Chart:
    """Draw the churn probability of one customer in every remembered run: day and probability, the oldest first."""
    labels = [write_date(day) for day, _ in scores]
    name = say("churn probability")
    option = line_chart(labels, [Series(name, tuple(value for _, value in scores))], unit="share")
    option["yAxis"] |= {"min": 0, "max": 1}  # how far it is from sure is what counts, and not its own range
    known = [value for _, value in scores if value is not None]
    summary = say(
        "Churn probability {first} at first, {last} now.",
        first=percent(known[0] if known else None),
        last=percent(known[-1] if known else None),
    )
    columns = (Column(say("Day"), is_number=False), Column(name))
    rows = tuple((label, percent(value)) for label, (_, value) in zip(labels, scores, strict=True))
    title = say("Churn probability over time")
    return Chart("history", title, summary, option, DataTable(title, columns, rows), height=220)


def draw_reasons(families: Sequence[Mapping[str, Any]]) -> Chart:
    """Draw what each family of features adds to the log-odds, those that weigh most first.

    Parameters
    ----------
    families : sequence of mapping
        ``family``, ``log_odds`` and ``text``, as :func:`churnrisk.workflows.explain_customer` gives them.
    """
    names = [_name_family(one) for one in families]
    share = say("share in log-odds")
    option = value_bars(names, Series(share, tuple(one["log_odds"] for one in families)))
    summary = say("To the right raises the risk, to the left lowers it. Most of all: {family}.", family=names[0])
    columns = (Column(say("Family of features"), is_number=False), Column(share), Column(say("fact"), is_number=False))
    rows = tuple(
        (name, decimal(one["log_odds"]), retell(one.get("text") or ""))
        for name, one in zip(names, families, strict=True)
    )
    title = say("What the score comes from")
    return Chart("reasons", title, summary, option, DataTable(title, columns, rows), height=260)


def _name_family(one: Mapping[str, Any]) -> str:
    family = str(one["family"])
    return say(family)
