"""What runs by itself: the weekly list, the monitoring run, retraining, and the messages about them."""

from churnrisk.operations.mail import MailServer
from churnrisk.operations.monitor_view import monitor_gauges, monitor_view, table_gauges
from churnrisk.operations.monitoring import MonitorPlan, MonitorResult, run_monitor
from churnrisk.operations.retraining import Retrained, retrain
from churnrisk.operations.schedule import Timing, read_schedule
from churnrisk.operations.webhook import Delivery, Webhook, describe_alarm, make_webhook, send_alarm
from churnrisk.operations.weekly import MailPlan, WeeklyPlan, WeeklyResult, run_weekly

__all__ = [
    "Delivery",
    "MailPlan",
    "MailServer",
    "MonitorPlan",
    "MonitorResult",
    "Retrained",
    "Timing",
    "Webhook",
    "WeeklyPlan",
    "WeeklyResult",
    "describe_alarm",
    "make_webhook",
    "monitor_gauges",
    "monitor_view",
    "read_schedule",
    "retrain",
    "run_monitor",
    "run_weekly",
    "send_alarm",
    "table_gauges",
]
