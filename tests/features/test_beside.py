"""Features of tables beside the purchases: what they are, and that they see nothing of the future."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from churnrisk.dated import TablesBeside
from churnrisk.engines import Database
from churnrisk.errors import ColumnError
from churnrisk.features import Features, beside, beside_names, customer_features, feature_of, iterate_features
from churnrisk.features.templates import TEMPLATES
from churnrisk.timeline import Snapshot
from support.beside import FAR, Dated, Held, beside_of, oracle, seeded_held, seeded_rows
from support.logs import CUTOFF, EngineLog, duckdb_log, polars_log, seeded_log

SNAPSHOT = Snapshot(CUTOFF, lookback=365, horizon=30)
PLAIN = seeded_log(seed=3, rows=400)
ROWS, HELD = seeded_rows(seed=5), seeded_held(seed=6)


@pytest.fixture(autouse=True)
def _few_holders_are_enough(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let kinds and values of a handful of customers count, but in the test of that."""
    if "own_names" not in request.node.name:
        monkeypatch.setattr(beside, "LEAST_HOLDERS", 1)


@pytest.fixture(scope="module")
def database() -> Generator[Database]:
    with Database() as made:
        yield made


def log_of(rows: list[Dated], held: list[Held], database: Database | None = None) -> Any:
    log: EngineLog = polars_log(PLAIN) if database is None else duckdb_log(PLAIN, database)
    log.beside = beside_of(rows, held, database)  # type: ignore[attr-defined]
    return log


def look(rows: list[Dated], held: list[Held], *, cutoff: int = CUTOFF, log: Any = None) -> Features:
    log = log or log_of(rows, held)
    return customer_features(log, SNAPSHOT.at(cutoff), names=beside_names(log, cutoff))


def last_purchases(cutoff: int) -> dict[str, int]:
    bought = [(order.customer_id, order.order_day) for order in PLAIN.orders() if order.bought(cutoff)]
    return {who: max(day for other, day in bought if other == who) for who, _ in bought}


@pytest.mark.parametrize("cutoff", [CUTOFF, CUTOFF - 400])
def test_every_template_is_what_plain_python_counts(cutoff: int) -> None:
    features, last = look(ROWS, HELD, cutoff=cutoff), last_purchases(cutoff)
    names = [name for name in features.names if name.startswith("tickets.")]
    assert {name.partition("=")[0] for name in names} == {f"tickets.{item}" for item in TEMPLATES}
    first = min(row.known_day for row in ROWS)
    for place, name in enumerate(names):
        window = TEMPLATES[name.removeprefix("tickets.").partition("=")[0]].window
        expected = [oracle(ROWS, name, who, cutoff, last_purchase=last[who]) for who in features.customer_ids]
        right = np.full(len(expected), np.nan) if cutoff - window < first else np.array(expected)
        np.testing.assert_allclose(features.values[:, place], right, rtol=1e-12, atol=1e-9, err_msg=name)


def test_attributes_are_those_of_the_latest_day_before_the_cutoff() -> None:
    features = look(ROWS, HELD)
    latest: dict[str, Held] = {}
    for row in sorted((row for row in HELD if row.valid_day < CUTOFF), key=lambda row: row.valid_day):
        latest[row.customer_id] = row
    values = dict(zip(features.names, features.values.T, strict=True))
    assert len([who for who in features.customer_ids if who in latest]) > 10
    for place, who in enumerate(features.customer_ids):
        held, made = latest.get(who), {name: column[place] for name, column in values.items()}
        if held is None:
            assert np.isnan(
                [made["members.channel=app"], made["members.points"], made["members.joined.days_since"]]
            ).all()
            continue
        assert made["members.channel=app"] == (held.channel == "app")
        np.testing.assert_equal(made["members.points"], np.nan if held.points is None else held.points / 10_000)
        days = np.nan if held.joined is None else CUTOFF - held.joined
        np.testing.assert_equal(made["members.joined.days_since"], days)


def hide(row: Dated) -> Dated:
    """Take off what a row tells of the cutoff and after."""
    ended = None if row.ended_day is None or row.ended_day >= CUTOFF else row.ended_day
    return replace(row, ended_day=ended, value=row.value if row.value_day < CUTOFF else None)


