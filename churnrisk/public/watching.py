"""A look at a model at work, and the report."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.messages import speaking
from churnrisk.monitor import parse_rules
from churnrisk.operations import MonitorPlan, MonitorResult, WeeklyResult
from churnrisk.operations import run_monitor as look
from churnrisk.orders import IntakeOptions
from churnrisk.products import ItemChoice
from churnrisk.public.result import Result
from churnrisk.public.retention import period_rows
from churnrisk.public.source import choose_options
from churnrisk.report import describe_report, render_report
from churnrisk.retention import Calendar, parse_kind
from churnrisk.state import parse_place
from churnrisk.timeline import DEFAULT_LOOKBACK
from churnrisk.week_list import ListPlan
from churnrisk.workflows import ReportResult, check_report_path, write_report
from churnrisk.workflows import make_report as measure_report

FRAME_HEIGHT = 600
"""Of a report in a notebook, in pixels."""


@dataclass(frozen=True)
class MonitorLook(Result):
    """A look at a model at work, and what the rules say to it.

    Parameters
    ----------
    result : MonitorResult
        The look with its verdicts; those that fired are in ``result.fired``.
    """

    result: MonitorResult

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``churnrisk monitor --json`` prints them; no customer is in them."""
        return {**self.result.to_dict(), "retrained": None, "webhook": None}

    def records(self) -> list[dict[str, Any]]:
        """Return the numbers that a rule may name; None where one is not known."""
        return [{"name": name, "value": value} for name, value in self.result.look.values.items()]


def run_monitor(
    purchases: Any,
    *,
    rules: Iterable[str] = (),
    as_of: str | None = None,
    lookback: int = DEFAULT_LOOKBACK,
    models_dir: str | Path = "models",
    state: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    options: IntakeOptions | None = None,
) -> MonitorLook:
    """Watch the current model at work: drift, what became of its scores, freshness, and rules.

    The look is not remembered, no model is trained, and nobody is called; ``churnrisk monitor`` does that.

    Parameters
    ----------
    purchases, columns, options
        As for :func:`churnrisk.metrics`.
    rules : iterable of str
        What calls for somebody, as ``"psi > 0.2"``.
    as_of : str, optional
        The day to look on, as ``"2011-12-10"``. By default today.
    lookback : int
        Of the retention rate, in days.
    models_dir : str or Path
        The folder of stored models.
    state : str or Path, optional
        State file, or URL of a state in PostgreSQL: the scoring runs whose outcome is looked at.

    Returns
    -------
    MonitorLook
        A row per number that a rule may name.

    Raises
    ------
    ChurnriskError
        For anything that you can mend, with what to do. That there is no model is none.

    See Also
    --------
    docs/reference/rules.md : The numbers, with their units and meanings.

    Examples
    --------
    >>> import churnrisk
    >>> found = churnrisk.run_monitor("data/customers.csv", rules=["rejected_share > 0.05"], as_of="2011-12-10")
    >>> [one.has_fired for one in found.result.verdicts]
    [False]
    """
    place = None if state is None else parse_place(str(state))
    plan = MonitorPlan(
        purchases,
        Path(models_dir),
        place,
        lookback=lookback,
        options=choose_options(columns, options, state),
        rules=parse_rules(list(rules), where="rules"),
        as_of=as_of,
    )
    return MonitorLook(look(plan))


@dataclass(frozen=True)
class WeeklyRun(Result):
    """What a weekly run came to.

    Parameters
    ----------
    result : WeeklyResult
        Scores, list, files, and what the rules said.
    language : {"en", "bg", "pl", "be"}
        In which the list was written.
    """

    result: WeeklyResult
    language: str = "en"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``churnrisk weekly --json`` prints them."""
        made = self.result
        with speaking(self.language):
            week_list = None if made.week_list is None else made.week_list.to_dict()
        return {
            "line": made.line,
            "files": [str(file) for file in made.files],
            "mailed_to": list(made.recipients),
            "list": week_list,
            "model_problem": made.model_problem or None,
            "alarm": made.alarm or None,
            "rules": [] if made.watched is None else [one.to_dict() for one in made.watched.verdicts],
            "notices": list(made.scored.notices),
            "intake": dict(made.scored.intake),
        }

    def records(self) -> list[dict[str, Any]]:
        """Return the scores, a row per customer, in the order of the list."""
        return self.result.scored.table.records()


@dataclass(frozen=True)
class Report(Result):
    """A report: retention figures, charts, and the customers at risk.

    Parameters
    ----------
    result : ReportResult
        All that it shows.
    """

    result: ReportResult

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``churnrisk report --json`` prints them beside the name of the file."""
        return {**describe_report(self.result.data), "model_problem": self.result.model_problem or None}

    def records(self) -> list[dict[str, Any]]:
        """Return the retention figures, a row per period, without the reasons why one is missing."""
        return period_rows(self.result.data.table)

    def write(self, output: str | Path) -> int:
        """Write the report as one HTML file that needs no network, and return its size in bytes."""
        return write_report(self.result.data, Path(output))

    def _repr_html_(self) -> str:
        page = html.escape(render_report(self.result.data), quote=True)
        return f'<iframe sandbox="allow-scripts" width="100%" height="{FRAME_HEIGHT}" srcdoc="{page}"></iframe>'


def make_report(
    purchases: Any,
    output: str | Path | None = None,
    *,
    period: str | int = "month",
    lookback: int = DEFAULT_LOOKBACK,
    top: int = 50,
    year_starts: str = "01-01",
    week_starts: str = "monday",
    plan: ListPlan | None = None,
    products: ItemChoice | None = None,
    models_dir: str | Path = "models",
    state: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    options: IntakeOptions | None = None,
) -> Report:
    """Measure all that the report shows, and write it where a file is named; a notebook shows it with its charts.

    Parameters
    ----------
    purchases, year_starts, week_starts, columns, options
        As for :func:`churnrisk.metrics`.
    output : str or Path, optional
        The HTML file to write.
    period : {"week", "month", "quarter", "year"} or int
        Length of a period; a number is one of days.
    lookback : int
        A customer is active with a purchase in so many last days.
    top : int
        Customers to contact on this week's list; with 0 nobody is named.
    plan, products : optional
        How the list is wanted, in place of ``top``, and what counts as a product, as the settings of the command hold
        it.
    models_dir : str or Path
        The folder of stored models; the report does without one.
    state : str or Path, optional
        State file, or URL of a state in PostgreSQL: customers who objected there are left out, and its measured
        campaigns are shown.

    Returns
    -------
    Report
        All that the page shows.

    Raises
    ------
    ChurnriskError
        For anything that you can mend, with what to do.

    Examples
    --------
    >>> import churnrisk
    >>> report = churnrisk.make_report("data/customers.csv", period="quarter", top=0)
    >>> report.to_dict()["retention"]["period"]
    'quarter'
    """
    if output is not None:
        check_report_path(Path(output))
    usual = ListPlan(size=top) if top else ListPlan(size=0, lapsed=0, due=0)
    result = measure_report(
        purchases,
        kind=parse_kind(str(period)),
        calendar=Calendar(year_starts, week_starts),
        lookback=lookback,
        plan=usual if plan is None else plan,
        models_dir=Path(models_dir),
        state=None if state is None else parse_place(str(state)),
        options=choose_options(columns, options, state),
        products=products or ItemChoice(),
    )
    made = Report(result)
    if output is not None:
        made.write(output)
    return made
