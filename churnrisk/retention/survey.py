"""NPS, satisfaction and reasons from a survey, joined to what the customers buy."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from churnrisk.errors import NotEnoughData
from churnrisk.retention.definitions import Definition, Z

GROUPS = ("promoters", "passives", "detractors")
MOST_REASONS = 20

DEFINITIONS = (
    Definition(
        "nps",
        "NPS",
        "points",
        "100 x (share of promoters, 9 or 10, less share of detractors, 0 to 6), of the latest answer of each customer",
        "The interval adds three answers to the sample (3/4 promoter, 3/2 passive, 3/4 detractor), so it is never of "
        "zero width, not even when all answers agree. The figure itself is the plain one.",
        "Many tools give no interval; with 50 answers it is about 20 points to either side.",
        "Reichheld, F. (2003), The One Number You Need to Grow, Harvard Business Review 81(12); interval: Rocks, B. "
        "(2016), Interval Estimation for the Net Promoter Score, The American Statistician 70(4)",
    ),
    Definition(
        "csat_mean",
        "CSAT",
        "points",
        "mean of the column csat over the answers that have one",
        "In the scale of the survey.",
        "Often the share of the two best answers instead.",
    ),
)


@dataclass(frozen=True)
class Answer:
    """One answer to a survey: what is missing is None or empty text."""

    score: int
    customer_id: str = ""
    period: str = ""
    segment: str = ""
    reason: str = ""
    comment: str = ""
    csat: float | None = None
    day: int | None = None

    @property
    def group(self) -> str:
        """Promoters, passives or detractors."""
        return GROUPS[0] if self.score >= 9 else GROUPS[2] if self.score <= 6 else GROUPS[1]


@dataclass(frozen=True)
class Nps:
    """A net promoter score, in points from -100 to 100, with its 95 % interval."""

    responses: int
    promoters: int
    passives: int
    detractors: int
    nps: float
    low: float
    high: float


def compute_nps(promoters: int, passives: int, detractors: int) -> Nps:
    """Compute the net promoter score and an interval that is never of zero width.

    The adjusted Wald interval of Rocks (2016): three answers are added, 3/4 promoter, 3/2 passive, 3/4 detractor.

    Raises
    ------
    NotEnoughData
        Without any answer.

    Examples
    --------
    >>> round(compute_nps(10, 0, 0).low, 1)
    47.5
    """
    n = promoters + passives + detractors
    if n == 0:
        raise NotEnoughData("no answer to compute a net promoter score from.", code="survey.no_answers")
    up, down = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3)
    centre = up - down
    half = Z * ((up + down - centre**2) / (n + 3)) ** 0.5
    score = (promoters - detractors) / n
    low, high = max(-1.0, min(centre - half, score)), min(1.0, max(centre + half, score))
    return Nps(n, promoters, passives, detractors, 100 * score, 100 * low, 100 * high)


@dataclass(frozen=True)
class Survey:
    """What a survey says: overall, by period, segment and reason, and by what the customers do.

    Parameters
    ----------
    total : Nps
        Of the latest answer of each customer; answers without a customer count each.
    of_all_answers : Nps
        With the earlier answers of customers who answered again.
    csat_mean : float or None
        Mean satisfaction; None without a column.
    csat_responses : int
        How many gave one.
    by_period, by_segment : mapping of str to Nps
        Empty without the column.
    reasons : tuple of dict
        Per reason: responses, by group and by segment, and mean value of the customers who are known.
    comments : int
        Answers with a comment.
    groups : tuple of dict
        Per group: responses, customers found in the log, mean revenue, mean churn probability, share lost.
    """

    total: Nps
    of_all_answers: Nps
    csat_mean: float | None
    csat_responses: int
    by_period: Mapping[str, Nps]
    by_segment: Mapping[str, Nps]
    reasons: tuple[dict[str, Any], ...]
    comments: int
    groups: tuple[dict[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            **vars(self.total),
            "of_all_answers": vars(self.of_all_answers),
            "csat_mean": self.csat_mean,
            "csat_responses": self.csat_responses,
            "by_period": [{"period": name, **vars(nps)} for name, nps in self.by_period.items()],
            "by_segment": [{"segment": name, **vars(nps)} for name, nps in self.by_segment.items()],
            "reasons": list(self.reasons),
            "comments": self.comments,
            "groups": list(self.groups),
        }


@dataclass(frozen=True)
class KnownCustomers:
    """What is known of customers by id, for joining; every mapping may be empty.

    Parameters
    ----------
    revenue : mapping of str to float
        Net revenue to date.
    segment : mapping of str to str
        RFM segment.
    is_active : mapping of str to bool
        Whether the customer is active at the end of the log.
    churn_probability : mapping of str to float
        From a model.
    """

    revenue: Mapping[str, float]
    segment: Mapping[str, str]
    is_active: Mapping[str, bool]
    churn_probability: Mapping[str, float]


NOBODY = KnownCustomers({}, {}, {}, {})


def measure_survey(answers: Sequence[Answer], known: KnownCustomers = NOBODY) -> Survey:
    """Measure NPS and what goes with it.

    Answers are not the customers: those who answer differ from those who do not, and so the interval covers chance
    only.

    Parameters
    ----------
    answers : sequence of Answer
        One per response. Of several of one customer the latest counts: in all, in each period, in each segment.
    known : KnownCustomers, optional
        What is known of the customers. The segment of an answer is that of the survey, else the RFM segment.
    """
    latest = keep_latest(answers)
    segments = [answer.segment or known.segment.get(answer.customer_id, "") for answer in answers]
    satisfied = [answer.csat for answer in answers if answer.csat is not None]
    return Survey(
        _count(latest),
        _count(answers),
        sum(satisfied) / len(satisfied) if satisfied else None,
        len(satisfied),
        _split(answers, [answer.period for answer in answers]),
        _split(answers, segments),
        tuple(_list_reasons(answers, segments, known)),
        sum(bool(answer.comment) for answer in answers),
        tuple(_describe_group(name, latest, known) for name in GROUPS),
    )


def keep_latest(answers: Sequence[Answer]) -> list[Answer]:
    """Keep the latest answer of each customer, of two of one day the later row; and all answers without a customer."""
    in_time = sorted(answers, key=lambda answer: -1 if answer.day is None else answer.day)
    last_of = {answer.customer_id: answer for answer in in_time if answer.customer_id}
    return [*last_of.values(), *(answer for answer in answers if not answer.customer_id)]


def _count(answers: Iterable[Answer]) -> Nps:
    counts = Counter(answer.group for answer in answers)
    return compute_nps(*(counts[name] for name in GROUPS))


def _split(answers: Sequence[Answer], keys: Sequence[str]) -> dict[str, Nps]:
    parts: dict[str, list[Answer]] = defaultdict(list)
    for key, answer in zip(keys, answers, strict=True):
        if key:
            parts[key].append(answer)
    return {key: _count(keep_latest(parts[key])) for key in sorted(parts)}


def _list_reasons(
    answers: Sequence[Answer], segments: Sequence[str], known: KnownCustomers
) -> Iterable[dict[str, Any]]:
    parts: dict[str, list[tuple[Answer, str]]] = defaultdict(list)
    for answer, segment in zip(answers, segments, strict=True):
        if answer.reason:
            parts[answer.reason].append((answer, segment))
    for reason in sorted(parts, key=lambda name: (-len(parts[name]), name))[:MOST_REASONS]:
        given = [answer for answer, _ in parts[reason]]
        groups = Counter(answer.group for answer in given)
        yield {
            "reason": reason,
            "responses": len(given),
            **{name: groups[name] for name in GROUPS},
            "segments": dict(sorted(Counter(segment for _, segment in parts[reason] if segment).items())),
            "mean_revenue": _mean(given, known.revenue.get),
        }


def _describe_group(name: str, answers: Sequence[Answer], known: KnownCustomers) -> dict[str, Any]:
    inside = [answer for answer in answers if answer.group == name]
    lost = {who: 1.0 - active for who, active in known.is_active.items()}
    return {
        "group": name,
        "responses": len(inside),
        "customers_found": len({a.customer_id for a in inside if a.customer_id in known.is_active}),
        "mean_revenue": _mean(inside, known.revenue.get),
        "mean_churn_probability": _mean(inside, known.churn_probability.get),
        "lost_share": _mean(inside, lost.get),
    }


def _mean(answers: Iterable[Answer], look_up: Callable[[str], float | None]) -> float | None:
    """Average over the distinct customers who are known."""
    found = [value for who in sorted({a.customer_id for a in answers}) if (value := look_up(who)) is not None]
    return float(sum(found) / len(found)) if found else None
