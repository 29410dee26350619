"""What only the shop knows about a contact: given, set, measured, or asked for, and never guessed."""

from __future__ import annotations

from dataclasses import dataclass

from churnrisk.campaigns import measured_acceptance, measured_multiple
from churnrisk.errors import SettingsError
from churnrisk.state import StatePlace, find_state


@dataclass(frozen=True)
class Acceptance:
    """The acceptance rate, and where it comes from."""

    rate: float
    source: str


@dataclass(frozen=True)
class MeasuredTerms:
    """What campaigns have measured: the acceptance rate, and how many purchases' worth a customer kept brings.

    Parameters
    ----------
    acceptance : Acceptance or None
        None where no campaign tells enough.
    multiple : float or None
        Of the one purchase that is expected, as :func:`churnrisk.campaigns.measured_multiple` has it.
    """

    acceptance: Acceptance | None = None
    multiple: float | None = None


def find_measured(state: StatePlace | None) -> MeasuredTerms:
    """Return what campaigns have measured; nothing where they tell too little, or no file is there."""
    found = None if state is None else find_state(state)
    if found is None:
        return MeasuredTerms()
    with found:
        rate, multiple = measured_acceptance(found), measured_multiple(found)
    acceptance = None if rate is None else Acceptance(rate, f"measured by campaigns, {rate:.1%}")
    return MeasuredTerms(acceptance, multiple)


def choose_acceptance(
    given: float | None, configured: float | None, *, measured: Acceptance | None = None
) -> Acceptance:
    """Choose the acceptance rate: the one given, else the one that a campaign measured, else the one in the settings.

    Raises
    ------
    SettingsError
        Where there is none: a guess of ours would decide the list.
    """
    if given is not None:
        return Acceptance(given, "given")
    if measured is not None:
        return measured
    if configured is not None:
        return Acceptance(configured, "from the settings")
    raise SettingsError(
        "the acceptance rate is missing: the share of would-be leavers who stay because you contact them. It is not "
        "the share that redeems the coupon, most of whom would have bought anyway. A campaign with a control group "
        "measures it; until then give a careful guess, such as --acceptance-rate 0.1 for 10 of 100, or "
        "acceptance_rate = 0.1 in churnrisk.toml."
    )


def check_needed(**amounts: float | None) -> None:
    """Refuse to guess what only the shop knows.

    Raises
    ------
    SettingsError
        Naming every missing amount, its option and its key.
    """
    meanings = {
        "contact_cost": "what contacting one customer costs, such as 1",
        "incentive_cost": "what the offer costs you when it is taken, such as 10; 0 without one",
        "margin": "the share of revenue that is profit, such as 0.3",
    }
    missing = [name for name, value in amounts.items() if value is None]
    if missing:
        options = "; ".join(f"--{name.replace('_', '-')}, {meanings[name]}" for name in missing)
        raise SettingsError(f"only you know {options}. Give it so, or as {', '.join(missing)} in churnrisk.toml.")
