"""The columns that learners see: logarithms of the features, a few smoothed ratios of them, and a model of silence.

Every column of a row depends on that row alone, so that batches equal the whole. What a feature leaves undefined
stays NaN here; each learner says what stands in for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from churnrisk.btyd import BtydModel, Summary
from churnrisk.features import TOLD_AS, feature_of
from churnrisk.regression.linear import to_log_odds
from churnrisk.regression.table_columns import inputs_of_made, made_of_tables, make_of_table, terms_of_tables
from churnrisk.timeline import Snapshot
from churnrisk.types import Floats

Named = Mapping[str, Floats]

SILENCE = "silence_log_odds"
"""Log-odds of no purchase in the outcome window under the buy-till-you-die model."""

ALIVE = "alive_log_odds"
RATIO_FLOOR = 0.05


@dataclass(frozen=True)
class Design:
    """From feature rows to columns.

    Parameters
    ----------
    features : tuple of str
        The features, in order.
    snapshot : Snapshot
        The windows of the model; the horizon enters some columns.
    columns : tuple of str
        What :meth:`apply` gives.
    """

    features: tuple[str, ...]
    snapshot: Snapshot
    columns: tuple[str, ...]

    @classmethod
    def of(cls, features: Sequence[str], snapshot: Snapshot) -> Design:
        """Note which columns these features allow."""
        known = set(features)
        made = (name for name, recipe in RECIPES.items() if name not in known and known.issuperset(recipe.inputs))
        return cls(tuple(features), snapshot, (*features, *made, *made_of_tables(features), SILENCE, ALIVE))

    @property
    def has_tables(self) -> bool:
        """Whether some features are of tables beside the purchases."""
        return any("." in name for name in self.features)

    def apply(self, values: Floats, silence: BtydModel | None, *, into: Floats | None = None) -> Floats:
        """Return the columns of feature rows.

        Parameters
        ----------
        values : ndarray of shape (n, p)
            Feature rows, NaN where missing.
        silence : BtydModel or None
            Fitted to all customers before a cutoff; where there is none, its columns are 0.
        into : ndarray of shape (n, len(columns)), optional
            Where to put them, in place of an array of their own.

        Returns
        -------
        ndarray of float64, shape (n, len(columns)), Fortran order
        """
        raw = {name: np.ascontiguousarray(values[:, place]) for place, name in enumerate(self.features)}
        table = np.empty((len(values), len(self.columns)), order="F") if into is None else into
        for place, name in enumerate(self.columns[:-2]):
            table[:, place] = _make_column(name, raw, self.snapshot)
        table[:, -2], table[:, -1] = silence_columns(raw, self.snapshot, silence)
        return table


def _make_column(name: str, raw: Named, snapshot: Snapshot) -> Floats:
    if name.partition("=")[0].endswith(".days_since_last_row"):
        return _flatten_silence(raw[name], raw.get(f"{name.partition('.')[0]}.row_count"), snapshot)
    if inputs_of_made(name):
        return make_of_table(name, raw)
    recipe = RECIPES.get(name)
    if recipe is not None and all(one in raw for one in recipe.inputs):
        return recipe.make(raw, snapshot)
    return flatten(name, raw[name])


def _flatten_silence(days: Floats, row_count: Floats | None, snapshot: Snapshot) -> Floats:
    """Take logarithms of the days since the last row of a table: never is far away where the table existed."""
    farthest = 2.0 * snapshot.lookback
    never = farthest if row_count is None else np.where(np.isnan(row_count), np.nan, farthest)
    return signed_log(np.where(np.isnan(days), never, np.minimum(days, farthest)))


@dataclass(frozen=True)
class Recipe:
    """A column made from several features."""

    inputs: tuple[str, ...]
    make: Callable[[Named, Snapshot], Floats]


def flatten(name: str, values: Floats) -> Floats:
    """Bring a feature to a scale on which equal steps mean as much: shares as they are, all else as logarithms."""
    if name.endswith("_share"):
        return values
    if name.endswith("_ratio"):
        ratio: Floats = np.log(np.maximum(values, 0) + RATIO_FLOOR)
        return ratio
    return signed_log(values)


def signed_log(values: Floats) -> Floats:
    """Take logarithms of size, keeping sign and zero: amounts and gaps spread over orders of magnitude."""
    logs: Floats = np.sign(values) * np.log1p(np.abs(values))
    return logs


def silence_columns(raw: Named, snapshot: Snapshot, model: BtydModel | None) -> tuple[Floats, Floats]:
    """Return the log-odds of no purchase in the outcome window, and of being alive, under a buy-till-you-die model."""
    days = raw["purchase_day_count"]
    if model is None or not len(days):
        return np.zeros(len(days)), np.zeros(len(days))
    summary = Summary(days - 1, raw["days_from_first_to_last_order"], raw["tenure_days"])
    silent = model.no_purchase_probability(summary, snapshot.horizon, lead=snapshot.lead)
    return to_log_odds(silent), to_log_odds(model.alive_probability(summary))


def smoothed_odds(part: Floats, whole: Floats, *, add: float = 0.5) -> Floats:
    """Return the log-odds of a share of counts, drawn towards even where the counts are small."""
    odds: Floats = np.log((part + add) / np.maximum(whole - part + add, add))
    return odds


def log_ratio(top: Floats, bottom: Floats, *, add: float = 0.5) -> Floats:
    """Return the logarithm of a ratio of counts, drawn towards 0 where the counts are small."""
    ratio: Floats = np.log((top + add) / (bottom + add))
    return ratio


def _is_count(days: int) -> Recipe:
    return Recipe(("purchase_day_count",), lambda raw, _: (raw["purchase_day_count"] == days) * 1.0)


def _overdue(gap: str) -> Recipe:
    inputs = ("days_since_last_order", gap)
    return Recipe(inputs, lambda raw, _: np.log1p(raw["days_since_last_order"]) - np.log1p(raw[gap]))


def _trend(top: Sequence[str], bottom: Sequence[str]) -> Recipe:
    def make(raw: Named, _: Snapshot) -> Floats:
        return log_ratio(_total(raw, top), _total(raw, bottom))

    return Recipe((*top, *bottom), make)


def _total(raw: Named, names: Sequence[str]) -> Floats:
    total = raw[names[0]].copy()
    for name in names[1:]:
        total += raw[name]
    return total


def _lived_horizons(raw: Named, snapshot: Snapshot) -> Floats:
    lived: Floats = np.ceil(raw["tenure_days"] / snapshot.horizon)
    return lived


def _active_share(last: int | None) -> Recipe:
    name = "active_horizon_count" if last is None else f"active_horizon_count_last_{last}_horizons"

    def make(raw: Named, snapshot: Snapshot) -> Floats:
        lived = _lived_horizons(raw, snapshot)
        return smoothed_odds(raw[name], lived if last is None else np.minimum(lived, last))

    return Recipe((name, "tenure_days"), make)


def _rate(raw: Named, snapshot: Snapshot) -> Floats:
    rate: Floats = np.log(raw["purchase_day_count"] / (raw["tenure_days"] + snapshot.horizon))
    return rate


def _pace(raw: Named, _: Snapshot) -> Floats:
    expected = raw["purchase_day_count"] / (raw["tenure_days"] + 1) * 90
    return log_ratio(raw["purchase_day_count_last_90d"], expected)


def _turn_of_90_days(raw: Named, _: Snapshot) -> Floats:
    turn: Floats = np.arcsinh(2 * raw["purchase_day_count_last_90d"] - raw["purchase_day_count_last_180d"])
    return turn


def _returned_in_time(raw: Named, _: Snapshot) -> Floats:
    return smoothed_odds(raw["gap_count_ending_in_outcome"], raw["gap_count_not_outlived"])


def _within_horizon(raw: Named, _: Snapshot) -> Floats:
    gaps = raw["purchase_day_count"] - 1
    within = np.where(gaps > 0, raw["gaps_within_horizon_share"], 0.0) * gaps
    return smoothed_odds(within, gaps)


def _season_excess(raw: Named, snapshot: Snapshot) -> Floats:
    chance = min(1.0, (snapshot.horizon + 30) / 365)
    return log_ratio(raw["season_purchase_day_count_wide"], raw["purchase_day_count"] * chance)


def _season_share_wide(raw: Named, _: Snapshot) -> Floats:
    return raw["season_purchase_day_count_wide"] / raw["purchase_day_count"]


def _season_share(raw: Named, _: Snapshot) -> Floats:
    return raw["season_purchase_day_count"] / raw["purchase_day_count"]


def _was_there(raw: Named, snapshot: Snapshot) -> Floats:
    return np.asarray(raw["tenure_days"] >= 365 - snapshot.horizon / 2, dtype=np.float64)


def _gap_variation(raw: Named, _: Snapshot) -> Floats:
    variation: Floats = np.log((raw["std_gap_days"] + 1) / (raw["mean_gap_days"] + 1))
    return variation


def _last_gap(raw: Named, _: Snapshot) -> Floats:
    return np.log1p(raw["last_gap_days"]) - np.log1p(raw["mean_gap_days"])


def _return_rate(raw: Named, _: Snapshot) -> Floats:
    return log_ratio(raw["return_count"], raw["order_count"], add=0.1)


_LAST, _BEFORE = "purchase_day_count_last_horizon", "purchase_day_count_horizon_before_last"
_THIRD, _FOURTH = "purchase_day_count_third_last_horizon", "purchase_day_count_fourth_last_horizon"
_FOUR, _FOUR_BEFORE = "purchase_day_count_last_4_horizons", "purchase_day_count_4_horizons_before_last_4"

RECIPES: Mapping[str, Recipe] = {
    "is_one_day": _is_count(1),
    "is_two_days": _is_count(2),
    "is_three_days": _is_count(3),
    "purchase_day_rate": Recipe(("purchase_day_count", "tenure_days"), _rate),
    "pace_last_90d_ratio": Recipe(("purchase_day_count", "tenure_days", "purchase_day_count_last_90d"), _pace),
    "turn_of_90_days": Recipe(("purchase_day_count_last_90d", "purchase_day_count_last_180d"), _turn_of_90_days),
    "last_horizon_purchase_day_share": _trend((_LAST,), (_BEFORE,)),
    "last_2_horizons_trend": _trend((_LAST, _BEFORE), (_THIRD, _FOURTH)),
    "last_4_horizons_purchase_day_share": _trend((_FOUR,), (_FOUR_BEFORE,)),
    "active_horizon_share": _active_share(None),
    "active_of_4_horizons_share": _active_share(4),
    "active_of_12_horizons_share": _active_share(12),
    "overdue_mean_gap_ratio": _overdue("mean_gap_days"),
    "overdue_median_gap_ratio": _overdue("median_gap_days"),
    "overdue_upper_quartile_gap_ratio": _overdue("upper_quartile_gap_days"),
    "overdue_upper_octile_gap_ratio": _overdue("upper_octile_gap_days"),
    "overdue_max_gap_ratio": _overdue("max_gap_days"),
    "overdue_std_gap_ratio": Recipe(
        ("overdue_std_gap_ratio",), lambda raw, _: np.arcsinh(raw["overdue_std_gap_ratio"])
    ),
    "gap_variation_ratio": Recipe(("std_gap_days", "mean_gap_days"), _gap_variation),
    "last_gap_over_mean": Recipe(("last_gap_days", "mean_gap_days"), _last_gap),
    "own_return_share": Recipe(("gap_count_ending_in_outcome", "gap_count_not_outlived"), _returned_in_time),
    "gaps_within_horizon_share": Recipe(("purchase_day_count", "gaps_within_horizon_share"), _within_horizon),
    "was_there_a_year_ago": Recipe(("tenure_days",), _was_there),
    "season_purchase_day_share": Recipe(("season_purchase_day_count", "purchase_day_count"), _season_share),
    "season_share_wide": Recipe(("season_purchase_day_count_wide", "purchase_day_count"), _season_share_wide),
    "season_excess": Recipe(("season_purchase_day_count_wide", "purchase_day_count"), _season_excess),
    "return_rate": Recipe(("return_count", "order_count"), _return_rate),
}
"""Columns made otherwise than by :func:`flatten`; one is made where all its inputs are among a model's features.

