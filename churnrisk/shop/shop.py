"""The shop: everything that routes and pages ask, with plain results."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from churnrisk.campaigns import CampaignResult, list_campaigns, list_measured, load_campaign, measure_on
from churnrisk.clock import steady
from churnrisk.errors import ChurnriskError, NoHistory, NoModel, UnknownCustomer
from churnrisk.memory import keep_others
from churnrisk.messages import mark, wording
from churnrisk.orders import ContactList, PurchaseRow
from churnrisk.planning import Day
from churnrisk.schema import By, ReasonsFor
from churnrisk.shop.anew import day_of, is_told, score_anew
from churnrisk.shop.answers import CurrentModel, LiveScorer, ScoredRows
from churnrisk.shop.beside import FewTables
from churnrisk.shop.bought import list_bought
from churnrisk.shop.customer_query import CustomerQuery
from churnrisk.shop.figures import Figures
from churnrisk.shop.files import ShopPlan, find_current, find_progress, stamp_of
from churnrisk.shop.generation import CustomerPage, Generation
from churnrisk.shop.intake import OrderStatus, receive_orders
from churnrisk.shop.present import Present
from churnrisk.shop.products import without_customers
from churnrisk.shop.received_rows import receive_rows
from churnrisk.shop.view import CustomerView, History, gather, make_view, row_unscored
from churnrisk.shop.week_list import list_present, listing_for
from churnrisk.state import State
from churnrisk.store import ModelEntry, list_models, stamp_current
from churnrisk.timeline import date_of
from churnrisk.week_list import WeekList
from churnrisk.workflows import ChurnModel

NOT_READ = mark("The purchase history is still being read; ask again in a moment.")
NOT_NAMED = mark("no purchase history: set `purchases` in churnrisk.toml, or send orders to POST /v1/purchases.")
UNKNOWN = wording(
    "no customer {name} is in the purchase history. Ids are compared as text, so leading zeros and case count."
)
RETIRED_SECONDS = 300.0
"""So long a generation stays open after another took its place: questions that came before may still be answered."""


class Shop:
    """What the shop knows. Made by :meth:`open`; safe to be used by several threads at once.

    Every question is answered from the generation that is current then; another takes its place by itself.
    """

    def __init__(self, plan: ShopPlan, state: State) -> None:
        self.plan, self.state = plan, state
        self.current = CurrentModel(plan.models_dir)
        self.live = LiveScorer(self.current, plan.options, plan.valuation)
        self._lock = threading.Lock()
        self._present: Present | None = None
        self._retired: list[tuple[float, Generation]] = []

    @classmethod
    def open(cls, plan: ShopPlan, state: State) -> Shop:
        """Open the shop; its generation may still be in the making, and then questions end in `NoHistory`."""
        return cls(plan, state)

    @property
    def is_ready(self) -> bool:
        """Whether there is a generation to answer from."""
        return stamp_of(self.plan.folder) is not None

    @property
    def progress(self) -> tuple[str, int, int] | None:
        """What is being done for the next generation, the steps done and all steps; None where none is made."""
        return find_progress(self.plan.folder)

    def missing(self) -> list[str]:
        """Say what the shop lacks to answer everything, in words that anyone may read."""
        found = [] if self.is_ready else [NOT_READ if self.plan.purchases else "There is no purchase history."]
        version = self.current.version_for(self.now().generation) if self.is_ready else self.current.version
        return found if version is not None else [*found, "There is no model that can be used."]

    def now(self) -> Present:
        """Return what is current.

        Raises
        ------
        NoHistory
            Where there is none, or it is still being read.
        """
        stamp, present = stamp_of(self.plan.folder), self._present
        if stamp is None:
            raise NoHistory(NOT_READ if self.plan.purchases else NOT_NAMED)
        if present is None or present.stamp != stamp:
            present = self._switch(stamp)
        if self._retired:
            self._let_go()
        present.refresh()
        return present

    def _switch(self, stamp: object) -> Present:
        with self._lock:
            if self._present is not None and self._present.stamp == stamp:
                return self._present
            files = find_current(self.plan.folder)
            if files is None:
                raise NoHistory(NOT_READ)
            if self._present is not None:
                self._retired.append((steady(), self._present.generation))
            self._present = Present(Generation(files), self.state, stamp=stamp, plan=self.plan)
            return self._present

    def _let_go(self) -> None:
        """Close generations that nobody answers from any more: only then the disk is rid of their files."""
        with self._lock:
            while self._retired and steady() - self._retired[0][0] > RETIRED_SECONDS:
                self._retired.pop(0)[1].close()

    def customer_version(self, customer_id: str) -> tuple[object, ...]:
        """Return what changes whenever the view of a customer may: a key to keep finished answers by."""
        moment = self._moment()  # before it is looked up: what comes meanwhile is another moment
        present = self.now()
        version = self.current.version
        present.seen = moment, version
        return self._version_of(customer_id, present, version)

    def customer_version_at_once(self, customer_id: str) -> tuple[object, ...] | None:
        """Return the version of a customer's view without waiting, for an event loop: within 20 microseconds.

        None where something has been written since the shop looked last, whatever it was, or where it takes a network
        to know: then :meth:`customer_version` looks.
        """
        present = self._present
        if present is None or present.seen is None or self.state.dialect != "sqlite":
            return None
        moment, version = present.seen
        return self._version_of(customer_id, present, version) if moment == self._moment() else None

    def _version_of(self, customer_id: str, present: Present, model: str | None) -> tuple[object, ...]:
        asked = present.ask(customer_id)
        came = tuple((len(every), every[-1].seq if every else 0) for every in (asked.newer, asked.rows))
        return present.generation.name, model, came, asked.is_gone

    def _moment(self) -> tuple[object, ...]:
        """Return what changes whenever any process of the service has written something that an answer is made of."""
        model = stamp_current(self.plan.models_dir), self.current.loads
        return stamp_of(self.plan.folder), model, self.state.version()

    def customer(self, customer_id: str) -> CustomerView:
        """Return all that is known of a customer, with orders received a moment ago.

        Raises
        ------
        UnknownCustomer
            Where nobody of this id has an order.
        """
        present = self.now()
        row, history = self._look_up(present, customer_id)
        generation = present.generation
        version = self.current.version_for(generation)
        if version is not None and (row is None or not is_told(self.current, generation, row, history)):
            model, row = score_anew(self.live, generation, row, history)
        else:
            model, row = (None, row_unscored(history)) if row is None else (generation.facts["model"], row)
        horizon = 0 if version is None else self.current.get().model.snapshot.horizon
        how: dict[str, Any] = {"titles": generation.title_items, "listing": listing_for(self.plan, self.state)}
        return make_view(row, history, model=model, horizon=horizon, **how)

    def bought(self, customer_id: str) -> list[dict[str, Any]]:
        """Return what a customer bought, row by row, as :func:`churnrisk.shop.bought.list_bought`."""
        present = self.now()
        row, history = self._look_up(present, customer_id)
        return list_bought(present.generation, row, history)

    def knows(self, customer_id: str) -> bool:
        """Tell whether anybody of this id has an order."""
        present = self.now()
        asked = present.ask(customer_id)
        return bool(asked.newer) or present.find(asked) is not None

    def explain(self, customer_id: str) -> dict[str, Any]:
        """Return where a customer's score comes from: what each family of features adds to the log-odds.

        Raises
        ------
        NoScore, NoModel, UnknownCustomer
            Where there is nothing to explain.
        """
        present = self.now()
        _, history = self._look_up(present, customer_id)
        how: dict[str, Any] = {"as_of": day_of(self.current, present.generation, history), "tables": history.tables}
        return self.live.explain(history.few, present.generation.known, customer_id=history.customer_id, **how)

    def _look_up(self, present: Present, customer_id: str) -> tuple[dict[str, Any] | None, History]:
        asked = present.ask(customer_id)
        row = present.find(asked)
        if row is None and not asked.newer:
            raise UnknownCustomer(UNKNOWN.format(name=repr(asked.customer_id[:100])))
        return row, gather(present.generation, row, asked, self.plan.options)

    def receive(self, rows: Sequence[PurchaseRow], *, key_id: int | None) -> list[OrderStatus]:
        """Keep new orders, each once; they are on the disk when this returns, and in the next view of their customers.

        Raises
        ------
        SourceError
            Where a row is not right; nothing is kept then.
        """
        present = self.now() if self.is_ready else None
        return receive_orders(
            self.state,
            None if present is None else present.generation,
            rows,
            options=self.plan.options,
            key_id=key_id,
            is_gone=None if present is None else present.gone.names,
        )

    def receive_rows(self, table: str, rows: Sequence[Mapping[str, str]], *, key_id: int | None) -> int:
        """Keep rows of a declared table, each once, as :meth:`receive` keeps orders; give how many are new."""
        return receive_rows(self.state, table, rows, options=self.plan.options, key_id=key_id)

    def customers(self, query: CustomerQuery) -> CustomerPage:
        """A page of the list, as of the generation; orders received since are in the views of single customers."""
        return self.now().page(query)

    def score_rows(
        self,
        rows: Sequence[PurchaseRow],
        *,
        as_of: Day = None,
        by: By = "value",
        reasons: ReasonsFor = "listed",
        top: int = 10,
    ) -> ScoredRows:
        """Score customers of some purchase rows but those that object; nothing is kept, the history plays no part."""
        others = keep_others(rows, self.plan.options, self.state)
        return self.live.score_rows(others, as_of=as_of, by=by, reasons=reasons, top=top)

    @property
    def figures(self) -> Figures:
        """Retention figures of the generation."""
        return self.now().figures

    def retention(self, kind: str = "month", **how: Any) -> dict[str, Any]:
        """Return every retention figure, period by period."""
        return self.figures.retention(kind, **how).to_dict()

    def cohorts(self, kind: str = "month", **how: Any) -> dict[str, Any]:
        """Follow customers from the period of their first purchase on."""
        return self.figures.cohorts(kind, **how).to_dict()

    def week_list(self, contacts: ContactList | None = None) -> WeekList | None:
        """Return the list of this week, without customers that a campaign has, or that have bought since.

        None where no model can be used, or another one than that of the scores was promoted a moment ago.

        Parameters
        ----------
        contacts : ContactList, optional
            How customers are reached: without consent nobody is listed.
        """
        return list_present(self.now(), self.current, self.plan.listing, self.state, contacts)

    def segments(self) -> dict[str, Any]:
        """Return the RFM segments, with the churn probability of each."""
        return dict(self.now().generation.facts["segments"])

    def summary(self) -> dict[str, Any]:
        """Return how many customers there are, of which status and risk, what is at stake, and in which currency."""
        facts = self.now().generation.facts
        return {**facts["summary"], "currency": facts["currency"]}

    def products(self) -> dict[str, Any] | None:
        """Return what is told of products, without customers who were forgotten since; None where nothing is known."""
        present = self.now()
        return without_customers(present.generation.facts["products"], present.gone.names)

    @property
    def has_products(self) -> bool:
        """Whether the history names products or categories."""
        known = self.now().generation.known
        return known["has_products"] or known["has_categories"]

    def grade(self) -> Any:
        """Return the grade of the current model, as its card has it; None where there is no model."""
        try:
            return self.current.get().card.get("grade")
        except NoModel:
            return None

    def freshness(self) -> dict[str, Any]:
        """Say how new everything is."""
        present = self.now()
        facts = present.generation.facts
        return {
            "generation": present.generation.name,
            "made_at": facts["made_at"],
            "first_order_on": date_of(facts["first_day"]).isoformat(),
            "last_order_on": date_of(facts["last_day"]).isoformat(),
            "as_of": present.generation.as_of,
            "customers_with_newer_orders": present.newer.customers,
            "model": facts["model"],
            "model_problem": facts["model_problem"],
            "intake": facts["intake"],
        }

    def models(self) -> list[ModelEntry]:
        """List the stored models, newest first, those that cannot be used with the reason."""
        return list_models(self.plan.models_dir)

    def model_view(self, version: str | None = None) -> dict[str, Any]:
        """Return the card of a model, by default of the current one."""
        from churnrisk.store import read_card, verify_model

        entry = verify_model(self.plan.models_dir, version=version)
        return {
            "version": entry.version,
            "is_current": entry.is_current,
            "created_at": None if entry.created_at is None else entry.created_at.isoformat(),
            "card": read_card(self.plan.models_dir, version=entry.version),
        }

    def campaigns(self) -> list[dict[str, Any]]:
        """List the campaigns, what those that were measured came to, and whether the history has all of their days."""
        measured, last_day = list_measured(self.state), -1
        with contextlib.suppress(NoHistory):
            last_day = self.now().generation.facts["last_day"]
        return [
            {
                "campaign": stored,
                "result": measured[name].result if (name := stored.campaign.name) in measured else None,
                "is_over": last_day + 1 >= stored.campaign.ends_on,
            }
            for stored in list_campaigns(self.state)
        ]

    def measure_campaign(self, name: str) -> CampaignResult:
        """Compare contacted and control by the history, and remember the result, as ``churnrisk campaign measure``.

        Raises
        ------
        CampaignError
            For a campaign that is not there or not over; the message says when it can be measured.
        """
        stored = load_campaign(self.state, name)
        return self.figures.use(lambda orders: measure_on(self.state, stored, orders))

    def model(self) -> ChurnModel:
        """Return the current model."""
        return self.current.get()

    def warm_up(self) -> None:
        """Prepare what the first question would otherwise wait for."""
        with contextlib.suppress(ChurnriskError):
            generation = self.now().generation if self.is_ready else None
            self.live.warm_up(*((generation.known, FewTables(generation.facts["beside"])) if generation else ()))

    def keep_up(self) -> None:
        """Take up the newest generation before somebody asks, and let go of those before; to be called every second.

        Else the first question after a change would wait for it, and in a shop without questions the file with
        forgotten customers would stay open.
        """
        with contextlib.suppress(ChurnriskError):
            before, present, _ = self._present, self.now(), self.current.version
            if present is not before:
                self.customers(CustomerQuery())

    def close(self) -> None:
        """Let go of everything."""
        self.live.close()
        with self._lock:
            retired = [generation for _, generation in self._retired]
            for generation in (*retired, *([self._present.generation] if self._present else [])):
                generation.close()
            self._present, self._retired = None, []
