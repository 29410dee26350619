"""What programs send and get, strictly: unknown members and wrong types are refused. It is all in the OpenAPI."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import json
from collections import Counter
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from churnrisk.orders import PurchaseRow
from churnrisk.schema import By, JobStatus, ListedBy, ReasonsFor, Receipt

Id = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]


def _check_date(text: str) -> str:
    dt.date.fromisoformat(text)
    return text


Date = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    AfterValidator(_check_date),
    Field(examples=["2011-12-10"], json_schema_extra={"format": "date"}),
]
Number = Annotated[int | float | str, Field(description='A number, or decimal text such as "12.50".')]
Text = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")]

EXAMPLE_ROWS: list[Any] = [
    {
        "customer_id": "13085",
        "order_id": "489434",
        "ordered_at": "2011-11-01T07:45:00",
        "amount": "505.30",
        "quantity": 166,
    },
    {
        "customer_id": "13085",
        "order_id": "489435",
        "ordered_at": "2011-12-01T07:46:00",
        "amount": 145.8,
        "quantity": 60,
    },
]
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457: what went wrong, and what to do.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable name of the error, where churnrisk itself raised it"},
        "request_id": {"type": "string"},
    },
}


class Strict(BaseModel):
    """Nothing is converted, and nothing unknown is passed over."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Purchase(Strict):
    """One purchase row: an order, or a line of one."""

    customer_id: Id
    ordered_at: Annotated[str, StringConstraints(min_length=10, max_length=40)] = Field(
        description="ISO date or time, by the shop's clock.", examples=["2011-12-01T07:46:00"]
    )
    order_id: Text | None = Field(None, description="Rows of one customer with one order id are one order.")
    amount: Number | None = Field(None, description="Net amount of the row; negative for a return.")
    quantity: Number | None = None
    product_id: Text | None = None
    category: Text | None = None

    def to_row(self) -> PurchaseRow:
        """Return the row as text."""
        return PurchaseRow(
            self.customer_id,
            self.ordered_at,
            to_text(self.amount),
            self.order_id,
            to_text(self.quantity),
            self.product_id,
            self.category,
        )


class ReceivedPurchase(Purchase):
    """One row of an order to keep; its id makes sure that it is kept once."""

    order_id: Id


class ScoreRequest(Strict):
    """Purchases of one or many customers, all that is known of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"purchases": EXAMPLE_ROWS}]})
    purchases: list[Purchase] = Field(min_length=1)


class PurchasesRequest(Strict):
    """Orders to keep."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"purchases": EXAMPLE_ROWS}]})
    purchases: list[ReceivedPurchase] = Field(min_length=1)


class ScoreJob(Strict):
    """Score everybody in the history."""

    as_of: Date | None = None
    model: Annotated[str, StringConstraints(max_length=60)] | None = Field(
        None, description="By default the current one."
    )
    by: By = "value"
    reasons: ReasonsFor = "listed"


class TrainJob(Strict):
    """Train on the history."""

    horizon: int | None = Field(None, ge=1, le=3650, description="Days; by default chosen from the history.")
    lookback: int = Field(365, ge=1, le=36500)
    lead: int = Field(0, ge=0, le=3650)
    seed: int = Field(0, ge=0, le=2**32 - 1)
    as_of: Date | None = None
    backtest: bool = False
    promote: bool = Field(False, description="Make it the current model, if it can be trained.")


class OrderReceipt(BaseModel):
    """What became of an order."""

    customer_id: str
    order_id: str
    status: Receipt
    ordered_on: str


class Receipts(BaseModel):
    """What became of the orders; what is accepted or a duplicate is on the disk."""

    accepted: int
    duplicates: int
    orders: list[OrderReceipt]


class Open(BaseModel):
    """A document whose members are described elsewhere may grow more."""

    model_config = ConfigDict(extra="allow")


class ScoreAnswer(Open):
    """Scores, as ``churnrisk score --json`` gives them."""

    model: str | None
    as_of: str
    horizon_days: int
    sorted_by: By
    counts: dict[str, int]
    customers: list[dict[str, Any]]


class CustomerAnswer(BaseModel):
    """All that is known of a customer."""

    customer_id: str
    as_of: str
    model: str | None
    is_fresh: bool = Field(description="Whether orders or rows were taken in that came after the history was read.")
    score: dict[str, Any]
    why: list[str] = Field(description="At most two sentences on the customer's own orders, as on the week's list.")
    reasons: list[str] = Field(description="At most three sentences on the score.")
    next_order: dict[str, str | None] | None = Field(
        description="The day if the customer orders again within a year, and an 80 % interval where one holds."
    )
    segment: str | None
    observation: str | None = Field(
        description="The product that was bought most regularly and not again when it was due; no part of the score."
    )
    due_product: str | None = Field(description="The likeliest product of those due within a week.")
    next_products: list[str] = Field(description="At most three products that are likely next.")
    advice: dict[str, str]
    orders: list[dict[str, Any]]
    order_total: int = Field(description="Of all kinds; the purchases among them are `score.order_count`.")
    rows: list[dict[str, Any]] = Field(
        description="The last 500 rows of tables beside the purchases: `table`, `kind`, `happened_on`, `known_on`, "
        "`ended_on`, `value`."
    )
    row_total: int
    first_order_on: str | None = Field(description="Day of the first purchase.")
    explanation: dict[str, Any] | None = None
    contact: dict[str, Any] | None = Field(
        None,
        description="Name, addresses and consent, for keys of the role `contacts`, where the settings name a file.",
    )


