"""What is remembered of customers between runs, what changed since then, and for how long it is kept."""

from churnrisk.memory.access import Held, find_all_held
from churnrisk.memory.changes import Comparison, Memory, remember, with_change
from churnrisk.memory.erasure import (
    Forgotten,
    apply_erasures,
    catch_up,
    forget_customers,
    object_customers,
    results_folder,
    usual_exports,
)
from churnrisk.memory.objections import keep_others, leave_out, read_left_out
from churnrisk.memory.retention_time import drop_rejects, prune, tend_state
from churnrisk.memory.week_lists import look_up_list, plan_as_measured, remember_week_list

__all__ = [
    "Comparison",
    "Forgotten",
    "Held",
    "Memory",
    "apply_erasures",
    "catch_up",
    "drop_rejects",
    "find_all_held",
    "forget_customers",
    "keep_others",
    "leave_out",
    "look_up_list",
    "object_customers",
    "plan_as_measured",
    "prune",
    "read_left_out",
    "remember",
    "remember_week_list",
    "results_folder",
    "tend_state",
    "usual_exports",
    "with_change",
]
