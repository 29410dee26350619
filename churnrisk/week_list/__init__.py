"""The list of this week: customers to contact, lapsed ones worth winning back, and orders due, each with its why."""

from churnrisk.week_list.entries import Entry, choose_for_rows
from churnrisk.week_list.purchased import purchased_of, read_purchased
from churnrisk.week_list.ranked import ListPlan, rank_customers
from churnrisk.week_list.unlisted import Unlisted, find_refused
from churnrisk.week_list.week_list import ListReads, ListSource, Previous, ScoresRanking, WeekList, make_week_list
from churnrisk.week_list.why import LATE, ListPart, OneCustomer, tell_why

__all__ = [
    "LATE",
    "Entry",
    "ListPart",
    "ListPlan",
    "ListReads",
    "ListSource",
    "OneCustomer",
    "Previous",
    "ScoresRanking",
    "Unlisted",
    "WeekList",
    "choose_for_rows",
    "find_refused",
    "make_week_list",
    "purchased_of",
    "rank_customers",
    "read_purchased",
    "tell_why",
]
