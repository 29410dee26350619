"""What becomes of a row: a sale, no sale, a refund. One slow oracle, and files whose values are counted by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from churnrisk.engines import collect_arrays
from churnrisk.errors import AmbiguousFormat
from churnrisk.orders import IntakeOptions, IntakeReport, read_orders
from churnrisk.orders.words import list_words
from churnrisk.sources.systems import SYSTEMS
from churnrisk.timeline import date_of
from support import sales_oracle as oracle
from support.sales_oracle import SaleRow, settle, write_csv
from support.undone import Key

FIRST = 19_000


@st.composite
def sale_rows(draw: st.DrawFn) -> SaleRow:
    """A row of which one thing at most takes money back: a row of a return, a status, or a column."""
    way = draw(st.sampled_from(["return", "column", "status"]))
    order = draw(st.sampled_from(["", f"{way}1", f"{way}2", f"{way}3"]))
    amount = draw(st.integers(1, 6)) * 1_000
    row: dict[str, Any] = {
        "order": order,
        "customer": draw(st.sampled_from(["a", "b", "c", *oracle.GUESTS])),
        "email": draw(st.sampled_from(["", "Ann@example.com", "ann@example.com", "bob@example.com"])),
        "day": FIRST + draw(st.integers(0, 60)),
        "amount": amount,
        "status": draw(st.sampled_from([*oracle.SALES, *oracle.NO_SALES, *oracle.WAITING])),
    }
    if way == "status" and draw(st.booleans()):
        row["status"] = draw(st.sampled_from(oracle.TAKEN_BACK))
    if way == "return" and draw(st.booleans()):
        row |= draw(st.sampled_from([{"kind": "refund"}, {"kind": "refund", "amount": -amount}, {"amount": -amount}]))
    if way == "column" and draw(st.booleans()):
        row["refund"] = draw(st.sampled_from([amount, amount // 2, amount * 2]))
        row["refund_day"] = draw(st.none() | st.integers(-3, 70).map(lambda days: row["day"] + days))
    return SaleRow(**row)


def read(path: Path, text: str, **options: Any) -> tuple[dict[Key, tuple[int, int, int]], IntakeReport]:
    """Return the orders of a file: net in cents, whether it is a purchase, and the day on which it is undone."""
    path.write_text(text, encoding="utf-8")
    with read_orders(path, IntakeOptions(**options)) as orders:
        found = collect_arrays(orders.frame(), sort_by=["customer_id", "order_day", "order_id"])
        report = orders.report
    names = ("customer_id", "order_id", "order_day", "amount", "is_purchase", "undone_day")
    rows = zip(*(found[name].tolist() for name in names), strict=True)
    return {Key(*row[:3]): (row[3] // 100, row[4], row[5]) for row in rows}, report


@given(rows=st.lists(sale_rows(), min_size=1, max_size=25), count_pending=st.booleans())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_log_comes_to_what_its_rows_say(rows: list[SaleRow], count_pending: bool, tmp_path: Path) -> None:
    wanted = settle(rows, count_pending=count_pending)
    refunds = [row for row in rows if row.refund]
    several = {Key(row.person, row.order, row.day) for row in refunds if row.order}
    # a column that agrees on all lines of an order is that of the order, which is another test
    assume(all(sum(Key(r.person, r.order, r.day) == key for r in rows) == 1 for key in several))
    assume(wanted.orders)
    options = {"no_customer_limit": 1.0, "count_pending": count_pending, "amounts": "line"}
    orders, report = read(tmp_path / "log.csv", write_csv(rows), **options)
    assert orders == wanted.orders
    assert (report.no_sale, report.pending, report.returned) == (wanted.no_sale, wanted.pending, wanted.returned)
    assert (report.refunds, report.rows_without_customer) == (wanted.refunds, wanted.without_customer)
    left_out = sum(row.status in oracle.NO_SALES for row in rows)
    left_out += 0 if count_pending else sum(row.status in oracle.WAITING for row in rows)
    assert report.rows_no_sale == left_out
    assert report.purchases == sum(is_one and undone == 2**31 - 1 for _, is_one, undone in wanted.orders.values())


# Small exports as each program writes them, made up, with their purchases (in the end), net money by month, and the
# words under which orders are no sale, wait, or were taken back. A bar stands for a comma, a backslash joins lines.
EXPORTS: dict[str, tuple[str, int, dict[str, float], dict[str, int]]] = {
    "shopify": (
        """\
