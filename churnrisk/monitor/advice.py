"""What to do about what was found, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from churnrisk.monitor.look import Look
from churnrisk.monitor.rules import Verdict
from churnrisk.timeline import date_of

STALE_DAYS = 7
REJECTED = 0.01
AUC_DROP = 0.05
CALIBRATION = 0.1
SHOWN = 5


def advise(look: Look, verdicts: Sequence[Verdict] = ()) -> list[str]:
    """Give what to do, most urgent first; that nothing is to be done, where nothing is.

    Parameters
    ----------
    look : Look
        What was found.
    verdicts : sequence of Verdict
        What the rules said.
    """
    found = [*look.notes, *_about_log(look), *_about_drift(look), *_about_runs(look)]
    unknown = [one.rule.text for one in verdicts if one.value is None]
    if unknown:
        found.append(f"Not known yet, so without effect: {', '.join(unknown)}.")
    return found or ["Nothing to do: the log is fresh, and nothing differs by more than chance and the season explain."]


def _about_log(look: Look) -> Iterator[str]:
    fresh, volume = look.freshness, look.volume
    if fresh.days is not None and fresh.days > STALE_DAYS:
        yield f"The last purchase in the log is {fresh.days:,} days old: bring newer orders, or mend the export."
    if fresh.rejected_share > REJECTED:
        yield (
            f"{fresh.rejected_share:.1%} of the rows were set aside: `churnrisk check` shows which, line by line, and "
            "why."
        )
    if volume.is_unusual and volume.last is not None and volume.usual is not None:
        fewer = "fewer" if volume.last.purchases < volume.usual else "more"
        before = "" if volume.year_before is None else f"; a year before there were {volume.year_before.purchases:,}"
        yield (
            f"The week from {date_of(volume.last.start)} has {volume.last.purchases:,} purchases, far {fewer} than the "
            f"usual {volume.usual:,.0f}{before}. If no season or sale explains that, look for a part of the shop that "
            "is missing, or there twice."
        )


def _about_drift(look: Look) -> Iterator[str]:
    if look.drift is None:
        return
    names = [one.name for one in look.drift.drifted]
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        yield (
            f"Customers differ from training in {', '.join(names[:SHOWN])}{more}. If the export has changed, mend it; "
            "if the shop has, train again: `churnrisk train --like current`."
        )
    if look.drift.usual_days is None:
        yield (
            "The history was too short in training to tell how features differ from month to month, so growing "
            "histories and the season count as drift here."
        )
    score = look.drift.since_training
    if score is not None and score.index > score.chance and not names:
        yield (
            f"The probabilities have moved from {score.mean_then:.1%} to {score.mean_now:.1%} on average, while no "
            "feature moved more than usual. That alone is no fault; the realised figures tell whether they are right."
        )


def _about_runs(look: Look) -> Iterator[str]:
    judged = [one for one in look.realised if one.measures]
    if not judged:
        if look.open_runs:
            yield (
                f"No outcome window is over yet ({look.open_runs:,} scoring runs wait), so nothing can be said of how "
                "right the scores are."
            )
        return
    one = judged[0]
    when, bias = date_of(one.snapshot.cutoff), one.measures["bias"]
    if one.saved is not None and one.saved.high < 0:
        yield (
            f"The scores of {when} were surely worse than giving everybody the churn rate that came out: train again, "
            "`churnrisk train --like current`."
        )
    tested = look.tested_auc.get(one.model)
    if tested is not None and one.measures["auc"].high < tested - AUC_DROP:
        yield (
            f"The scores of {when} ranked customers worse than in the model's test (AUC "
            f"{one.measures['auc'].value:.3f} against {tested:.3f}): train again, `churnrisk train --like current`."
        )
    if one.calibration_beyond_chance is not None and one.calibration_beyond_chance > CALIBRATION:
        side = "high" if bias.value > 0 else "low"
        yield (
            f"The probabilities of {when} were too {side}, on average by {100 * abs(bias.value):.1f} points. The "
            "ranking may still be good, but sums and costs are not: train again."
        )
    for name in one.biased_by:
        yield (
            f"Campaign {name} had no control group and touches the window of {when}: what it did is taken for the "
            "customers' own doing."
        )
