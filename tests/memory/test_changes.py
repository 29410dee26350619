"""What has changed since an earlier run, in words, and whether it came true."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.memory.changes import CHANGES, Comparison, digest_of, follow_up, tell_changes
from churnrisk.scoring import Scores
from churnrisk.state import Remembered, Run, RunScore
from churnrisk.timeline import Snapshot
from support.logs import PlainLog, Row, polars_log

THEN, NOW = Snapshot(15_000, 365, 30), Snapshot(15_030, 365, 30)
NAN = float("nan")

# customer: (risk and probability then, risk and probability now, days since the last order now, what to say)
STORIES: dict[str, tuple[tuple[str | None, float] | None, tuple[str | None, float], float, str | None]] = {
    "appeared": (None, ("high", 0.9), 100, "new on the list"),
    "climbed": (("medium", 0.6), ("high", 0.9), 100, "new on the list"),
    "grew": (("low", 0.1), ("low", 0.2), 40, "rising"),
    "fell": (("medium", 0.6), ("medium", 0.5), 40, "falling"),
    "stayed": (("high", 0.9), ("high", 0.92), 100, "unchanged"),
    "bought": (("high", 0.9), ("low", 0.1), 3, "bought since"),
    "bought on the day": (("high", 0.9), ("low", 0.1), 30, "bought since"),
    "bought the day before": (("high", 0.9), ("low", 0.1), 31, "off the list"),
    "bought and is high": (("high", 0.9), ("high", 0.8), 3, "bought since"),
    "left": (("high", 0.9), (None, NAN), 366, "off the list"),
    "low and new": (None, ("low", 0.1), 3, None),
    "low and bought": (("low", 0.1), ("low", 0.1), 3, "unchanged"),
    "lapsed": ((None, NAN), (None, NAN), 500, None),
}


def scores(snapshot: Snapshot = NOW) -> Scores:
    now = [story[1] for story in STORIES.values()]
    return Scores(
        snapshot,
        {
            "customer_id": np.array(list(STORIES), dtype=object),
            "status": np.array(["lapsed" if risk is None else "scored" for risk, _ in now], dtype=object),
            "risk": np.array([risk for risk, _ in now], dtype=object),
            "churn_probability": np.array([probability for _, probability in now]),
            "days_since_last_order": np.array([story[2] for story in STORIES.values()]),
            "order_count": np.ones(len(now)),
            "total_amount": np.ones(len(now)),
        },
        "risk",
        np.zeros(0),
    )


def before() -> list[RunScore]:
    return [
        RunScore(name, "scored" if then[0] else "lapsed", None if then[1] != then[1] else then[1], then[0], None)
        for name, (then, *_) in STORIES.items()
        if then is not None
    ]


def test_each_story_has_its_word() -> None:
    told = tell_changes(scores(), before(), since=THEN.cutoff)
    assert dict(zip(STORIES, told, strict=True)) == {name: story[3] for name, story in STORIES.items()}
    assert {one for one in told if one} <= set(CHANGES)


def log_of(days: dict[str, list[int]]) -> PlainLog:
    return PlainLog(tuple(Row(who, f"o{day}", day, 10_000) for who, bought in days.items() for day in bought))


@pytest.mark.parametrize(("now", "silent", "over"), [(15_010, 3, 10), (15_030, 2, 30), (15_090, 2, 30)])
def test_those_rated_high_are_followed_by_their_purchases(now: int, silent: int, over: int) -> None:
    high = [RunScore(name, "scored", 0.75, "high", 1) for name in "abcd"]
    low = [RunScore("e", "scored", 0.1, "low", 5)]
    bought = {"a": [14_900], "b": [14_900, 15_020], "c": [14_900, 15_005], "d": [14_900, 15_040], "e": [14_990]}
    here = Scores(Snapshot(now, 365, 30), {"customer_id": np.array(sorted(bought), dtype=object)}, "risk", np.zeros(0))
    orders = polars_log(log_of(bought))
    followed = follow_up(here, [*high, RunScore("gone", "scored", 0.75, "high", 1), *low], THEN, orders)  # type: ignore[arg-type]
    assert followed is not None
    assert (followed.rated_high, followed.followed, followed.silent) == (5, 4, silent)
    assert (followed.days_over, followed.days, followed.predicted) == (over, 30, 3.0)
    remembered = Remembered(1, "", Run(THEN, "m", "purchases", "", 5))
    line = Comparison(remembered, np.zeros(0), followed).line(now)
    assert line.startswith("Of the 4 rated high on 2011-01-26 (1 more are not in this file), ")
    ends = "did not buy within 30 days; 3 were predicted." if over == 30 else "3 are predicted for its end."
    assert line.endswith(ends)


def test_a_summary_tells_only_while_the_window_is_open() -> None:
    open_window = follow_up(scores(Snapshot(15_029, 365, 30)), before(), THEN, None)
    assert open_window is not None
    assert (open_window.rated_high, open_window.silent) == (6, 4)  # the last order is 29 days before day 15,029
    assert follow_up(scores(Snapshot(15_031, 365, 30)), before(), THEN, None) is None
    assert follow_up(scores(THEN), before(), THEN, None) is None
    assert "Nothing can be said yet" in Comparison(
        Remembered(1, "", Run(THEN, "m", "summary", "", 5)), np.zeros(0), None
    ).line(15_031)


def test_the_digest_is_of_what_was_scored() -> None:
    one = scores()
    assert digest_of(one) == digest_of(scores())
    changed = {**one.columns, "order_count": one.columns["order_count"] + 1}
    assert digest_of(Scores(NOW, changed, "risk", np.zeros(0))) != digest_of(one)
