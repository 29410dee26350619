"""When the list does not say all of a customer: scored again with what came since, or for the sake of reasons."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from churnrisk.errors import NoModel
from churnrisk.explain import REASON_COLUMNS
from churnrisk.products import HABIT_COLUMNS
from churnrisk.shop.answers import CurrentModel, LiveScorer
from churnrisk.shop.generation import Generation
from churnrisk.shop.view import History, row_of, segment_of


def is_told(current: CurrentModel, generation: Generation, row: Mapping[str, Any], history: History) -> bool:
    """Tell whether the list has all that is to be said of a customer."""
    if history.news(current.tables) or generation.facts["model"] != current.version:
        return False
    is_explained = generation.facts["reasons"] == "all" or row[REASON_COLUMNS[0]] is not None
    return is_explained or row["status"] != "scored"


def score_anew(
    live: LiveScorer, generation: Generation, row: Mapping[str, Any] | None, history: History
) -> tuple[str | None, dict[str, Any]]:
    """Score a customer with what came since, and give the version that did."""
    day = day_of(live.current, generation, history)
    scored = live.score_customer(history.few, generation.known, day, tables=history.tables)
    fresh = row_of(scored.scores, segment=segment_of(history.few, generation.facts["segments"]["cuts"], day))
    fresh["main_family"] = scored.families.get(history.customer_id)
    if row is not None:
        fresh |= {name: row.get(name) for name in ("habit", *(column.name for column in HABIT_COLUMNS))}
        if generation.facts["model"] == scored.model.version and not history.news(live.current.tables):
            fresh |= {"risk_rank": row["risk_rank"]}
    return scored.model.version, fresh


def day_of(current: CurrentModel, generation: Generation, history: History) -> int:
    """Return the day to score a customer at: that of the list, or the day after what came since."""
    days = [generation.facts["as_of"], *history.news(current.tables)]
    with contextlib.suppress(NoModel):
        days.append(current.get().model.snapshot.cutoff)
    return int(max(days))
