"""What the schedule has done, and pages may start: the look at the model, the weekly run, and training anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from churnrisk.cards import compare_cards, read_as_trained, read_recipe
from churnrisk.clock import utc_now
from churnrisk.desk import take_due
from churnrisk.errors import SettingsError
from churnrisk.memory import read_left_out
from churnrisk.operations import MonitorPlan, WeeklyPlan, describe_alarm, run_monitor, run_weekly, send_alarm
from churnrisk.service.config import ServiceConfig, Tasks
from churnrisk.service.logs import log
from churnrisk.shop import train_on_history
from churnrisk.state import State
from churnrisk.store import promote_model, read_card, resolve_version
from churnrisk.types import Progress
from churnrisk.workflows import TrainPlan

Plan = TypeVar("Plan", MonitorPlan, WeeklyPlan)


def add_due_jobs(tasks: Tasks, state: State) -> None:
    """Add a job for each task that is due; of several services that share a state one does."""
    for one in tasks.timings:
        due_at = one.latest(utc_now()).isoformat(timespec="seconds")
        job = take_due(state, one.task, due_at, rule=f"{one.rule} {one.zone}")
        if job is not None:
            log("task is due", task=one.task, due_at=due_at, job=job.job_id)


def do_task(config: ServiceConfig, state: State, kind: str, progress: Progress) -> dict[str, Any] | None:
    """Do a task and give its result, without any customer; None for a kind that is no task."""
    ways: dict[str, Callable[[ServiceConfig, Tasks, State, Progress], dict[str, Any]]] = {
        "monitor": _look,
        "weekly": _do_weekly,
        "retrain": _retrain,
    }
    return ways[kind](config, config.tasks or Tasks(), state, progress) if kind in ways else None


def _look(config: ServiceConfig, tasks: Tasks, state: State, progress: Progress) -> dict[str, Any]:
    progress("looking", 0, 1)
    plan = tasks.monitor
    if plan is None:
        if config.purchases is None:
            raise SettingsError("a look at the model reads the purchase history: set `purchases` in churnrisk.toml.")
        plan = MonitorPlan(config.purchases, config.models_dir, config.state, options=config.options)
    result = run_monitor(replace(_of_service(plan, config, state), remember_in=config.state))
    problem = ""
    if tasks.webhook is not None and result.fired:
        problem = send_alarm(tasks.webhook, describe_alarm(result)).problem
    progress("done", 1, 1)
    fired = [one.to_dict() for one in result.fired]
    return {"model": result.look.model, "fired": fired, "webhook_problem": problem or None}


def _do_weekly(config: ServiceConfig, tasks: Tasks, state: State, progress: Progress) -> dict[str, Any]:
    if tasks.weekly is None:
        raise SettingsError("the weekly run is not on the schedule of this service.")
    progress("looking", 0, 1)
    result = run_weekly(_of_service(tasks.weekly, config, state))
    progress("done", 1, 1)
    return {"line": result.line, "files": [one.name for one in result.files], "mailed": len(result.recipients)}


def _retrain(config: ServiceConfig, tasks: Tasks, _: State, progress: Progress) -> dict[str, Any]:
    like = resolve_version(config.models_dir, None)
    card = read_card(config.models_dir, version=like)
    recipe = read_recipe(card)
    names = ("horizon", "lookback", "lead", "seed", "backtest", "train_customers")
    how = TrainPlan(**{name: getattr(recipe, name) for name in names})
    plan = config.shop_plan
    plan = replace(plan, options=replace(plan.options, tables=read_as_trained(plan.options, card).tables))
    made = train_on_history(plan, how, progress=progress)
    difference = compare_cards(card, read_card(config.models_dir, version=made["version"]))
    is_promoted = tasks.promotes and difference.is_no_worse
    if is_promoted:
        promote_model(config.models_dir, made["version"])
    return {**made, "like": like, "is_promoted": is_promoted}


def _of_service(plan: Plan, config: ServiceConfig, state: State) -> Plan:
    """Return a plan over the history, models and state of the service, without customers who have objected by now."""
    options = replace(plan.options, left_out=read_left_out(state))
    source = config.purchases or plan.source
    return replace(plan, source=source, models_dir=config.models_dir, state=config.state, options=options)
