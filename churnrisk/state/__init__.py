"""What is remembered between runs: scoring runs and campaigns, in one SQLite file beside the models.

One door: :func:`open_state` gives a :class:`State`, and everything in it goes through the functions here. Customer
ids are in this file and never in a model, so who wants no trace deletes it, or keeps none in the first place.
"""

from churnrisk.state.campaigns import (
    OUTCOMES,
    Campaign,
    Measured,
    Member,
    Outcome,
    StoredCampaign,
    add_campaign,
    add_measured,
    check_name_free,
    find_overlaps,
    list_campaigns,
    list_measured,
    load_campaign,
    load_members,
)
from churnrisk.state.database import FORMAT, State, default_state_path, find_state, open_state
from churnrisk.state.runs import Remembered, Run, RunScore, find_run, list_runs, load_scores, remember_run

__all__ = [
    "FORMAT",
    "OUTCOMES",
    "Campaign",
    "Measured",
    "Member",
    "Outcome",
    "Remembered",
    "Run",
    "RunScore",
    "State",
    "StoredCampaign",
    "add_campaign",
    "add_measured",
    "check_name_free",
    "default_state_path",
    "find_overlaps",
    "find_run",
    "find_state",
    "list_campaigns",
    "list_measured",
    "list_runs",
    "load_campaign",
    "load_members",
    "load_scores",
    "open_state",
    "remember_run",
]
