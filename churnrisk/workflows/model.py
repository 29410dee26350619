"""Keep, load and use a model from Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from churnrisk.cards import read_as_trained
from churnrisk.explain import explain_customer, make_finder, score_with_reasons
from churnrisk.features import feature_fingerprint
from churnrisk.forecast import Valuation
from churnrisk.learning import FittedModel
from churnrisk.orders import IntakeOptions, read_orders
from churnrisk.planning import Day, choose_as_of
from churnrisk.schema import By, ReasonsFor
from churnrisk.store import PackedModel, load_model, pack_files, pack_model, read_card, save_model
from churnrisk.week_list import OneCustomer, read_purchased, tell_why
from churnrisk.workflows.frames import library_of, to_frame


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
        """Return the model as signed bytes, to be verified and loaded on other machines."""
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
    ) -> Any:
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
        DataFrame
            Of pandas; of Polars or Arrow where the purchases came as such a frame.
            One row per customer: ``customer_id, as_of, status, churn_probability, risk, risk_rank,
            days_since_last_order, order_count, total_amount``, and then the outlook: churn probabilities within 30, 60,
            90 and 180 days, ``next_order_on`` with its interval, ``expected_value_horizon, expected_value_365_days,
            value_at_risk, value_at_risk_most``, and ``return_probability`` of those who have lapsed. Where reasons are
            asked for, they stand last: ``reason_1, reason_2, reason_3``.
        """
        valuation, library = Valuation(discount_rate=discount_rate), library_of(purchases)
        chosen = read_as_trained(IntakeOptions(engine=engine, columns=dict(columns or {})), self.card)
        with read_orders(purchases, chosen) as orders:
            day = choose_as_of(self.model, orders, as_of)
            finder = make_finder(self.model, reasons, top=top, by=by)
            scores = score_with_reasons(finder, self.model, orders, day, by=by, valuation=valuation)
            return to_frame(scores.columns, library)

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
        chosen = read_as_trained(IntakeOptions.of(columns, options), self.card)
        with read_orders(purchases, chosen) as orders:
            own = options.own_id(customer_id) if options is not None else customer_id
            day = choose_as_of(self.model, orders, as_of)
            found = explain_customer(self.model, orders, day, own)
            bought = read_purchased(orders, [own], day, names={})[own]
            texts = [one["text"] for one in found["reasons"]]
            customer = OneCustomer("contact", bought, texts, found["churn_probability"])
            return {**found, "why": tell_why(customer, as_of=day, horizon=found["horizon_days"])}

    def save(self, models_dir: str | Path = "models", *, promote: bool = True) -> str:
        """Store the model, signed with this installation's key, and give its version."""
        self.version = save_model(self.model, self.card, models_dir=Path(models_dir), promote=promote)
        return self.version


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
