"""The live picture of a shop behind the service and its pages."""

from churnrisk.shop.customer_query import MOST_NUMBER, CustomerQuery
from churnrisk.shop.files import ShopPlan, end_progress, find_current, tell_progress
from churnrisk.shop.kept import keep_generation, take_kept
from churnrisk.shop.maintenance import choose_reasons
from churnrisk.shop.preparation import prepare_shop
from churnrisk.shop.scores import score_everybody, train_on_history
from churnrisk.shop.shop import Shop
from churnrisk.shop.upload import score_upload
from churnrisk.shop.view import CustomerView

__all__ = [
    "MOST_NUMBER",
    "CustomerQuery",
    "CustomerView",
    "Shop",
    "ShopPlan",
    "choose_reasons",
    "end_progress",
    "find_current",
    "keep_generation",
    "prepare_shop",
    "score_everybody",
    "score_upload",
    "take_kept",
    "tell_progress",
    "train_on_history",
]
