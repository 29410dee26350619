"""NPS with an interval, reasons, and the join to customers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.errors import ColumnError, NotEnoughData, SourceError, TooManyRejects
from churnrisk.retention import KnownCustomers, measure_survey, read_survey
from churnrisk.retention.survey import Answer, compute_nps

count = st.integers(0, 500)


@given(count, count, count)
def test_the_interval_holds_the_score_and_is_never_of_zero_width(up: int, passive: int, down: int) -> None:
    if up + passive + down == 0:
        return
    nps = compute_nps(up, passive, down)
    assert -100 <= nps.low <= nps.nps <= nps.high <= 100
    assert nps.high - nps.low > 1
    assert nps.nps == pytest.approx(100 * (up - down) / (up + passive + down))


def test_golden_interval() -> None:
    # Adjusted Wald by hand: n = 103, shares 50.75/103 and 20.75/103
    nps = compute_nps(50, 30, 20)
    up, down = 50.75 / 103, 20.75 / 103
    half = 1.959964 * ((up + down - (up - down) ** 2) / 103) ** 0.5
    assert nps.nps == 30
    assert (nps.low, nps.high) == pytest.approx((100 * (up - down - half), 100 * (up - down + half)))


def test_the_interval_covers_what_it_promises() -> None:
    draw = np.random.default_rng(1)
    samples = draw.multinomial(60, [0.5, 0.3, 0.2], size=2_000)
    made = [compute_nps(*map(int, sample)) for sample in samples]
    covered = np.mean([nps.low <= 30 <= nps.high for nps in made])
    assert 0.93 < covered < 0.975  # 95 % with a Monte Carlo error of 0.5 %


@pytest.mark.parametrize(("score", "group"), [(0, "detractors"), (6, "detractors"), (7, "passives"), (9, "promoters")])
def test_groups(score: int, group: str) -> None:
    assert Answer(score).group == group


def test_no_answer() -> None:
    with pytest.raises(NotEnoughData, match="no answer"):
        measure_survey([])


def test_join_to_customers() -> None:
    answers = [
        Answer(10, customer_id="a", reason="price", comment="yes", csat=5),
        Answer(2, customer_id="b", reason="delivery", segment="wholesale"),
        Answer(1, customer_id="b", reason="delivery"),
        Answer(8, customer_id="nobody"),
    ]
    known = KnownCustomers({"a": 100, "b": 10}, {"a": "loyal"}, {"a": True, "b": False}, {"a": 0.1, "b": 0.9})
    survey = measure_survey(answers, known)
    promoters, passives, detractors = survey.groups
    assert (promoters["customers_found"], passives["customers_found"], detractors["customers_found"]) == (1, 0, 1)
    assert (promoters["mean_revenue"], detractors["mean_revenue"]) == (100, 10)
    assert (promoters["lost_share"], detractors["lost_share"]) == (0, 1)
    assert passives["mean_churn_probability"] is None
    assert detractors["mean_churn_probability"] == 0.9
    assert survey.by_segment.keys() == {"loyal", "wholesale"}
    assert survey.reasons[0]["reason"] == "delivery"
    assert survey.reasons[0]["segments"] == {"wholesale": 1}
    assert (survey.csat_mean, survey.csat_responses, survey.comments) == (5, 1, 1)


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    file = path / "survey.csv"
    file.write_bytes(text.encode(encoding))
    return file


def test_reading(tmp_path: Path) -> None:
    text = 'klient;ocena;data;powód;csat\n1;10;2025-01-31;;4,5\n2;;;;\n\n3;3;;"za; drogo";\n'
    rows = read_survey(write(tmp_path, text, "utf-8-sig"))
    assert (rows.rows_in, len(rows.answers), rows.rows_without_score, rows.rejected) == (3, 2, 1, ())
    first, second = rows.answers
    assert (first.customer_id, first.score, first.period, first.csat) == ("1", 10, "2025-01", 4.5)
    assert (second.reason, second.period) == ("za; drogo", "")


def test_rejected_rows_are_named(tmp_path: Path) -> None:
    good = "".join("9,\n" for _ in range(60))
    rows = read_survey(write(tmp_path, f"score,date\n11,\n{good}8,31.01.2025\n7.5,\n"))
    assert [(line, column, value) for line, column, value, _ in rows.rejected] == [
        (2, "score", "11"),
        (63, "answered_at", "31.01.2025"),
        (64, "score", "7.5"),
    ]
    assert rows.rows_in == len(rows.answers) + len(rows.rejected)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TooManyRejects, match="line 2, score: 'x'"):
        read_survey(write(tmp_path, "score\nx\n9\n"))
    with pytest.raises(ColumnError, match="no column 'score'; found a, b"):
        read_survey(write(tmp_path, "a,b\n1,2\n"))
    with pytest.raises(ColumnError, match="nps, rating could each be score"):
        read_survey(write(tmp_path, "nps,rating\n1,2\n"))
    assert read_survey(write(tmp_path, "nps,rating\n1,2\n"), {"score": "rating"}).answers[0].score == 2
    with pytest.raises(SourceError, match="not in UTF-8"):
        read_survey(write(tmp_path, "оценка\n9\n", "cp1251"))
    with pytest.raises(SourceError, match="cannot be read"):
        read_survey(tmp_path / "none.csv")


def test_the_latest_answer_of_each_customer_counts(tmp_path: Path) -> None:
    """Three answers of one person, the last of them 0, are one; answers that nobody's id stands on are all kept."""
    text = (
        "customer_id,answered_at,score\na,2024-02-05,0\na,2024-01-05,10\na,2024-01-05,10\nb,2024-01-06,7\n"
        "c,2024-01-07,8\nd,2024-01-08,6\ne,2024-01-09,9\nf,2024-01-10,\n"
    )
    survey = measure_survey(read_survey(write(tmp_path, text)).answers)
    assert (survey.total.nps, survey.total.responses) == (-20, 5)
    assert survey.of_all_answers.responses == 7
    assert survey.of_all_answers.nps == pytest.approx(100 / 7)
    assert {name: nps.responses for name, nps in survey.by_period.items()} == {"2024-01": 5, "2024-02": 1}
    assert measure_survey([Answer(9), Answer(9), Answer(1)]).total.responses == 3


def test_another_scale_is_asked_about(tmp_path: Path) -> None:
    low = write(tmp_path, "score\n1\n2\n3\n4\n4\n4\n")
    with pytest.raises(SourceError, match=r"highest of 6 answers is 4, .* --scale-0-10"):
        read_survey(low)
    assert len(read_survey(low, is_low=True).answers) == 6
    assert len(read_survey(write(tmp_path, "score\n1\n2\n3\n4\n4\n8\n")).answers) == 6
