"""Bodies and answers in several forms: JSON, CSV and Parquet in; JSON and CSV out."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal

from fastapi import Request
from pydantic import ValidationError

from churnrisk.errors import SourceError
from churnrisk.service.api.shapes import ReceivedPurchase
from churnrisk.service.problems import Problem, describe

Form = Literal["json", "csv", "parquet"]
FORMS: dict[str, Form] = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/parquet": "parquet",
}
COLUMNS = tuple(ReceivedPurchase.model_fields)
NEEDED = ("customer_id", "order_id", "ordered_at")
NO_TEXT = (
    "this is no text in UTF-8. Purchases to keep come as JSON, or as CSV in UTF-8: neither compressed, nor as a "
    "spreadsheet or Parquet."
)
csv.field_size_limit(2**17)


def form_of_body(request: Request, *allowed: Form) -> Form:
    """Tell the form of a body by its Content-Type."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = FORMS.get(given)
    if form is None or form not in allowed:
        known = ", ".join(name for name, one in FORMS.items() if one in allowed)
        raise Problem(415, "Unknown content type", f"Send a body as one of {known}, and name it in Content-Type.")
    return form


def form_of_answer(request: Request) -> Literal["json", "csv"]:
    """Choose the form of an answer by Accept; JSON where anything will do."""
    wanted: dict[str, float] = {}
    for part in request.headers.get("accept", "*/*").split(","):
        name, *parameters = [piece.strip().lower() for piece in part.split(";")]
        wanted[name] = _weight(parameters)
    as_json = max(wanted.get(name, 0.0) for name in ("application/json", "application/*", "*/*"))
    as_csv = max(wanted.get(name, 0.0) for name in ("text/csv", "text/*"))
    if max(as_json, as_csv) <= 0:
        raise Problem(406, "No such form", "Answers are application/json or text/csv; name one of them in Accept.")
    return "csv" if as_csv > as_json or (as_csv == as_json and "application/json" not in wanted) else "json"


def _weight(parameters: Sequence[str]) -> float:
    for one in parameters:
        name, _, value = one.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def read_csv_purchases(body: bytes) -> list[ReceivedPurchase]:
    """Read purchases to keep from CSV: UTF-8, commas, a header of our own column names, every row right.

    Raises
    ------
    SourceError
        Naming the line and column of the first thing that is not so.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError(NO_TEXT) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[ReceivedPurchase] = []
    try:
        header = next(reader, [])
        _check_header(header)
        found.extend(_read_row(header, row, reader.line_num) for row in reader if row)
    except csv.Error as error:
        raise SourceError(f"line {reader.line_num}: {error}; is a quotation mark left open, or too many?") from None
    if not found:
        raise SourceError("the CSV has no rows; it must have a row per purchase row.")
    return found


def _check_header(header: Sequence[str]) -> None:
    unknown = [name[:60] for name in header if name not in COLUMNS]
    missing = [name for name in NEEDED if name not in header]
    twice = sorted({name[:60] for name in header if header.count(name) > 1})
    said = [
        f"{what}: {', '.join(map(repr, names[:10]))}"
        for what, names in (("missing", missing), ("not known", unknown), ("there twice", twice))
        if names
    ]
    if said:
        others = ", ".join(name for name in COLUMNS if name not in NEEDED)
        raise SourceError(
            f"line 1, the header: {'; '.join(said)}. With commas between them it must have {', '.join(NEEDED)}, "
            f"and may have {others}."
        )


def _read_row(header: Sequence[str], row: Sequence[str], line: int) -> ReceivedPurchase:
    if len(row) != len(header):
        raise SourceError(f"line {line}: has {len(row)} fields, and the header has {len(header)}.")
    try:
        return ReceivedPurchase(**{name: value for name, value in zip(header, row, strict=True) if value != ""})
    except ValidationError as error:
        first = error.errors()[0]
        what = describe(first)
        raise SourceError(
            f"line {line}, {first['loc'][0] if first['loc'] else 'row'}: {what[0].lower()}{what[1:]}."
        ) from None


def check_rows(rows: Sequence[object], limit: int) -> None:
    """Refuse more rows than one request may have."""
    if len(rows) > limit:
        raise Problem(413, "Too many rows", f"One request may have {limit} rows; send several.", limit_rows=limit)
