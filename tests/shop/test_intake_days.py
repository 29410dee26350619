"""An order is known again by its day, also where it was kept before days were told apart."""

from __future__ import annotations

from pathlib import Path

from churnrisk.orders import IntakeOptions, PurchaseRow
from churnrisk.shop.intake import receive_orders
from churnrisk.state import ReceivedOrder, State, add_received, load_received, open_state


def receive(state: State, *rows: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the answer of each day to an order of rows of a day and an amount."""
    sent = [PurchaseRow(customer_id="a", order_id="1", ordered_at=day, amount=amount) for day, amount in rows]
    told = receive_orders(state, None, sent, options=IntakeOptions(), key_id=None)
    return [(day, answer) for _, _, answer, day in told]


def test_orders_kept_without_a_day_are_known_again(tmp_path: Path) -> None:
    with open_state(tmp_path / "state.db") as state:
        lines = [{"ordered_at": "2024-01-05", "amount": "7"}, {"ordered_at": "2024-01-09", "amount": "-3"}]
        add_received(state, [ReceivedOrder("a", "1", lines), ReceivedOrder("b", "1", [{"ordered_at": "long ago"}])])
        assert receive(state, ("2024-01-05", "7")) == [("2024-01-05", "duplicate")]
        assert receive(state, ("2024-01-05", "99")) == [("2024-01-05", "conflict")]
        assert receive(state, ("2024-01-09", "-3"), ("2024-02-01", "5")) == [
            ("2024-01-09", "duplicate"),
            ("2024-02-01", "accepted"),
        ]
        days = [one.order.ordered_on for one in load_received(state, "a")]
        assert sorted(days) == ["2024-01-05", "2024-01-09", "2024-02-01"]
        [stays] = load_received(state, "b")  # nobody can tell its day
        sent = PurchaseRow(customer_id="b", order_id="1", ordered_at="2024-01-05", amount="1")
        receive_orders(state, None, [sent], options=IntakeOptions(), key_id=None)
        assert stays in load_received(state, "b")
