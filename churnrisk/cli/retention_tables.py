"""The retention figures on the terminal: tables of at most 80 columns, and the cohort heat map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from churnrisk.cli.show import WIDTH, console, counted, percent, say, show_table

if TYPE_CHECKING:
    from churnrisk.forecast import ValueCheck, ValueForecast
    from churnrisk.retention import (
        Change,
        CohortTable,
        Comparison,
        Economics,
        PeriodRow,
        Rate,
        RetentionTable,
    )

NARROW = ("customers_at_end", "new_customers", "reactivated_customers", "lost_customers", "churn_rate")
NARROW_RATES = ("no_purchase_rate", "revenue")
WIDE = (
    (
        "Customers",
        ("customers_at_start", "customers_at_end", "new_customers", "reactivated_customers", "lost_customers"),
    ),
    (
        "Rates",
        ("retention_rate", "retention_rate_by_count", "churn_rate", "no_purchase_rate", "annual_churn_rate"),
    ),
    ("Rates", ("annual_churn_rate_from_period", "reactivation_rate", "quick_ratio")),
    ("Purchases", ("repeat_purchase_rate", "second_order_rate_90_days", "orders_per_customer", "average_order_value")),
    ("Revenue", ("revenue", "net_revenue_retention", "gross_revenue_retention", "gross_revenue_churn")),
    ("Revenue", ("revenue_churn_lost_customers", "unvalued_customers")),
)
MARKS = {
    "*": "not complete: the log does not cover the period, or one lookback before it",
    "^": "partial: cut by --from or --to",
    "!": "the whole shop sold nothing on days of the period, or of the lookback before its first day or its end",
}
SHADES = ("", "on grey93", "on light_cyan1", "on sky_blue1", "on steel_blue1", "on dodger_blue1")


def amount(value: float) -> str:
    """Write an amount of money."""
    return f"{value:,.2f}"


def whole_amount(value: float) -> str:
    """Write an amount of money without its fraction."""
    return f"{value:,.0f}"


def _formats() -> dict[str, Any]:
    from churnrisk.retention import DEFINITIONS

    units = {"share": percent, "customers": whole_amount, "currency": whole_amount}
    formats = {d.title: units.get(d.unit, amount) for d in DEFINITIONS.values()}
    return formats | {DEFINITIONS["average_order_value"].title: amount}


def show_metrics(table: RetentionTable, *, is_wide: bool) -> None:
    """Print a row per period, and the mean of complete ones."""
    money = f", amounts in {table.currency}" if table.currency else ""
    title = f"Retention by {table.kind if isinstance(table.kind, str) else f'{table.kind} days'}"
    has_groups = any(row.group is not None for row in table.rows)
    narrow = NARROW if has_groups else (*NARROW, *NARROW_RATES)
    sections = WIDE if is_wide else ((title, narrow),)
    for name, figures in sections:
        _show_figures(table, name, figures)
    say(f"Active: a purchase in the last {table.lookback_days} days.")
    say(f"Revenue windows: {table.revenue_window_days} days{money}.")
    marks = {mark for row in table.rows for mark in _marks(row)}
    for mark, meaning in MARKS.items():
        if mark in marks:
            say(f"{mark} {meaning}; not in the mean.")
    if is_wide and any(row.caveats for row in table.rows if row.complete):
        say("~ the windows of the figure reach back before the log; not in the mean.")
    for notice in table.notices:
        say(f"Note: {notice}")
    if not is_wide:
        say("More figures: --wide; all of them, with the reasons of what is undefined: --json.")


def _marks(row: PeriodRow) -> str:
    if row.complete:
        return ""
    return ("^" if row.period.is_partial else "") + ("!" if row.has_hole else "") or "*"


def _show_figures(table: RetentionTable, title: str, names: Sequence[str]) -> None:
    from churnrisk.retention import DEFINITIONS

    has_groups = any(row.group is not None for row in table.rows)
    formats = _formats()

    def cells(row: PeriodRow) -> dict[str, Any]:
        head: dict[str, Any] = {"period": row.period.name + _marks(row)}
        if has_groups:
            head["group"] = (row.group or "(none)")[:18]
        return head | {DEFINITIONS[name].title: _mark(row, name, formats) for name in names}

    rows = [cells(row) for row in table.rows]
    if not has_groups and any(value is not None for value in table.averages.values()):
        rows.append({"period": "mean"} | {DEFINITIONS[name].title: table.averages[name] for name in names})
    show_table(title, rows, formats=formats)


def _mark(row: PeriodRow, name: str, formats: Mapping[str, Any]) -> Any:
    from churnrisk.retention import DEFINITIONS

    value = row.figures[name]
    if value is None or name not in row.caveats or not row.complete:
        return value
    return "~" + str(formats.get(DEFINITIONS[name].title, str)(value))


def show_rate(rate: Rate) -> None:
    """Print a rate and what its terms mean."""
    terms = f"({rate.end:,} - {rate.new:,}) / {rate.start:,}"
    say(f"Retention rate: {percent(rate.retention_rate)}   = (end - new) / start = {terms}")
    say(f"Churn rate:     {percent(rate.churn_rate)}   = 1 - retention rate")
    if rate.annual_retention_rate is not None and rate.annual_churn_rate is not None:
        say(
            f"In a year at this rate of {rate.days} days: {percent(rate.annual_retention_rate)} kept, "
            f"{percent(rate.annual_churn_rate)} lost."
        )
    say()
    for note in rate.notes:
        say(note)


def show_cohorts(table: CohortTable, kind: str, *, is_wide: bool) -> None:
    """Print a heat map: a row per cohort, a column per period since the first purchase."""
    ages = max((len(cohort.classic) for cohort in table.cohorts), default=0)
    values = [value for cohort in table.cohorts for value in getattr(cohort, kind) if value is not None]
    width = 1 + max([6, *(len(f"~{100 * value:.1f}") for value in values)])
    head = max((len(cohort.period.name) + len(f"{cohort.size:,}") for cohort in table.cohorts), default=10) + 6
    cells = max(1, (WIDTH - head) // (width + 1))
    last = ages if is_wide else min(ages, cells)
    for first in range(0, last, cells):
        _show_block(table, kind, range(first, min(first + cells, last)), width)
    say("In percent of the cohort; empty where the log does not cover the period whole.")
    if kind == "unbounded":
        say("~ biased low: less than one lookback of log after it, so some of the silent may still come back.")
    if any(cohort.may_include_older for cohort in table.cohorts):
        say("* the log has less than one lookback before it: some of its customers may have bought before.")
    if any(cohort.period.is_partial for cohort in table.cohorts):
        say("^ partial: only customers who first bought on the days that --from and --to leave.")
    if last < ages:
        say(f"{ages - last} more periods: --wide or --json.")


def _show_block(table: CohortTable, kind: str, ages: range, width: int) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = f"Cohorts by first purchase, {kind}, by {table.measure}"
    grid = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 0))
    grid.add_column("cohort", no_wrap=True)
    grid.add_column("size", justify="right", no_wrap=True)
    for age in ages:
        grid.add_column(f"{age}", justify="right", no_wrap=True)
    for cohort in table.cohorts:
        curve = getattr(cohort, kind)
        cells = []
        for age in ages:
            value = curve[age] if age < len(curve) else None
            mark = kind == "unbounded" and cohort.biased_from is not None and age >= cohort.biased_from
            shade = SHADES[min(len(SHADES) - 1, int(max(value or 0.0, 0.0) * len(SHADES)))]
            style = f"black {shade}" if shade else ""
            text = "" if value is None else f"{'~' if mark else ' '}{100 * value:.1f}"
            cells.append(Text(text.rjust(width), style=style if value is not None else ""))
        marks = ("^" if cohort.period.is_partial else "") + ("*" if cohort.may_include_older else "")
        grid.add_row(Text(f"{cohort.period.name}{marks} "), Text(f"{cohort.size:,}"), *cells)
    console().print(grid)


def show_value(forecast: ValueForecast, check: ValueCheck | None, reason: str) -> None:
    """Print the value to date, the expected one with its interval, and how the last forecast did."""
    terms = forecast.terms
    months = counted(terms.months, "month")
    rows = [
        {"": "customers in the base", "amount": f"{len(forecast.base):,}"},
        {"": "net revenue to date", "amount": whole_amount(forecast.historical_value)},
        {"": f"expected orders, {months}", "amount": whole_amount(float(forecast.orders.sum()))},
        {"": f"expected net revenue, {months}", "amount": whole_amount(float(forecast.revenue.sum()))},
        {"": "lifetime value", "amount": whole_amount(forecast.total)},
        {"": "  95 % interval from", "amount": whole_amount(forecast.total_low)},
        {"": "  to", "amount": whole_amount(forecast.total_high)},
        {"": "lifetime value per customer", "amount": amount(forecast.total / len(forecast.base))},
    ]
    show_table("Value of the customer base", rows, formats={"amount": str})
    say(f"Margin {percent(terms.margin)}, discount {percent(terms.discount)} a year, horizon {months}.")
    if forecast.model_version is not None:
        say(f"The forecast is that of model {forecast.model_version}, as `churnrisk score` gives it.")
    for note in forecast.notes:
        say(f"Note: {note}.")
    if check is None:
        say(f"Not checked against the past: {reason}")
        return
    names = ("orders exp.", "came", "revenue exp.", "came in", "decile", "customers")
    formats = dict.fromkeys(names, whole_amount)
    parts = [
        {
            "decile": part["decile"],
            "customers": part["customers"],
            "orders exp.": part["expected_orders"],
            "came": part["realised_orders"],
            "revenue exp.": part["expected_revenue"],
            "came in": part["realised_revenue"],
        }
        for part in check.deciles
    ]
    show_table(f"The same forecast {months} earlier, and what came", parts, formats=formats)
    if not check.is_sound:
        say("The amounts are rough: that forecast was far from what came.")


def show_past(changes: Sequence[Change], trends: Mapping[str, float | None]) -> None:
    """Print the shop beside its own past."""
    points = dict.fromkeys(("change", "from", "to"), lambda value: f"{100 * value:+.1f}")
    rows = [
        {
            "figure": change.figure.replace("_", " "),
            "period": change.period,
            "now": change.value,
            "compared with": change.earlier,
            "then": change.earlier_value,
            "change": change.difference,
            "from": change.low,
            "to": change.high,
        }
        for change in changes
    ]
    show_table(
        "The shop beside its own past (change in points, 95 % interval)",
        rows,
        formats=points | {"now": percent, "then": percent},
    )
    for change in changes:
        say(f"  {change.figure.replace('_', ' ')}, {change.period} after {change.earlier}: {_explain(change)}")
    for name, trend in trends.items():
        if trend is not None:
            say(f"Trend of {name.replace('_', ' ')}: {100 * trend:+.2f} points a period over the complete ones.")


def _explain(change: Change) -> str:
    if change.verdict == "more than noise or the season":
        return f"{change.verdict}: the log does not reach back far enough for the same step a year before"
    if change.season is None or change.verdict == "may be noise":
        return change.verdict
    same = "as" if change.verdict == "the season" else "and not as"
    return f"{change.verdict}, {same} a year before ({100 * change.season:+.1f})"


def show_benchmarks(compared: Sequence[Comparison], grades: Mapping[str, str]) -> None:
    """Print published figures: those of the same definition beside the shop's own, the rest with the reason."""

    def write(value: float | None, unit: str) -> str | None:
        return None if value is None else percent(value) if unit == "share" else f"{value:.1f}"

    rows = [
        {
            "published figure": one.benchmark.name,
            "of": one.benchmark.period,
            "trust": one.benchmark.grade,
            "published": write(one.benchmark.value, one.benchmark.unit),
            "here": write(one.own, one.benchmark.unit),
        }
        for one in compared
    ]
    show_table("Published figures", rows, formats={"published": str, "here": str})
    for one in compared:
        if one.refused:
            say(f"  not compared: {one.benchmark.name}: {one.refused}.")
    for grade, meaning in grades.items():
        say(f"  trust {grade}: {meaning}.")
    say("Sources, samples and definitions: --json.")


