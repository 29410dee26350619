"""``POST /v1/score``: score whoever is sent, now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from churnrisk.errors import ChurnriskError
from churnrisk.memory import leave_out
from churnrisk.schema import RISKS, By, ReasonsFor
from churnrisk.service.access import Needs
from churnrisk.service.api.advice import for_sender
from churnrisk.service.api.bodies import check_rows, form_of_answer, form_of_body
from churnrisk.service.api.queries import NoOthers
from churnrisk.service.api.shapes import Date, ScoreAnswer, ScoreRequest, inline, parse, problems
from churnrisk.service.config import ServiceConfig
from churnrisk.service.metrics import count_scores
from churnrisk.service.problems import Problem
from churnrisk.shop import Shop, score_upload
from churnrisk.tables import to_csv
from churnrisk.workflows import ScoreResult, describe_scores

router = APIRouter(prefix="/v1", tags=["scores"])
UPLOAD = {"schema": {"type": "string", "format": "binary"}}
BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": inline(ScoreRequest)},
        "text/csv": {"schema": {"type": "string"}},
        "application/vnd.apache.parquet": UPLOAD,
    },
}
ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "Scores", "content": {"text/csv": {"schema": {"type": "string"}}}}
}


@router.post(
    "/score",
    dependencies=[Needs("scorer", lane="files"), NoOthers],
    response_model=ScoreAnswer,
    summary="Score customers by their purchases",
    openapi_extra={"requestBody": BODY},
    responses={**ANSWER, **problems(404, 406, 413, 415)},
)
async def score(
    request: Request,
    as_of: Annotated[
        Date | None, Query(description="Day to score at; by default the day after the last order.")
    ] = None,
    by: Annotated[By, Query(description="Sort by value at risk, or by churn probability.")] = "value",
    reasons: Annotated[ReasonsFor, Query(description="Who gets reasons.")] = "listed",
    top: Annotated[int, Query(ge=0, le=1000, description="So many first customers have reasons in any case.")] = 10,
) -> Response:
    """Score one or many customers by the purchases that are sent, which are not kept.

    The scores, and the columns of CSV, are those that ``churnrisk score`` gives for a file of the same purchases.
    """
    config: ServiceConfig = request.app.state.config
    answer, form = form_of_answer(request), form_of_body(request, "json", "csv", "parquet")
    if form == "parquet" and not config.parquet_uploads:
        raise Problem(415, "Parquet is turned off", "This service takes no Parquet; send the same rows as text/csv.")
    shop: Shop = request.app.state.shop
    body, how = await request.body(), {"as_of": as_of, "by": by, "reasons": reasons, "top": top}
    if form == "json":
        work = run_in_threadpool(_score_json, shop, body, answer, config.bounds.rows, how)
    else:
        work = run_in_threadpool(_score_file, config, body, answer, how)
    try:
        content, by_risk = await work
    except ChurnriskError as error:
        raise for_sender(error) from None
    count_scores(by_risk)
    return Response(content, media_type="text/csv" if answer == "csv" else "application/json")


def _score_json(
    shop: Shop, body: bytes, answer: str, limit: int, how: dict[str, Any]
) -> tuple[bytes, Mapping[str, int]]:
    rows = [one.to_row() for one in parse(ScoreRequest, body).purchases]
    check_rows(rows, limit)
    scored = shop.score_rows(rows, **how)
    result = ScoreResult(scored.scores, "purchases", (), {})
    by_risk = {risk: result.scores.count("risk", risk) for risk in RISKS}
    if answer == "csv":
        return to_csv(result.table).encode(), by_risk
    return _to_json(describe_scores(scored.model, result)), by_risk


def _to_json(document: Mapping[str, Any]) -> bytes:
    """Write scores as JSON, a customer at a time: while the encoder works no other thread can, and nobody is heard."""
    head, name, tail = _encode({**document, "customers": []}).rpartition('"customers":[')
    return "".join([head, name, ",".join(map(_encode, document["customers"])), tail]).encode()


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def _score_file(
    config: ServiceConfig, body: bytes, answer: Literal["json", "csv"], how: dict[str, Any]
) -> tuple[bytes, Mapping[str, int]]:
    if not body:
        raise Problem(
            422, "Invalid request", "The body is empty; send the file itself, as --data-binary @FILE of curl."
        )
    uploaded = score_upload(
        body,
        models_dir=config.models_dir,
        options=replace(leave_out(config.options, config.state), parquet=config.parquet_uploads),
        valuation=config.valuation,
        answer=answer,
        most_rows=config.bounds.rows,
        seconds=config.bounds.seconds,
        **how,
    )
    return uploaded.content, uploaded.by_risk
