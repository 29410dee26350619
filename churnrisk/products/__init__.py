"""Products: what each customer buys, what is due, and what first buyers begin with."""

from churnrisk.products.due_list import DUE_COLUMNS, DueList, LookBack, forecast_due
from churnrisk.products.first_list import FirstList, compare_first
from churnrisk.products.items import ItemAccount, ItemChoice, PairDays, read_pair_days

__all__ = [
    "DUE_COLUMNS",
    "DueList",
    "FirstList",
    "ItemAccount",
    "ItemChoice",
    "LookBack",
    "PairDays",
    "compare_first",
    "forecast_due",
    "read_pair_days",
]
