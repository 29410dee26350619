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
    "object_customers",
    "prune",
    "read_left_out",
    "remember",
    "results_folder",
    "tend_state",
    "usual_exports",
    "with_change",
]
