"""``churnrisk score``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from churnrisk.cli.options import (
    AsJson,
    AsOf,
    CsvStyleChoice,
    Details,
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
from churnrisk.cli.score_tables import MOST_ROWS, Scored, show_scores
from churnrisk.schema import By, CsvStyle, CustomerKind, ReasonsFor

if TYPE_CHECKING:
    from churnrisk.errors import StateError
    from churnrisk.settings import Settings
    from churnrisk.state import StatePlace
    from churnrisk.workflows import ChurnModel, ScoreResult, StreamTo


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
    top: Annotated[
        int | None,
        typer.Option(
            "--top", metavar="N", min=0, help="Rows of the list to show. (default: what fits a screen, at most 10)"
        ),
    ] = None,
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
    details: Details = False,
    as_json: AsJson = False,
    *,
    reading: Reading,
) -> None:
    """Score customers: how likely each is to stop buying, when the next order is due, and what is at stake.

    Example: churnrisk score customers.csv --output scores.xlsx
    """
    from churnrisk import memory, workflows
    from churnrisk.cli.cluster import score_on_spark
    from churnrisk.cli.show import print_json, progress_bar
    from churnrisk.engines import is_spark

    settings = current_settings(context, lang)
    is_on_spark = is_spark(reading.given["engine"] or settings.engine)
    given = {"as_kind": as_kind, "purchases": purchases, "since": since, "reasons": reasons}
    _check_given(output, is_on_spark=is_on_spark, **given, products=products or None)
    churn_model = workflows.load(model, models_dir=models_dir or settings.models_dir)
    show: dict[str, Any] = {"top": top, "has_details": details}
    how: dict[str, Any] = {"as_of": as_of, "by": by, "top": MOST_ROWS if top is None else top}
    how |= _read_how(reading, settings, customers, output)
    if is_on_spark:
        how["is_lost"] = settings.remember and not no_remember
        return score_on_spark(churn_model, customers, as_json=as_json, output=output, show=show, **how)
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
        written = tell_output(output, size=len(result.totals), defused=defused)
        show_scores(Scored.here(churn_model, result, source=customers), written=written, **show)
    return _raise_last(problem)


def _check_given(output: str | None, *, is_on_spark: bool, **given: Any) -> None:
    """Refuse what cannot be done, before any work is done."""
    from churnrisk.cli.cluster import refuse_beyond_spark
    from churnrisk.workflows import check_output

    if is_on_spark:
        refuse_beyond_spark(output=output, **given)
    elif output is not None:
        check_output(output)


def _read_how(reading: Reading, settings: Settings, customers: str, output: str | None) -> dict[str, Any]:
    """Return how to read and value customers; rejected rows go beside what is written."""
    from churnrisk.forecast import Valuation
    from churnrisk.inputs import rejects_beside

    options = reading.options(settings, rejects=rejects_beside(customers, settings.rejects_dir, output=output))
    return {"options": options, "valuation": Valuation(settings.margin, settings.discount_rate)}


def _stream_to(output: str | None, csv_style: CsvStyle) -> StreamTo | None:
    """Choose where the scores of a large log go at once."""
    from churnrisk.workflows import StreamTo

    return StreamTo.choose(output, csv_style=csv_style)


def _raise_last(problem: StateError | None) -> None:
    """Say what went wrong beside the scores, once they are shown."""
    if problem is not None:
        raise problem


def tell_output(output: str | None, *, size: int, defused: int) -> list[str]:
    """Say where the scores were written, if anywhere, and what was changed there."""
    from churnrisk import inputs
    from churnrisk.cli.show import counted

    said = [] if output is None else [f"All {counted(size, 'row')}: {inputs.without_password(output)}"]
    if defused:
        said.append(f"{defused:,} texts that a spreadsheet would run as formulas got a leading apostrophe there.")
    return said


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
