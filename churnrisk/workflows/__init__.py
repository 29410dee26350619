"""The whole journeys: from a source of purchases to a stored model, and from a model to scores.

The only place where a source, a store and the stages meet. The command line and the service call these functions;
:class:`ChurnModel`, :func:`train` and :func:`load` are the Python interface.
"""

from churnrisk.workflows.access import Held, find_all_held
from churnrisk.workflows.backtest import BacktestReport, backtest
from churnrisk.workflows.campaign_results import learn_uplift, measure_campaign
from churnrisk.workflows.campaigns import (
    Drawn,
    create_campaign,
    draw,
    first_day_of,
    read_campaign_list,
    read_suppressed,
)
from churnrisk.workflows.card import is_worth_acting_on
from churnrisk.workflows.changes import Comparison, Memory, remember
from churnrisk.workflows.cluster import ClusterResult, score_source_on_spark
from churnrisk.workflows.days import say_if_card_long_past
from churnrisk.workflows.erasure import (
    Forgotten,
    apply_erasures,
    catch_up,
    forget_customers,
    object_customers,
    results_folder,
    usual_exports,
)
from churnrisk.workflows.known import KnownChurn, predict_churn, stored_value
from churnrisk.workflows.mail import MailServer
from churnrisk.workflows.model import ChurnModel, load
from churnrisk.workflows.monitor_view import monitor_gauges, monitor_view
from churnrisk.workflows.monitoring import MonitorPlan, MonitorResult, run_monitor
from churnrisk.workflows.naming import names_any
from churnrisk.workflows.objections import leave_out
from churnrisk.workflows.readiness import Readiness, TrainingTerms, check_readiness
from churnrisk.workflows.recipe import Difference, Recipe, compare_cards, read_recipe
from churnrisk.workflows.report import (
    ReportResult,
    check_report_path,
    describe_campaign,
    make_report,
    plan_contacts,
    write_report,
)
from churnrisk.workflows.retention_time import PruneResult, prune, tend_state
from churnrisk.workflows.retrain import Retrained, retrain
from churnrisk.workflows.scoring import ScoreResult, check_output, describe_scores, score_source, write_scores
from churnrisk.workflows.shop import (
    CustomerPage,
    CustomerQuery,
    CustomerView,
    Shop,
    ShopFiles,
    ShopPlan,
    choose_reasons,
    find_current,
    prepare_shop,
    score_everybody,
    score_upload,
    train_on_history,
)
from churnrisk.workflows.sources import (
    SAMPLE_PURCHASES,
    convert,
    find_purchases,
    rejects_beside,
    sample_file,
    without_password,
)
from churnrisk.workflows.streaming import StreamTo
from churnrisk.workflows.target import LearnedFrom, TargetResult, make_target
from churnrisk.workflows.target_files import Written, check_list_output, write_target
from churnrisk.workflows.terms import Acceptance, check_needed, choose_acceptance, find_measured
from churnrisk.workflows.training import train
from churnrisk.workflows.webhook import Delivery, Webhook, describe_alarm, make_webhook, send_alarm
from churnrisk.workflows.weekly import MailPlan, WeeklyPlan, WeeklyResult, run_weekly

__all__ = [
    "SAMPLE_PURCHASES",
    "Acceptance",
    "BacktestReport",
    "ChurnModel",
    "ClusterResult",
    "Comparison",
    "CustomerPage",
    "CustomerQuery",
    "CustomerView",
    "Delivery",
    "Difference",
    "Drawn",
    "Forgotten",
    "Held",
    "KnownChurn",
    "LearnedFrom",
    "MailPlan",
    "MailServer",
    "Memory",
    "MonitorPlan",
    "MonitorResult",
    "PruneResult",
    "Readiness",
    "Recipe",
    "ReportResult",
    "Retrained",
    "ScoreResult",
    "Shop",
    "ShopFiles",
    "ShopPlan",
    "StreamTo",
    "TargetResult",
    "TrainingTerms",
    "Webhook",
    "WeeklyPlan",
    "WeeklyResult",
    "Written",
    "apply_erasures",
    "backtest",
    "catch_up",
    "check_list_output",
    "check_needed",
    "check_output",
    "check_readiness",
    "check_report_path",
    "choose_acceptance",
    "choose_reasons",
    "compare_cards",
    "convert",
    "create_campaign",
    "describe_alarm",
    "describe_campaign",
    "describe_scores",
    "draw",
    "find_all_held",
    "find_current",
    "find_measured",
    "find_purchases",
    "first_day_of",
    "forget_customers",
    "is_worth_acting_on",
    "learn_uplift",
    "leave_out",
    "load",
    "make_report",
    "make_target",
    "make_webhook",
    "measure_campaign",
    "monitor_gauges",
    "monitor_view",
    "names_any",
    "object_customers",
    "plan_contacts",
    "predict_churn",
    "prepare_shop",
    "prune",
    "read_campaign_list",
    "read_recipe",
    "read_suppressed",
    "rejects_beside",
    "remember",
    "results_folder",
    "retrain",
    "run_monitor",
    "run_weekly",
    "sample_file",
    "say_if_card_long_past",
    "score_everybody",
    "score_source",
    "score_source_on_spark",
    "score_upload",
    "send_alarm",
    "stored_value",
    "tend_state",
    "train",
    "train_on_history",
    "usual_exports",
    "without_password",
    "write_report",
    "write_scores",
    "write_target",
]
