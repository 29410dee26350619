"""Answers to a survey from a CSV file, every row accounted for."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from churnrisk.errors import ColumnError, SettingsError, SourceError, TooManyRejects
from churnrisk.retention.periods import USUAL, Calendar, make_periods
from churnrisk.retention.survey import Answer
from churnrisk.timeline import parse_day

ALIASES = {
    "score": ("score", "nps", "nps_score", "rating", "likelihood_to_recommend", "оценка", "ocena", "адзнака"),
    "customer_id": ("customer_id", "customer", "client_id", "client", "user_id", "клиент", "klient", "кліент"),
    "answered_at": ("answered_at", "date", "created_at", "submitted_at", "timestamp", "дата", "data"),
    "segment": ("segment", "сегмент", "сегмэнт"),
    "reason": ("reason", "причина", "powód", "powod", "прычына"),
    "comment": ("comment", "comments", "коментар", "komentarz", "каментар"),
    "csat": ("csat", "satisfaction", "удовлетвореност", "satysfakcja", "задаволенасць"),
}
"""Headers that are understood; the first of each is ours."""

SURVEY_ROLES = tuple(ALIASES)
REJECT_LIMIT = 0.05
MOST_BYTES = 500_000_000
HIGHEST_OF_OTHERS, LEAST_ANSWERS = 7, 5
"""Where none of so many answers is higher, the scale may be one of 1 to 5 or 1 to 7, of which no NPS can be made."""


@dataclass(frozen=True)
class SurveyRows:
    """The answers of a file, and the account: rows_in = answers + rows without a score + rejected ones.

    Parameters
    ----------
    answers : tuple of Answer
        Rows with a score from 0 to 10.
    rows_in, rows_without_score : int
        Rows of the file, and those among them whose score is empty.
    rejected : tuple of (int, str, str, str)
        Line, column, value, reason of each row that was set aside.
    """

    answers: tuple[Answer, ...]
    rows_in: int
    rows_without_score: int
    rejected: tuple[tuple[int, str, str, str], ...]


def read_survey(
    path: Path,
    columns: Mapping[str, str] | None = None,
    *,
    period: str = "month",
    calendar: Calendar = USUAL,
    is_low: bool = False,
) -> SurveyRows:
    """Read a survey from CSV in UTF-8, with commas, semicolons or tabs.

    Parameters
    ----------
    path : Path
        The file. Needed is a column ``score``; understood are ``customer_id, answered_at, segment, reason, comment,
        csat`` and some words for each in Bulgarian, Polish and Belarusian.
    columns : mapping of str to str, optional
        The file's header for one of ours.
    period : {"week", "month", "quarter", "year"}
        What answers are grouped by, where they are dated.
    calendar : Calendar
        On which day years and weeks begin.
    is_low : bool
        That the scale is 0 to 10 although no answer is high.

    Raises
    ------
    SourceError, ColumnError, TooManyRejects
        The file cannot be read, has no score, more than 5 % of its rows cannot be used, or its scale is another one.
    """
    reader = _open_rows(path)
    header = [name.strip() for name in next(reader, [])]
    places = _find_columns(header, columns or {}, path)
    answers, rejected, rows, empty = [], [], 0, 0
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        rows += 1
        cells = {name: row[place].strip() if place < len(row) else "" for name, place in places.items()}
        if not cells["score"]:
            empty += 1
            continue
        found = _read_answer(cells, period, calendar)
        if isinstance(found, Answer):
            answers.append(found)
        else:
            rejected.append((reader.line_num, *found))
    if rows and len(rejected) / rows > REJECT_LIMIT:
        examples = "; ".join(f"line {n}, {column}: {value!r} {reason}" for n, column, value, reason in rejected[:3])
        raise TooManyRejects(
            f"{path.name}: {len(rejected)} of {rows} answers cannot be used, for example {examples}.",
            code="rows.too_many_rejected",
        )
    highest = max((answer.score for answer in answers), default=10)
    if len(answers) >= LEAST_ANSWERS and highest <= HIGHEST_OF_OTHERS and not is_low:
        raise SourceError(
            f"{path.name}, column {header[places['score']]!r}: the highest of {len(answers):,} answers is {highest}, so"
            " the scale may be 1 to 5 or 1 to 7. NPS needs answers from 0 to 10. If these are, say so: --scale-0-10; "
            "else bring the column that is: --survey-column score=HEADER.",
            code="survey.scale_unsure",
        )
    return SurveyRows(tuple(answers), rows, empty, tuple(rejected))


def _open_rows(path: Path) -> Any:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SourceError(f"{path.name}: larger than {MOST_BYTES // 1_000_000} MB; split the file.")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{path.name}: not in UTF-8 (byte {error.start}). Save it as 'CSV UTF-8' in the spreadsheet program.",
            code="source.encoding",
        ) from None
    except OSError as error:
        raise SourceError(f"{path.name}: cannot be read: {error.strerror or error}.") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _find_columns(header: list[str], columns: Mapping[str, str], path: Path) -> dict[str, int]:
    unknown = next((role for role in columns if role not in ALIASES), None)
    if unknown is not None:
        raise ColumnError(f"--survey-column {unknown}: a survey has no such column; it has {', '.join(ALIASES)}.")
    lowered = [name.lower().replace(" ", "_") for name in header]
    places = {}
    for role, aliases in ALIASES.items():
        wanted = columns.get(role)
        fitting = [k for k, name in enumerate(header) if name == wanted] if wanted else []
        fitting = fitting or [k for k, name in enumerate(lowered) if name in aliases and wanted is None]
        if len(fitting) > 1:
            names = ", ".join(header[k] for k in fitting)
            raise ColumnError(
                f"{path.name}: {names} could each be {role}; say which: --survey-column {role}=HEADER.",
                code="columns.several_fit",
            )
        if fitting:
            places[role] = fitting[0]
        elif wanted or role == "score":
            raise ColumnError(
                f"{path.name}: no column {wanted or role!r}; found {', '.join(header) or 'no header'}. "
                f"Say which it is: --survey-column {role}=HEADER.",
                code="columns.not_found",
            )
    return places


def _read_answer(cells: Mapping[str, str], period: str, calendar: Calendar) -> Answer | tuple[str, str, str]:
    score, csat = _number(cells["score"]), _number(cells.get("csat", ""))
    if score is None or score != int(score) or not 0 <= score <= 10:
        return "score", cells["score"], "is no whole number from 0 to 10"
    if cells.get("csat") and csat is None:
        return "csat", cells["csat"], "is no number"
    try:
        day = _read_day(cells.get("answered_at", ""))
    except SettingsError:
        return "answered_at", cells["answered_at"], "is no date like 2011-12-10"
    when = "" if day is None else make_periods(period, day, day + 1, calendar=calendar)[0].name
    texts = {name: cells.get(name, "") for name in ("customer_id", "segment", "reason", "comment")}
    return Answer(int(score), period=when, csat=csat, day=day, **texts)


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if abs(value) < 1e15 else None  # refuses inf and nan as well


def _read_day(text: str) -> int | None:
    """Read the day of a date or a time; 24:00 is the end of its day, which is the next one."""
    return parse_day(text[:10], option="answered_at") + (text[11:13] == "24") if text else None
