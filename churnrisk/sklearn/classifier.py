"""The learner as a classifier of scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from churnrisk.learning import fit_table

_MOST_SEED = 2**31 - 1


class ChurnClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The learner of churnrisk on any table of numbers: who of two kinds a row belongs to.

    The log-odds of a ridge-penalised logistic regression, of extremely randomised trees and of boosted trees are
    averaged; the fewer rows of the rarer class, the nearer to the rate of the classes. The mean probability is the
    rate that was learned from. :func:`churnrisk.train` does more: it forecasts that rate, and chooses the weights of
    the parts by a test.

    Parameters
    ----------
    C : float
        Inverse of the penalty of the logistic regression.
    n_estimators : int
        Trees that are averaged; half as many more on few rows.
    max_iter : int
        Trees that are boosted; half as many more on few rows.
    random_state : int, RandomState instance or None
        Of everything random. With a whole number the same table gives the same bytes.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The classes; probabilities are of the second one in the second column.
    n_features_in_ : int
        Columns that were learned from.
    feature_names_in_ : ndarray of str
        Their names, where the table has some.
    n_iter_ : int
        Trees that were boosted.

    Raises
    ------
    ValueError
        For other than two classes, an infinite value, or a table that scikit-learn does not take.

    Notes
    -----
    Geurts, P., Ernst, D. & Wehenkel, L. (2006), Extremely randomized trees, Machine Learning 63, 3-42; Friedman, J.
    (2001), Greedy function approximation: a gradient boosting machine, Annals of Statistics 29, 1189-1232.

    Examples
    --------
    >>> import numpy as np
    >>> from churnrisk.sklearn import ChurnClassifier
    >>> X = np.arange(400.0).reshape(-1, 1)
    >>> model = ChurnClassifier().fit(X, X[:, 0] >= 200)
    >>> model.predict([[10.0], [390.0], [np.nan]]).tolist()[:2]
    [False, True]
    """

    def __init__(
        self,
        *,
        C: float = 0.002,
        n_estimators: int = 60,
        max_iter: int = 80,
        random_state: Any = 0,
    ) -> None:
        self.C = C
        self.n_estimators = n_estimators
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from a table.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN where one is missing.
        y : array-like of shape (n_samples,)
            Two classes.
        """
        values, target = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        check_classification_targets(target)
        kind = type_of_target(target, input_name="y")
        if kind != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        self.classes_, churned = np.unique(target, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class only, {self.classes_[0]}; rows of two are needed.")
        if not (self.C > 0 and self.n_estimators >= 1 and self.max_iter >= 1):
            raise ValueError(
                f"C={self.C}, n_estimators={self.n_estimators}, max_iter={self.max_iter}: each must be above 0."
            )
        self.model_ = fit_table(
            values,
            churned.astype(np.float64),
            [str(name) for name in getattr(self, "feature_names_in_", range(values.shape[1]))],
            trees=self.n_estimators,
            rounds=self.max_iter,
            strength=self.C,
            seed=_seed_of(self.random_state),
        )
        self.n_iter_ = self.model_.rounds
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            As for :meth:`fit`.

        Returns
        -------
        ndarray of shape (n_samples, 2)
            In the order of ``classes_``.
        """
        check_is_fitted(self)
        values = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        probability = self.model_.predict(values)
        return np.column_stack([1 - probability, probability])

    def predict(self, X: Any) -> np.ndarray:
        """Return the more probable class of each row."""
        probability = self.predict_proba(X)[:, 1]
        found: np.ndarray = self.classes_[(probability > 0.5).astype(int)]
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags


def _seed_of(random_state: Any) -> int:
    if isinstance(random_state, int):
        return random_state
    return int(check_random_state(random_state).randint(_MOST_SEED))
