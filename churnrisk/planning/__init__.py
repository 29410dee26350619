"""What a log is enough for: days, snapshots and customers to learn from."""

from churnrisk.planning.beside import TableReadiness, question_tables
from churnrisk.planning.days import (
    Day,
    choose_as_of,
    say_if_card_long_past,
    say_if_long_past,
    to_day,
    today,
    training_as_of,
)
from churnrisk.planning.drawing import describe_draw, draw_for_training
from churnrisk.planning.readiness import TrainingTerms, check_readiness
from churnrisk.planning.snapshots import choose_snapshot, choose_workers, plan_backtest_of, plan_training

__all__ = [
    "Day",
    "TableReadiness",
    "TrainingTerms",
    "check_readiness",
    "choose_as_of",
    "choose_snapshot",
    "choose_workers",
    "describe_draw",
    "draw_for_training",
    "plan_backtest_of",
    "plan_training",
    "question_tables",
    "say_if_card_long_past",
    "say_if_long_past",
    "to_day",
    "today",
    "training_as_of",
]