Name|Email|Financial Status|Currency|Total|Created at|Lineitem quantity|Lineitem name|Cancelled at|Refunded Amount
#1|ann@example.com|paid|EUR|30.00|2024-01-05 10:00:00 +0100|1|Cup||0.00
#1|ann@example.com|||||2|Plate||
#2|bob@example.com|partially_refunded|EUR|50.00|2024-01-20 10:00:00 +0100|1|Pan||20.00
#3|bob@example.com|refunded|EUR|40.00|2024-02-02 10:00:00 +0100|1|Pan||40.00
#4|cid@example.com|voided|EUR|70.00|2024-02-03 10:00:00 +0100|1|Pan|2024-02-04 10:00:00 +0100|0.00
#5|cid@example.com|pending|EUR|80.00|2024-02-05 10:00:00 +0100|1|Pan||0.00
#6|cid@example.com|paid|EUR|15.00|2024-02-06 10:00:00 +0100|1|Pot|2024-02-07 10:00:00 +0100|0.00
""",
        2,
        {"2024-01": 60.0},
        {"voided": 1, "pending": 1, "refunded": 1, "Cancelled at": 1},
    ),
    "woocommerce, lines": (
        """\
Order Number|Order Status|Order Date|Customer User ID|Email (Billing)|Order Total Amount|Order Refund Amount|\
SKU|Quantity
11|completed|2024-03-01 10:00|0|Guest@example.com|24.00|0.00|A|1
11|completed|2024-03-01 10:00|0|Guest@example.com|24.00|0.00|B|2
12|completed|2024-03-09 10:00|0|guest@example.com|10.00|4.00|A|1
12|completed|2024-03-09 10:00|0|guest@example.com|10.00|4.00|B|1
13|wc-failed|2024-03-10 10:00|7|eve@example.com|99.00|0.00|A|1
14|refunded|2024-03-11 10:00|7|eve@example.com|33.00|0.00|A|1
14|refunded|2024-03-11 10:00|7|eve@example.com|33.00|0.00|B|1
""",
        2,
        {"2024-03": 30.0},
        {"wc-failed": 1, "refunded": 1},
    ),
    "woocommerce, rest": (
        """\
id|status|date_created|total|customer_id|billing.email|currency
1|processing|2024-04-01T08:00:00|12.50|0|Ann@example.com|EUR
2|on-hold|2024-04-02T08:00:00|20.00|5|bob@example.com|EUR
3|cancelled|2024-04-02T09:00:00|20.00|5|bob@example.com|EUR
4|completed|2024-04-03T09:00:00|20.00|5|bob@example.com|EUR
""",
        2,
        {"2024-04": 32.5},
        {"on-hold": 1, "cancelled": 1},
    ),
    "magento": (
        """\
ID|Purchase Date|Bill-to Name|Grand Total (Purchased)|Status|Customer Email|Total Refunded
100|2024-05-01 10:00:00|A|40.00|complete|a@example.com|0.00
101|2024-05-02 10:00:00|A|60.00|closed|a@example.com|60.00
102|2024-05-03 10:00:00|B|25.00|complete|b@example.com|5.00
103|2024-05-04 10:00:00|B|25.00|canceled|b@example.com|0.00
104|2024-05-05 10:00:00|B|25.00|holded|b@example.com|0.00
""",
        2,
        {"2024-05": 60.0},
        {"closed": 1, "canceled": 1, "holded": 1},
    ),
    "prestashop": (
        """\
