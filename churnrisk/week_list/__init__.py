"""The list of this week: customers to contact, lapsed ones worth winning back, and orders due, each with its why."""

from churnrisk.week_list.entries import Entry, ListPart
from churnrisk.week_list.ranked import ListPlan, rank_customers
from churnrisk.week_list.unlisted import Unlisted, find_refused
from churnrisk.week_list.week_list import ListReads, ListSource, Previous, ScoresRanking, WeekList, make_week_list
from churnrisk.week_list.why import LATE, tell_why

__all__ = [
    "LATE",
    "Entry",
    "ListPart",
    "ListPlan",
    "ListReads",
    "ListSource",
    "Previous",
    "ScoresRanking",
    "Unlisted",
    "WeekList",
    "find_refused",
    "make_week_list",
    "rank_customers",
    "tell_why",
]
