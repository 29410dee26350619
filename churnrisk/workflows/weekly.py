"""The weekly run: read, score, compare with the last run, write the list and the report, and mail them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from churnrisk.errors import OutputError
from churnrisk.learning import Valuation
from churnrisk.orders import IntakeOptions
from churnrisk.state import StatePlace
from churnrisk.timeline import date_of
from churnrisk.workflows.changes import Memory, remember
from churnrisk.workflows.mail import MailServer, check_mail, send_files
from churnrisk.workflows.model import ChurnModel, load
from churnrisk.workflows.reasons import ReasonsFor
from churnrisk.workflows.report import make_report, write_report
from churnrisk.workflows.retention_time import drop_rejects
from churnrisk.workflows.scoring import ScoreResult, score_source, write_scores

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
    valuation : Valuation
        Margin and discount rate.
    mail : MailPlan, optional
        None to send nothing.
    keep_runs_days, keep_rejects_days : int
        How long runs, and files of rejected rows in the folder, are kept; 0 for ever.
    """

    source: str
    models_dir: Path
    state: StatePlace
    folder: Path
    lookback: int
    options: IntakeOptions
    valuation: Valuation
    mail: MailPlan | None = None
    keep_runs_days: int = 0
    keep_rejects_days: int = 0


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
    """

    scored: ScoreResult
    model: str
    files: tuple[Path, ...]
    recipients: tuple[str, ...]
    model_problem: str
    days_since_training: int

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
        facts |= {"days_since_training": self.days_since_training, "mailed": len(self.recipients)}
        return " ".join(["churnrisk weekly: done", *(f"{key}={value}" for key, value in facts.items())])


def run_weekly(plan: WeeklyPlan) -> WeeklyResult:
    """Do what is to be done each week.

    The run is remembered only once its files are written, so that a run that failed is not what the next one is
    compared with. Settings of the mail are checked before anything is read.

    Raises
    ------
    ChurnriskError
        Where any step fails; files that are there already stay whole.
    """
    if plan.mail is not None:
        check_mail(plan.mail.server, sender=plan.mail.sender, recipients=plan.mail.recipients)
    _make_folder(plan.folder)
    model = load(models_dir=plan.models_dir)
    reasons: ReasonsFor = "none" if model.model.sample is None else "listed"
    scored = score_source(
        model,
        plan.source,
        as_kind="purchases",
        valuation=plan.valuation,
        options=plan.options,
        memory=Memory(plan.state, "last", may_be_first=True),
        reasons=reasons,
    )
    report = make_report(
        plan.source,
        lookback=plan.lookback,
        models_dir=plan.models_dir,
        state=plan.state,
        options=_quietly(plan.options),
    )
    files = plan.folder / LIST_FILE, plan.folder / REPORT_FILE
    write_scores(scored, str(files[0]))
    write_report(report.data, files[1])
    remember(plan.state, scored.scores, model=str(model.version), kind=scored.kind, keep_days=plan.keep_runs_days)
    drop_rejects(plan.folder, days=plan.keep_rejects_days)
    since = scored.scores.snapshot.cutoff - model.model.snapshot.cutoff
    done = WeeklyResult(scored, str(model.version), files, (), report.model_problem, since)
    if plan.mail is None:
        return done
    return _send(plan.mail, done, model)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {error.strerror}.") from None


def _quietly(options: IntakeOptions) -> IntakeOptions:
    """Read a second time without listing the rejected rows again."""
    return replace(options, rejects=None)


def _send(mail: MailPlan, done: WeeklyResult, model: ChurnModel) -> WeeklyResult:
    as_of = date_of(done.scored.scores.snapshot.cutoff).isoformat()
    lines = [done.line]
    if done.scored.comparison is not None:
        lines.append(done.scored.comparison.line(done.scored.scores.snapshot.cutoff))
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
