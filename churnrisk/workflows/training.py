"""From purchases to a model: plan, build, fit, test, and say in the card how it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from churnrisk.campaigns import describe_exposures, read_exposures
from churnrisk.cards import describe_outlook, describe_recipe, describe_tables, describe_value, make_card
from churnrisk.dataset import Exposure, FollowUpData, TrainingSet, build_training_set, mend_exposed
from churnrisk.explain import describe_drivers
from churnrisk.forecast import KnownValue, Outlook, OutlookCheck, learn_from_past
from churnrisk.inputs import named_when_too_short
from churnrisk.learning import (
    Backtest,
    FittedModel,
    Workers,
    add_outlook,
    choose_tables,
    fit_and_test,
    grade_tested,
    import_growers,
    learn_outlook,
    run_backtest,
)
from churnrisk.memory import leave_out
from churnrisk.monitor import KEY as MONITORING
from churnrisk.monitor import make_reference
from churnrisk.orders import TRAIN_CUSTOMERS, IntakeOptions, Orders, read_orders
from churnrisk.planning import (
    Day,
    choose_snapshot,
    choose_workers,
    describe_draw,
    plan_backtest_of,
    plan_training,
    question_tables,
    training_as_of,
)
from churnrisk.state import StatePlace
from churnrisk.timeline import DEFAULT_LOOKBACK, HorizonChoice, Snapshot
from churnrisk.types import Progress
from churnrisk.workflows.model import ChurnModel

Task = Callable[[], Any]


def _silent(_what: str, _done: int, _total: int) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class TrainPlan:
    """How a model is trained: what :func:`train` takes under these names."""

    horizon: int | None = None
    lookback: int = DEFAULT_LOOKBACK
    lead: int = 0
    as_of: Day = None
    seed: int = 0
    backtest: bool = False
    train_customers: int = TRAIN_CUSTOMERS


def train(
    purchases: Any,
    *,
    horizon: int | None = None,
    lookback: int = DEFAULT_LOOKBACK,
    lead: int = 0,
    as_of: Day = None,
    seed: int = 0,
    backtest: bool = False,
    campaigns: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    engine: str | None = None,
    options: IntakeOptions | None = None,
    train_customers: int = TRAIN_CUSTOMERS,
    progress: Progress = _silent,
) -> ChurnModel:
    """Learn from a purchase history which customers stop buying, and test that on what came later.

    Parameters
    ----------
    purchases : str, Path, or a frame of pandas, Polars or another library that Narwhals knows
        One row per order or per line of an order: a customer id, a time, and usually an amount and an order id.
    horizon : int, optional
        A customer without a purchase in so many days has churned. By default chosen from the repurchase gaps.
    lookback : int
        A customer is active with a purchase in so many last days; only active customers are scored.
    lead : int
        Days needed to act, between the cutoff and the first day that counts.
    as_of : str or date, optional
        The first day that is not known. By default the day after the last order.
    seed : int
        Seed of everything random; the same data and seed give the same bytes.
    backtest : bool
        Grade the model by a backtest over several cutoffs instead of by its one test; takes some times as long.
    campaigns : str or Path, optional
        State file, or URL of a state in PostgreSQL. Customers who object there are left out, and its campaigns count:
        a customer contacted within an outcome window is left out there, and the control group stands for them.
    columns : mapping, optional
        What your columns stand for, as ``{"customer_id": "Klient"}``, where their names do not say it.
    engine : str, optional
        Where features and labels are computed: ``"duckdb"``, ``"polars"``, ``"spark"`` or ``"spark://HOST:PORT"``.
    options : IntakeOptions, optional
        Everything else about reading, in place of ``columns`` and ``engine``.
    train_customers : int
        Learn from so many customers, drawn, where there are more; 0 learns from all.
    progress : callable, optional
        Told what is being done, the steps done, and all steps.

    Returns
    -------
    ChurnModel
        Fitted on all snapshots; the test in its card was made with a fit on the earlier ones.

    Raises
    ------
    ChurnriskError
        For anything that the user can mend, with what to do.
    """
    taken = IntakeOptions.of(columns, options, engine=engine)
    chosen = taken if options is not None else leave_out(taken, campaigns)
    progress("reading purchases", 0, 1)
    with named_when_too_short(purchases), read_orders(purchases, chosen) as orders:
        progress("reading purchases", 1, 1)
        how = TrainPlan(horizon, lookback, lead, as_of, seed, backtest, train_customers)
        recipe = describe_recipe(purchases, chosen, backtest=backtest, train_customers=train_customers)
        return train_orders(orders, how, campaigns=campaigns, recipe=recipe, progress=progress)


def train_orders(
    orders: Orders,
    how: TrainPlan,
    *,
    campaigns: StatePlace | None,
    recipe: Mapping[str, Any],
    progress: Progress,
) -> ChurnModel:
    """Learn as :func:`train` does, from orders that have been read; ``recipe`` says from what and how."""
    seed = how.seed
    current, choice = choose_windows(orders, how.as_of, horizon=how.horizon, lookback=how.lookback, lead=how.lead)
    chosen = plan_training(orders, current, most=how.train_customers, seed=seed)
    plan, drawn = chosen.plan, chosen.drawn
    exposures = read_exposures(campaigns)
    look = partial(backtest_orders, orders, current, seed=seed, exposures=exposures, progress=progress)
    tested = look(drawn=drawn[0]) if how.backtest else None
    tell = partial(progress, "features")
    build = partial(build_training_set, orders, plan, database=orders.database, drawn=drawn[0], progress=tell)
    data = choose_workers(orders).run(build, import_growers)[0]
    data = replace(data, past_bases=tuple(one for one in data.past_bases if not chosen.leaves_out(one.snapshot)))
    data, touched = mend_exposed(data, exposures, drawn[0])
    data, tables = _choose_tables(orders, data, plan.test, seed=seed)
    progress("fitting, and testing against the baselines", 0, 1)
    workers = choose_workers(orders, data)
    follow = partial(learn_from_past, drawn[0], data, seed=seed, leave_out=chosen.leaves_out)
    fit = partial(fit_and_test, data, plan, seed=seed, workers=workers)
    (value, outlook), (result, fitted) = _follow_and_fit(
        orders, lambda: _look_ahead(follow, data, seed=seed), fit, workers
    )
    grade = grade_tested(tested or result)
    model, about = _look_around(fitted, data, outlook, value, seed=seed, workers=workers)
    progress("fitting, and testing against the baselines", 1, 1)
    card = make_card(orders, data, model, result, grade=grade, backtest=tested, choice=choice, seed=seed)
    card |= {**chosen.to_dict(), **describe_draw(drawn[1]), "outlook": describe_outlook(*(outlook or (None, None)))}
    card |= about | {"value": describe_value(value), "value_missing": value.missing or None}
    card |= describe_tables(recipe, tables)
    return ChurnModel(model, card | describe_exposures(exposures, touched))


def _choose_tables(
    orders: Orders, data: TrainingSet, test: Snapshot, *, seed: int
) -> tuple[TrainingSet, list[dict[str, Any]]]:
    """Keep the tables that help; tell of each what it gains, as plain values."""
    tables, attributes = orders.tables, orders.attributes
    trusted = {name for name in (*tables, *attributes) if (tables.get(name) or attributes[name]).is_trusted}
    aside = question_tables(orders, data.current.snapshot.cutoff)
    data, gains = choose_tables(data, test, seed=seed, aside=aside, trusted=trusted)
    return data, [{**one.to_dict(), "trusted": one.name in trusted} for one in gains]


def _follow_and_fit(orders: Orders, follow: Task, fit: Task, workers: Workers) -> list[Any]:
    """Do both side by side, or in turn where memory was set: fitting needs what the engine then gives up."""
    if orders.database is None or not orders.database.bounds_process:
        return workers.run(follow, fit)
    followed = follow()
    orders.database.make_room()  # what is left to ask of it is little
    return [followed, fit()]


def _look_ahead(
    follow: Callable[[], tuple[Sequence[FollowUpData], KnownValue]], data: TrainingSet, *, seed: int
) -> tuple[KnownValue, tuple[Outlook, OutlookCheck | None] | None]:
    """Learn all that stands beside the churn probability, and needs none: value, other horizons, the next order."""
    followed, value = follow()
    return value, learn_outlook(followed, data, seed=seed)


def _look_around(
    fitted: FittedModel,
    data: TrainingSet,
    outlook: tuple[Outlook, OutlookCheck | None] | None,
    value: KnownValue,
    *,
    seed: int,
    workers: Workers,
) -> tuple[FittedModel, dict[str, Any]]:
    """Add the outlook to the model, and beside that find what its card tells of it."""
    model, drivers, reference = workers.run(
        lambda: add_outlook(fitted, None if outlook is None else outlook[0], data, value.model),
        lambda: describe_drivers(fitted, data.current.values, seed=seed),
        lambda: make_reference(data, fitted, seed=seed),
    )
    return model, {"drivers": drivers, MONITORING: reference.to_dict()}


def choose_windows(
    orders: Orders, as_of: Day, *, horizon: int | None, lookback: int, lead: int
) -> tuple[Snapshot, HorizonChoice | None]:
    """Return the snapshot at the day where the history ends, and how its horizon was chosen if it was not given."""
    until = training_as_of(orders, as_of)
    return choose_snapshot(orders, until, horizon=horizon, lookback=lookback, lead=lead)


def backtest_orders(
    orders: Orders,
    current: Snapshot,
    *,
    drawn: Orders | None = None,
    cutoffs: int | None = None,
    seed: int,
    exposures: Sequence[Exposure] = (),
    progress: Progress = _silent,
) -> Backtest:
    """Backtest on a log, or on a draw from it: build each snapshot once, then train, score, compare at cutoffs."""
    plan, leaves_out = plan_backtest_of(orders, current, cutoffs)
    data = build_training_set(
        orders,
        plan.snapshots,
        database=orders.database,
        drawn=drawn,
        progress=lambda done, total: progress("features for the backtest", done, total),
    )
    data = replace(data, past_bases=tuple(one for one in data.past_bases if not leaves_out(one.snapshot)))
    data, _ = mend_exposed(data, exposures, drawn or orders)
    data, _ = _choose_tables(orders, data, plan.plans[0].current, seed=seed)
    if orders.database is not None:
        orders.database.make_room(data.held_bytes)
    tell, workers = partial(progress, "backtest"), choose_workers(orders, data)
    return run_backtest(data, plan, seed=seed, progress=tell, workers=workers)
