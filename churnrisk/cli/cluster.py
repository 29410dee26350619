"""``churnrisk score --engine spark``: the same command where the customers stay on a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from churnrisk.errors import SettingsError

if TYPE_CHECKING:
    from churnrisk.workflows import ChurnModel, ClusterResult


def refuse_beyond_spark(*, output: str | None, **given: Any) -> None:
    """Refuse the options that make no sense where no row comes to this machine."""
    for name, value in given.items():
        if value not in (None, "purchases", "none"):
            raise SettingsError(
                f"--{name.removesuffix('_kind')} is not known with --engine spark, which scores the history that "
                "it is given and leaves the scores on the cluster; leave it out, or use --engine duckdb."
            )
    if output is not None and (output.lower().endswith(".xlsx") or output.startswith(("postgres:", "postgresql:"))):
        raise SettingsError(f"--output {output}: Spark writes a folder of Parquet, or of CSV where it ends in .csv.")


NOT_REMEMBERED = (
    "churnrisk: a run on Spark is not remembered: its scores stay there, so --since and `churnrisk monitor` do not "
    "know of it (--no-remember: leave out this message)."
)


def score_on_spark(
    model: ChurnModel,
    customers: str,
    *,
    as_json: bool,
    output: str | None,
    is_lost: bool,
    show: Mapping[str, Any],
    **how: Any,
) -> None:
    """Score on Spark, print the counts and the top of the list, and say it where a run is lost to the memory."""
    from churnrisk import workflows
    from churnrisk.cli.score import tell_output
    from churnrisk.cli.score_tables import Scored, show_scores
    from churnrisk.cli.show import print_json, progress_bar

    with progress_bar(is_quiet=as_json) as progress:
        result = workflows.score_source_on_spark(model, customers, output=output, progress=progress, **how)
    if is_lost:
        typer.echo(NOT_REMEMBERED, err=True)
    if as_json:
        print_json(describe(model, result, output))
        return
    written = tell_output(output, size=result.scores.size, defused=result.scores.defused)
    show_scores(Scored.on_spark(model, result, source=customers), written=written, **show)


def describe(model: ChurnModel, result: ClusterResult, output: str | None) -> dict[str, Any]:
    """Return the counts, the first rows and how they came about as plain values."""
    from churnrisk.timeline import date_of

    scores = result.scores
    return {
        "model": model.version,
        "as_of": date_of(scores.snapshot.cutoff).isoformat(),
        "kind": "purchases",
        "horizon_days": scores.snapshot.horizon,
        "lookback_days": scores.snapshot.lookback,
        "lead_days": scores.snapshot.lead,
        "risk": model.card["risk"],
        "counts": dict(scores.statuses),
        "risks": dict(scores.risks),
        "intake": {"customers": result.intake},
        "notices": list(result.notices),
        "sorted_by": scores.by,
        "output": output,
        "run": None,
        "first_customers": scores.top,
    }
