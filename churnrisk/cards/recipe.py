"""What a model was made with, so that one like it can be made again from its card alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from churnrisk.dated import DatedSource
from churnrisk.errors import SourceError
from churnrisk.orders import TRAIN_CUSTOMERS, IntakeOptions

RECIPE_FORMAT = 1
KEY = "recipe"
KEPT = (
    *("columns", "reject_limit", "decimal", "date_format", "encoding", "delimiter", "timezone", "rates", "rate_before"),
    *("fold_case", "fold_ids", "drop_duplicates", "table", "tables"),
    *("status", "count_pending", "reversals", "reversal_days", "no_customer_limit", "no_amounts"),
    *("amounts", "discount"),
    *("max_field_size", "max_size", "max_ratio", "max_columns", "max_cells", "max_depth", "max_memory", "max_seconds"),
)
"""Intake options that a card keeps: named one by one, so that no secret gets in by being new.

Not those of the machine (threads, memory, where rejects go), no query, which may name people, and no key of pseudonyms.
"""


MEANING = ("timezone", "count_pending", "reversals", "reversal_days", "no_amounts", "amounts", "discount")
"""Those of them that, beside ``status``, say what a row means: a model reads every log by its own."""


@dataclass(frozen=True)
class Recipe:
    """How to make a model.

    Parameters
    ----------
    horizon, lookback, lead : int
        Days.
    seed : int
        Of everything random.
    backtest : bool
        Whether it was graded by a backtest.
    purchases : str or None
        The source, as it was named; None where it was a frame or standard input.
    options : mapping
        Intake options, by the names of :class:`churnrisk.orders.IntakeOptions`: all that are not of the machine, or
        only the columns where the card is of an earlier churnrisk.
    notes : tuple of str
        What the card does not tell.
    train_customers : int
        How many customers it was to be learned from at most.
    """

    horizon: int
    lookback: int
    lead: int
    seed: int
    backtest: bool
    purchases: str | None
    options: Mapping[str, Any]
    notes: tuple[str, ...]
    train_customers: int = TRAIN_CUSTOMERS

    def source(self, given: str | None, configured: str | None) -> str:
        """Choose the purchases: the ones given, else those of the recipe if they are there, else the configured ones.

        Raises
        ------
        SourceError
            Where there are none of the three.
        """
        if given is not None:
            return given
        if self.purchases is not None and ("://" in self.purchases or _is_there(self.purchases)):
            return self.purchases
        if configured is not None:
            return configured
        known = "does not say what it was trained on" if self.purchases is None else f"names {self.purchases!r}"
        raise SourceError(
            f"the card {known}, which is not here. Name the purchases: churnrisk train FILE --like VERSION."
        )


def read_as_trained(options: IntakeOptions, card: Mapping[str, Any]) -> IntakeOptions:
    """The options by which a model reads a log: where nothing else was asked for, sales are what they were to it.

    A model that took pending orders for sales would find fewer purchases, and more risk, in a log without them.
    """
    kept = card.get(KEY)
    found = kept.get("options", {}) if isinstance(kept, Mapping) else {}
    default = IntakeOptions()
    unset = [name for name in MEANING if getattr(options, name) == getattr(default, name)]
    kept_too = {name: found[name] for name in unset if name in found}
    tables = {**_read_tables(found), **options.tables}
    return replace(options, **kept_too, status={**found.get("status", {}), **options.status}, tables=tables)


def _read_tables(found: Mapping[str, Any]) -> dict[str, DatedSource]:
    """Return the tables beside the purchases that a card names."""
    made = {}
    for name, one in found.get("tables", {}).items():
        told: dict[str, Any] = {**one, "attributes": tuple(one.get("attributes", ()))}
        made[name] = DatedSource(**told)
    return made


def _describe_tables(tables: Mapping[str, DatedSource]) -> dict[str, Any]:
    """Return what a card keeps of tables beside the purchases: no password, and no query, which may name people."""
    kept = {}
    for name, one in tables.items():
        told = {key: value for key, value in asdict(one).items() if value and key != "query"}
        kept[name] = {**told, "source": _without_password(one.source)}
    return kept


def describe_tables(recipe: Mapping[str, Any], tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a card keeps of tables beside the purchases: what each has gained, and where those kept are read.

    Parameters
    ----------
    recipe : mapping
        From :func:`describe_recipe`; it names every table that was tried.
    tables : sequence of mapping
        What became of each: ``table``, ``kept`` and its gain.
    """
    if not tables:
        return {KEY: dict(recipe)}
    kept, options = {one["table"] for one in tables if one["kept"]}, dict(recipe["options"])
    known = {name: one for name, one in options.pop("tables", {}).items() if name in kept}
    return {"tables": list(tables), KEY: {**recipe, "options": options | ({"tables": known} if known else {})}}


def _is_there(source: str) -> bool:
    return any(sign in source for sign in "*?[") or Path(source).exists()


