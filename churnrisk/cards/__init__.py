"""The card of a model: what it was learned from and how, how it did, and whether to act on it."""

from churnrisk.cards.card import (
    describe_backtest,
    describe_grade,
    describe_intake,
    describe_outlook,
    describe_snapshot,
    describe_value,
    is_worth_acting_on,
    make_card,
    warn_of_grade,
)
from churnrisk.cards.recipe import (
    Difference,
    Recipe,
    compare_cards,
    describe_recipe,
    describe_tables,
    read_as_trained,
    read_recipe,
)

__all__ = [
    "Difference",
    "Recipe",
    "compare_cards",
    "describe_backtest",
    "describe_grade",
    "describe_intake",
    "describe_outlook",
    "describe_recipe",
    "describe_snapshot",
    "describe_tables",
    "describe_value",
    "is_worth_acting_on",
    "make_card",
    "read_as_trained",
    "read_recipe",
    "warn_of_grade",
]
