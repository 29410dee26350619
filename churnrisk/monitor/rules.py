"""Rules such as ``psi > 0.2``: a name, a comparison, a number, and nothing else. Nothing is ever evaluated."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from churnrisk.errors import SettingsError

LONGEST = 200
_RULE = re.compile(r"[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*(<=|>=|<|>)[ \t]*(-?[0-9]+(?:\.[0-9]+)?)[ \t]*")
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
STOPPED_TABLES = "stopped_tables"
EXAMPLES = ("retention_rate < 0.7", "psi > 0.2", "days_since_last_purchase > 3")


@dataclass(frozen=True)
class Watched:
    """A number that a rule may name."""

    name: str
    unit: str
    meaning: str


WATCHED: tuple[Watched, ...] = (
    Watched("days_since_last_purchase", "days", "from the last purchase in the log to today, or to `--as-of`"),
    Watched("purchases_last_week", "purchases", "customers times days, in the last seven days of the log"),
    Watched("purchases_to_usual_ratio", "ratio", "that over the median of the thirteen weeks before"),
    Watched("purchases_spreads_from_usual", "spreads", "distance from that median, below 0 for fewer purchases"),
    Watched("new_customers_last_week", "customers", "first purchases in the last seven days of the log"),
    Watched("new_customers_to_usual_ratio", "ratio", "that over the median of the thirteen weeks before"),
    Watched("rejected_share", "share", "rows set aside by the intake; those without a customer id do not count"),
    Watched(
        STOPPED_TABLES,
        "tables",
        "how many tables beside the purchases have stopped coming: their newest row is more than a week older than the "
        "last purchase, and more than twice the longest of at least twelve gaps of two years",
    ),
    Watched("retention_rate", "share", "customers active at the start of the last complete month and still at its end"),
    Watched("active_customers", "customers", "the customer base that the model scores"),
    Watched("days_since_training", "days", "from the model's `as_of` to the day that is looked at"),
    Watched(
        "psi",
        "index",
        "largest population stability index of a feature that differs from training by more than chance and the "
        "distance of training cutoffs explain; 0 where none does",
    ),
    Watched("psi_max", "index", "largest population stability index of any feature, whatever explains it"),
    Watched("drifted_features", "features", "how many differ by more than chance and the training cutoffs explain"),
    Watched("score_psi", "index", "population stability index of the probabilities against training"),
    Watched("mean_churn_probability", "probability", "over the customer base of now"),
    Watched("high_risk_share", "share", "of the customer base that is rated high"),
    Watched("auc", "area", "realised by the newest scoring run whose outcome window is over"),
    Watched("auc_drop", "area", "AUC of that model's own test less the realised one"),
    Watched("log_loss", "nats", "realised by that run"),
    Watched(
        "log_loss_saved",
        "nats",
        "log loss saved by that run against giving everybody the churn rate that came out; below 0 is worse than that",
    ),
    Watched("bias", "share", "mean probability of that run less the churn rate that came out"),
    Watched("absolute_bias", "share", "the same without its sign"),
    Watched("calibration_error", "share", "of that run, over 15 bins; of a perfect one with 500 customers about 0.05"),
    Watched("calibration_error_beyond_chance", "share", "the same beyond what chance gives a perfect model"),
)
NAMES = tuple(one.name for one in WATCHED)


@dataclass(frozen=True)
class Rule:
    """A rule, as it was written and as it is understood."""

    text: str
    name: str
    comparison: str
    threshold: float

    def fires(self, values: Mapping[str, float | None]) -> bool:
        """Tell whether the rule fires; never for a number that is not known."""
        value = values.get(self.name)
        return value is not None and value == value and _COMPARISONS[self.comparison](value, self.threshold)


@dataclass(frozen=True)
class Verdict:
    """What came of a rule: the number it looked at (None where it is not known) and whether it fired."""

    rule: Rule
    value: float | None
    has_fired: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {"rule": self.rule.text, "name": self.rule.name, "value": self.value, "fired": self.has_fired}


def parse_rules(texts: Iterable[str], *, where: str) -> tuple[Rule, ...]:
    """Read rules.

    Parameters
    ----------
    texts : iterable of str
        Each a name of :data:`WATCHED`, one of ``< <= > >=``, and a number with a decimal point.
    where : str
        Where they stand, for messages: ``rules`` in the settings or an option.

    Raises
    ------
    SettingsError
        For anything else; an unknown name with the nearest known one.

    Examples
    --------
    >>> [rule] = parse_rules(["psi > 0.2"], where="rules")
    >>> rule.name, rule.comparison, rule.threshold
    ('psi', '>', 0.2)
    """
    return tuple(_parse(text, where) for text in texts)


def _parse(text: str, where: str) -> Rule:
    shown = repr(text if len(text) <= LONGEST else text[:LONGEST] + "…")
    found = _RULE.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise SettingsError(
            f"{where}: {shown} is no rule. Write a name, one of < <= > >=, and a number: {', '.join(EXAMPLES)}."
        )
    name, comparison, number = found.groups()
    if name not in NAMES:
        close = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(NAMES)}."
        raise SettingsError(f"{where}: {shown}: there is nothing called {name!r} to watch; {hint}")
    return Rule(" ".join((name, comparison, number)), name, comparison, float(number))


def check_rules(rules: Iterable[Rule], values: Mapping[str, float | None]) -> tuple[Verdict, ...]:
    """Hold every rule against the numbers."""
    return tuple(Verdict(rule, values.get(rule.name), rule.fires(values)) for rule in rules)


def rules_page() -> str:
    """Return the page of the reference on what rules may name."""
    example = ", ".join(f'"{one}"' for one in EXAMPLES[:2])
    lines = [
        "# What rules may watch",
        "",
        "A rule of `churnrisk monitor` is a name of this table, one of `<`, `<=`, `>`, `>=`, and a number:",
        f"`rules = [{example}]`. It fires when the comparison holds. A number",
        "that is not known, such as an AUC before any outcome window is over, fires nothing, and the run says why.",
        "[Watching a model](../how-to/monitoring.md) tells how to choose.",
        "",
        "| name | unit | meaning |",
        "|---|---|---|",
    ]
    lines += [f"| `{one.name}` | {one.unit} | {one.meaning} |" for one in WATCHED]
    return "\n".join([*lines, ""])
