"""The shop as the service sees it: its history and everybody's scores in one file, and single customers at once.

:func:`prepare_shop` makes a generation, a file that holds the orders and the list of everybody's scores; :class:`Shop`
answers from the one that is current, and takes in the orders that came since.
"""

from churnrisk.workflows.shop.everybody import score_everybody, train_on_history
from churnrisk.workflows.shop.files import ShopFiles, ShopPlan, find_current
from churnrisk.workflows.shop.generation import CustomerPage, CustomerQuery
from churnrisk.workflows.shop.making import prepare_shop
from churnrisk.workflows.shop.shop import Shop
from churnrisk.workflows.shop.upkeep import choose_reasons
from churnrisk.workflows.shop.upload import score_upload
from churnrisk.workflows.shop.view import CustomerView

__all__ = [
    "CustomerPage",
    "CustomerQuery",
    "CustomerView",
    "Shop",
    "ShopFiles",
    "ShopPlan",
    "choose_reasons",
    "find_current",
    "prepare_shop",
    "score_everybody",
    "score_upload",
    "train_on_history",
]
