"""The weekly run: read, score, compare with the last run, write the list and the report, and mail them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from pathlib import Path

from churnrisk.clock import today
from churnrisk.errors import ChurnriskError, OutputError
from churnrisk.memory import Memory, drop_rejects, remember, remember_week_list
from churnrisk.monitor import Rule, tell_stopped
from churnrisk.operations.list_book import write_list_book
from churnrisk.operations.mail import MailServer, check_mail, send_files
from churnrisk.operations.monitoring import MonitorPlan, MonitorResult, run_monitor
from churnrisk.orders import IntakeOptions
from churnrisk.products import ItemChoice
from churnrisk.schema import ReasonsFor
from churnrisk.state import StatePlace, open_state, remembering_files
from churnrisk.timeline import date_of
from churnrisk.week_list import ListPlan, WeekList
from churnrisk.workflows import ChurnModel, ReportResult, ScoreResult, load, make_report, score_source, write_report
from churnrisk.writing import check_place

LIST_FILE, REPORT_FILE = "list.xlsx", "report.html"


@dataclass(frozen=True)
class MailPlan:
    """By which server, from whom and to whom the files are sent."""

    server: MailServer
    sender: str
    recipients: tuple[str, ...]


@dataclass(frozen=True)
class WeeklyPlan:
    """What a weekly run needs, as a rule from ``churnrisk.toml`` alone.

    Parameters
    ----------
    source : str
        The purchase history.
    models_dir, folder : Path
        Where models are, and where the files go.
    state : Path or str
        Where things are remembered: a file or a URL.
    lookback : int
        Of the report's figures.
    options : IntakeOptions
        How to read the source.
    listing : ListPlan
        How the shop wants this week's list, what contacting costs and brings, margin and discount rate, and what to do
        for whom.
    mail : MailPlan, optional
        None to send nothing.
    keep_runs_days, keep_rejects_days : int
        How long runs, and files of rejected rows in the folder, are kept; 0 for ever.
    rules : tuple of Rule
        Held against a look at the model, which takes another reading of the log; without any, and without tables beside
        the purchases, nobody looks.
    products : ItemChoice
        Codes that are no products, or are some, whatever the evidence says.
    """

    source: str
    models_dir: Path
    state: StatePlace
    folder: Path
    lookback: int
    options: IntakeOptions
    listing: ListPlan
    mail: MailPlan | None = None
    keep_runs_days: int = 0
    keep_rejects_days: int = 0
    rules: tuple[Rule, ...] = ()
    products: ItemChoice = field(default_factory=ItemChoice)


@dataclass(frozen=True)
class WeeklyResult:
    """What a weekly run came to.

    Parameters
    ----------
    scored : ScoreResult
        The scores, with the column ``change`` where there was an earlier run.
    model : str
        The version that scored.
    files : tuple of Path
        The list and the report.
    recipients : tuple of str
        Who was sent them.
    model_problem : str
        Why the report has no list of those at risk; empty where it has.
    days_since_training : int
        From the model's ``as_of`` to the day that was scored at.
    days_since_last_order : int
        From the last order of the log to today.
    week_list : WeekList or None
        This week's list; None where nobody could be scored for it.
    watched : MonitorResult or None
        What the rules said; None without rules.
    watch_problem : str
        Why nobody could look at the model; empty where somebody did, or nobody was to.
    """

    scored: ScoreResult
    model: str
    files: tuple[Path, ...]
    recipients: tuple[str, ...]
    model_problem: str
    days_since_training: int
    days_since_last_order: int = 0
    week_list: WeekList | None = None
    watched: MonitorResult | None = None
    watch_problem: str = ""

    @property
    def line(self) -> str:
        """The run in one line of ``key=value``, without any customer."""
        scores = self.scored.scores
        facts: dict[str, object] = {
            "as_of": date_of(scores.snapshot.cutoff).isoformat(),
            "model": self.model,
            "customers": len(scores),
            "scored": scores.count("status", "scored"),
            "high": scores.count("risk", "high"),
        }
        if self.scored.comparison is not None:
            counts = self.scored.comparison.counts()
            facts |= {"new_on_list": counts["new on the list"], "bought_since": counts["bought since"]}
        if self.week_list is not None:
            facts["listed"] = len(self.week_list.contact)
        facts |= {"days_since_training": self.days_since_training, "days_since_last_order": self.days_since_last_order}
        if self.watched is not None:
            facts["rules_fired"] = len(self.watched.fired)
        facts["mailed"] = len(self.recipients)
        return " ".join(["churnrisk weekly: done", *(f"{key}={value}" for key, value in facts.items())])

    @property
    def alarm(self) -> str:
        """The rules that fired, each with its value, in one line; empty where none did."""
        if self.watch_problem:
            return f"The rules were not checked: {self.watch_problem}"
        fired = () if self.watched is None else self.watched.fired
        said = "; ".join(f"{one.rule.text} (it is {one.value:.4g})" for one in fired)
        stopped = [] if self.watched is None else tell_stopped(self.watched.look)
        return " ".join([f"Rules that fired: {said}.", *stopped]) if said else ""


def run_weekly(plan: WeeklyPlan) -> WeeklyResult:
    """Do what is to be done each week, and remember where its files are.

    The run is remembered only once its files are written, so that a run that failed is not what the next one is
    compared with. Settings of the mail are checked before anything is read.

    Raises
    ------
    ChurnriskError
        Where any step fails; files that are there already stay whole.
    """
    with remembering_files(plan.state):
        return _run(plan)


def _run(plan: WeeklyPlan) -> WeeklyResult:
    if plan.mail is not None:
        check_mail(plan.mail.server, sender=plan.mail.sender, recipients=plan.mail.recipients)
    files = _make_places(plan.folder)
    model = load(models_dir=plan.models_dir)
    reasons: ReasonsFor = "none" if model.model.sample is None else "listed"
    scored = score_source(
        model,
        plan.source,
        as_kind="purchases",
        valuation=plan.listing.valuation,
        options=plan.options,
        products=plan.products,
        memory=Memory(plan.state, "last", may_be_first=True),
        reasons=reasons,
    )
    report = make_report(
        plan.source,
        plan=plan.listing,
        lookback=plan.lookback,
        models_dir=plan.models_dir,
        state=plan.state,
        options=_quietly(plan.options),
        products=plan.products,
    )
    write_list_book(report.data.week_list, scored.table, files[0], contacts=report.contacts)
    write_report(report.data, files[1])
    _remember(plan, scored, report, str(model.version))
    drop_rejects(plan.folder, days=plan.keep_rejects_days)
    since = scored.scores.snapshot.cutoff - model.model.snapshot.cutoff
    watched, problem = _watch(plan, model)
    age = (today() - dt.date.fromisoformat(scored.intake["customers"]["last_on"])).days
    listed = report.data.week_list
    done = WeeklyResult(
        scored, str(model.version), files, (), report.model_problem, since, age, listed, watched, problem
    )
    if plan.mail is None:
        return done
    return _send(plan.mail, done, model)


def _remember(plan: WeeklyPlan, scored: ScoreResult, report: ReportResult, model: str) -> None:
    """Remember the run and its list, so that the next one can say what has changed and what the customers bought."""
    remember(plan.state, scored.scores, model=model, kind=scored.kind, keep_days=plan.keep_runs_days)
    listed = report.data.week_list
    if listed is not None:
        with open_state(plan.state) as state:
            remember_week_list(state, listed.as_of, [one.customer_id for one in listed.contact])


def _watch(plan: WeeklyPlan, model: ChurnModel) -> tuple[MonitorResult | None, str]:
    """Hold the rules against a look at the model; a failure is told, and costs neither list nor mail."""
    if not (plan.rules or plan.options.tables or any("." in name for name in model.model.names)):
        return None, ""
    look = MonitorPlan(
        plan.source,
        plan.models_dir,
        plan.state,
        lookback=plan.lookback,
        options=_quietly(plan.options),
        rules=plan.rules,
        remember_in=plan.state,
    )
    try:
        return run_monitor(look), ""
    except ChurnriskError as error:
        return None, str(error)


def _make_places(folder: Path) -> tuple[Path, Path]:
    """Make the folder, and see that both files can lie there before either is written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {error.strerror}.") from None
    files = folder / LIST_FILE, folder / REPORT_FILE
    for file in files:
        check_place(file)
    return files


def _quietly(options: IntakeOptions) -> IntakeOptions:
    """Read a second time without listing the rejected rows again."""
    return replace(options, rejects=None)


def _send(mail: MailPlan, done: WeeklyResult, model: ChurnModel) -> WeeklyResult:
    as_of = date_of(done.scored.scores.snapshot.cutoff).isoformat()
    lines = [done.line]
    if done.scored.comparison is not None:
        lines.append(done.scored.comparison.line(done.scored.scores.snapshot.cutoff))
    lines += [one for one in (done.alarm, done.scored.long_past) if one]
    lines.append(
        f"Churn: no purchase within {model.model.snapshot.horizon} days. The list and the report are attached."
    )
    send_files(
        mail.server,
        done.files,
        sender=mail.sender,
        recipients=mail.recipients,
        subject=f"Customers at risk, {as_of}",
        text="\n\n".join(lines) + "\n",
    )
    return replace(done, recipients=mail.recipients)
