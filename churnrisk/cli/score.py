"""``churnrisk score``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.cli.options import (
    AsJson,
    AsOf,
    CsvStyleChoice,
    Language,
    ModelsDir,
    Reading,
    StateFile,
    current_settings,
    reads_purchases,
    runs_on_engines,
    state_path,
)
from churnrisk.cli.products import known_products
from churnrisk.schema import RISKS, By, CsvStyle, CustomerKind, ReasonsFor

if TYPE_CHECKING:
    from churnrisk.errors import StateError
    from churnrisk.memory import Comparison
    from churnrisk.settings import Settings
    from churnrisk.state import StatePlace
    from churnrisk.timeline import Snapshot
    from churnrisk.workflows import ChurnModel, ScoreResult, StreamTo


TAKEN_FOR = {
    "purchases": "a purchase history",
    "ids": "a list of customer ids",
    "summary": "one row per customer; scored by the compact model",
}


SPARED = {"up to": 10, "days quiet": 16}
"""Columns of the list that give way to customer ids of more than so many characters, which are not to be broken."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(score)


@reads_purchases
@runs_on_engines
def score(
    context: typer.Context,
    customers: Annotated[str, typer.Argument(help="Purchase history, list of customer ids, or a row per customer.")],
    as_kind: Annotated[
        CustomerKind | None,
        typer.Option("--as", help="What the file is, where its columns do not tell."),
    ] = None,
    as_of: AsOf = None,
    purchases: Annotated[
        str | None, typer.Option("--purchases", metavar="FILE", help="History of the customers of a list of ids.")
    ] = None,
    models_dir: ModelsDir = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="VERSION", help="Model to use. (default: the current one)")
    ] = None,
    by: Annotated[By, typer.Option("--by", help="Sort by value at risk, or by churn probability.")] = "value",
    top: Annotated[int, typer.Option("--top", metavar="N", min=0, help="Rows of the list to show.")] = 10,
    reasons: Annotated[
        ReasonsFor | None,
        typer.Option(
            "--reasons",
            help="Who gets reasons: the rows shown; those and, where all rows are written, the first 500 of high "
            "risk; everybody (some milliseconds each); nobody. (default: listed)",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write all scores: .csv, .parquet or .xlsx, or postgresql://user@host/db?table=scores.",
        ),
    ] = None,
    csv_style: CsvStyleChoice = "plain",
    products: Annotated[
        bool, typer.Option("--products", help="Add what each customer misses, is due to buy, and would buy next.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="last|RUN|DATE", help="Say what has changed since an earlier scoring run."),
    ] = None,
    no_remember: Annotated[bool, typer.Option("--no-remember", help="Leave no trace of this run.")] = False,
    state: StateFile = None,
    lang: Language = None,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Score customers: how likely each is to stop buying, when the next order is due, and what is at stake.

    Example: churnrisk score customers.csv --output scores.xlsx
    """
    from churnrisk import memory, workflows
    from churnrisk.cli.cluster import refuse_beyond_spark, score_on_spark
    from churnrisk.cli.show import print_json, progress_bar
    from churnrisk.engines import is_spark

    settings = current_settings(context, lang)
    is_on_spark = is_spark(reading.given["engine"] or settings.engine)
    if is_on_spark:
        refuse_beyond_spark(output=output, as_kind=as_kind, purchases=purchases, since=since, reasons=reasons)
    elif output is not None:
        workflows.check_output(output)
    churn_model = workflows.load(model, models_dir=models_dir or settings.models_dir)
    how: dict[str, Any] = {"as_of": as_of, "by": by, "top": top, **_read_how(reading, settings, customers, output)}
    if is_on_spark:
        how["is_lost"] = settings.remember and not no_remember
        return score_on_spark(churn_model, customers, as_json=as_json, output=output, **how)
    path = state_path(settings, state, models_dir=models_dir)
    with progress_bar(is_quiet=as_json) as progress:
        progress("scoring", 0, 1)
        result = workflows.score_source(
            churn_model,
            customers,
            as_kind=as_kind,
            purchases=purchases or settings.purchases,
            memory=None if since is None else memory.Memory(path, since),
            reasons=_choose_reasons(churn_model, reasons, is_written=as_json or output is not None),
            products=known_products(settings) if products else None,
            stream=None if as_json or since or products else _stream_to(output, csv_style),
            **how,
        )
    defused = workflows.write_scores(result, output, csv_style=csv_style) if output else 0
    run, problem = (None, None) if no_remember else remember_run(path, churn_model, result, settings=settings)
    if as_json:
        print_json({**workflows.describe_scores(churn_model, result), "run": run})
    else:
        show_all(churn_model, result, top=top, output=output, defused=defused)
    return _raise_last(problem)


def _read_how(reading: Reading, settings: Settings, customers: str, output: str | None) -> dict[str, Any]:
    """Return how to read and value the customers; rejected rows go beside what is written."""
    from churnrisk.forecast import Valuation
    from churnrisk.inputs import rejects_beside

    options = reading.options(settings, rejects=rejects_beside(customers, settings.rejects_dir, output=output))
    return {"options": options, "valuation": Valuation(settings.margin, settings.discount_rate)}


def _stream_to(output: str | None, csv_style: CsvStyle) -> StreamTo | None:
    """Choose where the scores of a large log go at once."""
    from churnrisk.workflows import StreamTo

    return StreamTo.choose(output, csv_style=csv_style)


def show_all(model: ChurnModel, result: ScoreResult, *, top: int, output: str | None, defused: int) -> None:
    """Print the scores, and where they were written."""
    show_scores(model, result, top=top)
    show_output(output, size=len(result.totals), defused=defused)


def _raise_last(problem: StateError | None) -> None:
    """Say what went wrong beside the scores, once they are shown."""
    if problem is not None:
        raise problem


def show_output(output: str | None, *, size: int, defused: int) -> None:
    """Print where the scores were written, if anywhere, and what was changed there."""
    from churnrisk import inputs
    from churnrisk.cli.show import counted, say

    if output is not None:
        say(f"All {counted(size, 'row')}: {inputs.without_password(output)}")
    if defused:
        say(f"{defused:,} texts that a spreadsheet would run as formulas got a leading apostrophe there.")


def remember_run(
    path: StatePlace, model: ChurnModel, result: ScoreResult, *, settings: Settings
) -> tuple[int | None, StateError | None]:
    """Remember the run if that is wanted; give its number, or what is to be said once the scores are shown."""
    from churnrisk import memory
    from churnrisk.errors import StateError

    if not settings.remember or result.streamed is not None:
        return None, None
    version, days = str(model.version), settings.keep_runs_days
    try:
        return memory.remember(path, result.scores, model=version, kind=result.kind, keep_days=days), None
    except StateError as error:
        return None, StateError(f"this run is not remembered, but the scores are whole: {error}")


def _choose_reasons(model: ChurnModel, reasons: ReasonsFor | None, *, is_written: bool) -> ReasonsFor:
    """Look for no reasons that nobody will read: without a file or JSON, those of the rows shown are all."""
    if reasons is None and model.model.sample is None:  # of an earlier version; it scores as well
        return "none"
    chosen = reasons or "listed"
    return "shown" if chosen == "listed" and not is_written else chosen


def show_scores(model: ChurnModel, result: ScoreResult, *, top: int) -> None:
    """Print what the file was taken for, the counts, and the top of the list."""
    scores, totals = result.scores, result.totals
    show_reading(model, result.kind, as_of_text(result), notices=result.notices, accounts=result.intake.values())
    show_bands(
        model,
        scores.snapshot,
        size=len(totals),
        risks={level: totals.count("risk", level) for level in RISKS},
        statuses={status: totals.count("status", status) for status in ("lapsed", "no_purchases")},
    )
    if result.comparison is not None:
        show_comparison(result.comparison, scores.snapshot.cutoff)
    if top and scores.count("status", "scored") and may_list(model):
        records = [row for row in result.table.records()[:top] if row["status"] == "scored"]
        show_list(model, records, is_valued=scores.by == "value")


def may_list(model: ChurnModel) -> bool:
    """Tell whether a list of whom to look at first may be shown, and say it where it may not."""
    from churnrisk.cards import is_worth_acting_on
    from churnrisk.cli.show import say

    is_worth = is_worth_acting_on(model.card)
    if not is_worth:
        say("No list is shown, since the model has grade E: whoever stood on it would stand there by chance.")
    return is_worth


def show_reading(
    model: ChurnModel, kind: str, as_of: str, *, notices: Iterable[str], accounts: Iterable[Mapping[str, Any]]
) -> None:
    """Print what the file was taken for, and what became of its rows."""
    from churnrisk.cli.show import counted, say

    say(f"Taken for {TAKEN_FOR[kind]}. Scored as of {as_of} by model {model.version}.")
    for notice in notices:
        say(f"Note: {notice}")
    for account in accounts:
        for reason, count in sorted(account["reasons"].items()):
            say(f"{account['source']}: {counted(count, 'row')} set aside: {reason}")


def show_bands(
    model: ChurnModel, snapshot: Snapshot, *, size: int, risks: Mapping[str, int], statuses: Mapping[str, int]
) -> None:
    """Print how many customers are at which risk, and how many have no score."""
    from churnrisk.cli.show import counted, percent, say, show_table

    bands = model.card["test"]["risk_bands"]
    rows = [
        {"risk": level, "customers": risks[level], "churned in the model's test": bands[level]["churn_rate"]}
        for level in RISKS
    ]
    title = f"{counted(size, 'customer')}; churn = no purchase within {snapshot.horizon} days"
    show_table(title, rows, formats={"churned in the model's test": percent})
    say(
        f"  not scored: {statuses['lapsed']:,} lapsed (nothing bought in the last {snapshot.lookback} days), "
        f"{statuses['no_purchases']:,} without purchases"
    )
    say()


def show_comparison(comparison: Comparison, as_of: int) -> None:
    """Print what has changed since the earlier run, and whether what it said came true."""
    from churnrisk.cli.show import say, show_table
    from churnrisk.timeline import date_of

    earlier = comparison.earlier
    title = f"Since run {earlier.run_id}, {date_of(earlier.run.snapshot.cutoff)} (the list: customers rated high)"
    show_table(title, [{"change": name, "customers": count} for name, count in comparison.counts().items()])
    say(comparison.line(as_of))


def show_list(model: ChurnModel, records: list[dict[str, Any]], *, is_valued: bool) -> None:
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


def _show_main_reasons(records: list[dict[str, Any]]) -> None:
    from churnrisk.cli.show import show_table

    reasons = [
        {"customer": row["customer_id"], "main reason": row["reason_1"]} for row in records if row.get("reason_1")
    ]
    if reasons:
        show_table("Why (a reason describes the score, not the cause)", reasons)


def as_of_text(result: ScoreResult) -> str:
    """Return the day of scoring as an ISO date."""
    from churnrisk.timeline import date_of

    return date_of(result.scores.snapshot.cutoff).isoformat()
