"""Cohorts, segments and the model: the same blocks as in the report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from churnrisk.errors import ModelNotFound, NoHistory, NoModel
from churnrisk.messages import say, write_date
from churnrisk.report import (
    Block,
    Column,
    ContactPlan,
    DataTable,
    ModelSheet,
    describe_cohorts,
    describe_model,
    describe_segments,
)
from churnrisk.retelling import retell
from churnrisk.retention import SegmentRow
from churnrisk.service.pages.frame import View, nothing_without, page
from churnrisk.store import ModelEntry
from churnrisk.timeline import day_number
from churnrisk.workflows import plan_contacts

COHORT_KINDS = ("month", "quarter", "year")


@page("/cohorts")
def cohorts(view: View) -> Response:
    """Show how many customers came back; the heat map comes after, since it may need a moment."""
    kind = view.ask("kind") if view.ask("kind") in COHORT_KINDS else "month"
    return view.show("cohorts.html", kind=kind, kinds=COHORT_KINDS, _=view.shop.freshness())


@page("/parts/cohorts")
def cohort_map(view: View) -> Response:
    """Return the heat map."""
    kind = view.ask("kind") if view.ask("kind") in COHORT_KINDS else "month"
    return view.show(
        "part.html",
        block_level=2,
        blocks=list(describe_cohorts(view.shop.figures.cohorts(kind), has_links=True)),
        is_in_pairs=False,
    )


@page("/segments")
def segments(view: View) -> Response:
    """Show the RFM segments."""
    found = view.shop.segments()
    rows = [
        SegmentRow(**{"name" if name == "segment" else name: value for name, value in one.items()})
        for one in found["segments"]
    ]
    plays = view.shop.plan.plays(day_number(dt.date.fromisoformat(found["as_of"])))
    blocks: Sequence[Block] = list(describe_segments(rows, found["customers"], plays=plays, has_links=True))
    return view.show("blocks_page.html", title=say("Segments"), blocks=blocks, is_in_halves=True)


@page("/model")
def model(view: View) -> Response:
    """Show the model that scores: how it did, and what drives it."""
    try:
        found = view.shop.model_view()
    except (ModelNotFound, NoModel) as missing:
        return view.show("no_model.html", detail=retell(str(missing)))
    sheet = ModelSheet(version=found["version"], card=found["card"], plan=_plan_contacts(view))
    blocks = [*describe_model(sheet), _list_models(view.shop.models())]
    return view.show("blocks_page.html", title=say("Model"), blocks=blocks, is_in_halves=False)


def _plan_contacts(view: View) -> ContactPlan:
    """Return the shop's own terms, with the value of those who are expected to leave, where both are known."""
    summary: dict[str, Any] = {}
    with nothing_without(NoHistory):
        summary = view.shop.summary()
    mean, at_risk = summary.get("mean_churn_probability"), summary.get("value_at_risk")
    leavers = (mean or 0.0) * summary.get("status", {}).get("scored", 0)
    config = view.request.app.state.config
    return plan_contacts(config.valuation.margin * (at_risk or 0.0), leavers, config.terms)


def _list_models(models: Sequence[ModelEntry]) -> DataTable:
    columns = (
        Column(say("Version"), is_number=False, is_foreign=True),
        Column(say("made on"), is_number=False),
        Column(say("state of the model"), is_number=False),
    )
    rows = tuple(
        (
            one.version,
            "" if one.created_at is None else write_date(one.created_at.date()),
            say("scores now") if one.is_current else (retell(one.reason or "") or say("stored")),
        )
        for one in models
    )
    return DataTable(say("Stored models"), columns, rows)
