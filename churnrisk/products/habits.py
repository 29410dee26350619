"""What is known of the products of single customers, for a list of customers: missed, due, and likely next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from churnrisk.errors import LimitExceeded, NotEnoughData
from churnrisk.messages import wordings
from churnrisk.products.candidates import find_candidates
from churnrisk.products.due import DueModel, fit_due
from churnrisk.products.item_facts import ItemFacts
from churnrisk.products.items import NO_CHOICE, ItemChoice, PairDays, ProductLog, read_pair_days
from churnrisk.products.look_back import SEED
from churnrisk.products.next_products import BLOCK, LEARN_CUSTOMERS
from churnrisk.products.pair_rows import PairRows, draw, is_first
from churnrisk.products.ranker import FUSION, untrained_scores
from churnrisk.schema import Column, ItemUnit
from churnrisk.types import Bools, Places

NEXT = 3
HABIT_COLUMNS = (
    Column(
        "observation",
        "text",
        "sentence",
        "the product that the customer has bought most regularly and not again when it was due; an observation, and no "
        "part of the score",
    ),
    Column("due_product", "text", "name", "the product likeliest to be bought within a week, of those due by then"),
    *(
        Column(f"next_product_{place}", "text", "name", "a product that the customer is likely to buy next")
        for place in range(1, NEXT + 1)
    ),
)
"""Columns that a list of customers gets from their products; names, or ids where the log has no names."""

WEEK, MONTH = 7, 30
GIVEN_UP = 0.2
"""Below this chance of coming again, a product counts as given up rather than late."""

MISSED = wordings(
    "no {name} for {count} day, usually bought every {gap}", "no {name} for {count} days, usually bought every {gap}"
)
MISSED_DAILY = wordings(
    "no {name} for {count} day, usually bought every day", "no {name} for {count} days, usually bought every day"
)

DUE, STOPPED, NONE_REGULAR = "product_due", "product_stopped", "no_regular_product"
HABITS = {
    DUE: "a product that is bought regularly is due, or late",
    STOPPED: "a product that was bought regularly is not bought any more",
    NONE_REGULAR: "no product is bought regularly",
}
"""What a customer's products say, and what it means."""


@dataclass(frozen=True)
class Habits:
    """What is known of the products of some customers.

    Parameters
    ----------
    columns : mapping of str to ndarray of object, shape (n,)
        As :data:`HABIT_COLUMNS`, in the order of the customers that were asked for; None where there is nothing.
    kinds : ndarray of object, shape (n,)
        One of :data:`HABITS` for each; empty text for a customer of whom no product is known.
    """

    columns: Mapping[str, np.ndarray]
    kinds: np.ndarray


def find_habits(
    log: ProductLog, customer_ids: Sequence[str], *, as_of: int, choice: ItemChoice = NO_CHOICE
) -> Habits | None:
    """Find what some customers miss, are due to buy, and are likely to buy next.

    Products that are due are forecast as :func:`forecast_due` does; the next ones by the fusion of methods that needs
    no training, so that it is quick. :func:`forecast_next` chooses a method by the log's own look-back.

    Parameters
    ----------
    log : ProductLog
        Orders that were read with ``IntakeOptions(products=True)``.
    customer_ids : sequence of str
        The customers, each once; those whom the log does not know have nothing.
    as_of : int
        The first day that is not known.
    choice : ItemChoice
        Codes that are no products, or are some, whatever the evidence says.

    Returns
    -------
    Habits or None
        None where the log names neither products nor categories, or nothing was bought before the day.
    """
    pairs = find_pair_days(log, as_of, choice=choice)
    return None if pairs is None else tell_habits(pairs, customer_ids)


def find_pair_days(log: ProductLog, as_of: int, *, choice: ItemChoice = NO_CHOICE) -> PairDays | None:
    """Read who bought what on which days; None where the log names nothing, or nothing was bought before the day.

    Items are products; categories where the log names no products.
    """
    if not (log.has_products or log.has_categories):
        return None
    unit: ItemUnit = "product" if log.has_products else "category"
    try:
        return read_pair_days(log, as_of, unit=unit, choice=choice)
    except (NotEnoughData, LimitExceeded):
        return None


