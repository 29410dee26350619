"""``/v1/metrics/retention``, ``/v1/cohorts``, ``/v1/segments``: the figures of the shop."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from churnrisk.schema import CohortMeasure, Weekday
from churnrisk.service.access import Needs
from churnrisk.service.api.queries import NoOthers
from churnrisk.service.api.shapes import CohortsAnswer, Date, RetentionAnswer, SegmentsAnswer, problems

router = APIRouter(prefix="/v1", tags=["retention"])
Period = Annotated[
    str,
    Query(
        pattern=r"^(week|month|quarter|year|[1-9]\d{0,3})$",
        description="week, month, quarter, year, or a number of days.",
        examples=["month"],
    ),
]
From = Annotated[Date | None, Query(alias="from", description="First day to cover.")]
To = Annotated[Date | None, Query(description="The day after the last one to cover.")]
Lookback = Annotated[int, Query(ge=1, le=36500, description="Days in which a purchase makes a customer active.")]
YearStarts = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{2}-[0-9]{2}$", description="First day of the year of quarters and years, as MM-DD."),
]
WeekStarts = Annotated[
    Weekday | None,
    Query(description="First day of a week."),
]
Measure = Annotated[CohortMeasure, Query(description="What cohorts are followed by.")]


@router.get(
    "/metrics/retention",
    dependencies=[Needs("reader"), NoOthers],
    response_model=RetentionAnswer,
    summary="Retention figures",
    responses=problems(404),
)
def retention(
    request: Request,
    period: Period = "month",
    start: From = None,
    to: To = None,
    lookback: Lookback = 365,
    year_starts: YearStarts = None,
    week_starts: WeekStarts = None,
) -> Response:
    """Return every retention figure, period by period, as ``churnrisk metrics --json``."""
    days = {"start": start, "stop": to, "year_starts": year_starts, "week_starts": week_starts}
    return JSONResponse(request.app.state.shop.retention(period, lookback=lookback, **days))


@router.get(
    "/cohorts",
    dependencies=[Needs("reader"), NoOthers],
    response_model=CohortsAnswer,
    summary="Cohorts",
    responses=problems(404),
)
def cohorts(
    request: Request,
    period: Period = "month",
    measure: Measure = "customers",
    start: From = None,
    to: To = None,
    lookback: Lookback = 365,
    year_starts: YearStarts = None,
    week_starts: WeekStarts = None,
) -> Response:
    """Follow customers from the period of their first purchase on, as ``churnrisk cohorts --json``."""
    days = {"start": start, "stop": to, "year_starts": year_starts, "week_starts": week_starts}
    return JSONResponse(request.app.state.shop.cohorts(period, measure=measure, lookback=lookback, **days))


@router.get(
    "/segments",
    dependencies=[Needs("reader"), NoOthers],
    response_model=SegmentsAnswer,
    summary="Segments",
    responses=problems(404),
)
def segments(request: Request) -> Response:
    """Return the RFM segments with their sizes, revenue and churn probability."""
    return JSONResponse(request.app.state.shop.segments())
