"""Features of purchases as a transformer of scikit-learn, and the rows that it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import narwhals as nw
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from churnrisk.features import catalogue, customer_features
from churnrisk.labels import label_churn
from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.planning import Day, training_as_of
from churnrisk.sklearn.split import CUTOFF, read_cutoffs
from churnrisk.timeline import DEFAULT_LOOKBACK, Snapshot, date_of, plan_snapshots
from churnrisk.types import Floats, Integers

if TYPE_CHECKING:
    import pandas as pd

CUSTOMER = "customer_id"


class PurchaseFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """From customers and cutoffs to the features of their purchases before the cutoff.

    A row of ``X`` is a customer and a cutoff, the answer a row of features. Nothing is learned: what a row gives
    depends on the purchases of its customer before its cutoff alone. So the features of all snapshots may be made once,
    before a search over classifiers; in a :class:`~sklearn.pipeline.Pipeline` they are made anew for every fit, unless
    it has a ``memory``.

    Parameters
    ----------
    purchases : str, Path or frame
        The purchase history, as for :func:`churnrisk.read_orders`.
    horizon : int
        Days of the outcome window, to which some features are tied.
    lookback : int
        Days of the observation window.
    lead : int
        Days between the cutoff and the first day that counts.
    columns : mapping, optional
        What your columns stand for, as ``{"customer_id": "Klient"}``, where their names do not say it.
    options : IntakeOptions, optional
        Everything else about reading, in place of ``columns``.

    Attributes
    ----------
    n_features_in_ : int
        Columns of ``X``: two.

    Raises
    ------
    ChurnriskError
        Where the purchases cannot be read.
    ValueError
        For a customer without a purchase before the cutoff: there is nothing to tell of it.

    See Also
    --------
    docs/reference/features.md : Each feature, with its unit and meaning.

    Examples
    --------
    >>> from churnrisk.sklearn import PurchaseFeatures
    >>> features = PurchaseFeatures("data/purchases.csv", horizon=90).set_output(transform="pandas")
    >>> table = features.fit_transform([["13047", "2011-06-01"], ["13748", "2011-06-01"]])
    >>> table[["days_since_last_order", "order_count"]].values.tolist()
    [[28.0, 20.0], [41.0, 7.0]]
    """

    def __init__(
        self,
        purchases: Any,
        *,
        horizon: int,
        lookback: int = DEFAULT_LOOKBACK,
        lead: int = 0,
        columns: Mapping[str, str] | None = None,
        options: IntakeOptions | None = None,
    ) -> None:
        self.purchases = purchases
        self.horizon = horizon
        self.lookback = lookback
        self.lead = lead
        self.columns = columns
        self.options = options

    def fit(self, X: Any, y: Any = None) -> Self:
        """Note which features the purchases support.

        Parameters
        ----------
        X : array-like of shape (n_samples, 2)
            A column ``customer_id``, with ids as the purchases are read, and a column ``cutoff``; in this order where
            they have no names.
        y : array-like, optional
            Not looked at.
        """
        validate_data(self, X, skip_check_array=True)
        _read_rows(X)
        with self._opened() as orders:
            self.names_ = tuple(feature.name for feature in catalogue(orders))
        return self

    def transform(self, X: Any) -> Floats:
        """Return the features of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, 2)
            As for :meth:`fit`.

        Returns
        -------
        ndarray of float64, shape (n_samples, n_features), or a frame after ``set_output``
            NaN where a feature is missing.
        """
        check_is_fitted(self)
        customers, days = _read_rows(X)
        values = np.empty((len(days), len(self.names_)))
        with self._opened() as orders:
            for day in np.unique(days):
                rows = np.flatnonzero(days == day)
                values[rows] = self._ask(orders, int(day), customers[rows])
        return values

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the features."""
        check_is_fitted(self)
        return np.array(self.names_, dtype=object)

    def _opened(self) -> Orders:
        return read_orders(self.purchases, IntakeOptions.of(self.columns, self.options))

    def _ask(self, orders: Orders, day: int, customers: np.ndarray) -> Floats:
        snapshot = Snapshot(day, self.lookback, self.horizon, self.lead)
        found = customer_features(orders, snapshot, who="all", names=self.names_, database=orders.database)
        place_of = {customer: place for place, customer in enumerate(found.customer_ids.tolist())}
        unknown = next((one for one in customers.tolist() if one not in place_of), None)
        if unknown is not None:
            raise ValueError(f"customer {unknown!r} has no purchase before {date_of(day)}: there is nothing to tell.")
        return found.values[[place_of[one] for one in customers.tolist()]]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # of numbers, which scikit-learn's checks would give it
        tags.input_tags.string = True
        tags.requires_fit = True
        return tags


