"""Score a file of customers, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from churnrisk.cards import read_as_trained, warn_of_grade
from churnrisk.errors import ColumnError
from churnrisk.explain import ReasonFinder, make_finder, score_with_reasons, with_reasons
from churnrisk.forecast import Valuation
from churnrisk.holes import selling_days
from churnrisk.inputs import rejects_beside
from churnrisk.learning import FittedModel
from churnrisk.memory import Comparison, Memory, with_change
from churnrisk.orders import CustomerTable, IntakeOptions, Orders, read_customers, read_orders, write_database_table
from churnrisk.planning import Day, choose_as_of, say_if_long_past, to_day, today
from churnrisk.products import ItemChoice, find_habits
from churnrisk.schema import STATUSES, SUMMARY_ROLES, By, CsvStyle, CustomerKind, ReasonsFor
from churnrisk.scoring import Scores, StreamedScores, score_summary
from churnrisk.tables import Table, check_target, write_table
from churnrisk.timeline import date_of
from churnrisk.workflows.model import ChurnModel
from churnrisk.workflows.streaming import Streamed, StreamTo, table_of, write_stream

REASONS_NOTE = (
    "reason_1 to reason_3 say what raises the churn probability, or for a customer of low risk what lowers it; "
    "they describe the score, not the cause"
)

NO_REASONS = "A file with one row per customer says too little for reasons; score the purchase history to get them."
NOT_REMEMBERED = "A log of this size is scored in a stream; the run is written and not remembered."


@dataclass(frozen=True)
class ScoreResult:
    """Scores, and how they came about.

    Parameters
    ----------
    scores : Scores
        One row per customer of the file.
    kind : {"purchases", "ids", "summary"}
        What the file was taken for.
    notices : tuple of str
        What a user should know about the reading.
    intake : mapping
        The account of the rows of the file, and of the purchase history where that is another.
    comparison : Comparison or None
        With an earlier run, where one was asked for; the scores then have a column ``change``.
    streamed : Streamed or None
        For a large log what was written; the scores then hold the first of the list alone.
    long_past : str
        That the log ends long before the day of scoring, or today, as among the notices; empty where it does not.
    """

    scores: Scores
    kind: CustomerKind
    notices: tuple[str, ...]
    intake: Mapping[str, Any]
    comparison: Comparison | None = None
    streamed: Streamed | None = None
    long_past: str = ""

    @property
    def table(self) -> Table:
        """The scores as a table: whole numbers whole, None where there is nothing."""
        return table_of(self.scores)

    @property
    def totals(self) -> Scores | StreamedScores:
        """What to count in: everybody who was scored, also those who were written and are not at hand."""
        return self.scores if self.streamed is None else self.streamed.scores


def check_output(output: str) -> None:
    """Refuse a place that scores cannot be written to, before any work is done."""
    if not is_database(output):
        check_target(Path(output))


def write_scores(result: ScoreResult, output: str, *, csv_style: CsvStyle = "plain") -> int:
    """Write scores to a ``.csv``, ``.parquet`` or ``.xlsx`` file, or to a table of a PostgreSQL database.

    A file is whole or absent. In a database all rows of the same ``as_of`` are replaced in one transaction.

    Parameters
    ----------
    result : ScoreResult
        What :func:`score_source` gave.
    output : str
        A path, or ``postgresql://user@host/database?table=scores``; the password comes from the environment
        (``PGPASSWORD``) or ``~/.pgpass``.
    csv_style : {"plain", "excel"}
        How CSV is written.

    Returns
    -------
    int
        How many texts got an apostrophe, since a spreadsheet would run them as formulas.
    """
    if result.streamed is not None:  # it went there as it was made
        return result.streamed.defused
    if is_database(output):
        write_database_table(output, result.table.columns)
        return 0
    return write_table(result.table, Path(output), holds="scores", csv_style=csv_style, is_for_people=True)


def is_database(output: str) -> bool:
    """Tell a database from a file."""
    return output.startswith(("postgresql://", "postgres://"))


def score_source(
    churn_model: ChurnModel,
    source: Any,
    *,
    as_kind: CustomerKind | None = None,
    purchases: Any = None,
    as_of: Day = None,
    by: By = "value",
    valuation: Valuation | None = None,
    options: IntakeOptions | None = None,
    memory: Memory | None = None,
    reasons: ReasonsFor = "none",
    top: int = 0,
    products: ItemChoice | None = None,
    stream: StreamTo | None = None,
) -> ScoreResult:
    """Score the customers of a file: a purchase history, a list of ids, or one row per customer.

    Parameters
    ----------
    churn_model : ChurnModel
        What to score with.
    source : str, Path or frame
        The file of customers.
    as_kind : {"purchases", "ids", "summary"}, optional
        What to take the file for; by default its columns tell.
    purchases : str, Path or frame, optional
        The purchase history of customers of whom the file holds ids only.
    as_of : str or date, optional
        The day to score at.
    by : {"value", "risk"}
        What to sort by; where no value is known it is risk, and a notice says so.
    valuation : Valuation, optional
        Margin and discount rate; by default values are revenue.
    options : IntakeOptions, optional
        How to read the file.
    memory : Memory, optional
        The earlier run to compare with.
    reasons : {"shown", "listed", "all", "none"}
        Who gets reasons: the first ``top`` customers of the list; those, and the first 500 of high risk;
        everybody; or nobody, and then there are no columns for them.
    top : int
        How many customers are shown.
    products : ItemChoice, optional
        What counts as a product; the scores then have :data:`churnrisk.products.HABIT_COLUMNS`, if the log names any.
    stream : StreamTo, optional
        Where the scores of a large log go at once; there is nothing to compare them with then.
    """
    chosen, model = _read_options(options, churn_model, has_products=products is not None), churn_model.model
    finder = make_finder(model, reasons, top=top, by=by)
    worth: dict[str, Any] = {"by": by, "valuation": valuation}
    how, compared, streamed = partial(_score_with_habits, products, finder, model, **worth), None, None
    with read_customers(source, chosen, as_kind=as_kind) as customers:
        notices, long_past = tuple(customers.report.notices), _say_if_long_past(customers.orders, as_of)
        intake: dict[str, Any] = {"customers": customers.report.describe(has_rows=True)}
        if customers.kind == "summary":
            scores = _score_summary(model, customers, as_of, has_reasons=reasons != "none")
            scores, compared = _compare(memory, scores, "summary", None)
        elif stream is not None and memory is None and stream.takes(customers.orders):
            scores, streamed = _write_history(stream, model, customers, as_of, finder=finder, top=top, **worth)
        elif customers.kind == "purchases":
            scores = _score_history(model, customers, customers.orders, as_of, how)
            scores, compared = _compare(memory, scores, "purchases", customers.orders)
        else:
            with _read_history(customers, purchases, chosen) as orders:
                notices, long_past = (*notices, *orders.report.notices), _say_if_long_past(orders, as_of)
                intake["purchases"] = orders.report.describe(has_rows=True) | orders.describe_beside()
                scores, compared = _compare(memory, _score_history(model, customers, orders, as_of, how), "ids", orders)
    kind = cast(CustomerKind, customers.kind)
    notes = _say_notes(model, scores, kind, by, has_reasons=reasons != "none", is_streamed=streamed is not None)
    notices = tuple(filter(None, (*warn_of_grade(churn_model.card), *notices, long_past, *notes)))
    return ScoreResult(scores, kind, notices, intake, compared, streamed, long_past)


def _read_options(options: IntakeOptions | None, churn_model: ChurnModel, *, has_products: bool) -> IntakeOptions:
    return replace(read_as_trained(options or IntakeOptions(), churn_model.card), products=has_products)


def _score_with_habits(
    products: ItemChoice | None,
    finder: ReasonFinder | None,
    model: FittedModel,
    orders: Orders,
    as_of: int,
    **how: Any,
) -> Scores:
    """Score, and put columns behind it with what each customer misses and buys next, where products are asked for."""
    scores = score_with_reasons(finder, model, orders, as_of, **how)
    if products is None:
        return scores
    ids = scores.columns["customer_id"].tolist()
    found = find_habits(orders, ids, as_of=scores.snapshot.cutoff, choice=products)
    return scores if found is None else replace(scores, columns={**scores.columns, **found.columns})


def _say_if_long_past(orders: Orders | None, as_of: Day) -> str:
    if orders is None:
        return ""
    day = today() if as_of is None else to_day(as_of)
    return next(say_if_long_past(orders.last_day, selling_days(orders).longest_gap, day), "")


def _say_notes(
    model: FittedModel, scores: Scores, kind: CustomerKind, by: By, *, has_reasons: bool, is_streamed: bool
) -> Iterator[str]:
    """Say what the scores lack."""
    if kind == "summary" and has_reasons:
        yield NO_REASONS
    if is_streamed:
        yield NOT_REMEMBERED
    yield from _explain_values(model, scores, kind, by)


def describe_scores(model: ChurnModel, result: ScoreResult) -> dict[str, Any]:
    """Return the scores and how they came about as plain values."""
    scores = result.scores
    alive = [None if one != one else one for one in scores.alive_probability.tolist()]  # NaN is not itself
    return {
        "model": model.version,
        "as_of": date_of(scores.snapshot.cutoff).isoformat(),
        "kind": result.kind,
        "horizon_days": scores.snapshot.horizon,
        "lookback_days": scores.snapshot.lookback,
        "lead_days": scores.snapshot.lead,
        "risk": model.card["risk"],
        "counts": {status: scores.count("status", status) for status in STATUSES},
        "intake": dict(result.intake),
        "notices": list(result.notices),
        "sorted_by": scores.by,
        "since": None if result.comparison is None else result.comparison.to_dict(scores.snapshot.cutoff),
        "reasons": REASONS_NOTE if "reason_1" in scores.columns else None,
        "customers": [row | {"p_alive": one} for row, one in zip(result.table.records(), alive, strict=True)],
    }


def _explain_values(model: FittedModel, scores: Scores, kind: CustomerKind, by: By) -> Iterator[str]:
    """Say why scores are not sorted by value as was wanted."""
    if not scores.count("status", "scored"):
        return
    if by == scores.by:
        return
    reason = "a file with one row per customer tells too little for it"
    if kind != "summary":
        reason = "the model was learned without amounts, or from too few buyers"
        reason = "the model has no outlook; train again" if model.outlook is None else reason
    yield f"Sorted by risk, since no value at risk is known: {reason}."


def _compare(
    memory: Memory | None, scores: Scores, kind: CustomerKind, orders: Orders | None
) -> tuple[Scores, Comparison | None]:
    """Compare with the earlier run while the purchases are open."""
    comparison = None if memory is None else memory.compare(scores, kind, orders)
    return (scores if comparison is None else with_change(scores, comparison)), comparison


def _read_history(customers: CustomerTable, purchases: Any, options: IntakeOptions) -> Orders:
    """Read the purchases of customers of whom the file holds ids only."""
    if purchases is None:
        raise ColumnError(
            f"{customers.report.source} holds customer ids only; name the history with --purchases FILE, or as "
            "`purchases` in churnrisk.toml.",
            code="source.ids_only",
        )
    return read_orders(purchases, _options_for_history(options, purchases))


def _options_for_history(options: IntakeOptions, purchases: Any) -> IntakeOptions:
    """Keep the rows set aside from the history apart from those of the list of ids."""
    if options.rejects is None:
        return options
    source = purchases if isinstance(purchases, str | Path) else "-"
    return replace(options, rejects=rejects_beside(source, options.rejects.parent))


def _score_history(
    model: FittedModel, customers: CustomerTable, orders: Orders | None, as_of: Day, how: Callable[..., Scores]
) -> Scores:
    log = _known(orders)
    only = None if customers.is_everybody else customers.customer_ids
    return how(log, choose_as_of(model, log, as_of), only=only)


def _write_history(
    stream: StreamTo, model: FittedModel, customers: CustomerTable, as_of: Day, **how: Any
) -> tuple[Scores, Streamed]:
    log = _known(customers.orders)
    return write_stream(stream, model, log, choose_as_of(model, log, as_of), **how)


def _known(orders: Orders | None) -> Orders:
    if orders is None:
        raise AssertionError("a purchase history without orders")
    return orders


def _score_summary(model: FittedModel, customers: CustomerTable, as_of: Day, *, has_reasons: bool) -> Scores:
    summary = dict(customers.summary or {})
    last_days = summary.pop("last_order_day", None)
    first_days = summary.pop("first_order_day", None)
    if as_of is not None:
        day = to_day(as_of)
    else:
        known = [] if last_days is None else last_days[~np.isnan(last_days)]
        day = max([model.snapshot.cutoff, *(int(one) + 1 for one in known)])
    if last_days is not None:
        summary["days_since_last_order"] = day - last_days
    if first_days is not None:
        summary["tenure_days"] = day - first_days
    _check_summary(model, summary, day)
    scores = score_summary(model.summary, model.snapshot.at(day), summary)
    return with_reasons(scores, {}) if has_reasons else scores


def _check_summary(model: FittedModel, summary: Mapping[str, Any], day: int) -> None:
    for name in model.summary.names:
        if name not in summary:
            raise ColumnError(
                f"the column {name} is missing: a file with one row per customer needs {', '.join(SUMMARY_ROLES)}, "
                f"or first_order_on and last_order_on instead of the days. Map it with --column {name}=...",
                code="columns.not_found",
            )
    if np.nanmin(summary["days_since_last_order"], initial=0) < 0:
        raise ColumnError(
            f"a last order lies after the day to score at, {date_of(day)}; give a later --as-of, or mend the dates.",
            code="as_of.before_last_order",
        )
