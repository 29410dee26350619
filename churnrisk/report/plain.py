"""The report as plain values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from churnrisk.report.blocks import Block, Chart, DataTable, Section
from churnrisk.report.catalogue import build_sections
from churnrisk.report.content import ModelSheet, ReportData


def describe_report(data: ReportData) -> dict[str, Any]:
    """Return all that a report shows as plain values, for JSON.

    Figures stand there as they were measured, and once more under ``sections``, section by section as the page writes
    them: whatever the page shows is there, in the language of now.
    """
    return {
        "churnrisk": data.version,
        "retention": data.table.to_dict(),
        "changes": [change.to_dict() for change in data.changes],
        "cohorts": data.cohorts.to_dict(),
        "segments": data.segmentation.to_dict(),
        "at_risk": None if data.at_risk is None else asdict(data.at_risk),
        "week_list": None if data.week_list is None else data.week_list.to_dict(),
        "model": None if data.model is None else _describe_model(data.model),
        "no_list": data.no_list or None,
        "products": data.products,
        "campaigns": [asdict(campaign) for campaign in data.campaigns],
        "intake": dict(data.intake),
        "sections": [_describe_section(section) for section in build_sections(data)],
    }


def _describe_model(sheet: ModelSheet) -> dict[str, Any]:
    """Return what the page tells of a model and the figures of the report do not; its card has all."""
    card = sheet.card
    return {
        "version": sheet.version,
        "grade": card["grade"],
        "drivers": card.get("drivers"),
        "plan": asdict(sheet.plan),
    }


def _describe_section(section: Section) -> dict[str, Any]:
    blocks = [_describe_block(block) for block in section.blocks]
    return {"name": section.name, "title": section.title, "blocks": blocks}


def _describe_block(block: Block) -> dict[str, Any]:
    """Return a block without what is only for drawing it."""
    if isinstance(block, DataTable):
        return {"kind": block.kind, **_describe_table(block)}
    if not isinstance(block, Chart):
        return asdict(block)
    words = {"name": block.name, "title": block.title, "summary": block.summary, "note": block.note}
    return {"kind": block.kind, **words, "table": _describe_table(block.table)}


def _describe_table(table: DataTable) -> dict[str, Any]:
    return {"title": table.title, "columns": [one.title for one in table.columns], "rows": list(table.rows)}
