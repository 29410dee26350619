"""Campaigns: the customers contacted and those left alone, what that did, and what is learned from it."""

from churnrisk.campaigns.exposures import describe_exposures, read_exposures
from churnrisk.campaigns.lists import (
    CampaignList,
    Drawn,
    create_campaign,
    draw,
    read_campaign_list,
    read_suppressed,
)
from churnrisk.campaigns.measurement import find_response, learn_uplift, measure_campaign, measure_on
from churnrisk.campaigns.pooled import measured_acceptance, measured_multiple
from churnrisk.campaigns.power import Plan
from churnrisk.campaigns.records import (
    Campaign,
    Measured,
    Member,
    StoredCampaign,
    list_campaigns,
    list_measured,
    load_campaign,
    load_members,
    load_memberships,
)
from churnrisk.campaigns.result import CampaignResult

__all__ = [
    "Campaign",
    "CampaignList",
    "CampaignResult",
    "Drawn",
    "Measured",
    "Member",
    "Plan",
    "StoredCampaign",
    "create_campaign",
    "describe_exposures",
    "draw",
    "find_response",
    "learn_uplift",
    "list_campaigns",
    "list_measured",
    "load_campaign",
    "load_members",
    "load_memberships",
    "measure_campaign",
    "measure_on",
    "measured_acceptance",
    "measured_multiple",
    "read_campaign_list",
    "read_exposures",
    "read_suppressed",
]
