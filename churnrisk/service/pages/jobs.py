"""Jobs: what the service works on beside its answers, the forms that start it, and the schedule."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

from starlette.responses import Response

from churnrisk.clock import utc_now
from churnrisk.desk import find_done
from churnrisk.errors import StateError
from churnrisk.messages import mark, say, say_many, write_date
from churnrisk.report import whole
from churnrisk.retelling import retell
from churnrisk.service.api.shapes import ScoreJob, TrainJob
from churnrisk.service.config import Tasks
from churnrisk.service.pages.customer_filter import read_whole
from churnrisk.service.pages.frame import View, page
from churnrisk.service.problems import Problem
from churnrisk.service.queue import check_queue
from churnrisk.state import Job, add_job, cancel_job, list_jobs, load_job, note_audit

PAGE = "/jobs"
SHOWN = 20
MOST_HORIZON = 3650
NO_LOGIN = mark("Starting a job needs a key of the role scorer, and a login.")
KINDS = {
    "score": mark("score everybody"),
    "train": mark("train a model"),
    "monitor": mark("look at the model"),
    "weekly": mark("weekly run"),
    "retrain": mark("train anew like the current model"),
}
STATUSES = {
    "queued": mark("waits"),
    "running": mark("is being done"),
    "done": mark("done"),
    "failed": mark("failed"),
    "cancelled": mark("cancelled"),
}


@page("/jobs")
def jobs(view: View) -> Response:
    """Show the forms, the schedule, and the newest jobs."""
    return view.show("jobs.html", schedule=_show_schedule(view), no_login=NO_LOGIN, **_show_jobs(view))


@page("/parts/jobs")
def jobs_part(view: View) -> Response:
    """Return the list of jobs, which the page asks for again while something is being done."""
    return view.show("jobs_list.html", **_show_jobs(view))


def _show_jobs(view: View) -> dict[str, Any]:
    rows = [_show_job(view, one) for one in list_jobs(view.state, limit=SHOWN)]
    return {"rows": rows, "is_busy": any(one["is_open"] for one in rows)}


def _show_job(view: View, job: Job) -> dict[str, Any]:
    is_training = job.kind in ("train", "retrain")
    is_open = job.status in ("queued", "running")
    return {
        "number": job.job_id,
        "kind": say(KINDS[job.kind]) if job.kind in KINDS else job.kind,
        "status": say(STATUSES[job.status]),
        "at": _write_moment(view, job.made_at),
        "is_open": is_open,
        "done": job.progress_done,
        "total": job.progress_total if job.status == "running" else 0,
        "result": tell_result(job),
        "file": f"/v1/jobs/{job.job_id}/result" if job.kind == "score" and job.status == "done" else "",
        "can_cancel": is_open and view.has_session and view.may("admin" if is_training else "scorer"),
    }


def tell_result(job: Job) -> str:
    """Say in a line what a job came to; nothing while it is not over."""
    if job.status == "failed":
        return retell(job.error or "")
    result: dict[str, Any] = dict(job.result or {})
    if job.status != "done":
        return ""
    if job.kind == "score":
        return say_many("one customer", "{count} customers", result.get("customers", 0))
    if job.kind in ("train", "retrain"):
        letter = (result.get("grade") or {}).get("letter", "–")
        told = say("model {version}, grade {letter}", version=result.get("version", ""), letter=letter)
        return told + "; " + (say("it scores from now on") if result.get("is_promoted") else say("stored"))
    if job.kind == "monitor":
        return say_many("one rule fired", "{count} rules fired", len(result.get("fired", ())))
    return str(result.get("line", ""))


def _show_schedule(view: View) -> list[dict[str, str]]:
    """Return what is due when, with what it came to the last time."""
    tasks: Tasks | None = view.request.app.state.config.tasks
    rows = []
    for one in () if tasks is None else tasks.timings:
        last = find_done(view.state, one.task)
        job = None if last is None else last.job
        rows.append(
            {
                "task": say(KINDS[one.task]),
                "rule": f"{one.rule} ({one.zone})",
                "next": _write_moment(view, one.following(utc_now()).isoformat()),
                "last": "" if job is None else _write_moment(view, job.started_at or job.made_at),
                "result": "" if job is None else say(STATUSES[job.status]) + _behind(tell_result(job)),
            }
        )
    return rows


def _behind(told: str) -> str:
    return f": {told}" if told else ""


def _write_moment(view: View, moment: str) -> str:
    """Write a moment by the shop's clock, UTC where none is set."""
    tasks: Tasks | None = view.request.app.state.config.tasks
    zone = tasks.timings[0].zone if tasks is not None and tasks.timings else "UTC"
    local = dt.datetime.fromisoformat(moment).astimezone(zoneinfo.ZoneInfo(zone))
    return f"{write_date(local.date())} {local:%H:%M} {local:%Z}"


@page("/jobs/score", role="scorer", method="POST")
def start_scoring(view: View) -> Response:
    """Score everybody."""
    return _start(view, "score", ScoreJob.model_validate({}).model_dump())


@page("/jobs/monitor", role="scorer", method="POST")
def start_monitoring(view: View) -> Response:
    """Look at the model."""
    return _start(view, "monitor", {})


@page("/jobs/train", role="admin", method="POST")
def start_training(view: View) -> Response:
    """Train a model, with the horizon of the form or one that the history suggests."""
    horizon = read_whole(view, "horizon")
    if horizon is not None and not 1 <= horizon <= MOST_HORIZON:
        raise Problem(422, "Invalid request", say("The horizon must be 1 to {most} days.", most=whole(MOST_HORIZON)))
    asked = {"horizon": horizon, **{name: bool(view.ask(name)) for name in ("backtest", "promote")}}
    return _start(view, "train", TrainJob.model_validate(asked).model_dump())


def _start(view: View, kind: str, asked: dict[str, Any]) -> Response:
    if not view.has_session:  # programs ask `/v1/jobs`
        raise Problem(422, "Invalid request", say(NO_LOGIN))
    check_queue(view.state)
    with view.state.transaction():
        job = add_job(view.state, kind, asked, asked_by=view.key_id)
        note_audit(view.state, kind, key_id=view.key_id, job=job.job_id, **asked)
    return view.go(PAGE)


@page("/jobs/cancel", role="scorer", method="POST")
def cancel(view: View) -> Response:
    """Cancel a job that waits or is being done."""
    number = read_whole(view, "job") or 0
    try:
        job = load_job(view.state, number)
    except StateError as error:
        raise Problem(404, "Not Found", retell(str(error))) from None
    if job.kind in ("train", "retrain") and not view.may("admin"):
        raise Problem(403, "Role too small", say("To cancel a training takes a key of the role admin."), needs="admin")
    with view.state.transaction():
        if cancel_job(view.state, number):
            note_audit(view.state, "cancel job", key_id=view.key_id, job=number)
    return view.go(PAGE)
