"""``/v1/jobs``: what takes longer than an answer may."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import FileResponse, JSONResponse

from churnrisk.errors import StateError
from churnrisk.service.access import Caller, Needs
from churnrisk.service.api.queries import NoOthers
from churnrisk.service.api.shapes import JobAnswer, JobsAnswer, NoTwins, Open, ScoreJob, TrainJob, problems
from churnrisk.service.job_kinds import ERASURES, may_name_forgotten, result_path
from churnrisk.service.problems import Problem
from churnrisk.service.queue import check_queue
from churnrisk.state import Job, State, add_job, cancel_job, list_jobs, load_job, note_audit
from churnrisk.timeline import parse_day

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
JobId = Annotated[int, Path(ge=1, le=2**62)]


@router.post(
    "/score",
    dependencies=[NoTwins],
    status_code=202,
    response_model=JobAnswer,
    summary="Score the whole history",
    responses=problems(),
)
def score(request: Request, asked: ScoreJob, caller: Annotated[Caller, Needs("scorer")]) -> Response:
    """Score everybody, orders received included; the result is the CSV that ``churnrisk score`` writes."""
    return _add(request.app.state.state, "score", asked.model_dump(), caller)


@router.post(
    "/train",
    dependencies=[NoTwins],
    status_code=202,
    response_model=JobAnswer,
    summary="Train on the history",
    responses=problems(),
)
def train(request: Request, asked: TrainJob, caller: Annotated[Caller, Needs("admin")]) -> Response:
    """Train a model on the history, orders received included, and store it, signed."""
    state: State = request.app.state.state
    with state.transaction():
        answer = _add(state, "train", asked.model_dump(), caller)
        note_audit(state, "train", key_id=caller.key_id, **asked.model_dump())
    return answer


@router.get(
    "", dependencies=[Needs("reader"), NoOthers], response_model=JobsAnswer, summary="Jobs", responses=problems()
)
def jobs(request: Request, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Response:
    """List the newest jobs, newest first."""
    return JSONResponse({"jobs": [_describe(one) for one in list_jobs(request.app.state.state, limit=limit)]})


@router.get(
    "/{job_id}", dependencies=[Needs("reader")], response_model=JobAnswer, summary="One job", responses=problems(404)
)
def job(request: Request, job_id: JobId) -> Response:
    """Say how far a job is."""
    return JSONResponse(_describe(_load(request.app.state.state, job_id)))


@router.get(
    "/{job_id}/result",
    dependencies=[Needs("scorer")],
    response_model=Open,
    summary="The result of a job",
    responses={200: {"description": "The result", "content": {"text/csv": {}}}, **problems(404, 409)},
)
def result(request: Request, job_id: JobId) -> Response:
    """Return the result of a job that is done: JSON of a training; CSV of a scoring, kept for a week.

    When a customer is forgotten, scores from before are removed at once.
    """
    found = _load(request.app.state.state, job_id)
    if found.status != "done":
        raise Problem(
            409, "No result", f"Job {job_id} is {found.status}" + (f": {found.error}" if found.error else ".")
        )
    if found.kind != "score":
        return JSONResponse(dict(found.result or {}))
    config, state = request.app.state.config, request.app.state.state
    path, is_gone = result_path(config, state, found), may_name_forgotten(state, found)
    if not is_gone and not path.is_file() and found.runner not in (None, config.runner):
        machine = str(found.runner).partition(":")[0]
        told = f"Machine {machine} did job {job_id}, and its service alone can give the scores, for a week; ask there."
        raise Problem(404, "Result on another machine", told, machine=machine)
    if is_gone or not path.is_file():
        raise Problem(404, "Result removed", f"The scores of job {job_id} are not kept any more; ask for a new job.")
    return FileResponse(path, media_type="text/csv", filename=f"scores-{job_id}.csv")


@router.delete("/{job_id}", response_model=JobAnswer, summary="Cancel a job", responses=problems(404, 409))
def cancel(request: Request, job_id: JobId, caller: Annotated[Caller, Needs("scorer")]) -> Response:
    """Cancel a job that is queued or running; to cancel a training takes an admin."""
    state: State = request.app.state.state
    found = _load(state, job_id)
    if found.kind in ("train", "retrain") and not caller.may("admin"):
        raise Problem(403, "Role too small", "To cancel a training takes a key of the role admin.", needs="admin")
    with state.transaction():
        if not cancel_job(state, job_id):
            status = _load(state, job_id).status
            raise Problem(409, "Job over", f"Job {job_id} is {status}, so there is nothing to cancel.")
        note_audit(state, "cancel job", key_id=caller.key_id, job=job_id)
    return JSONResponse(_describe(_load(state, job_id)))


def _add(state: State, kind: str, asked: dict[str, Any], caller: Caller) -> Response:
    if asked.get("as_of") is not None:
        parse_day(asked["as_of"], option="as_of")
    check_queue(state)
    added = add_job(state, kind, asked, asked_by=caller.key_id)
    return JSONResponse(_describe(added), status_code=202, headers={"Location": f"/v1/jobs/{added.job_id}"})


def _load(state: State, job_id: int) -> Job:
    try:
        return load_job(state, job_id)
    except StateError as error:
        raise Problem(404, "No such job", str(error)) from None


def _describe(one: Job) -> dict[str, Any]:
    names = ("job_id", "kind", "status", "made_at", "started_at", "ended_at", "error")
    progress = {"done": one.progress_done, "total": one.progress_total, "text": one.progress_text}
    shown = {name: getattr(one, name) for name in names}
    result = None if one.result is None else {name: value for name, value in one.result.items() if name != ERASURES}
    return {**shown, "progress": progress, "request": dict(one.request), "result": result}
