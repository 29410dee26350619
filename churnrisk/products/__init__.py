"""Products: what each customer buys, what is due and what comes next, and what first buyers begin with."""

from churnrisk.products.due_list import DUE_COLUMNS, DueList, LookBack, forecast_due
from churnrisk.products.first_list import FirstList, compare_first
from churnrisk.products.items import ItemAccount, ItemChoice, PairDays, read_pair_days
from churnrisk.products.next_products import NextProducts, forecast_next, read_ids

__all__ = [
    "DUE_COLUMNS",
    "DueList",
    "FirstList",
    "ItemAccount",
    "ItemChoice",
    "LookBack",
    "NextProducts",
    "PairDays",
    "compare_first",
    "forecast_due",
    "forecast_next",
    "read_ids",
    "read_pair_days",
]