def make_snapshots(
    purchases: Any,
    *,
    horizon: int,
    lookback: int = DEFAULT_LOOKBACK,
    lead: int = 0,
    as_of: Day = None,
    n_snapshots: int = 12,
    columns: Mapping[str, str] | None = None,
    options: IntakeOptions | None = None,
) -> tuple[pd.DataFrame, Integers]:
    """Return the customers of the newest snapshots whose outcome is known, and which of them churned.

    Parameters
    ----------
    purchases, horizon, lookback, lead, columns, options
        As for :class:`PurchaseFeatures`.
    as_of : str or date, optional
        The first day that is not known. By default the day after the last order.
    n_snapshots : int
        Most snapshots; they are a third of ``lead`` and ``horizon`` apart.

    Returns
    -------
    X : DataFrame of shape (n_samples, 2)
        ``customer_id`` and ``cutoff``: the customers active then; oldest cutoff first, each sorted by customer.
    y : ndarray of int64, shape (n_samples,)
        1 for no purchase in the outcome window.

    Raises
    ------
    ChurnriskError
        Where the purchases cannot be read, or not even one outcome window fits into them.

    Examples
    --------
    >>> from churnrisk.sklearn import make_snapshots
    >>> X, y = make_snapshots("data/customers.csv", horizon=90, n_snapshots=2)
    >>> X["cutoff"].dt.strftime("%Y-%m-%d").unique().tolist(), round(float(y.mean()), 2)
    (['2011-08-12', '2011-09-11'], 0.56)
    """
    import pandas as pd

    with read_orders(purchases, IntakeOptions.of(columns, options)) as orders:
        current = Snapshot(training_as_of(orders, as_of), lookback, horizon, lead)
        plan = plan_snapshots(orders.first_day, current, count=n_snapshots)
        found = [(one, *label_churn(orders, one)) for one in plan.labelled]
    days = np.concatenate([np.full(len(ids), one.cutoff) for one, ids, _ in found])
    X = {CUSTOMER: np.concatenate([ids for _, ids, _ in found]), CUTOFF: days.astype("datetime64[D]")}
    return pd.DataFrame(X), np.concatenate([churned for *_, churned in found]).astype(np.int64)


def _read_rows(X: Any) -> tuple[np.ndarray, Integers]:
    """Return the customers and the days of their cutoffs."""
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        lacking = [name for name in (CUSTOMER, CUTOFF) if name not in frame.columns]
        if lacking:
            raise ValueError(f"X has no column {lacking[0]!r}; its columns are {', '.join(frame.columns)}.")
        customers, cutoffs = frame[CUSTOMER].to_list(), frame[CUTOFF].to_numpy()
    else:
        table = np.asarray(X, dtype=object)
        if table.ndim != 2 or table.shape[1] != 2:
            raise ValueError(f"X has the shape {table.shape}; two columns are needed, {CUSTOMER} and {CUTOFF}.")
        customers, cutoffs = table[:, 0].tolist(), table[:, 1]
    return np.array([str(one) for one in customers], dtype=object), read_cutoffs(cutoffs)
