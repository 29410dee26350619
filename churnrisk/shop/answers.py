"""Score a few customers while somebody waits: the model in memory, small tables, queries kept with their plans."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churnrisk.clock import steady
from churnrisk.engines import MemoryDatabase
from churnrisk.errors import BadQuery, ChurnriskError, ColumnError, ModelNotFound, NoModel, SettingsError
from churnrisk.explain import Explainer, ReasonFinder, explain_customer, with_reasons
from churnrisk.features import check_beside
from churnrisk.forecast import Valuation
from churnrisk.learning import FittedModel
from churnrisk.messages import mark
from churnrisk.orders import (
    FewOrders,
    IntakeOptions,
    Orders,
    PurchaseRow,
    build_few_orders,
    few_database,
    open_few,
    read_orders,
)
from churnrisk.planning import Day, choose_as_of
from churnrisk.schema import By, ReasonsFor
from churnrisk.scoring import Scores, score_orders
from churnrisk.shop.beside import FewTables, tables_of_model
from churnrisk.shop.generation import Generation
from churnrisk.store import stamp_current, stamp_model
from churnrisk.timeline import date_of
from churnrisk.workflows import ChurnModel, load

if TYPE_CHECKING:
    import pandas as pd

FEW_ROWS = 20_000
"""More purchase rows than so many take the way of a file."""

NO_TABLES = FewTables()
DESKS = 2
LOOK_SECONDS, AGAIN_SECONDS = 0.5, 30.0
"""How often the files of a model that cannot be loaded are looked at, and how often it is tried again all the same."""

WITH_TABLES = mark(
    "the model learned from tables beside the purchases, which purchases that are sent do not have: ask for a customer "
    "of the history, or score the file with `churnrisk score`."
)
NOTHING_STORED = mark("no model is stored yet; `churnrisk train`, or a training job, makes one.")


class CurrentModel:
    """The current model of a folder, loaded again when another is promoted.

    One that cannot be loaded is looked at again: its files may come after the pointer to them, and a key that it was
    signed with may be trusted later.

    Parameters
    ----------
    models_dir : Path
        The folder.
    """

    def __init__(self, models_dir: Path) -> None:
        self._folder, self._lock = models_dir, threading.Lock()
        self._stamp: object = ()
        self._model: ChurnModel | None = None
        self._explainer: Explainer | None = None
        self._problem = ""
        self._files, self._looked, self._tried = "", -LOOK_SECONDS, -AGAIN_SECONDS
        self.loads = 0
        """How often it was loaded: changes with everything that is made of the model."""
        self.tables: frozenset[str] = frozenset()
        """The tables beside the purchases that the model needs."""

    def get(self) -> ChurnModel:
        """Return the model.

        Raises
        ------
        NoModel
            Where there is none that can be used.
        """
        model = self._model
        if model is None or stamp_current(self._folder) != self._stamp:
            with self._lock:
                stamp = stamp_current(self._folder)
                if stamp != self._stamp or (self._model is None and self._may_be_there_now()):
                    self._load()
                    self._stamp = stamp
                model = self._model
        if model is None:
            raise NoModel(self._problem)
        return model

    def _may_be_there_now(self) -> bool:
        """Tell, now and then, whether a model that could not be loaded is worth another try."""
        now = steady()
        if now - self._looked < LOOK_SECONDS:
            return False
        self._looked = now
        return stamp_model(self._folder) != self._files or now - self._tried > AGAIN_SECONDS

    def explainer(self) -> Explainer:
        """Return what explains the scores of the model, prepared once."""
        model = self.get()
        with self._lock:
            if self._explainer is None:
                self._explainer = Explainer(model.model)
            return self._explainer

    @property
    def version(self) -> str | None:
        """The version; None where there is no model."""
        try:
            return self.get().version
        except NoModel:
            return None

    def version_for(self, generation: Generation) -> str | None:
        """Return the version; None where there is no model, or none that can score this history."""
        try:
            model = self.get()
            if self.tables:
                check_beside(generation, model.model.names)
        except (NoModel, ColumnError):
            return None
        return None if model.model.needs_amounts and not generation.known["has_amounts"] else model.version

    def _load(self) -> None:
        self._model = self._explainer = None
        self._files, self._tried = stamp_model(self._folder), steady()
        self.loads += 1
        try:
            self._model = load(models_dir=self._folder)
            self.tables = tables_of_model(self._model.model.names)
        except ModelNotFound:
            self._problem = NOTHING_STORED
        except ChurnriskError as error:
            self._problem = str(error)


def refuse_tables(model: ChurnModel) -> ChurnModel:
    """Return a model that needs purchases alone.

    Raises
    ------
    NoModel
        For one that learned from tables beside them.
    """
    if tables_of_model(model.model.names):
        raise NoModel(WITH_TABLES)
    return model


@dataclass(frozen=True)
class ScoredRows:
    """Scores of purchase rows that came with a request, and the main family of the customers who have reasons."""

    model: ChurnModel
    scores: Scores
    families: Mapping[str, str] = field(default_factory=dict)


class LiveScorer:
    """Scores a few customers at a time; several threads may ask at once, and wait for a free desk.

    Parameters
    ----------
    current : CurrentModel
        What to score with.
    options : IntakeOptions
        How to read rows.
    valuation : Valuation
        Margin and discount rate.
    """

    def __init__(self, current: CurrentModel, options: IntakeOptions, valuation: Valuation) -> None:
        self.current, self._options, self._valuation = current, options, valuation
        self._desks: queue.LifoQueue[MemoryDatabase] = queue.LifoQueue()
        for _ in range(DESKS):
            self._desks.put(few_database())

    def score_rows(
        self,
        rows: Sequence[PurchaseRow],
        *,
        as_of: Day = None,
        by: By = "value",
        reasons: ReasonsFor = "listed",
        top: int = 10,
    ) -> ScoredRows:
        """Score everybody in some purchase rows, as a file of them would be scored."""
        model = refuse_tables(self.current.get())
        with self._open(rows) as orders:
            day = _choose_day(model, orders, as_of)
            return ScoredRows(model, *self._score(model.model, orders, day, by=by, reasons=reasons, top=top))

    def score_customer(self, few: FewOrders, facts: Mapping[str, bool], as_of: int, *, tables: FewTables) -> ScoredRows:
        """Score one customer of a log that knows some facts, with reasons."""
        model = self.current.get()
        with self._desk() as desk:
            orders = _open(desk, few, facts, tables, model)
            return ScoredRows(model, *self._score(model.model, orders, as_of, by="value", reasons="all", top=0))

    def explain(
        self, few: FewOrders, facts: Mapping[str, bool], *, as_of: int, customer_id: str, tables: FewTables
    ) -> dict[str, Any]:
        """Explain the score of one customer by all families, as :meth:`churnrisk.ChurnModel.explain` does."""
        model, explainer = self.current.get(), self.current.explainer()
        with self._desk() as desk:
            orders = _open(desk, few, facts, tables, model)
            return explain_customer(model.model, orders, as_of, customer_id, explainer=explainer)

    def _score(
        self, model: FittedModel, orders: Orders, day: int, *, by: By, reasons: ReasonsFor, top: int
    ) -> tuple[Scores, dict[str, str]]:
        """Return the scores with reasons, and the main family of the customers who have some."""
        how: dict[str, Any] = {"by": by, "valuation": self._valuation}
        if reasons == "none" or model.sample is None:
            scores = score_orders(model, orders, day, **how)
            return scores if reasons == "none" else with_reasons(scores, {}), {}
        finder = ReasonFinder(model, reasons, top=top, by=by, explainer=self.current.explainer())
        return finder.add_to(score_orders(model, orders, day, watch=finder.see, **how)), finder.families

    @contextlib.contextmanager
    def _open(self, rows: Sequence[PurchaseRow]) -> Iterator[Orders]:
        """Open rows as orders: in a small database, or, many or in need of conversion, as a file would be."""
        options = self._options
        if len(rows) > FEW_ROWS or options.rates or options.rate_before:
            with read_orders(_to_frame(rows), options) as orders:
                yield orders
            return
        few = build_few_orders(rows, options)
        with self._desk() as desk:
            yield open_few(desk, few)

    @contextlib.contextmanager
    def _desk(self) -> Iterator[MemoryDatabase]:
        desk = self._desks.get()
        try:
            yield desk
        finally:
            self._desks.put(desk)

    def warm_up(self, facts: Mapping[str, bool] | None = None, tables: FewTables = NO_TABLES) -> None:
        """Make the queries of every desk, and the explainer, before somebody waits for them."""
        snapshot = self.current.get().model.snapshot
        day = date_of(snapshot.cutoff - 1).isoformat()
        row = PurchaseRow("nobody", day, "1", "1", "1", "a product", "a category")
        with contextlib.ExitStack() as stack:
            desks = [stack.enter_context(self._desk()) for _ in range(DESKS)]
            for desk in desks:
                few = build_few_orders([row])
                orders = _open(desk, few, facts or few.facts, tables, self.current.get())
                for cutoff in range(snapshot.cutoff, snapshot.cutoff + 7):  # a plan for each day of the week
                    with contextlib.suppress(ChurnriskError):
                        self._score(self.current.get().model, orders, cutoff, by="value", reasons="all", top=0)

    def close(self) -> None:
        """Let go of the small databases."""
        while not self._desks.empty():
            self._desks.get().close()


def _open(
    desk: MemoryDatabase, few: FewOrders, facts: Mapping[str, bool], tables: FewTables, model: ChurnModel
) -> Orders:
    """Put orders, and rows of the tables that a model needs, into a small database."""
    orders = open_few(desk, few, facts)
    orders.add_beside(tables.open(desk, tables_of_model(model.model.names)))
    return orders


def _choose_day(model: ChurnModel, orders: Orders, as_of: Day) -> int:
    try:
        return choose_as_of(model.model, orders, as_of)
    except SettingsError as error:
        raise BadQuery(str(error)) from None


def _to_frame(rows: Sequence[PurchaseRow]) -> pd.DataFrame:
    """Return rows as a frame of text, without the columns that say nothing."""
    import pandas as pd  # late: few processes that load this ever need it

    columns = {name: [getattr(row, name) for row in rows] for name in PurchaseRow.__dataclass_fields__}
    return pd.DataFrame(
        {name: np.array(v, dtype=object) for name, v in columns.items() if any(x is not None for x in v)}
    )