def describe_recipe(
    purchases: Any, options: IntakeOptions, *, backtest: bool, train_customers: int = TRAIN_CUSTOMERS
) -> dict[str, Any]:
    """What a card keeps of how its model was made, beside windows and seed: no password, no query, no customer."""
    default = IntakeOptions()
    other = {name: getattr(options, name) for name in KEPT if getattr(options, name) != getattr(default, name)}
    if options.tables:
        other["tables"] = _describe_tables(options.tables)
    is_named = isinstance(purchases, str | Path) and str(purchases) != "-"
    return {
        "format": RECIPE_FORMAT,
        "purchases": _without_password(str(purchases)) if is_named else None,
        "has_query": options.query is not None,
        "has_pseudonyms": options.pseudonym_key is not None,
        "options": {name: dict(one) if isinstance(one, Mapping) else one for name, one in other.items()},
        "backtest": backtest,
        **({} if train_customers == TRAIN_CUSTOMERS else {"train_customers": train_customers}),
    }


def _without_password(place: str) -> str:
    """Take a password out of a database URL; it then comes from the environment."""
    return re.sub(r"(://[^/@:]*):[^@/]*@", r"\1@", place)


def read_recipe(card: Mapping[str, Any]) -> Recipe:
    """Read from a card how its model was made. A card of an earlier churnrisk tells less, and the notes say what."""
    windows, kept = card["snapshot"], card.get(KEY)
    notes: list[str] = []
    options: dict[str, Any]
    if not isinstance(kept, Mapping) or kept.get("format") != RECIPE_FORMAT:
        notes.append(
            "The card does not say with which intake options the model was made; the columns are taken from it, and "
            "everything else is found or comes from the settings."
        )
        kept, options = {}, {"columns": dict(card.get("intake", {}).get("columns", {}))}
    else:
        default = IntakeOptions()
        options = {name: getattr(default, name) for name in KEPT}
        options |= {name: value for name, value in kept["options"].items() if name in options}
        options["tables"] = _read_tables(kept["options"])
    if kept.get("has_query"):
        notes.append("The model was made from a database query, which a card does not keep: give --query again.")
    if kept.get("has_pseudonyms"):
        notes.append("The model was made under pseudonyms; give --pseudonymise with the same key, or set it.")
    return Recipe(
        int(windows["horizon_days"]),
        int(windows["lookback_days"]),
        int(windows["lead_days"]),
        int(card.get("seed", 0)),
        bool(kept.get("backtest", card.get("backtest") is not None)),
        kept.get("purchases"),
        options,
        tuple(notes),
        int(kept.get("train_customers", TRAIN_CUSTOMERS)),
    )


@dataclass(frozen=True)
class Difference:
    """Two cards side by side.

    Parameters
    ----------
    rows : tuple of mapping
        ``what``, ``then``, ``now``; figures and words.
    is_no_worse : bool
        Whether the new grade is no worse than the old one.
    """

    rows: tuple[Mapping[str, Any], ...]
    is_no_worse: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {"rows": [dict(one) for one in self.rows], "is_no_worse": self.is_no_worse}


def compare_cards(then: Mapping[str, Any], now: Mapping[str, Any]) -> Difference:
    """Say what differs between two models: data, libraries, features, and how they did on their own tests.

    The tests are of different days unless the data are the same, so a small difference of the figures says little.
    """
    rows = [
        {"what": what, "then": _get(then, path), "now": _get(now, path)}
        for what, path in (
            ("as of", "snapshot.as_of"),
            ("customers in the test", "test.customers"),
            ("churn rate in the test", "test.churn_rate"),
            ("AUC", "test.measures.churnrisk.auc.value"),
            ("log loss", "test.measures.churnrisk.log_loss.value"),
            ("calibration error", "test.measures.churnrisk.calibration_error.value"),
            ("grade", "grade.letter"),
            ("kind", "kind"),
            ("churnrisk", "churnrisk"),
            *((name, f"versions|{name}") for name in ("python", "scikit-learn", "numpy")),
        )
    ]
    rows.append({"what": "data", "then": "", "now": _say_data(then, now)})
    rows.append({"what": "features", "then": len(_features(then)), "now": len(_features(now))})
    changed = sorted(_features(then) ^ _features(now))
    if changed:
        rows.append({"what": "features that only one has", "then": "", "now": ", ".join(changed[:5])})
    letters = [_get(card, "grade.letter") or "Z" for card in (then, now)]
    return Difference(tuple(rows), letters[1] <= letters[0])


def _say_data(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    return "the same" if then.get("data_fingerprint") == now.get("data_fingerprint") else "other orders"


def _features(card: Mapping[str, Any]) -> set[str]:
    return {one["name"] for one in card.get("features", [])}


def _get(card: Mapping[str, Any], path: str) -> Any:
    """Look up a value by its path; names with a dot in them stand behind a bar."""
    value: Any = card
    for part in path.split("|") if "|" in path else path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