def scramble(row: Dated) -> Dated:
    """Write something else where the future is."""
    if row.known_day >= CUTOFF:
        return replace(row, customer_id="c001", happened_day=CUTOFF - 3, ended_day=None, kind="late", value=9 * FAR)
    ended = CUTOFF + 7 if hide(row).ended_day is None else row.ended_day
    return replace(row, ended_day=ended, value=row.value if row.value_day < CUTOFF else 77)


@pytest.mark.parametrize("on_duckdb", [False, True])
def test_nothing_known_later_changes_a_byte(on_duckdb: bool, database: Database) -> None:
    engine = database if on_duckdb else None
    held = [row for row in HELD if row.valid_day < CUTOFF]
    moved = [row if row.valid_day < CUTOFF else replace(row, channel="fax", points=3) for row in HELD]
    seen = look(ROWS, HELD, log=log_of(ROWS, HELD, engine))
    others = [
        ([hide(row) for row in ROWS if row.known_day < CUTOFF], held),
        ([scramble(row) for row in ROWS], moved),
        (ROWS[::-1], HELD[::-1]),
    ]
    for rows, attributes in others:
        other = look(rows, attributes, log=log_of(rows, attributes, engine))
        assert other.names == seen.names
        assert other.values.tobytes() == seen.values.tobytes()


def test_engines_and_batches_agree_to_the_bit(database: Database) -> None:
    whole, log = look(ROWS, HELD), log_of(ROWS, HELD, database)
    names = ("order_count", *beside_names(log, CUTOFF))
    assert names[1:] == whole.names
    batches = list(iterate_features(log, SNAPSHOT, rows=9, names=names[::-1], database=database))
    values = np.vstack([one.values for one in batches])[:, ::-1]
    assert np.ascontiguousarray(values[:, 1:]).tobytes() == whole.values.tobytes()


def test_days_moved_all_alike_change_nothing() -> None:
    rows = [
        replace(
            row,
            happened_day=row.happened_day + 11,
            known_day=row.known_day + 11,
            ended_day=None if row.ended_day is None else row.ended_day + 11,
            value_day=row.value_day + 11,
        )
        for row in ROWS
    ]
    held = [
        replace(row, valid_day=row.valid_day + 11, joined=None if row.joined is None else row.joined + 11)
        for row in HELD
    ]
    moved = polars_log(PLAIN.each(lambda row: replace(row, day=row.day + 11)))
    moved.beside = beside_of(rows, held)  # type: ignore[attr-defined]
    later, now = look(rows, held, cutoff=CUTOFF + 11, log=moved), look(ROWS, HELD)
    assert later.names == now.names
    assert later.values.tobytes() == now.values.tobytes()


def test_a_table_that_began_later_is_missing_and_not_zero() -> None:
    features = look([row for row in ROWS if row.known_day >= CUTOFF - 50], HELD, cutoff=CUTOFF - 50)
    tickets = [name.startswith("tickets.") for name in features.names]
    assert np.isnan(features.values[:, tickets]).all()


def test_a_log_without_the_table_is_refused_with_the_option() -> None:
    log = polars_log(PLAIN)
    log.beside = TablesBeside()  # type: ignore[attr-defined]
    with pytest.raises(ColumnError, match=r"--table tickets=FILE"):
        customer_features(log, SNAPSHOT, names=("order_count", "tickets.open_count"))
    with pytest.raises(ColumnError, match=r"--attributes members=FILE"):
        customer_features(log, SNAPSHOT, names=("members.channel=app",))


def test_each_name_has_unit_and_meaning() -> None:
    feature = feature_of("tickets.row_count_last_30d=late.=x")
    assert feature is not None
    assert (feature.unit, feature.meaning) == ("rows", "Rows of the last 30 days, in tickets of the kind late.=x.")
    assert feature_of("no_such_feature") is None


def test_own_names_and_addresses_of_customers_get_into_no_name_of_a_feature() -> None:
    many = [f"customer-{k:03d}" for k in range(60)]
    rows = [Dated(one, CUTOFF - 9, CUTOFF - 9, None, f"{one}@example.com", None, FAR) for one in many]
    rows += [Dated(one, CUTOFF - 8, CUTOFF - 8, None, "a question", None, FAR) for one in many[:30]]
    rows += [Dated(one, CUTOFF - 7, CUTOFF - 7, None, "a complaint", None, FAR) for one in many[:31]]
    names = beside_names(log_of(rows, []), CUTOFF)
    kinds = {name.partition("=")[2] for name in names} - {""}
    assert kinds == {"a question", "a complaint"}