id_order|reference|id_customer|current_state|valid|total_paid|date_add
1|AA|3|5|1|18.000000|2024-06-01 10:00:00
2|AB|3|10|0|19.000000|2024-06-02 10:00:00
3|AC|4|6|0|21.000000|2024-06-03 10:00:00
4|AD|4|7|0|22.000000|2024-06-04 10:00:00
5|AE|4|2|1|23.000000|2024-06-05 10:00:00
""",
        2,
        {"2024-06": 41.0},
        {"10": 1, "6": 1, "7": 1},
    ),
    "opencart": (
        """\
order_id|firstname|email|telephone|date_added|total|currency_code|order_status
1|A|a@example.com|1|2024-07-01 10:00:00|11.0000|EUR|Complete
2|B|b@example.com|2|2024-07-02 10:00:00|12.0000|EUR|Missing Orders
3|B|b@example.com|2|2024-07-03 10:00:00|13.0000|EUR|Chargeback
4|B|b@example.com|2|2024-07-04 10:00:00|14.0000|EUR|Canceled Reversal
""",
        2,
        {"2024-07": 25.0},
        {"Missing Orders": 1, "Chargeback": 1},
    ),
    "stripe": (
        """\
id|Created date (UTC)|Amount|Amount Refunded|Refunded date (UTC)|Currency|Captured|\
Converted Amount|Status|Customer ID|Mode
ch_1|2024-01-05 10:00:00|50.00|50.00|2024-02-10 10:00:00|eur|true|50.00|Refunded|cus_1|Live
ch_2|2024-01-06 10:00:00|60.00|0.00||eur|true|60.00|Paid|cus_1|Live
ch_3|2024-01-07 10:00:00|70.00|0.00||eur|false|70.00|Paid|cus_2|Live
ch_4|2024-01-08 10:00:00|80.00|0.00||eur|false|80.00|Failed|cus_2|Live
ch_5|2024-01-09 10:00:00|90.00|0.00||eur|true|90.00|Paid|cus_2|Test
ch_6|2024-01-10 10:00:00|20.00|5.00|2024-02-11 10:00:00|eur|true|20.00|Partially refunded|cus_2|Live
""",
        2,
        {"2024-01": 130.0, "2024-02": -55.0},
        {"Refunded": 1, "Captured false": 1, "Failed": 1, "Mode Test": 1},
    ),
    "square": (
        """\
Date|Gross Sales|Net Sales|Transaction ID|Event Type|Transaction Status|Customer ID|Qty|Item
2024-08-01|$10.00|$10.00|t1|Payment|Complete|x|1|Tea
2024-08-01|$10.00|$10.00|t1|Payment|Complete|x|1|Cake
2024-08-02|$30.00|$30.00|t2|Payment|Complete|y|1|Tea
2024-08-20|($30.00)|($30.00)|t2|Refund|Complete|y|1|Tea
""",
        1,
        {"2024-08": 20.0},
        {},
    ),
    "squarespace": (
        """\
Order ID|Email|Financial Status|Currency|Total|Amount Refunded|Created at|Lineitem quantity|Lineitem sku|Cancelled at
1|a@example.com|PAID|EUR|30.00|10.00|2024-09-01 10:00:00|1|S1|
1|a@example.com||||||2|S2|
2|b@example.com|REFUNDED|EUR|40.00|40.00|2024-09-02 10:00:00|1|S1|
3|b@example.com|PENDING|EUR|50.00|0.00|2024-09-03 10:00:00|1|S1|
""",
        1,
        {"2024-09": 20.0},
        {"REFUNDED": 1, "PENDING": 1},
    ),
    "etsy": (
        """\
Sale Date|Order ID|Buyer User ID|Number of Items|Order Value|Order Total|Status|Order Net|Currency
01/15/24|1|u1|1|20.00|25.00|Shipped|22.00|EUR
01/16/24|2|u2|1|20.00|26.00|Canceled|22.00|EUR
01/17/24|3|u2|1|20.00|27.00|Not shipped|22.00|EUR
""",
        2,
        {"2024-01": 52.0},
        {"Canceled": 1},
    ),
    "odoo": (
        """\
