"""What ``churnrisk score`` prints: what fits a screen, or with ``--details`` all of it."""

from __future__ import annotations

import itertools
import shlex
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from churnrisk.schema import RISKS, STATUSES

if TYPE_CHECKING:
    from churnrisk.memory import Comparison
    from churnrisk.timeline import Snapshot
    from churnrisk.workflows import ChurnModel, ClusterResult, ScoreResult

TAKEN_FOR = {
    "purchases": "a purchase history",
    "ids": "a list of customer ids",
    "summary": "one row per customer; scored by the compact model",
}
SPARED = {"up to": 10, "days quiet": 16}
"""Columns of the list that give way to customer ids of more than so many characters, which are not to be broken."""

MOST_ROWS = 10
TABLE_LINES = 4
"""A table has so many lines beside its title and its rows."""

LEAST_ROWS = 5
LEAST_REASON = 24
"""Characters; a column of reasons that would be narrower is left out."""

NOT_THE_CAUSE = "A reason describes the score, not the cause."


@dataclass(frozen=True)
class Scored:
    """What there is to say of a scoring run.

    Parameters
    ----------
    model : ChurnModel
        The model.
    source : str
        The file of customers, as it was named.
    kind : str
        What it was taken for.
    snapshot : Snapshot
        The windows.
    size : int
        How many customers the file has.
    risks, statuses : mapping
        How many customers are at each risk, and of each status.
    records : sequence of mapping
        The first rows of the list.
    is_valued : bool
        Whether the list is sorted by value at risk.
    notices : sequence of str
        What a user should know about the reading.
    accounts : sequence of mapping
        What became of the rows of each file.
    comparison : Comparison, optional
        With an earlier run.
    """

    model: ChurnModel
    source: str
    kind: str
    snapshot: Snapshot
    size: int
    risks: Mapping[str, int]
    statuses: Mapping[str, int]
    records: Sequence[Mapping[str, Any]]
    is_valued: bool
    notices: Sequence[str]
    accounts: Sequence[Mapping[str, Any]]
    comparison: Comparison | None = None

    @classmethod
    def here(cls, model: ChurnModel, result: ScoreResult, *, source: str) -> Scored:
        """Take what was scored in this process."""
        totals, scores = result.totals, result.scores
        return cls(
            model,
            source,
            result.kind,
            scores.snapshot,
            size=len(totals),
            risks={level: totals.count("risk", level) for level in RISKS},
            statuses={status: totals.count("status", status) for status in STATUSES},
            records=[row for row in result.table.records() if row["status"] == "scored"],
            is_valued=scores.by == "value",
            notices=_sort_notices(model, result),
            accounts=list(result.intake.values()),
            comparison=result.comparison,
        )

    @classmethod
    def on_spark(cls, model: ChurnModel, result: ClusterResult, *, source: str) -> Scored:
        """Take what was scored on Spark."""
        scores = result.scores
        return cls(
            model,
            source,
            "purchases",
            scores.snapshot,
            size=scores.size,
            risks=scores.risks,
            statuses=scores.statuses,
            records=[row for row in scores.top if row["status"] == "scored"],
            is_valued=scores.by == "value",
            notices=result.notices,
            accounts=[result.intake],
        )

    @property
    def as_of(self) -> str:
        """The day of scoring as an ISO date."""
        from churnrisk.timeline import date_of

        return date_of(self.snapshot.cutoff).isoformat()


def show_scores(scored: Scored, *, top: int | None, has_details: bool, written: Sequence[str] = ()) -> None:
    """Print the scores, and in the end what was written.

    Parameters
    ----------
    scored : Scored
        What there is to say.
    top : int, optional
        Rows of the list; by default as many as fit the screen, at most ten.
    has_details : bool
        Whether everything is printed, however long.
    written : sequence of str
        Paragraphs on what was written.
    """
    from churnrisk.cli.show import say

    if has_details:
        _show_details(scored, top=MOST_ROWS if top is None else top)
        for text in written:
            say(text)
    else:
        _show_brief(scored, top=top, written=written)


def may_list(model: ChurnModel) -> bool:
    """Tell whether a list of whom to look at first may be shown, and say it where it may not."""
    from churnrisk.cards import is_worth_acting_on
    from churnrisk.cli.show import say

    is_worth = is_worth_acting_on(model.card)
    if not is_worth:
        say("No list is shown, since the model has grade E: whoever stood on it would stand there by chance.")
    return is_worth


