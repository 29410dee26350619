"""The list of all features, which of them a log supports, and a fingerprint of a selection.

A model keeps the names and the fingerprint of its features. Where a name, a meaning or the recipe has changed
since, the model is refused rather than fed something else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from churnrisk.errors import ColumnError, IncompatibleModel
from churnrisk.features.base import PurchaseLog
from churnrisk.features.beside import beside_feature, check_beside
from churnrisk.features.families import FAMILIES
from churnrisk.features.feature import Feature, WholeNumber

RECIPE_VERSION = 1
"""Raise it when a feature's value changes for the same orders while its meaning still reads the same."""

ALL_FEATURES: tuple[Feature, ...] = tuple(feature for family in FAMILIES for feature in family.module.FEATURES)
FEATURES_BY_NAME = {feature.name: feature for feature in ALL_FEATURES}
WHOLE_NUMBERS: dict[str, WholeNumber] = {
    number.name: number for family in FAMILIES for number in family.module.WHOLE_NUMBERS
}

_REASONS = {
    "amounts": "the log has no amounts",
    "quantities": "the log has no numbers of items",
    "products": "the log names no products",
    "categories": "the log names no categories",
    "returns": "the log has neither amounts nor numbers of items, so no returns",
}

_COLUMNS = {
    "amounts": "amount",
    "quantities": "quantity",
    "products": "product_id",
    "categories": "category",
    "returns": "amount or quantity",
}
"""What a log without one of them has no column for."""


@dataclass(frozen=True)
class LogFacts:
    """What a log has, as far as features depend on it."""

    has_amounts: bool = True
    has_quantities: bool = True
    has_products: bool = True
    has_categories: bool = True

    @classmethod
    def of(cls, log: PurchaseLog | LogFacts) -> LogFacts:
        """Note what a log has."""
        return cls(log.has_amounts, log.has_quantities, log.has_products, log.has_categories)

    def lacks(self, need: str) -> bool:
        """Tell whether a need of a feature is not met."""
        if need == "returns":
            return not (self.has_amounts or self.has_quantities)
        met: bool = getattr(self, f"has_{need}")
        return not met


def catalogue(log: PurchaseLog | LogFacts | None = None) -> tuple[Feature, ...]:
    """Return the features that a log supports, in a fixed order.

    Parameters
    ----------
    log : PurchaseLog or LogFacts, optional
        The log; without one, all features are given.

    See Also
    --------
    left_out : the others, with the reason.
    """
    missing = {} if log is None else left_out(log)
    return tuple(feature for feature in ALL_FEATURES if feature.name not in missing)


def feature_of(name: str) -> Feature | None:
    """Return the feature of a name, one of a table beside the purchases too; None for one that is not known."""
    return FEATURES_BY_NAME.get(name) or beside_feature(name)


def tell_feature(name: str) -> str:
    """Return what a feature means, without its edge cases; the name of one that is not known, such as an older one.

    >>> tell_feature("silence_tenure_share")
    'Share of the tenure that has passed since the last purchase day'
    """
    feature = feature_of(name)
    return name if feature is None else feature.meaning.partition(";")[0].rstrip(".")


def left_out(log: PurchaseLog | LogFacts) -> dict[str, str]:
    """Return the features that a log does not support, each with the reason in words."""
    facts = LogFacts.of(log)
    lacking = {need: reason for need, reason in _REASONS.items() if facts.lacks(need)}
    return {feature.name: lacking[need] for feature in ALL_FEATURES for need in feature.needs[:1] if need in lacking}


def select_features(log: PurchaseLog | LogFacts, names: Sequence[str] | None = None) -> tuple[Feature, ...]:
    """Return the named features of purchases, or all that the log supports; those of tables are checked only.

    Raises
    ------
    IncompatibleModel
        Where a name is not in the catalogue of this version.
    ColumnError
        Where the log cannot support a named feature.
    """
    if names is None:
        return catalogue(log)
    unknown = [name for name in names if feature_of(name) is None]
    if unknown:
        raise IncompatibleModel(
            f"this version of churnrisk has no feature {unknown[0]!r} (nor {len(unknown) - 1} others that were asked "
            "for); train the model again."
        )
    check_beside(log, names)
    reasons = {reason for name, reason in left_out(log).items() if name in set(names)}
    if reasons:
        said = [f"{_REASONS[need]} (no column {_COLUMNS[need]})" for need in _REASONS if _REASONS[need] in reasons]
        raise ColumnError(
            f"the features that were asked for cannot be made: {'; '.join(said)}. Score a file with the "
            "same columns as the one that the model was trained on, or train a model on a log without them.",
            code="model.features_not_in_file",
        )
    return tuple(FEATURES_BY_NAME[name] for name in names if name in FEATURES_BY_NAME)


def whole_numbers_of(features: Iterable[Feature]) -> tuple[WholeNumber, ...]:
    """Return the whole numbers that features are made of, each once, in the catalogue's order."""
    wanted = {name for feature in features for name in feature.inputs}
    return tuple(number for name, number in WHOLE_NUMBERS.items() if name in wanted)


def feature_fingerprint(names: Sequence[str]) -> str:
    """Return a digest over names, units, meanings and the recipe's version, in the order of ``names``.

    Equal fingerprints mean that two installations fill the columns of a feature matrix with the same things.
    """
    digest = hashlib.sha256(f"recipe {RECIPE_VERSION}\n".encode())
    for name in names:
        feature = feature_of(name)  # a card of another version may name one that is not here
        text = name if feature is None else f"{feature.name}\t{feature.unit}\t{feature.meaning}"
        digest.update(f"{text}\n".encode())
    return digest.hexdigest()