Order Reference|Customer|Order Date|Order Lines/Product|Order Lines/Quantity|Total|Status
S1|Ann|2024-10-01 10:00:00|Cup|1|30.00|Sales Order
||| Plate|2||
S2|Bob|2024-10-02 10:00:00|Cup|1|40.00|Quotation
S3|Bob|2024-10-03 10:00:00|Cup|1|45.00|Cancelled
S4|Bob|2024-10-04 10:00:00|Cup|1|50.00|Locked
""",
        2,
        {"2024-10": 80.0},
        {"Quotation": 1, "Cancelled": 1},
    ),
    "bitrix24": (
        """\
ID|Стадия|Дата создания|Ответственный|Контакт|Сумма|Валюта
1|Сделка успешна|01.11.2024 10:00:00|Ира|Анна|100.00|RUB
2|Сделка провалена|02.11.2024 10:00:00|Ира|Борис|200.00|RUB
3|Новая|13.11.2024 10:00:00|Ира|Борис|300.00|RUB
4|Сделка успешна|14.11.2024 10:00:00|Ира|Борис|400.00|RUB
""",
        2,
        {"2024-11": 500.0},
        {"Сделка провалена": 1, "Новая": 1},
    ),
    "1c": (
        """\
Документ|Дата|Контрагент|Номенклатура|Количество|Сумма
Реализация 1|13.12.2024|Анна|Чай|1|100
Реализация 1|13.12.2024|Анна|Мед|1|100
Реализация 2|14.12.2024|Борис|Чай|1|70
Реализация 2|14.12.2024|Борис|Мед|1|70
Итого|||||340
""",
        2,
        {"2024-12": 340.0},
        {},
    ),
    "vend": (
        """\
Date|Receipt Number|Line Type|Customer Code|Quantity|Total|Status|Sku
2024-01-05 10:00:00|1|Sale|ann|2|30.00|Closed|
2024-01-05 10:00:00|1|Sale Line|ann|1|10.00|Closed|A
2024-01-05 10:00:00|1|Sale Line|ann|1|20.00|Closed|B
2024-01-05 10:00:00|1|Payment|ann||30.00|Closed|
2024-01-06 10:00:00|2|Sale|bob|1|15.00|Voided|
2024-01-06 10:00:00|2|Sale Line|bob|1|15.00|Voided|A
2024-01-07 10:00:00|3|Sale|bob|1|12.00|Layby|
""",
        1,
        {"2024-01": 30.0},
        {"Voided": 1, "Layby": 1, "Line Type Sale Line": 1, "Line Type Payment": 1},
    ),
    "amazon": (
        """\
