"""What ``churnrisk nps`` prints."""

from __future__ import annotations

from churnrisk.cli.retention_tables import amount
from churnrisk.cli.show import counted, percent, say, show_table
from churnrisk.retention import Survey


def show_survey(survey: Survey) -> None:
    """Print the score with its interval, by period and segment, and the reasons."""
    total = survey.total
    answers = counted(total.responses, "answer")
    say(f"NPS {total.nps:.1f} points, 95 % interval {total.low:.1f} to {total.high:.1f}, {answers}.")
    earlier = survey.of_all_answers.responses - total.responses
    if earlier:
        many = "1 earlier answer of a customer" if earlier == 1 else f"{earlier:,} earlier answers of customers"
        every = survey.of_all_answers
        say(f"  {many} with a later one are left out; with all {every.responses:,} the score is {every.nps:.1f}.")
    if survey.csat_mean is not None:
        say(f"CSAT: mean {survey.csat_mean:.2f} of {survey.csat_responses:,} answers.")
    tenths = dict.fromkeys(("NPS", "from", "to"), lambda value: f"{value:.1f}")
    for word, parts in (("period", survey.by_period), ("segment", survey.by_segment)):
        rows = [
            {word: name.replace("_", " "), "answers": nps.responses, "NPS": nps.nps, "from": nps.low, "to": nps.high}
            for name, nps in parts.items()
        ]
        if rows:
            show_table(f"By {word}", rows, formats=tenths)
    if survey.reasons:
        names = ("reason", "responses", "promoters", "passives", "detractors", "mean_revenue")
        rows = [{name.replace("_", " "): reason[name] for name in names} for reason in survey.reasons]
        show_table("Reasons", rows, formats={"mean revenue": amount})
    shares = dict.fromkeys(("mean churn probability", "lost share"), percent)
    groups = [{name.replace("_", " "): value for name, value in group.items()} for group in survey.groups]
    if any(group["customers found"] for group in groups):
        known = [name for name in groups[0] if any(group[name] is not None for group in groups)]
        rows = [{name: group[name] for name in known} for group in groups]
        show_table("What they do", rows, formats=shares | {"mean revenue": amount})
