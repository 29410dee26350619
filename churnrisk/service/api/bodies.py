"""Bodies and answers in several forms: JSON, CSV and Parquet in; JSON and CSV out."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal

from fastapi import Request
from pydantic import ValidationError

from churnrisk.errors import SourceError
from churnrisk.orders import PurchaseRow
from churnrisk.service.api.shapes import ReceivedPurchase
from churnrisk.service.problems import Problem

Form = Literal["json", "csv", "parquet"]
FORMS: dict[str, Form] = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/parquet": "parquet",
}
COLUMNS = tuple(ReceivedPurchase.model_fields)
NEEDED = ("customer_id", "order_id", "ordered_at")
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
        raise SourceError("the CSV is not UTF-8; encode it so.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[ReceivedPurchase] = []
    try:
        header = next(reader, [])
        _check_header(header)
        found.extend(_read_row(header, row, reader.line_num) for row in reader if row)
    except csv.Error as error:
        raise SourceError(f"line {reader.line_num}: {error}.") from None
    if not found:
        raise SourceError("the CSV has no rows; it must have a row per purchase row.")
    return found


def _check_header(header: Sequence[str]) -> None:
    unknown = [name for name in header if name not in COLUMNS]
    missing = [name for name in NEEDED if name not in header]
    if unknown or missing or len(set(header)) != len(header):
        raise SourceError(
            f"line 1: the header must have {', '.join(NEEDED)}, and may have "
            f"{', '.join(name for name in COLUMNS if name not in NEEDED)}, each once, and nothing else."
        )


def _read_row(header: Sequence[str], row: Sequence[str], line: int) -> ReceivedPurchase:
    if len(row) != len(header):
        raise SourceError(f"line {line}: has {len(row)} fields, and the header has {len(header)}.")
    try:
        return ReceivedPurchase(**{name: value for name, value in zip(header, row, strict=True) if value != ""})
    except ValidationError as error:
        first = error.errors()[0]
        raise SourceError(
            f"line {line}, {first['loc'][0] if first['loc'] else 'row'}: {first['msg'].lower()}."
        ) from None


def check_rows(rows: Sequence[PurchaseRow] | Sequence[ReceivedPurchase], limit: int) -> None:
    """Refuse more rows than one request may have."""
    if len(rows) > limit:
        raise Problem(
            413, "Too many rows", f"One request may have {limit} purchase rows; send several.", limit_rows=limit
        )
