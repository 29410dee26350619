"""Where customers have pseudonyms, an order that is received is kept under one."""

from __future__ import annotations

from pathlib import Path

from churnrisk.orders import IntakeOptions, PurchaseRow
from churnrisk.shop.intake import receive_orders
from churnrisk.state import load_received, open_state

OPTIONS = IntakeOptions(pseudonym_key=bytes(range(32)))


def test_no_real_id_is_kept_and_the_same_order_is_known_again(tmp_path: Path) -> None:
    real = "customer-4711"
    row = PurchaseRow(customer_id=f" {real} ", order_id="1", ordered_at="2024-01-05", amount="5")
    with open_state(tmp_path / "state.db") as state:
        for wanted in ("accepted", "duplicate"):
            told = receive_orders(state, None, [row], options=OPTIONS, key_id=None)
            assert told == [(OPTIONS.own_id(real), "1", wanted, "2024-01-05")]
        [stored] = load_received(state, OPTIONS.own_id(real))
        assert stored.order.order_id == "1"
    assert not any(real.encode() in path.read_bytes() for path in tmp_path.iterdir())