One that is named as a feature takes its place: the same thing, without gaps and drawn together where counts are small.
"""

FAMILY_OF_MADE: Mapping[str, str] = {
    "is_one_day": "frequency",
    "is_two_days": "frequency",
    "is_three_days": "frequency",
    "active_of_4_horizons_share": "frequency",
    "active_of_12_horizons_share": "frequency",
    "turn_of_90_days": "trend",
    "last_2_horizons_trend": "trend",
    "last_gap_over_mean": "rhythm",
    "was_there_a_year_ago": "season",
    "season_share_wide": "season",
    "season_excess": "season",
    SILENCE: "rhythm",  # as the catalogue has it for all that measures the silence by the customer's own pace
    ALIVE: "rhythm",
}
"""The family of each column that is no feature; one that is named as a feature has the feature's family."""


def families_of(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the family that reasons count each column to."""
    return tuple(_family_of(name) for name in columns)


def _family_of(column: str) -> str:
    made = inputs_of_made(column)
    feature = feature_of(made[0] if made else column)
    return FAMILY_OF_MADE[column] if feature is None else TOLD_AS.get(feature.family, feature.family)


SQUARES = (
    "days_since_last_order",
    "tenure_days",
    "days_from_first_to_last_order",
    "purchase_day_count",
    "silence_tenure_share",
    "overdue_mean_gap_ratio",
    "overdue_max_gap_ratio",
    "purchase_day_count_last_90d",
    "purchase_day_count_last_365d",
    "purchase_day_rate",
    "active_horizon_share",
    "own_return_share",
    "mean_order_amount",
    "mean_order_line_count",
    "mean_gap_days",
    SILENCE,
)
PRODUCTS = (
    ("days_since_last_order", "purchase_day_count"),
    ("days_since_last_order", "tenure_days"),
    ("purchase_day_count", "tenure_days"),
    ("days_since_last_order", "mean_gap_days"),
    ("overdue_mean_gap_ratio", "purchase_day_count"),
    ("overdue_mean_gap_ratio", "gap_variation_ratio"),
    ("active_horizon_share", "days_since_last_order"),
    ("own_return_share", "purchase_day_count"),
    ("mean_order_amount", "purchase_day_count"),
    (SILENCE, "purchase_day_count"),
    (SILENCE, "days_since_last_order"),
    (SILENCE, "tenure_days"),
)
"""Squares and products of standardised columns that the linear part sees besides."""

TABLE_PARTNERS = ("days_since_last_order", SILENCE, "purchase_day_count")
"""What columns of tables are multiplied with."""


def find_terms(columns: Sequence[str]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return which columns the linear part also sees squared, and which multiplied, those of tables included."""
    squares, products = terms_of_tables(columns, TABLE_PARTNERS)
    return (*SQUARES, *squares), (*PRODUCTS, *products)