class CustomersAnswer(BaseModel):
    """A page of the list."""

    as_of: str
    model: str | None
    total: int
    next_cursor: str | None
    customers: list[dict[str, Any]] = Field(description="With `contact`, as of a single customer, for `contacts`.")


class ListAnswer(Open):
    """The list of this week: customers to contact, orders due, lapsed customers worth winning back."""

    as_of: str
    horizon_days: int
    sorted_by: ListedBy
    expected_profit: float | None
    left_out: dict[str, int]
    since_last_list: dict[str, Any] | None
    notices: list[str]
    contact: list[dict[str, Any]]
    lapsed: list[dict[str, Any]]
    due: list[dict[str, Any]]


class RetentionAnswer(Open):
    """Every retention figure, period by period."""

    periods: list[dict[str, Any]]


class CohortsAnswer(Open):
    """Cohorts, by the period of the first purchase."""

    cohorts: list[dict[str, Any]]


class SegmentsAnswer(Open):
    """The RFM segments."""

    as_of: str
    segments: list[dict[str, Any]]


class ModelAnswer(BaseModel):
    """A stored model."""

    version: str
    is_current: bool
    status: str
    reason: str | None
    created_at: str | None
    signed_by: str | None
    snapshot: dict[str, Any] | None
    grade: Any = None


class ModelsAnswer(BaseModel):
    """The stored models, newest first."""

    models: list[ModelAnswer]


class PromotionAnswer(BaseModel):
    """The model that is current now, and the one before."""

    version: str
    previous: str | None


class JobAnswer(BaseModel):
    """A job and how far it is."""

    job_id: int
    kind: str
    status: JobStatus
    made_at: str
    started_at: str | None
    ended_at: str | None
    progress: dict[str, Any]
    request: dict[str, Any]
    result: dict[str, Any] | None
    error: str | None


class JobsAnswer(BaseModel):
    """The newest jobs, newest first."""

    jobs: list[JobAnswer]


Shape = TypeVar("Shape", bound=BaseModel)


def parse(shape: type[Shape], body: bytes) -> Shape:
    """Read a JSON body, strictly.

    Raises
    ------
    RequestValidationError
        Naming each place that is not as documented.
    """
    try:
        found = shape.model_validate_json(body)
    except ValidationError as error:
        places = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False, include_input=False)]
        raise RequestValidationError(places) from None
    refuse_twins(body, shape)
    return found


def refuse_twins(body: bytes, shape: type[BaseModel] | None = None) -> None:
    """Refuse JSON with a name that stands twice in one object: nobody could say which of its values is meant.

    What is no JSON is passed over; the code that reads it says so.
    """
    ended = 0

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal ended
        if len({name for name, _ in pairs}) < len(pairs):
            [(twin, _)] = Counter(name for name, _ in pairs).most_common(1)
            names = [] if shape is None else list(shape.model_fields)
            place = (twin,) if not names or twin in names else (names[0], ended, twin)
            raise RequestValidationError([{"type": "twins", "loc": ("body", *place), "msg": "Stands there twice"}])
        ended += 1

    with contextlib.suppress(ValueError, RecursionError):
        json.loads(body, object_pairs_hook=look, parse_int=str, parse_float=str)


async def _refuse_twins(request: Request) -> None:
    refuse_twins(await request.body())


NoTwins: Any = Depends(_refuse_twins)
"""Declares that a route takes a body of JSON in which no name stands twice in one object."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the answers of a route that are problems, those that any route may give included."""
    words = {
        400: "Not understood",
        401: "No key",
        403: "The role is too small",
        404: "Not there",
        405: "Not this method",
        406: "No such form of answer",
        409: "Conflict",
        411: "No length",
        413: "Too large",
        415: "No such form of body",
        422: "Not valid",
        429: "Too many",
        503: "Busy, or not ready; Retry-After says when to ask again",
        504: "Took too long",
    }
    found = sorted({400, 401, 403, 422, 503, 504, *statuses})
    content = {"application/problem+json": {"schema": PROBLEM}}
    return {status: {"description": words[status], "content": content} for status in found}


def inline(shape: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a shape with everything that it refers to in its place."""
    schema = shape.model_json_schema()
    known = schema.pop("$defs", {})

    def fill(part: Any) -> Any:
        if isinstance(part, dict):
            if "$ref" in part:
                return fill(copy.deepcopy(known[part["$ref"].rpartition("/")[2]]))
            return {name: fill(value) for name, value in part.items()}
        return [fill(one) for one in part] if isinstance(part, list) else part

    return dict(fill(schema))


def to_text(value: float | str | None) -> str | None:
    """Return a number or a text as text; None for nothing."""
    return None if value is None else str(value) if isinstance(value, int | str) else repr(value)
