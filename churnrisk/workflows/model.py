"""Train, keep, load and use a model from Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnrisk.dataset import Exposure, FollowUpData, TrainingSet, build_training_set, mend_exposed
from churnrisk.features import feature_fingerprint
from churnrisk.learning import (
    Backtest,
    FittedModel,
    OutlookCheck,
    Valuation,
    Workers,
    evidence_of_backtest,
    evidence_of_test,
    fit_and_test,
    grade_model,
    import_growers,
    run_backtest,
)
from churnrisk.monitor import KEY as MONITORING
from churnrisk.monitor import make_reference
from churnrisk.orders import TRAIN_CUSTOMERS, IntakeOptions, Orders, read_orders
from churnrisk.scoring import By
from churnrisk.state import StatePlace
from churnrisk.store import PackedModel, load_model, pack_files, pack_model, read_card, save_model
from churnrisk.timeline import DEFAULT_LOOKBACK, HorizonChoice, Snapshot
from churnrisk.workflows.card import describe_outlook, describe_value, make_card
from churnrisk.workflows.days import Day, choose_as_of, training_as_of
from churnrisk.workflows.drawing import describe_draw
from churnrisk.workflows.explanation import explain_customer
from churnrisk.workflows.exposures import describe_exposures, read_exposures
from churnrisk.workflows.frames import to_frame
from churnrisk.workflows.objections import leave_out
from churnrisk.workflows.outlook import KnownValue, learn_from_past, look_ahead
from churnrisk.workflows.planning import choose_snapshot, choose_workers, plan_backtest_of, plan_training
from churnrisk.workflows.reasons import ReasonsFor, describe_drivers, make_finder, score_with_reasons
from churnrisk.workflows.recipe import KEY as RECIPE
from churnrisk.workflows.recipe import describe_recipe, read_as_trained
from churnrisk.workflows.sources import named_when_too_short

if TYPE_CHECKING:
    import pandas as pd

Task = Callable[[], Any]
Progress = Callable[[str, int, int], None]
"""Called with what is being done, the steps done and all steps."""


def _silent(_what: str, _done: int, _total: int) -> None:
    """Report progress to nobody."""


class ChurnModel:
    """A trained model: it scores customers, and its card says what it is worth.

    Made by :func:`train` or :func:`load`, not by hand.

    Parameters
    ----------
    model : FittedModel
        From features to probabilities.
    card : mapping
        What the model was made from and how it did on its test; plain values.
    version : str, optional
        Its name in the store, once it is there.
    packed : PackedModel, optional
        Its files in the store, as they were verified.

    Examples
    --------
    >>> import churnrisk
    >>> model = churnrisk.train("data/purchases.csv", horizon=90)
    >>> scores = model.score("data/customers.csv")
    >>> list(scores.columns[:4])
    ['customer_id', 'as_of', 'status', 'churn_probability']
    """

    def __init__(
        self,
        model: FittedModel,
        card: Mapping[str, Any],
        version: str | None = None,
        packed: PackedModel | None = None,
    ) -> None:
        self.model = model
        self.card = dict(card)
        self.version = version
        self._packed = packed

    def pack(self) -> PackedModel:
        """Give the model as signed bytes, to be verified and loaded on other machines."""
        return self._packed or pack_model(self.model, self.card)

    def __repr__(self) -> str:
        snapshot = self.card["snapshot"]
        return f"ChurnModel(as_of={snapshot['as_of']}, horizon={snapshot['horizon_days']}, version={self.version})"

    def score(
        self,
        purchases: Any,
        *,
        as_of: Day = None,
        by: By = "value",
        discount_rate: float = 0.0,
        columns: Mapping[str, str] | None = None,
        engine: str | None = None,
        reasons: ReasonsFor = "none",
        top: int = 0,
    ) -> pd.DataFrame:
        """Score everybody in a purchase history.

        Parameters
        ----------
        purchases : str, Path, or a frame of pandas, Polars or another library that Narwhals knows
            One row per purchase row, as for :func:`train`.
        as_of : str or date, optional
            The day to score at; orders on it and later are not looked at. By default the day after the last order,
            or the model's own ``as_of`` if that is later.
        by : {"value", "risk"}
            What to sort by: falling value at risk, or falling churn probability. Where no value is known, as in a log
            without amounts, it is risk.
        discount_rate : float
            Of a year, for the values.
        columns : mapping, optional
            What your columns stand for, as ``{"customer_id": "Klient"}``, where their names do not say it.
        engine : str, optional
            Where the features are computed: ``"duckdb"``, ``"polars"``, ``"spark"`` or ``"spark://HOST:PORT"``. The
            scores come here; :func:`churnrisk.workflows.score_source_on_spark` leaves them on Spark.
        reasons : {"none", "shown", "listed", "all"}
            Who gets reasons: nobody; the first ``top`` customers of the list; those, and the first 500 of high
            risk; everybody, which takes some milliseconds each. A reason describes the score, not the cause.
        top : int
            How many get reasons in any case, unless nobody does.

        Returns
        -------
        pandas.DataFrame
            One row per customer: ``customer_id, as_of, status, churn_probability, risk, risk_rank,
            days_since_last_order, order_count, total_amount``, and then the outlook: churn probabilities within 30, 60,
            90 and 180 days, ``next_order_on`` with its interval, ``expected_value_horizon, expected_value_365_days,
            value_at_risk, value_at_risk_most``, and ``return_probability`` of those who have lapsed. Where reasons are
            asked for, they stand last: ``reason_1, reason_2, reason_3``.
        """
        valuation = Valuation(discount_rate=discount_rate)
        chosen = read_as_trained(IntakeOptions(engine=engine, columns=dict(columns or {})), self.card)
        with read_orders(purchases, chosen) as orders:
            day = choose_as_of(self.model, orders, as_of)
            finder = make_finder(self.model, reasons, top=top, by=by)
            scores = score_with_reasons(finder, self.model, orders, day, by=by, valuation=valuation)
            return to_frame(scores.columns)

    def explain(
        self,
        purchases: Any,
        customer_id: str,
        *,
        as_of: Day = None,
        columns: Mapping[str, str] | None = None,
        options: IntakeOptions | None = None,
    ) -> dict[str, Any]:
        """Say where one customer's score comes from. That describes the score, not the cause.

        Parameters
        ----------
        purchases : str, Path, or a frame of pandas, Polars or another library that Narwhals knows
            The purchase history, as for :func:`train`.
        customer_id : str
            Who, as the history writes it.
        as_of, columns
            As for :meth:`score`.
        options : IntakeOptions, optional
            Everything else about reading, in place of ``columns``.

        Returns
        -------
        dict
            ``churn_probability``, ``risk``, ``log_odds``, ``base_log_odds``, ``families`` (eight, those that weigh
            most first: what each adds to the log-odds, in words, with its features beside typical ones), ``reasons``.

        Raises
        ------
        NoScore
            For a customer who is unknown, has lapsed, or has bought nothing.
        """
        chosen = read_as_trained(options or IntakeOptions(columns=dict(columns or {})), self.card)
        with read_orders(purchases, chosen) as orders:
            own = options.own_id(customer_id) if options is not None else customer_id
            return explain_customer(self.model, orders, choose_as_of(self.model, orders, as_of), own)

    def save(self, models_dir: str | Path = "models", *, promote: bool = True) -> str:
        """Store the model, signed with this installation's key, and give its version."""
        self.version = save_model(self.model, self.card, models_dir=Path(models_dir), promote=promote)
        return self.version


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
    """Learn from a purchase history who stops buying, and test that on what came later.

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
        who was contacted within an outcome window is left out there, and the control group stands for them.
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
    chosen = options or leave_out(IntakeOptions(engine=engine, columns=dict(columns or {})), campaigns)
    progress("reading purchases", 0, 1)
    with named_when_too_short(purchases), read_orders(purchases, chosen) as orders:
        progress("reading purchases", 1, 1)
        return train_orders(
            orders,
            horizon=horizon,
            lookback=lookback,
            lead=lead,
            as_of=as_of,
            seed=seed,
            backtest=backtest,
            campaigns=campaigns,
            recipe=describe_recipe(purchases, chosen, backtest=backtest, train_customers=train_customers),
            train_customers=train_customers,
            progress=progress,
        )


def train_orders(
    orders: Orders,
    *,
    horizon: int | None,
    lookback: int,
    lead: int,
    as_of: Day,
    seed: int,
    backtest: bool,
    campaigns: StatePlace | None,
    recipe: Mapping[str, Any],
    train_customers: int = TRAIN_CUSTOMERS,
    progress: Progress,
) -> ChurnModel:
    """Learn as :func:`train` does, from orders that have been read; ``recipe`` says from what and how."""
    current, choice = choose_windows(orders, as_of, horizon=horizon, lookback=lookback, lead=lead)
    chosen = plan_training(orders, current, most=train_customers, seed=seed)
    plan, drawn = chosen.plan, chosen.drawn
    exposures = read_exposures(campaigns)
    look = partial(backtest_orders, orders, current, seed=seed, exposures=exposures, progress=progress)
    tested = look(drawn=drawn[0]) if backtest else None
    tell = partial(progress, "features")
    build = partial(build_training_set, orders, plan, database=orders.database, drawn=drawn[0], progress=tell)
    data = choose_workers(orders).run(build, import_growers)[0]
    data = replace(data, past_bases=tuple(one for one in data.past_bases if not chosen.leaves_out(one.snapshot)))
    data, touched = mend_exposed(data, exposures, drawn[0])
    progress("fitting, and testing against the baselines", 0, 1)
    workers = choose_workers(orders, data)
    follow = partial(learn_from_past, drawn[0], data, seed=seed, leave_out=chosen.leaves_out)
    fit = partial(fit_and_test, data, plan, seed=seed, workers=workers)
    (followed, value), (result, fitted) = _follow_and_fit(orders, follow, fit, workers)
    grade = grade_model(evidence_of_test(result) if tested is None else evidence_of_backtest(tested))
    model, checked, about = _look_around(fitted, data, followed, value, seed=seed, workers=workers)
    progress("fitting, and testing against the baselines", 1, 1)
    card = make_card(orders, data, model, result, grade=grade, backtest=tested, choice=choice, seed=seed)
    card |= {**chosen.to_dict(), **describe_draw(drawn[1]), "outlook": describe_outlook(model.outlook, checked)}
    card |= about | {"value": describe_value(value), RECIPE: dict(recipe)}
    return ChurnModel(model, card | describe_exposures(exposures, touched))


def _follow_and_fit(orders: Orders, follow: Task, fit: Task, workers: Workers) -> list[Any]:
    """Do both side by side, or in turn where memory was set: fitting needs what the engine then gives up."""
    if orders.database is None or not orders.database.bounds_process:
        return workers.run(follow, fit)
    followed = follow()
    orders.database.make_room()  # what is left to ask of it is little
    return [followed, fit()]


def _look_around(
    fitted: FittedModel,
    data: TrainingSet,
    followed: Sequence[FollowUpData],
    value: KnownValue,
    *,
    seed: int,
    workers: Workers,
) -> tuple[FittedModel, OutlookCheck | None, dict[str, Any]]:
    """Give the model its outlook, and beside that find what its card tells of it."""
    (model, checked), drivers, reference = workers.run(
        lambda: look_ahead(fitted, followed, data, value, seed=seed),
        lambda: describe_drivers(fitted, data.current.values, seed=seed),
        lambda: make_reference(data, fitted, seed=seed),
    )
    return model, checked, {"drivers": drivers, MONITORING: reference.to_dict()}


def choose_windows(
    orders: Orders, as_of: Day, *, horizon: int | None, lookback: int, lead: int
) -> tuple[Snapshot, HorizonChoice | None]:
    """Give the snapshot at the day where the history ends, and how its horizon was chosen if it was not given."""
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
    """Backtest on a log, or on who was drawn of it: build each snapshot once, then train, score, compare at cutoffs."""
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
    if orders.database is not None:
        orders.database.make_room(data.held_bytes)
    tell, workers = partial(progress, "backtest"), choose_workers(orders, data)
    return run_backtest(data, plan, seed=seed, progress=tell, workers=workers)


def load(version: str | None = None, *, models_dir: str | Path = "models") -> ChurnModel:
    """Load a stored model that this installation, or a key that it trusts, has signed.

    Parameters
    ----------
    version : str, optional
        The version; by default the current one.
    models_dir : str or Path
        The folder of stored models.

    Raises
    ------
    StoreError
        Where there is none, or it was changed, signed by somebody else, or made by other versions.
    """
    folder = Path(models_dir)
    card = read_card(folder, version=version)
    expected = feature_fingerprint([feature["name"] for feature in card["features"]])
    stored = load_model(folder, version=version, feature_fingerprint=expected)
    return ChurnModel(stored.model, stored.card, stored.version, pack_files(stored.files))
