"""The shop answers what the commands would, for everybody from its file and for one customer at once."""

from __future__ import annotations

import itertools
import random
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from churnrisk.errors import BadQuery, NoHistory, UnknownCustomer
from churnrisk.orders import IntakeOptions, PurchaseRow, build_few_orders, read_orders
from churnrisk.shop import CustomerQuery, Shop, ShopPlan, find_current, prepare_shop
from churnrisk.shop.files import POINTER
from churnrisk.state import ReceivedOrder, State, add_received, open_state
from churnrisk.tables import Table
from churnrisk.timeline import date_of, parse_day
from churnrisk.workflows import load, score_source
from support.shop import PURCHASES, read_rows, write_rows

COLUMNS = ("customer_id", "order_id", "ordered_at", "amount", "item_count")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four hundred customers of the sample, with ids that programs like to spoil."""
    rows = read_rows(PURCHASES)
    chosen = random.Random(0).sample(sorted({row["customer_id"] for row in rows}), 400)
    names = {one: f"{'0' * (k % 3)}{one}{'/é?' if k % 7 == 0 else ''}" for k, one in enumerate(chosen)}
    kept = [row | {"customer_id": names[row["customer_id"]]} for row in rows if row["customer_id"] in names]
    return write_rows(tmp_path_factory.mktemp("log") / "purchases.csv", kept, COLUMNS)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory, models: Path, log: Path) -> ShopPlan:
    folder = tmp_path_factory.mktemp("plan")
    return ShopPlan(folder / "shop", models, folder / "state.db", str(log))


@pytest.fixture(scope="module")
def state(plan: ShopPlan) -> Iterator[State]:
    with open_state(plan.state) as opened:
        yield opened


@pytest.fixture(scope="module")
def shop(plan: ShopPlan, state: State) -> Iterator[Shop]:
    """One shop for all tests; the one that sends it orders comes last."""
    prepare_shop(plan)
    opened = Shop.open(plan, state)
    yield opened
    opened.close()


def table_of(models: Path, log: Path, **how: object) -> dict[str, dict[str, object]]:
    """What `churnrisk score` writes, by customer."""
    how = {"as_kind": "purchases", "reasons": "all"} | how
    result = score_source(load(models_dir=models), str(log), **how)  # type: ignore[arg-type]
    return {str(row["customer_id"]): row for row in result.table.records()}


def test_the_list_is_what_the_command_writes(shop: Shop, models: Path, log: Path) -> None:
    expected, listed = table_of(models, log, reasons="listed", top=10), []
    query: CustomerQuery | None = CustomerQuery(limit=170)
    while query is not None:
        page = shop.customers(query)
        assert page.total == len(expected)
        listed += page.rows
        query = CustomerQuery(limit=170, cursor=page.next_cursor) if page.next_cursor else None
    assert [row["customer_id"] for row in listed] == list(expected), "sorted as the command sorts"
    for row in listed:
        assert {name: row[name] for name in expected[row["customer_id"]]} == expected[row["customer_id"]]


def test_filters_and_sortings(shop: Shop) -> None:
    everybody = shop.customers(CustomerQuery(limit=500, sort="id")).rows
    assert [row["customer_id"] for row in everybody] == sorted(row["customer_id"] for row in everybody)
    risky = shop.customers(CustomerQuery(limit=500, sort="risk", risks=("high",), min_value=10)).rows
    assert risky
    assert all(row["risk"] == "high" and row["value_at_risk"] >= 10 for row in risky)
    assert [row["risk_rank"] for row in risky] == sorted(row["risk_rank"] for row in risky)
    zeros = shop.customers(CustomerQuery(prefix="00", segments=("lost", "hibernating"))).rows
    assert all(row["customer_id"].startswith("00") and row["segment"] in ("lost", "hibernating") for row in zeros)
    assert shop.customers(CustomerQuery(prefix="nobody")).rows == []


def purchase_days(log: Path, as_of: int) -> dict[str, list[int]]:
    """Purchase days of everybody before a day, as known then, by a plain walk over the orders."""
    found: dict[str, set[int]] = {}
    with read_orders(str(log)) as orders:
        rows = orders.database.rows_of("SELECT customer_id, order_day, is_purchase, undone_day FROM orders")  # type: ignore[union-attr]
        for customer, day, is_purchase, undone in rows:
            found.setdefault(customer, set())
            if is_purchase and day < as_of <= undone:
                found[customer].add(day)
    return {customer: sorted(days) for customer, days in found.items()}


def is_overdue(days: list[int], as_of: int) -> bool:
    gaps = sorted(later - earlier for earlier, later in itertools.pairwise(days))
    return len(gaps) >= 2 and as_of - days[-1] > 1.5 * statistics.median(gaps)


def test_each_filter_takes_those_that_a_plain_walk_over_the_log_takes(shop: Shop, log: Path) -> None:
    def ask(**how: object) -> set[str]:
        return {row["customer_id"] for row in shop.customers(CustomerQuery(limit=500, **how)).rows}  # type: ignore[arg-type]

    everybody = {row["customer_id"]: row for row in shop.customers(CustomerQuery(limit=500)).rows}
    as_of = parse_day(shop.freshness()["as_of"], option="as_of")
    days = purchase_days(log, as_of)
    firsts = {one: date_of(days[one][0]).isoformat() for one in everybody if days[one]}
    middle = sorted(firsts.values())[len(firsts) // 2]
    assert set(days) == set(everybody)
    checks: list[tuple[set[str], Callable[[str], bool]]] = [
        (
            ask(min_days_since_last_order=30, max_days_since_last_order=90),
            lambda one: -90 <= days[one][-1] - as_of <= -30,
        ),
        (ask(min_order_count=2, max_order_count=3), lambda one: 2 <= everybody[one]["order_count"] <= 3),
        (ask(first_order_from=middle), lambda one: firsts[one] >= middle),
        (ask(first_order_to=middle), lambda one: firsts[one] <= middle),
        (ask(overdue=True), lambda one: everybody[one]["status"] == "scored" and is_overdue(days[one], as_of)),
        (
            ask(due_within=30),
            lambda one: (everybody[one]["next_order_on"] or "9") <= date_of(as_of + 30).isoformat(),
        ),
    ]
    for got, wanted in checks:
        expected = {one for one in firsts if wanted(one)}
        assert got == expected
        assert 0 < len(got) < len(everybody)
    assert ask(overdue=True, segments=("at_risk", "cannot_lose")) == {
        one for one in ask(overdue=True) if everybody[one]["segment"] in ("at_risk", "cannot_lose")
    }


def test_cohorts_and_segments_lead_to_their_customers(shop: Shop) -> None:
    for cohort in shop.cohorts("quarter")["cohorts"]:
        first, last = cohort["starts_on"], cohort["last_day"]
        found = shop.customers(CustomerQuery(first_order_from=first, first_order_to=last))
        # a first order that was undone after its period counts in the cohort
        assert abs(found.total - cohort["customers"]) <= 0.03 * cohort["customers"]
    for segment in shop.segments()["segments"]:
        assert shop.customers(CustomerQuery(segments=(segment["segment"],))).total == segment["customers"]


@pytest.mark.parametrize(
    "bad",
    [
        {"min_order_count": -1},
        {"due_within": 10**7},
        {"first_order_from": "2011-1-1"},
        {"first_order_to": "20110101"},
        {"first_order_from": "2011-02-01", "first_order_to": "2011-01-01"},
        {"min_days_since_last_order": 9, "max_days_since_last_order": 8},
    ],
)
def test_bounds_that_cannot_be(bad: dict[str, object]) -> None:
    with pytest.raises(BadQuery):
        CustomerQuery(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [{"risks": ("huge",)}, {"limit": 0}, {"sort": "name"}, {"segments": ("best",)}])
def test_questions_that_cannot_be(bad: dict[str, object]) -> None:
    with pytest.raises(BadQuery):
        CustomerQuery(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("cursor", ["x", "bm8", "WzFd", "🙂", "WyIxIiwgInZhbHVlIiwgMWU5OSwgImEiXQ"])
def test_cursors_that_are_not_ours(shop: Shop, cursor: str) -> None:
    with pytest.raises(BadQuery, match="cursor"):
        shop.customers(CustomerQuery(cursor=cursor))


def test_one_customer_is_as_in_the_list(shop: Shop, models: Path, log: Path) -> None:
    expected = table_of(models, log)
    for customer in list(expected)[::40]:  # from the file, and worked out where it has no reasons
        view, row = shop.customer(customer), expected[customer]
        assert {name: view.score[name] for name in row if name in view.score} == {
            name: value for name, value in row.items() if name in view.score
        }
        assert view.reasons == [row[f"reason_{k}"] for k in (1, 2, 3) if row[f"reason_{k}"]]
        assert not view.is_fresh
    with pytest.raises(UnknownCustomer, match="leading zeros"):
        shop.customer("nobody")


def test_rows_that_come_with_a_request_are_scored_as_their_file(shop: Shop, models: Path, log: Path) -> None:
    rows = [
        PurchaseRow(row["customer_id"], row["ordered_at"], row["amount"], row["order_id"], row["item_count"])
        for row in read_rows(log)[:3000]
    ]
    few = write_rows(log.with_name("few.csv"), read_rows(log)[:3000], COLUMNS)
    scored = shop.score_rows(rows, reasons="listed", top=10)
    [records] = [Table({name: values.tolist() for name, values in scored.scores.columns.items()}).records()]
    assert records == list(table_of(models, few, reasons="listed", top=10).values())
    early = shop.score_rows(rows, as_of="2010-03-01", reasons="none")
    assert early.scores.columns["as_of"][0] == "2010-03-01"


def test_orders_received_count_at_once_and_as_from_a_file(
    shop: Shop, plan: ShopPlan, state: State, models: Path, log: Path, tmp_path: Path
) -> None:
    customer = shop.customers(CustomerQuery()).rows[0]["customer_id"]
    shop.customer_version(customer)  # which loads the model, if nobody has asked for it yet
    before = shop.customer_version(customer)
    assert shop.customer_version_at_once(customer) == before
    line = {"ordered_at": "2011-12-10T08:00:00", "amount": "17.35", "quantity": "4"}
    again = read_rows(log)[0]  # the history has it already, so it counts once
    old = {"ordered_at": again["ordered_at"], "amount": again["amount"], "quantity": again["item_count"]}
    add_received(
        state,
        [
            ReceivedOrder(customer, "new-1", [line, line | {"amount": "1.5"}]),
            ReceivedOrder("a new one", "n", [line]),
            ReceivedOrder(again["customer_id"], again["order_id"], [old]),
        ],
    )
    assert shop.customer_version_at_once(customer) is None  # something has changed, and nobody has looked yet
    after = shop.customer_version(customer)
    assert shop.customer_version_at_once(customer) == after != before
    more = [
        {
            "customer_id": one,
            "order_id": order,
            "ordered_at": line["ordered_at"],
            "amount": amount,
            "item_count": 4,
        }
        for one, order, amount in (
            (customer, "new-1", "17.35"),
            (customer, "new-1", "1.5"),
            ("a new one", "n", "17.35"),
        )
    ]
    together = write_rows(tmp_path / "together.csv", [*read_rows(log), *more], COLUMNS)
    expected = table_of(models, together)
    fresh = {one: shop.customer(one) for one in (customer, "a new one")}
    for one, view in fresh.items():
        assert view.is_fresh
        assert {**view.score, "p_alive": None} == {name: expected[one].get(name) for name in view.score} | {
            "risk_rank": None
        }
        assert view.orders[0]["is_received"]
    prepare_shop(plan)
    for one, view in fresh.items():
        folded = shop.customer(one)
        assert not folded.is_fresh
        assert folded.score | {"risk_rank": None} == view.score
        assert (folded.segment is None) == (view.segment is None)
    assert len(list(plan.folder.glob("*.duckdb"))) == 1, "what is not current is removed"
    assert shop.customers(CustomerQuery()).total == len(expected)


def test_without_a_history_or_a_model(tmp_path: Path) -> None:
    with open_state(tmp_path / "state.db") as state:
        check_without_history(tmp_path, state)


def check_without_history(tmp_path: Path, state: State) -> None:
    plan = ShopPlan(tmp_path / "other", tmp_path / "no-models", state.path)
    shop = Shop.open(plan, state)
    with pytest.raises(NoHistory, match="purchases"):
        prepare_shop(plan)
    with pytest.raises(NoHistory):
        shop.customers(CustomerQuery())
    assert len(shop.missing()) == 2
    add_received(state, [ReceivedOrder("a", str(day), [{"ordered_at": f"2024-01-0{day}"}]) for day in range(1, 4)])
    prepare_shop(plan)
    add_received(state, [ReceivedOrder("b", "1", [{"ordered_at": "2024-01-08"}])])
    assert shop.customers(CustomerQuery()).rows[0]["order_count"] == 3
    assert [shop.customer(one).model for one in "ab"] == [None, None]
    shop.close()


@pytest.mark.parametrize("seed", range(6))
def test_few_rows_make_the_orders_that_intake_makes(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    names = ("customer_id", "order_id", "ordered_at", "amount", "quantity", "product_id")
    rows = [
        {
            "customer_id": draw.choice(["a", " b", "Ц", "007"]),
            "order_id": "" if seed % 3 == 0 else str(draw.randrange(9)),
            "ordered_at": f"2024-0{draw.randrange(1, 4)}-1{draw.randrange(10)}T0{draw.randrange(10)}:30:00",
            "amount": draw.choice(["1.00005", "-3.5", "0", "12", "0.00015", "99.99", "-0.00005"]),
            "quantity": str(draw.randrange(-2, 5)),
            "product_id": draw.choice(["p", "q"]),
        }
        for _ in range(draw.choice([3, 12, 30]))
    ]
    if seed % 2:  # each order one row, and one of them twice
        rows = list({(row["customer_id"].strip(), row["order_id"]): row for row in rows}.values())
        rows.append(dict(rows[0]))
    source = write_rows(tmp_path / "rows.csv", rows, names)
    few = build_few_orders([PurchaseRow(**{name: text or None for name, text in row.items()}) for row in rows])  # type: ignore[arg-type]
    with read_orders(str(source), IntakeOptions()) as orders:
        assert orders.database is not None
        run = orders.database.connection.execute
        assert sorted(run("SELECT * FROM orders").fetchall()) == sorted(few.orders)
        assert sorted(run("SELECT * FROM order_lines").fetchall()) == sorted(few.lines)
        assert (orders.has_amounts, orders.has_quantities) == (few.has_amounts, few.has_quantities)


def received(order: str, day: str, amount: str) -> PurchaseRow:
    return PurchaseRow("a", f"2024-{day}T08:00:00", amount, order)


def test_a_known_order_id_on_another_day_is_an_order_of_its_own_and_a_return_undoes_from_its_day_on(
    tmp_path: Path,
) -> None:
    """A refund that is received lowers nothing before its day; the same whether folded in or not."""
    history = [received("1", "01-05", "10"), received("2", "01-20", "7"), received("3", "02-01", "4")]
    names = ("customer_id", "order_id", "ordered_at", "amount")
    log = write_rows(tmp_path / "log.csv", [vars(row) for row in history], names)
    with open_state(tmp_path / "state.db") as state:
        plan = ShopPlan(tmp_path / "shop", tmp_path / "no-models", state.path, str(log))
        prepare_shop(plan)
        shop = Shop.open(plan, state)
        sent = [received("1", "02-03", "-10"), received("2", "02-03", "5"), received("3", "02-01", "4")]
        assert [one[1:] for one in shop.receive(sent, key_id=None)] == [
            ("1", "accepted", "2024-02-03"),
            ("2", "accepted", "2024-02-03"),
            ("3", "duplicate", "2024-02-01"),
        ]
        assert shop.receive([received("2", "02-03", "6")], key_id=None)[0][2] == "conflict"
        live = shop.customer("a")
        prepare_shop(plan)
        folded = shop.customer("a")
        with read_orders(
            str(write_rows(log, [vars(row) for row in [*history, *sent[:2]]], names)), plan.options
        ) as orders:
            assert orders.database is not None
            expected = sorted(orders.database.connection.execute("SELECT * FROM orders").fetchall())
        assert sorted(shop.now().generation.orders_of(0)) == expected
        shop.close()
    kinds = {(one["order_id"], one["ordered_on"]): one["kind"] for one in live.orders}
    assert kinds == {
        ("1", "2024-01-05"): "undone",
        ("2", "2024-01-20"): "purchase",
        ("3", "2024-02-01"): "purchase",
        ("1", "2024-02-03"): "return",
        ("2", "2024-02-03"): "purchase",
    }
    assert {(one["order_id"], one["ordered_on"]): one["kind"] for one in folded.orders} == kinds
    assert folded.score["order_count"] == 3


def test_a_generation_of_an_earlier_format_is_made_anew(tmp_path: Path) -> None:
    """Its orders do not say what was undone, so they are not read at all."""
    with open_state(tmp_path / "state.db") as state:
        log = write_rows(
            tmp_path / "log.csv", [vars(received("1", "01-05", "10"))], ("customer_id", "ordered_at", "amount")
        )
        plan = ShopPlan(tmp_path / "shop", tmp_path / "no-models", state.path, str(log))
        old = prepare_shop(plan)
        (plan.folder / POINTER).rename(plan.folder / "current")
        shop = Shop.open(plan, state)
        assert not shop.is_ready
        assert find_current(plan.folder) is None
        with pytest.raises(NoHistory, match="still being read"):
            shop.customer("a")
        new = prepare_shop(plan)
        assert shop.customer("a").order_total == 1
        shop.close()
    assert new.name > old.name
    assert sorted(path.name for path in plan.folder.iterdir()) == [new.path.name, POINTER]
