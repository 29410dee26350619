"""Make a model again as the current one was made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.cards import Difference, compare_cards, read_recipe
from churnrisk.orders import IntakeOptions
from churnrisk.state import StatePlace
from churnrisk.store import promote_model, read_card, resolve_version
from churnrisk.types import Progress
from churnrisk.workflows import train


@dataclass(frozen=True)
class Retrained:
    """A model that was made like another.

    Parameters
    ----------
    version, like : str
        The new one, and the one that it was made like.
    is_promoted : bool
        Whether the new one is current now.
    difference : Difference
        The two side by side.
    """

    version: str
    like: str
    is_promoted: bool
    difference: Difference

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "version": self.version,
            "like": self.like,
            "promoted": self.is_promoted,
            "difference": self.difference.to_dict(),
        }


def retrain(
    source: str,
    *,
    models_dir: Path,
    options: IntakeOptions,
    as_of: str | None = None,
    campaigns: StatePlace | None = None,
    promote: bool = False,
    progress: Progress | None = None,
) -> Retrained:
    """Train on newer purchases as the current model was trained, and store the result beside it.

    Parameters
    ----------
    source : str
        The purchase history.
    models_dir : Path
        Where the models are.
    options : IntakeOptions
        How to read the purchases.
    as_of : str, optional
        The first day that is not known; by default the day after the last order.
    campaigns : Path or str, optional
        State whose campaigns are taken into account.
    promote : bool
        Make the new model current if its grade is no worse than that of the current one. Otherwise it is stored and
        waits for somebody to promote it.
    progress : callable, optional
        Told what is being done.
    """
    like = resolve_version(models_dir, None)
    card = read_card(models_dir, version=like)
    recipe = read_recipe(card)
    model = train(
        source,
        horizon=recipe.horizon,
        lookback=recipe.lookback,
        lead=recipe.lead,
        as_of=as_of,
        seed=recipe.seed,
        backtest=recipe.backtest,
        train_customers=recipe.train_customers,
        campaigns=campaigns,
        options=options,
        progress=progress or (lambda _what, _done, _total: None),
    )
    version = model.save(models_dir, promote=False)
    difference = compare_cards(card, read_card(models_dir, version=version))
    is_promoted = promote and difference.is_no_worse
    if is_promoted:
        promote_model(models_dir, version)
    return Retrained(version, like, is_promoted, difference)