amazon-order-id|purchase-date|order-status|sku|quantity|currency|item-price|buyer-email
1|2024-02-01T10:00:00+00:00|Shipped|A|3|EUR|30.00|a@example.com
1|2024-02-01T10:00:00+00:00|Shipped|B|1|EUR|30.00|a@example.com
2|2024-02-02T10:00:00+00:00|Cancelled|A|1|EUR|10.00|b@example.com
3|2024-02-03T10:00:00+00:00|Shipped - Returned to Seller|A|1|EUR|11.00|b@example.com
4|2024-02-04T10:00:00+00:00|Pending|A|1|EUR|12.00|b@example.com
5|2024-02-05T10:00:00+00:00|Unshipped|A|1|EUR|13.00|b@example.com
""",
        2,
        {"2024-02": 73.0},
        {"Cancelled": 1, "Shipped - Returned to Seller": 1, "Pending": 1},
    ),
}
_PLAIN = {
    "en": "Customer|Order date|Amount|Order no|Order status|Paid|Cancelled|Refunded|Awaiting payment",
    "bg": "Клиент|Дата|Сума|Номер на поръчка|Статус|Платена|Отказана|Върната|Чака плащане",
    "pl": "Klient|Data zamówienia|Kwota|Nr zamówienia|Status|Opłacone|Anulowane|Zwrócone|Oczekuje na płatność",
    "be": "Кліент|Дата замовы|Кошт|Нумар замовы|Статус|Аплачана|Скасавана|Вернута|Чакае аплаты",
    "ru": "Покупатель|Дата заказа|Сумма|Номер заказа|Статус|Оплачен|Отменён|Возврат|Ожидает оплаты",
    "de": "Kunde|Bestelldatum|Betrag|Bestellnummer|Status|Bezahlt|Storniert|Erstattet|Wartet auf Zahlung",
}
for _language, _words in _PLAIN.items():
    *_headers, _sold, _cancelled, _returned, _waits = _words.split("|")
    EXPORTS[f"plain, {_language}"] = (
        "|".join(_headers)
        + f"\nk1|2024-03-01|10.00|1|{_sold}\nk1|2024-03-02|20.00|2|{_cancelled}\nk2|2024-03-03|30.00|3|{_returned}\n"
        + f"k2|2024-03-04|40.00|4|{_waits}\nk2|2024-04-05|50.00|5|{_sold}\n",
        2,
        {"2024-03": 10.0, "2024-04": 50.0},
        {_cancelled: 1, _returned: 1, _waits: 1},
    )


@pytest.mark.parametrize("system", EXPORTS)
def test_an_export_comes_to_what_it_says(system: str, tmp_path: Path) -> None:
    text, purchases, money, words = EXPORTS[system]
    options = {"date_format": "mm/dd/yy"} if system == "etsy" else {}
    orders, report = read(tmp_path / "orders.csv", text.replace("|", ","), **options)
    assert report.purchases == purchases
    assert by_month(orders) == money
    assert {**report.no_sale, **report.pending, **report.other_types, **report.returned} == words
    said = " ".join(report.notices)
    assert all(f"{word} {count}" in said for word, count in words.items())


def by_month(orders: Mapping[Key, tuple[int, int, int]]) -> dict[str, float]:
    months: dict[str, float] = {}
    for key, (net, _, _) in orders.items():
        month = date_of(key.day).isoformat()[:7]
        months[month] = months.get(month, 0) + net / 100
    return {month: round(net, 2) for month, net in months.items() if net}


def test_every_system_with_a_status_has_words_of_its_own_or_writes_plain_ones() -> None:
    plain = {"BaseLinker", "Shoper"}  # the shop itself names its statuses
    known = list_words("status")
    with_status = {system.name for system in SYSTEMS if system.columns.get("order_status")} - plain
    assert all(name.split()[0].lower() in known for name in with_status)


HEADER = "order_id,customer_id,date,amount,"


def net(tmp_path: Path, header: str, *rows: str, **options: Any) -> dict[str, float]:
    """Return the net money of each order id, over all of its days."""
    orders, _ = read(tmp_path / "log.csv", "\n".join([HEADER + header, *rows, ""]), **options)
    found: dict[str, float] = {}
    for key, (cents, _, _) in orders.items():
        found[key.order] = found.get(key.order, 0) + cents / 100
    return found


def test_a_refund_that_stands_on_each_line_counts_once_and_one_of_a_line_is_its_own(tmp_path: Path) -> None:
    other = "2,b,2024-01-02,40,q,"
    for first, second, left in (("25", "25", 25), ("", "20", 30), ("20", "", 30), ("0", "20", 30), ("30", "20", 0)):
        rows = (f"1,a,2024-01-01,30,p,{first}", f"1,a,2024-01-01,20,q,{second}", other)
        assert net(tmp_path, "product,refund_amount", *rows) == {"1": left, "2": 40}
    equal = ("1,a,2024-01-01,20,p,20", "1,a,2024-01-01,20,q,20", other)
    assert net(tmp_path, "product,refund_amount", *equal) == {"1": 0, "2": 40}


def test_a_larger_refund_leaves_a_return_and_no_purchase(tmp_path: Path) -> None:
    orders, report = read(tmp_path / "log.csv", f"{HEADER}refunded_amount\n1,a,2024-01-01,50,60\n2,b,2024-01-02,9,0\n")
    assert [row[:2] for row in orders.values()] == [(-1000, 0), (900, 1)]
    assert (report.purchases, report.returns, report.refunds) == (1, 1, 1)


def test_refunds_come_off_once_where_rows_are_copies(tmp_path: Path) -> None:
    rows = ["1,a,2024-01-01,30,10", "1,a,2024-01-01,30,10", "2,b,2024-01-02,40,0", "3,b,2024-01-03,40,40"]
    orders, report = read(tmp_path / "log.csv", "\n".join([f"{HEADER}refunded_amount", *rows, ""]))
    assert [cents for cents, _, _ in orders.values()] == [2000, 4000, 0]
    assert (report.rows_in, report.rows_used, report.duplicates_dropped, report.refunds) == (4, 3, 1, 2)
    rows = ["1,a,2024-01-01,30,Refunded", "1,a,2024-01-01,30,Refunded", "2,b,2024-01-02,40,Paid"]
    assert net(tmp_path, "status", *rows) == {"1": 0, "2": 40}


def test_what_came_back_by_a_row_does_not_come_back_by_a_status_again(tmp_path: Path) -> None:
    back = ("1,a,2024-01-01,50,Refunded,sale", "1,a,2024-01-09,50,Refunded,refund", "2,b,2024-01-02,40,Paid,sale")
    assert net(tmp_path, "status,type", *back) == {"1": 0, "2": 40}
    coupon = ("1,a,2024-01-01,50,Refunded", "1,a,2024-01-01,-5,Refunded", "2,b,2024-01-02,40,Paid")
    assert net(tmp_path, "status", *coupon) == {"1": 0, "2": 40}


def test_a_status_without_a_refunded_amount_takes_all_back(tmp_path: Path) -> None:
    rows = ("1,a,2024-01-01,50,Refunded,0.00", "2,b,2024-01-02,40,Refunded,15.00", "3,b,2024-01-02,30,Paid,0.00")
    assert net(tmp_path, "status,refunded_amount", *rows) == {"1": 0, "2": 25, "3": 30}


def test_a_refund_without_a_possible_day_counts_on_the_day_of_its_order(tmp_path: Path) -> None:
    rows = ["1,a,2024-01-05,50,50,2099-01-01", "2,b,2024-01-06,40,10,2024-01-02", "3,b,2024-01-07,40,,-"]
    text = "\n".join([f"{HEADER}refunded_amount,refunded_at", *rows, ""])
    orders, report = read(tmp_path / "log.csv", text)
    assert {date_of(key.day).isoformat() for key in orders} == {"2024-01-05", "2024-01-06", "2024-01-07"}
    assert [cents for cents, _, _ in orders.values()] == [0, 3000, 4000]
    assert report.last_on == "2024-01-07"


def test_each_line_has_its_own_status_and_an_empty_one_that_of_its_order_on_that_day(tmp_path: Path) -> None:
    rows = ("1,a,2024-01-01,50,Paid", "1,a,2024-01-01,20,Cancelled", "2,b,2024-01-02,40,Cancelled", "2,b,2024-01-02,9,")
    assert net(tmp_path, "status", *rows) == {"1": 50}
    reused = ("1,a,2024-01-01,50,", "1,a,2024-05-01,20,Cancelled", "2,b,2024-01-02,40,Paid")
    assert net(tmp_path, "status", *reused) == {"1": 50, "2": 40}


def test_order_ids_of_several_customers_are_counted_apart(tmp_path: Path) -> None:
    rows = ["1,a,2024-01-01,50,Cancelled", "1,b,2024-01-01,50,Cancelled", "1,b,2024-01-01,9,Cancelled"]
    _, report = read(tmp_path / "log.csv", "\n".join([f"{HEADER}status", *rows, "2,b,2024-01-01,50,Paid", ""]))
    assert report.no_sale == {"Cancelled": 2}


def test_an_order_and_its_payment_may_each_have_a_status(tmp_path: Path) -> None:
    rows = (
        "1,a,2024-01-01,50,Completed,Paid",
        "2,b,2024-01-02,40,Cancelled,Paid",
        "3,b,2024-01-03,30,Completed,Failed",
    )
    assert net(tmp_path, "status,payment_status", *rows) == {"1": 50}
    assert net(tmp_path, "payment_status", "1,a,2024-01-01,50,Paid", "2,a,2024-01-01,50,Failed") == {"1": 50}


@pytest.mark.parametrize("header", ["cancelled", "cancelled_at", "Anulowane", "Отменён", "Storniert am"])
@pytest.mark.parametrize("no", ["", "no", "0", "false", "nie", "нет", "nein", "0000-00-00 00:00:00"])
def test_a_column_of_cancellations_has_dates_or_a_word(header: str, no: str, tmp_path: Path) -> None:
    for yes in ("yes", "1", "2024-02-01 10:00"):
        assert net(tmp_path, header, f"1,a,2024-01-01,50,{no}", f"2,a,2024-01-02,40,{yes}") == {"1": 50}


def test_a_repeated_header_is_no_status(tmp_path: Path) -> None:
    rows = ("1,a,2024-01-01,50,Paid", HEADER + "status", "2,a,2024-01-02,40,Paid")
    assert net(tmp_path, "status", *rows, reject_limit=0.5) == {"1": 50, "2": 40}


def test_without_amounts_a_status_and_a_row_of_a_return_say_what_was_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    header = "order_id,customer_id,date,"
    _, report = read(path, f"{header}status\n1,a,2024-01-01,Refunded\n2,b,2024-01-01,Paid\n", no_amounts=True)
    assert (report.purchases, report.no_sale) == (1, {"Refunded": 1})
    rows = "1,a,2024-01-01,sale\n1,a,2024-01-05,refund\n2,b,2024-01-01,sale\n"
    _, report = read(path, f"{header}type\n{rows}", no_amounts=True)
    assert (report.purchases, report.undone, report.returns) == (1, 1, 1)
    quantities = rows.replace("sale", "sale,2").replace("refund", "refund,2")
    _, report = read(path, f"{header}type,quantity\n{quantities}", no_amounts=True)
    assert (report.purchases, report.undone, report.returns) == (1, 1, 1)


@pytest.mark.parametrize(("role", "header"), [("order_status", "status"), ("row_type", "type")])
def test_the_question_about_a_word_says_how_to_leave_the_column_out(role: str, header: str, tmp_path: Path) -> None:
    rows = ("1,a,2024-01-01,50,sale", "2,a,2024-01-02,40,zorp")
    with pytest.raises(AmbiguousFormat, match=f"'zorp'.*--column {role}=") as caught:
        net(tmp_path, header, *rows)
    assert "'sale'" not in str(caught.value)
    assert net(tmp_path, header, *rows, columns={role: ""}) == {"1": 50, "2": 40}
    assert net(tmp_path, header, *rows, status={"zorp": "no_sale"}) == {"1": 50}


def test_a_flag_of_another_word_is_asked_about_and_changes_no_other_row(tmp_path: Path) -> None:
    rows = ("1,a,2024-01-01,50,true", "2,a,2024-01-02,40,false", "3,b,2024-01-03,30,true")
    assert net(tmp_path, "is_captured", *rows) == {"1": 50, "3": 30}
    odd = (*rows, "4,b,2024-06-03,80,zorp")
    with pytest.raises(AmbiguousFormat, match=r"'zorp' \(1 rows\).*--column is_captured="):
        net(tmp_path, "is_captured", *odd)
    assert net(tmp_path, "is_captured", *odd, status={"Zorp": "sale"}) == {"1": 50, "3": 30, "4": 80}
    assert net(tmp_path, "is_captured", *odd, status={"zorp": "no_sale"}) == {"1": 50, "3": 30}
    assert net(tmp_path, "is_captured", *rows, "4,b,2024-06-03,80,None") == {"1": 50, "3": 30, "4": 80}


def test_a_flag_column_without_flags_is_named_as_not_used(tmp_path: Path) -> None:
    text = f"{HEADER}is_captured\n1,a,2024-01-01,50,zorp\n2,a,2024-01-02,40,plugh\n"
    orders, report = read(tmp_path / "log.csv", text)
    assert len(orders) == 2
    assert any("is_captured" in notice and "zorp" in notice for notice in report.notices)


def test_rows_without_an_order_id_lend_each_other_no_status(tmp_path: Path) -> None:
    rows = [",a,2024-01-05,100,cancelled", ",a,2024-01-05,50,", "3,b,2024-01-06,30,paid"]
    for more in ([], ["4,b,2024-06-04,80,"]):  # a later row with an id and no status changes nothing of January
        orders, _ = read(tmp_path / "log.csv", "\n".join([f"{HEADER}status", *rows, *more, ""]))
        assert sum(cents for key, (cents, _, _) in orders.items() if key.customer == "a") == 5000


def test_a_repeated_header_is_no_cancelled_order(tmp_path: Path) -> None:
    rows = ["1,a,2024-01-01,50,", f"{HEADER}cancelled_at", "2,a,2024-01-02,40,2024-01-03"]
    text = "\n".join([f"{HEADER}cancelled_at", *rows, ""])
    _, report = read(tmp_path / "log.csv", text, reject_limit=0.5)
    assert (report.rows_rejected, report.no_sale) == (1, {"cancelled_at": 1})


@pytest.mark.parametrize("bad", ["abc", "#REF!", "1.234.5"])
def test_a_refund_or_discount_that_cannot_be_read_is_not_nothing(bad: str, tmp_path: Path) -> None:
    rows = ["1,a,2024-01-01,50,10.00", f"2,b,2024-01-02,40,{bad}", "3,c,2024-01-03,30,", "4,c,2024-01-04,30,None"]
    orders, report = read(tmp_path / "log.csv", "\n".join([f"{HEADER}refunded_amount", *rows, ""]), reject_limit=0.5)
    assert sorted(cents for cents, _, _ in orders.values()) == [3000, 3000, 4000]
    [reject] = report.rejected_rows
    assert (reject.line, reject.column, reject.value, reject.reason) == (3, "refunded_amount", bad, "not a number")
    head = HEADER.replace("amount", "unit_price")
    prices = [row.replace("-0", "-1", 1) for row in rows]
    text = "\n".join([f"{head}discount,quantity", *(f"{row},2" for row in prices), ""])
    orders, report = read(tmp_path / "log.csv", text, reject_limit=0.5, discount="line")
    assert sorted(cents for cents, _, _ in orders.values()) == [6000, 6000, 9000]
    [reject] = report.rejected_rows
    assert (reject.column, reject.value) == ("discount", bad)


def test_rows_without_a_word_count_as_sales_and_are_said(tmp_path: Path) -> None:
    rows = ["1,a,2024-01-01,50,Paid", "2,b,2024-01-02,40,", "3,c,2024-01-03,30,Cancelled", "3,c,2024-01-03,9,"]
    orders, report = read(tmp_path / "log.csv", "\n".join([f"{HEADER}status", *rows, ""]))
    assert len(orders) == 2
    assert [notice[:33] for notice in report.notices if "no word" in notice] == ["1 rows have no word in 'status', "]
    _, report = read(tmp_path / "log.csv", "\n".join([f"{HEADER}status", rows[0], *rows[2:], ""]))
    assert not any("no word" in notice for notice in report.notices)


def test_an_order_refunded_in_part_is_not_called_undone(tmp_path: Path) -> None:
    text = f"{HEADER}status,refunded_amount\n1,a,2024-01-01,50,Refunded,2\n2,b,2024-01-02,40,Paid,0\n"
    _, report = read(tmp_path / "log.csv", text)
    assert (report.purchases, report.undone, report.returned) == (2, 0, {"Refunded": 1})
    assert not any("undone" in notice for notice in report.notices)
    assert any("'refunded_amount', so an order" in notice for notice in report.notices)
    _, report = read(tmp_path / "log.csv", f"{HEADER}status\n1,a,2024-01-01,50,Refunded\n2,b,2024-01-02,40,Paid\n")
    assert any("and so undone: Refunded 1" in notice for notice in report.notices)
