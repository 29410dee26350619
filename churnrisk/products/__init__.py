"""Products: what each customer buys, what is due, what comes next, and what first buyers begin with."""

from churnrisk.products.due_list import DUE_COLUMNS, DueList, LookBack, forecast_due
from churnrisk.products.first_list import FirstList, compare_first
from churnrisk.products.habits import HABITS, Habits, find_habits
from churnrisk.products.items import ItemAccount, ItemChoice, PairDays, read_pair_days
from churnrisk.products.next_products import NextProducts, forecast_next, read_ids

__all__ = [
    "DUE_COLUMNS",
    "HABITS",
    "DueList",
    "FirstList",
    "Habits",
    "ItemAccount",
    "ItemChoice",
    "LookBack",
    "NextProducts",
    "PairDays",
    "compare_first",
    "find_habits",
    "forecast_due",
    "forecast_next",
    "read_ids",
    "read_pair_days",
]
