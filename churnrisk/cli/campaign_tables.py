"""Campaigns on the screen and as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churnrisk.cli.show import percent, say, show_table
from churnrisk.timeline import date_of

if TYPE_CHECKING:
    from churnrisk.campaigns import Campaign, CampaignResult, Drawn, Measured, Plan, StoredCampaign
    from churnrisk.decide import UpliftTest
    from churnrisk.state import StatePlace

OUTCOME_WORDS = {
    "retained": "kept (bought in the window)",
    "orders": "purchases per customer",
    "revenue": "net revenue per customer",
}


def show_created(campaign: Campaign, drawn: Drawn, output: Path) -> None:
    """Print what was drawn and where the list is."""
    say(
        f"Campaign {campaign.name}: judged by {OUTCOME_WORDS[campaign.outcome]} from {_iso(campaign.starts_on)} to "
        f"{_iso(campaign.ends_on - 1)}. This is fixed now."
    )
    say(
        f"A contact costs {campaign.contact_cost:,.2f}, an offer that is taken {campaign.incentive_cost:,.2f}; "
        f"{percent(campaign.margin)} of revenue is profit."
    )
    show_plan(drawn)
    say(f"To contact: {output} ({drawn.plan.treated:,} customers). Contact nobody of the others until the end.")
    say(f"Measure it from {_iso(campaign.ends_on)} on: churnrisk campaign measure {campaign.name} PURCHASES")


def show_plan(drawn: Drawn) -> None:
    """Print the groups and what they can show."""
    plan = drawn.plan
    rows = [
        {"group": "to contact", "customers": plan.treated},
        {"group": "control, left alone", "customers": plan.control},
        {"group": "opted out", "customers": drawn.suppressed},
        {"group": "in another campaign", "customers": drawn.overlapping},
    ]
    show_table("The split", rows)
    for sentence in explain_plan(plan, is_rate_known=drawn.is_rate_known):
        say(sentence)


def explain_plan(plan: Plan, *, is_rate_known: bool) -> list[str]:
    """Say what a split can show, and which one would show five points."""
    if not plan.control:
        return [
            "Without a control group nobody will be able to tell what the campaign did, and models trained on its "
            "weeks will take its effect for the customers' own doing."
        ]
    basis = "by their scores" if is_rate_known else "taken for want of scores"
    said = [
        f"Expected to buy anyway: {plan.expected_rate:.0%} ({basis}). The smallest effect that this split shows is "
        f"{100 * plan.smallest_effect:.1f} points more (power 80%, two-sided error 5%)."
    ]
    if plan.smallest_effect <= 0.05:
        return said
    if plan.split_for_effect is not None:
        return [*said, f"To see 5 points with this list, hold back {plan.split_for_effect:.0%}."]
    return [
        *said,
        f"No split of this list shows 5 points; with this holdout that takes {plan.customers_for_effect:,} customers.",
    ]


def show_campaigns(stored: Sequence[StoredCampaign], measured: Mapping[str, Measured], path: StatePlace) -> None:
    """Print the campaigns."""
    if not stored:
        say(f"No campaign is remembered in {path}. `churnrisk campaign create` makes one.")
        return
    rows = [
        {
            "name": one.campaign.name,
            "from": _iso(one.campaign.starts_on),
            "to": _iso(one.campaign.ends_on - 1),
            "outcome": one.campaign.outcome,
            "contacted": one.treated,
            "control": one.control,
            "measured": "yes" if one.campaign.name in measured else "no",
        }
        for one in stored
    ]
    show_table(f"Campaigns in {path.name if isinstance(path, Path) else path}", rows)


def show_erased(erased: Mapping[str, int]) -> None:
    """Say that members are missing from the groups since they were erased, where some are."""
    if any(erased.values()):
        say(
            f"{sum(erased.values()):,} members were erased since the draw and are counted nowhere: "
            f"{erased['contacted']:,} contacted, {erased['control']:,} left alone."
        )


def show_campaign(stored: StoredCampaign, measured: Measured | None, strata: Sequence[Mapping[str, Any]]) -> None:
    """Print one campaign."""
    campaign = stored.campaign
    fixed = {**campaign.to_dict(), "made_at": stored.made_at}
    show_table(f"Campaign {campaign.name}", [{"what": key, "value": str(value)} for key, value in fixed.items()])
    show_table("Strata of the draw (by churn probability, then by value)", strata)
    if measured is None:
        say(f"Not measured yet; possible once the log holds all orders before {_iso(campaign.ends_on)}.")
    else:
        say(str(measured.result["verdict"]))


def show_result(campaign: Campaign, result: CampaignResult) -> None:
    """Print the comparison, the money and the verdict."""
    rows = [
        {
            "per customer": OUTCOME_WORDS[name] + (" *" if name == campaign.outcome else ""),
            "contacted": _figure(name, effect.treated_mean),
            "control": _figure(name, effect.control_mean),
            "difference": _figure(name, effect.difference),
            "95 % interval": f"{_figure(name, effect.low)} to {_figure(name, effect.high)}",
        }
        for name, effect in result.effects.items()
    ]
    title = f"Campaign {campaign.name}: {result.treated:,} contacted, {result.control:,} left alone, by assignment"
    if rows:
        show_table(title, rows, caption="* fixed beforehand as what counts; differences adjusted for the score")
        show_table("Because of the campaign", _money_rows(result))
    say(result.verdict)
    if result.profit is not None and not campaign.contact_cost and not campaign.incentive_cost:
        say("No costs were given when it was created, so the profit is the additional revenue times the margin.")


def _money_rows(result: CampaignResult) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        _range("customers kept", result.saves, result.saves_low, result.saves_high),
        {"what": "cost", "estimate": f"{result.cost:,.2f}", "95 % interval": None},
        _range("profit in the window", result.profit, result.profit_low, result.profit_high),
    ]
    if result.acceptance is not None and result.acceptance_error is not None:
        reach = 1.96 * result.acceptance_error
        low, high = result.acceptance - reach, result.acceptance + reach
        rows.append(_range("kept per would-be leaver", result.acceptance, low, high))
    return rows


def _range(what: str, value: float | None, low: float | None, high: float | None) -> dict[str, Any]:
    return {"what": what, "estimate": f"{value:,.2f}", "95 % interval": f"{low:,.2f} to {high:,.2f}"}


def _figure(outcome: str, value: float) -> str:
    return percent(value) if outcome == "retained" else f"{value:,.3f}"


def show_uplift(name: str, test: UpliftTest, left_out: int) -> None:
    """Print the rankings and which of them to use."""
    rows = [
        {
            "ranking by": ranking,
            "Qini": f"{one.qini.value:+.3f}",
            "95 % interval": f"{one.qini.low:+.3f} to {one.qini.high:+.3f}",
            "more than risk": None
            if one.gain.value != one.gain.value
            else f"{one.gain.value:+.3f} [{one.gain.low:+.3f}, {one.gain.high:+.3f}]",
        }
        for ranking, one in test.rankings.items()
    ]
    title = f"Campaign {name}: {test.treated:,} contacted, {test.control:,} left alone; {left_out:,} members left out"
    show_table(title, rows)
    if test.chosen == "risk":
        say(
            "No learner ranks by effect better than risk does, by more than chance: go on contacting by risk and value."
        )
    else:
        say(f"Rank by {test.chosen}: it puts those first whom a contact moves, better than risk does.")


def _iso(day: int) -> str:
    return date_of(day).isoformat()