def show_economics(result: Economics, folklore: Sequence[Mapping[str, str]]) -> None:
    """Print what a point of retention is worth, and the folklore beside it."""
    year, terms = result.year, result.terms
    rows = [
        {
            "customers": "first year",
            "now": year.young,
            "kept in a year": year.young_retention,
            "revenue a year": year.young_revenue,
        },
        {
            "customers": "older",
            "now": year.old,
            "kept in a year": year.old_retention,
            "revenue a year": year.old_revenue,
        },
    ]
    show_table("The last year of this shop", rows, formats={"kept in a year": percent, "revenue a year": amount})
    if year.one_rate_because:
        say(f"  Both are kept at the rate of all customers: {year.one_rate_because}.")
    say(
        f"Over {terms.years} years, margin {percent(terms.margin)}, acquisition cost "
        f"{amount(terms.acquisition_cost)}, discount {percent(terms.discount)} a year:"
    )
    say(f"  profit as things are:                {whole_amount(result.profit):>18}")
    say(f"  one more point of yearly retention:  {result.value_of_a_point:>+18,.0f}")
    if result.five_point_gain is not None:
        say(f"  five more points raise profit by:    {percent(result.five_point_gain):>18}")
    say("What it costs to raise retention is not in these figures.")
    for one in folklore:
        say()
        say(f"Folklore: {one['claim']}")
        say(f"  Source: {one['source']}. {one['what_it_is']}")