def _show_brief(scored: Scored, *, top: int | None, written: Sequence[str]) -> None:
    from churnrisk.cli.show import SCREEN, lines_of, say, show_table

    head = list(_tell_totals(scored))
    for text in head:
        say(text)
    if not scored.records or top == 0 or not may_list(scored.model):
        for text in written:
            say(text)
        return
    rows = _brief_rows(scored.records[: MOST_ROWS if top is None else top])
    if (width := _find_room(rows)) < LEAST_REASON:
        rows = [{name: value for name, value in row.items() if name != "why"} for row in rows]
    title = f"{_tell_title(scored)} ({{shown}} of {scored.statuses['scored']:,})"
    tail = [*([NOT_THE_CAUSE] if "why" in rows[0] else []), *written, _tell_next(scored, is_written=bool(written))]
    if top is None:
        said = sum(len(lines_of(text)) for text in (*head, title.format(shown=MOST_ROWS), *tail))
        rows = _take_fitting(rows, room=SCREEN - TABLE_LINES - said, width=width)
    say(title.format(shown=len(rows)))
    show_table("", rows, right={"churn", "at risk"})
    for text in tail:
        say(text)


def _tell_title(scored: Scored) -> str:
    from churnrisk.report import is_rough

    if not scored.is_valued:
        return "Most at risk"
    rough = ", a rough figure" if is_rough(scored.model.card) else ""
    return f"Most value at risk, the churn probability x the one purchase saved{rough}"


def _sort_notices(model: ChurnModel, result: ScoreResult) -> list[str]:
    """Return what matters most first: the grade of the model, and how old the log is."""
    from churnrisk.cards import warn_of_grade

    first = [*warn_of_grade(model.card), *filter(None, [result.long_past])]
    return [*first, *(one for one in result.notices if one not in first)]


def _tell_totals(scored: Scored) -> Iterator[str]:
    from churnrisk.cli.show import MOST_NOTES, counted, cut_notes

    bands, statuses = scored.model.card["test"]["risk_bands"], scored.statuses
    rates = {level: f"{bands[level]['churn_rate']:.0%}" if bands[level]["customers"] else "–" for level in RISKS}
    yield (
        f"{counted(scored.size, 'customer')}, as of {scored.as_of}. No purchase within {scored.snapshot.horizon} days: "
        f"{scored.risks['high']:,} at high risk ({rates['high']} of such in the model's test), "
        f"{scored.risks['medium']:,} medium ({rates['medium']}), {scored.risks['low']:,} low ({rates['low']}). "
        f"Not scored: {statuses['lapsed']:,} lapsed, {statuses['no_purchases']:,} without purchases."
    )
    for account in scored.accounts:
        if aside := sum(account["reasons"].values()):
            yield f"{account['source']}: {counted(aside, 'row')} set aside (--details: why)."
    if scored.comparison is not None:
        yield _tell_comparison(scored.comparison)
        yield scored.comparison.line(scored.snapshot.cutoff)
    yield from cut_notes(scored.notices, most=MOST_NOTES if scored.comparison is None else 1)


def _tell_comparison(found: Comparison) -> str:
    from churnrisk.timeline import date_of

    counts = ", ".join(f"{count:,} {change}" for change, count in found.counts().items())
    return f"Since run {found.earlier.run_id}, {date_of(found.earlier.run.snapshot.cutoff)}: {counts}."


def _tell_next(scored: Scored, *, is_written: bool) -> str:
    from churnrisk.cli.show import printable
    from churnrisk.inputs import without_password

    steps = [] if is_written else ["all rows: -o scores.xlsx"]
    if scored.kind != "summary":
        history = shlex.quote(without_password(scored.source)) if scored.kind == "purchases" else "purchases.csv"
        one = printable(shlex.quote(str(scored.records[0]["customer_id"])))
        steps.insert(0, f"`churnrisk explain {one} {history}`, `churnrisk target`")
    return f"Next: {'; '.join([*steps, 'more here: --details'])}."