def tell_habits(pairs: PairDays, customer_ids: Sequence[str], *, due: DueModel | None = None) -> Habits:
    """Tell it from the days on which items were bought, by a forecast of what is due that was made before if given.

    As :func:`find_habits` for the rest.
    """
    asked = np.array(customer_ids, dtype=object)
    known = np.array(pairs.customers, dtype=object)
    place = np.searchsorted(known, asked) if len(known) else np.zeros(len(asked), np.intp)
    is_known = place < len(known)
    is_known[is_known] = known[place[is_known]] == asked[is_known]
    columns = {column.name: np.full(len(asked), None, dtype=object) for column in HABIT_COLUMNS}
    kinds = np.full(len(asked), "", dtype=object)
    chosen, row = np.unique(place[is_known], return_inverse=True)
    if not len(chosen):
        return Habits(columns, kinds)
    titles = pairs.titles()
    missed, coming, given_up = _habits_of(pairs, chosen, titles, due)
    columns["observation"][is_known], columns["due_product"][is_known] = missed[row], coming[row]
    for number, names in enumerate(_likely_next(pairs, chosen, titles).T, start=1):
        columns[f"next_product_{number}"][is_known] = names[row]
    has_any = np.array([one is not None for one in columns["next_product_1"][is_known]], dtype=bool)
    late = np.array([one is not None for one in missed], dtype=bool) & ~given_up
    is_due = np.array([one is not None for one in coming], dtype=bool) | late
    told = np.array([DUE, STOPPED, NONE_REGULAR], dtype=object)[np.select([is_due, given_up], [0, 1], 2)]
    kinds[is_known] = np.where(has_any, told[row], "")
    return Habits(columns, kinds)


def _habits_of(
    pairs: PairDays, chosen: Places, titles: np.ndarray, forecast: DueModel | None
) -> tuple[np.ndarray, np.ndarray, Bools]:
    """Return of each chosen customer what is said of the product missed, the one due, and whether it is given up."""
    missed, due = np.full((2, len(chosen)), None, dtype=object)
    given_up = np.zeros(len(chosen), dtype=bool)
    try:
        model = forecast or fit_due(pairs)
    except NotEnoughData:
        return missed, due, given_up
    first, last = model.quantiles(0.1, 0.9)
    quiet = (model.cutoff - model.last_day).astype(np.float64)
    again, week = model.chance(), model.chance(WEEK)
    is_missed = model.is_late(np.ceil(last))
    is_due = ~is_missed & (again > 0) & (quiet + WEEK >= np.floor(first))
    for place in _best(model, is_missed, model.purchase_days.astype(np.float64), chosen):
        at = np.searchsorted(chosen, model.customer[place])
        missed[at] = _say_missed(titles[model.item[place]], int(quiet[place]), model.own_gap[place])
        given_up[at] = again[place] < GIVEN_UP
    for place in _best(model, is_due, week, chosen):
        due[np.searchsorted(chosen, model.customer[place])] = titles[model.item[place]]
    return missed, due, given_up


def _say_missed(name: str, quiet: int, gap: float) -> str:
    days = max(round(gap), 1)
    said = MISSED_DAILY if days == 1 else MISSED
    return said[quiet != 1].format(name=name, count=f"{quiet:,}", gap=days)


def _best(model: DueModel, wanted: Bools, score: np.ndarray, chosen: Places) -> Places:
    """Return the place of the best wanted pair of each chosen customer that has one."""
    places = np.flatnonzero(wanted & np.isin(model.customer, chosen))
    order = places[np.lexsort((model.item[places], -score[places], model.customer[places]))]
    found: Places = order[is_first(model.customer[order])]
    return found


def _likely_next(pairs: PairDays, chosen: Places, titles: np.ndarray) -> np.ndarray:
    """Return the names of the likeliest items of each chosen customer, shape (n, NEXT); None where there are fewer."""
    rows = PairRows(pairs.customer, pairs.item, pairs.day, len(pairs.customers), len(pairs.items))
    numbers = draw(np.unique(rows.customer).astype(np.intp), LEARN_CUSTOMERS, SEED)
    facts = ItemFacts.learn(rows.of(numbers), numbers, cutoff=pairs.cutoff, horizon=MONTH, seed=SEED)
    names = np.full((len(chosen), NEXT), None, dtype=object)
    for start in range(0, len(chosen), BLOCK):
        part = chosen[start : start + BLOCK]
        candidates = find_candidates(rows.of(part), part, facts, top=NEXT)
        rank = candidates.ranks(untrained_scores(candidates)[FUSION])
        listed = np.flatnonzero(rank < NEXT)
        names[start + candidates.customer[listed], rank[listed]] = titles[candidates.item[listed]]
    return names
