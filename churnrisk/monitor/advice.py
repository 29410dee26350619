"""What to do about what was found, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from churnrisk.features import tell_feature
from churnrisk.messages import mark, wording, wordings
from churnrisk.monitor.arrival import stopped
from churnrisk.monitor.look import Look
from churnrisk.monitor.rules import Verdict
from churnrisk.timeline import date_of

STALE_DAYS = 7
REJECTED = 0.01
AUC_DROP = 0.05
CALIBRATION = 0.1


def advise(look: Look, verdicts: Sequence[Verdict] = ()) -> list[str]:
    """Return what to do, most urgent first; that nothing is to be done, where nothing is.

    Parameters
    ----------
    look : Look
        What was found.
    verdicts : sequence of Verdict
        What the rules said.
    """
    found = [*look.notes, *_about_log(look), *tell_stopped(look), *_about_drift(look), *_about_runs(look)]
    unknown = [one.rule.text for one in verdicts if one.value is None]
    if unknown:
        found.append(wording("Not known yet, so without effect: {names}.").format(names=", ".join(unknown)))
    return found or [NOTHING]


NOTHING = mark("Nothing to do: the log is fresh, and nothing differs by more than chance and the season explain.")
UNUSUAL = {
    "fewer": wording(
        "The week from {week} has {purchases} purchases, far fewer than the usual {usual}. If no season or sale "
        "explains that, look for a part of the shop that is missing, or there twice."
    ),
    "more": wording(
        "The week from {week} has {purchases} purchases, far more than the usual {usual}. If no season or sale "
        "explains that, look for a part of the shop that is missing, or there twice."
    ),
}
YEAR_BEFORE = wording("{usual}; a year before there were {purchases}")
STOPPED = wording(
    "The table {table} has stopped coming. Days from its newest row to the last purchase: {days}; its longest gap "
    "before: {longest}. Mend its export: until then, the scores are as if nothing had happened in it since."
)
TOO_HIGH = wording(
    "The probabilities of {when} were too high, on average by {points} points. The ranking may still be good, but "
    "sums and costs are not: train again."
)
TOO_LOW = wording(
    "The probabilities of {when} were too low, on average by {points} points. The ranking may still be good, but "
    "sums and costs are not: train again."
)


def _about_log(look: Look) -> Iterator[str]:
    fresh, volume = look.freshness, look.volume
    if fresh.days is not None and fresh.days > STALE_DAYS:
        old = wordings(
            "The last purchase in the log is {count} day old: bring newer orders, or mend the export.",
            "The last purchase in the log is {count} days old: bring newer orders, or mend the export.",
        )
        yield old[1].format(count=f"{fresh.days:,}")
    if fresh.rejected_share > REJECTED:
        aside = wording("{share} of the rows were set aside: `churnrisk check` shows which, line by line, and why.")
        yield aside.format(share=f"{fresh.rejected_share:.1%}")
    if volume.is_unusual and volume.last is not None and volume.usual is not None:
        usual = f"{volume.usual:,.0f}"
        if volume.year_before is not None:
            usual = YEAR_BEFORE.format(usual=usual, purchases=f"{volume.year_before.purchases:,}")
        week, purchases = date_of(volume.last.start), f"{volume.last.purchases:,}"
        words = UNUSUAL["fewer" if volume.last.purchases < volume.usual else "more"]
        yield words.format(week=week, purchases=purchases, usual=usual)


def tell_stopped(look: Look) -> list[str]:
    """Return a sentence for each table beside the purchases that has stopped coming."""
    return [
        STOPPED.format(table=one.table, days=f"{one.days_behind:,}", longest=f"{one.longest_gap:,}")
        for one in stopped(look.arrivals)
    ]


def _about_drift(look: Look) -> Iterator[str]:
    if look.drift is None:
        return
    names = [one.name for one in look.drift.drifted]
    if names:
        yield wording(
            "Customers differ from training, most of all in this: {feature}. If the export has changed, mend it; if "
            "the shop has, train again: `churnrisk train --like current`."
        ).format(feature=tell_feature(names[0]))
    if look.drift.usual_days is None:
        yield mark(
            "The history was too short in training to tell how features differ from month to month, so growing "
            "histories and the season count as drift here."
        )
    score = look.drift.since_training
    if score is not None and score.index > score.chance and not names:
        yield wording(
            "The probabilities have moved from {then} to {now} on average, while no feature moved more than usual. "
            "That alone is no fault; the realised figures tell whether they are right."
        ).format(then=f"{score.mean_then:.1%}", now=f"{score.mean_now:.1%}")


def _about_runs(look: Look) -> Iterator[str]:
    judged = [one for one in look.realised if one.measures]
    if not judged:
        if look.open_runs:
            yield wordings(
                "No outcome window is over yet ({count} scoring run waits), so nothing can be said of how right the "
                "scores are.",
                "No outcome window is over yet ({count} scoring runs wait), so nothing can be said of how right the "
                "scores are.",
            )[1].format(count=f"{look.open_runs:,}")
        return
    one = judged[0]
    when, bias = date_of(one.snapshot.cutoff), one.measures["bias"]
    if one.saved is not None and one.saved.high < 0:
        yield wording(
            "The scores of {when} were surely worse than giving everybody the churn rate that came out: train again, "
            "`churnrisk train --like current`."
        ).format(when=when)
    tested = look.tested_auc.get(one.model)
    if tested is not None and one.measures["auc"].high < tested - AUC_DROP:
        yield wording(
            "The scores of {when} ranked customers worse than in the model's test (AUC {auc} against {tested}): train "
            "again, `churnrisk train --like current`."
        ).format(when=when, auc=f"{one.measures['auc'].value:.3f}", tested=f"{tested:.3f}")
    if one.calibration_beyond_chance is not None and one.calibration_beyond_chance > CALIBRATION:
        words = TOO_HIGH if bias.value > 0 else TOO_LOW
        yield words.format(when=when, points=f"{100 * abs(bias.value):.1f}")
    for name in one.biased_by:
        yield wording(
            "Campaign {name} had no control group and touches the window of {when}: what it did is taken for the "
            "customers' own doing."
        ).format(name=name, when=when)