def _brief_rows(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return customer, probability, value, change and main reason of each row, as far as there are any."""
    from churnrisk.cli.show import percent, printable

    has_value = any(row["value_at_risk"] is not None for row in records)
    has_reason = any(row.get("reason_1") for row in records)
    return [
        {"customer": row["customer_id"], "churn": percent(row["churn_probability"])}
        | ({"at risk": _amount(row["value_at_risk"])} if has_value else {})
        | ({"change": row["change"]} if "change" in row else {})
        | ({"why": printable(row.get("reason_1") or "–")} if has_reason else {})
        for row in records
    ]


def _find_room(rows: Sequence[Mapping[str, Any]]) -> int:
    """Return the width that is left for reasons beside the other columns, as tables are drawn."""
    from churnrisk.cli.show import console

    others = [name for name in rows[0] if name != "why"]
    taken = sum(max(len(name), *(len(str(row[name])) for row in rows)) for name in others)
    return console().width - taken - 3 * (len(others) + 1) - 1


def _amount(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _take_fitting(rows: Sequence[dict[str, Any]], *, room: int, width: int) -> list[dict[str, Any]]:
    """Return the first rows that take no more than so many lines; where these are few, reasons are cut to a line."""
    whole = [_with_reason(row, textwrap.wrap(row.get("why", ""), width)) for row in rows]
    lines = itertools.accumulate(row.get("why", "").count("\n") + 1 for row in whole)
    fitting = sum(used <= room for used in lines)
    if fitting >= min(LEAST_ROWS, len(rows)):
        return whole[:fitting]
    cut = [_with_reason(row, [textwrap.shorten(row.get("why", ""), width, placeholder=" …")]) for row in rows]
    return cut[: max(1, room)]


def _with_reason(row: dict[str, Any], lines: Sequence[str]) -> dict[str, Any]:
    return row | {"why": "\n".join(lines)} if "why" in row else row


def _show_details(scored: Scored, *, top: int) -> None:
    _show_reading(scored)
    _show_bands(scored)
    if scored.comparison is not None:
        _show_comparison(scored.comparison, scored.snapshot.cutoff)
    if top and scored.records and may_list(scored.model):
        _show_list(scored.model, scored.records[:top], is_valued=scored.is_valued)


def _show_reading(scored: Scored) -> None:
    """Print what the file was taken for, and what became of its rows."""
    from churnrisk.cli.show import counted, say

    say(f"Taken for {TAKEN_FOR[scored.kind]}. Scored as of {scored.as_of} by model {scored.model.version}.")
    for notice in scored.notices:
        say(f"Note: {notice}")
    for account in scored.accounts:
        for reason, count in sorted(account["reasons"].items()):
            say(f"{account['source']}: {counted(count, 'row')} set aside: {reason}")


def _show_bands(scored: Scored) -> None:
    """Print how many customers are at which risk, and how many have no score."""
    from churnrisk.cli.show import counted, percent, say, show_table

    bands = scored.model.card["test"]["risk_bands"]
    rows = [
        {"risk": level, "customers": scored.risks[level], "churned in the model's test": bands[level]["churn_rate"]}
        for level in RISKS
    ]
    title = f"{counted(scored.size, 'customer')}; churn = no purchase within {scored.snapshot.horizon} days"
    show_table(title, rows, formats={"churned in the model's test": percent})
    say(
        f"  not scored: {scored.statuses['lapsed']:,} lapsed (nothing bought in the last {scored.snapshot.lookback} "
        f"days), {scored.statuses['no_purchases']:,} without purchases"
    )
    say()


def _show_comparison(comparison: Comparison, as_of: int) -> None:
    """Print what has changed since the earlier run, and whether what it said came true."""
    from churnrisk.cli.show import say, show_table
    from churnrisk.timeline import date_of

    earlier = comparison.earlier
    title = f"Since run {earlier.run_id}, {date_of(earlier.run.snapshot.cutoff)} (the list: customers rated high)"
    show_table(title, [{"change": name, "customers": count} for name, count in comparison.counts().items()])
    say(comparison.line(as_of))


def _show_list(model: ChurnModel, records: Sequence[Mapping[str, Any]], *, is_valued: bool) -> None:
    """Print the customers with the most value at risk, or those most at risk."""
    from churnrisk.cli.show import percent, say, show_table
    from churnrisk.report import is_rough, tell_value_trust

    at_risk = "at risk, rough" if is_rough(model.card) else "at risk"
    rows = [
        {
            "customer": row["customer_id"],
            "churn": row["churn_probability"],
            "risk": row["risk"],
            at_risk: row["value_at_risk"],
            "up to": row["value_at_risk_most"],
            "next order": row["next_order_on"],
            "days quiet": row["days_since_last_order"],
            **({"change": row["change"]} if "change" in row else {}),
        }
        for row in records
    ]
    longest = max((len(row["customer_id"]) for row in records), default=0)
    unknown = [name for name in (at_risk, "up to") if all(row[name] is None for row in rows)]
    for name in {*unknown, *(name for name, room in SPARED.items() if longest > room)}:
        for row in rows:
            del row[name]
    title = "Most value at risk" if is_valued else "Most at risk"
    money = dict.fromkeys((at_risk, "up to"), "{:,.0f}".format)
    show_table(f"{title} (top {len(rows)})", rows, formats={"churn": percent, **money})
    if any(row["value_at_risk"] is not None for row in records):
        say(
            "  Value at risk: churn probability x the one purchase that is saved; up to so much if the customer stays "
            "for good (--by risk sorts by churn alone)."
        )
        say(f"  {tell_value_trust(model.card)}")
    if any(row["next_order_on"] is not None for row in records):
        say("  Next order: the day if the customer orders again within a year, however likely that is." + _doubt(model))
    _show_main_reasons(records)


def _doubt(model: ChurnModel) -> str:
    """Say where the interval of the next order is left out, or has not been tried through a season."""
    outlook = model.model.outlook
    if outlook is not None and not outlook.band.holds:
        return " It has no interval, since in a look back none held."
    if outlook is not None and outlook.season_trust is None:
        return " No season is known (that takes two years): where there is one, the 80 % interval holds less."
    return ""


def _show_main_reasons(records: Sequence[Mapping[str, Any]]) -> None:
    from churnrisk.cli.show import show_table

    reasons = [
        {"customer": row["customer_id"], "main reason": row["reason_1"]} for row in records if row.get("reason_1")
    ]
    if reasons:
        show_table("Why (a reason describes the score, not the cause)", reasons)
