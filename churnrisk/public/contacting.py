"""The customers whom it pays to contact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.decide import ContactTerms, Playbook
from churnrisk.errors import SettingsError
from churnrisk.forecast import Valuation
from churnrisk.orders import ContactFile, IntakeOptions
from churnrisk.planning import Day
from churnrisk.products import ItemChoice
from churnrisk.public.result import Result
from churnrisk.public.source import choose_options
from churnrisk.schema import CsvStyle, Tool
from churnrisk.state import parse_place
from churnrisk.targeting import (
    Acceptance,
    LearnedFrom,
    TargetResult,
    Written,
    choose_acceptance,
    find_measured,
    make_target,
    write_target,
)
from churnrisk.workflows import ChurnModel, load


@dataclass(frozen=True)
class TargetList(Result):
    """A list of the customers to contact, and how it came about.

    Parameters
    ----------
    model : ChurnModel
        What was scored with.
    result : TargetResult
        The list, and what it is expected to bring.
    terms : ContactTerms
        Costs and acceptance rate.
    acceptance : Acceptance
        The rate, and where it comes from.
    margin : float
        Share of revenue that is profit.
    value_multiple : float or None
        How many times the expected purchase a kept customer brings, where campaigns have measured it.
    """

    model: ChurnModel
    result: TargetResult
    terms: ContactTerms
    acceptance: Acceptance
    margin: float
    value_multiple: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``churnrisk target --json`` prints them; the customers are those of the list."""
        sources = {"acceptance_source": self.acceptance.source, "value_multiple": self.value_multiple}
        return {
            "model": self.model.version,
            "terms": {**vars(self.terms), "margin": self.margin, **sources},
            **self.result.to_dict(),
            "written": None,
        }

    def records(self) -> list[dict[str, Any]]:
        """Return the list, the customers first whom to contact brings most."""
        return self.result.table.records()

    def write(self, output: str | Path, *, csv_style: CsvStyle = "plain", tool: Tool | None = None) -> Written:
        """Write the list, as ``churnrisk target --output`` does.

        Parameters
        ----------
        output : str or Path
            Where to: ``.csv``, ``.parquet`` or ``.xlsx``.
        csv_style : {"plain", "excel"}
            How CSV is written.
        tool : {"mailchimp", "klaviyo", "hubspot"}, optional
            What imports it; needs contacts.
        """
        return write_target(self.result, Path(output), csv_style=csv_style, tool=tool)


def target(
    purchases: Any,
    *,
    contact_cost: float,
    incentive_cost: float,
    margin: float,
    acceptance_rate: float | None = None,
    usual_acceptance_rate: float | None = None,
    redemption: float = 1.0,
    discount: float = 0.0,
    budget: float | None = None,
    capacity: int | None = None,
    suppress: Any = None,
    contacts: str | Path | ContactFile | None = None,
    uplift: str | None = None,
    playbook: Playbook | None = None,
    products: ItemChoice | None = None,
    as_of: Day = None,
    model: ChurnModel | str | None = None,
    models_dir: str | Path = "models",
    state: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    options: IntakeOptions | None = None,
) -> TargetList:
    """Choose the customers whom it pays to contact, and say what that is expected to bring.

    Parameters
    ----------
    purchases, columns, options
        As for :func:`churnrisk.metrics`. The purchases need amounts.
    contact_cost, incentive_cost : float
        Cost of contacting one customer, and of what is offered to each who takes it, in the currency of the log.
    margin : float
        Share of revenue that is profit.
    acceptance_rate : float, optional
        Share of would-be leavers who stay because they were contacted. By default what campaigns in ``state`` have
        measured, else ``usual_acceptance_rate``.
    usual_acceptance_rate : float, optional
        The rate to take where no campaign has measured one.
    redemption : float
        Share of those who would have stayed anyway and take the incentive.
    discount : float
        Discount rate of a year.
    budget, capacity : optional
        What the list may cost, or how many it may hold; not both.
    suppress : str, Path or frame, optional
        Customers who have opted out.
    contacts : str or Path, optional
        File of names, addresses and consents; those without consent are not listed.
    uplift : str, optional
        Finished campaign in ``state`` to learn from which customers respond.
    playbook, products : optional
        What is done for which customers, and what counts as a product, as the settings of the command hold it.
    as_of : str or date, optional
        The day to score at.
    model : ChurnModel or str, optional
        What to score with, or its version in ``models_dir``. By default the current one.
    models_dir : str or Path
        The folder of stored models.
    state : str or Path, optional
        State file, or URL of a state in PostgreSQL, as the commands keep one: customers who objected there are left
        out, and what its campaigns measured counts.

    Returns
    -------
    TargetList
        A row per customer to contact: rank, churn probability, value at risk, expected profit, segment, action.

    Raises
    ------
    ChurnriskError
        For anything that you can mend, with what to do.

    Notes
    -----
    Neslin, S. et al. (2006), Defection detection, Journal of Marketing Research 43(2), 204-211.

    Examples
    --------
    >>> import churnrisk
    >>> costs = {"contact_cost": 1, "incentive_cost": 10, "margin": 0.3, "acceptance_rate": 0.2}
    >>> chosen = churnrisk.target("data/customers.csv", capacity=5, **costs)  # with the current model in models
    >>> [row["rank"] for row in chosen.records()]
    [1, 2, 3, 4, 5]
    """
    learned_from = None if uplift is None else LearnedFrom(_campaigns_in(state, uplift), uplift)
    measured = find_measured(None if state is None else parse_place(str(state)))
    acceptance = choose_acceptance(acceptance_rate, usual_acceptance_rate, measured=measured.acceptance)
    terms = ContactTerms(contact_cost, incentive_cost, acceptance.rate, redemption)
    known = model if isinstance(model, ChurnModel) else load(model, models_dir=models_dir)
    how: dict[str, Any] = {"budget": budget, "capacity": capacity, "playbook": playbook, "suppress": suppress}
    how |= {"multiple": measured.multiple, "learned_from": learned_from, "as_of": as_of, "products": products}
    how["contacts"] = ContactFile(contacts) if isinstance(contacts, str | Path) else contacts
    how |= {"valuation": _value(margin, discount), "options": choose_options(columns, options, state)}
    result = make_target(known, purchases, terms, **how)
    return TargetList(known, result, terms, acceptance, margin, measured.multiple)


def _value(margin: float, discount: float) -> Valuation:
    if not 0 < margin <= 1:
        raise SettingsError(f"--margin {margin}: give the share of revenue that is profit, such as 0.3.")
    return Valuation(margin, discount)


def _campaigns_in(state: str | Path | None, uplift: str) -> Path | str:
    if state is None:
        raise SettingsError(f"uplift={uplift!r}: name the state that the campaign is in, as state='state.db'.")
    return parse_place(str(state))
