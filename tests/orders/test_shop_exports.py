"""The columns of exports as shop systems write them are recognised as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnrisk.engines import collect_arrays
from churnrisk.orders import read_orders
from churnrisk.timeline import date_of

# Headers as the systems write them, not all of their columns; each file holds two orders of ann and one of bob, worth
# 10.50, 20 and 7.25. A backslash joins lines.
EXPORTS = {
    "shopify": """\
Name|Email|Financial Status|Paid at|Currency|Subtotal|Shipping|Taxes|Total|Created at|Lineitem quantity|\
Lineitem name|Lineitem price|Lineitem sku|Billing Name|Id
#1|ann|paid|2024-05-01 10:00:00 +0200|EUR|9|1|0.5|10.50|2024-05-01 09:59:00 +0200|1|Cup|4|C1|A|901
#1|ann||||||||2024-05-01 09:59:00 +0200|2|Plate|2.5|P1||
#2|ann|paid|2024-06-01 10:00:00 +0200|EUR|19|1|0|20|2024-06-01 09:59:00 +0200|1|Cup|20|C1|A|902
#3|bob|paid|2024-06-03 10:00:00 +0200|EUR|7|0|0|7.25|2024-06-03 09:59:00 +0200|1|Cup|7|C1|B|903
""",
    "woocommerce, a plug-in with user ids": """\
Order ID|Order Date|Order Status|Customer User|Order Total|Billing Email
1|2024-05-01 09:59:00|completed|ann|10.50|a@example.org
2|2024-06-01 09:59:00|completed|ann|20.00|a@example.org
3|2024-06-03 09:59:00|completed|bob|7.25|b@example.org
""",
    "woocommerce, a plug-in with e-mails": """\
Order Number|Order Status|Order Date|Customer Note|First Name (Billing)|Email (Billing)|Order Subtotal Amount|\
Order Shipping Amount|Order Total Amount|SKU|Item #|Item Name|Quantity|Item Cost
1|Completed|2024-05-01 09:59||Ann|ann|9|1|10.50|C1|1|Cup|1|4
2|Completed|2024-06-01 09:59||Ann|ann|19|1|20.00|C1|1|Cup|1|20
3|Completed|2024-06-03 09:59||Bob|bob|7|0|7.25|C1|1|Cup|1|7
""",
    "magento grid": """\
ID|Purchase Point|Purchase Date|Bill-to Name|Ship-to Name|Grand Total (Base)|Grand Total (Purchased)|Status|\
Customer Email|Customer Group|Subtotal|Shipping and Handling|Customer Name|Total Refunded
1|Main|2024-05-01 09:59:00|A|A|10.50|10.50|Complete|ann|General|9|1|A|
2|Main|2024-06-01 09:59:00|A|A|20.00|20.00|Complete|ann|General|19|1|A|
3|Main|2024-06-03 09:59:00|B|B|7.25|7.25|Complete|bob|General|7|0|B|
""",
    "magento table": """\
entity_id|increment_id|state|status|customer_id|customer_email|base_grand_total|grand_total|order_currency_code|\
created_at|updated_at
11|1|complete|complete|ann|a@example.org|10.50|10.50|EUR|2024-05-01 09:59:00|2024-05-02 10:00:00
12|2|complete|complete|ann|a@example.org|20.00|20.00|EUR|2024-06-01 09:59:00|2024-06-02 10:00:00
13|3|complete|complete|bob|b@example.org|7.25|7.25|EUR|2024-06-03 09:59:00|2024-06-04 10:00:00
""",
    "stripe": """\
id|Created date (UTC)|Amount|Amount Refunded|Currency|Captured|Converted Amount|Converted Amount Refunded|\
Converted Currency|Description|Fee|Status|Customer ID|Customer Email
ch_1|2024-05-01 09:59:00|10.50|0.00|eur|true|10.50|0.00|eur|x|0.5|Paid|ann|a@example.org
ch_2|2024-06-01 09:59:00|20.00|0.00|eur|true|20.00|0.00|eur|x|0.5|Paid|ann|a@example.org
ch_3|2024-06-03 09:59:00|7.25|0.00|eur|true|7.25|0.00|eur|x|0.5|Paid|bob|b@example.org
""",
    "square": """\
Date|Time|Time Zone|Category|Item|Qty|Price Point Name|SKU|Modifiers Applied|Gross Sales|Discounts|Net Sales|\
Tax|Transaction ID|Payment ID|Device Name|Customer ID|Customer Name|Customer Reference ID
2024-05-01|09:59:00|UTC|Home|Cup|1|Regular|C1||$10.00|$0.00|$10.00|$0.00|t1|p1|Till|ann|Ann|
2024-05-01|09:59:00|UTC|Home|Bag|1|Regular|B1||$0.50|$0.00|$0.50|$0.00|t1|p1|Till|ann|Ann|
2024-06-01|09:59:00|UTC|Home|Cup|1|Regular|C1||$20.00|$0.00|$20.00|$0.00|t2|p2|Till|ann|Ann|
2024-06-03|09:59:00|UTC|Home|Cup|1|Regular|C1||$7.25|$0.00|$7.25|$0.00|t3|p3|Till|bob|Bob|
""",
    "prestashop": """\
id_order|reference|id_customer|total_paid|payment|date_add
1|XKB|ann|10.500000|Card|2024-05-01 09:59:00
2|XKC|ann|20.000000|Card|2024-06-01 09:59:00
3|XKD|bob|7.250000|Card|2024-06-03 09:59:00
""",
}


@pytest.mark.parametrize("system", EXPORTS)
def test_an_export_is_read_as_it_is(system: str, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(EXPORTS[system].replace("|", ","), encoding="utf-8")
    with read_orders(path) as orders:
        found = collect_arrays(orders.frame(), sort_by=["customer_id", "order_day"])
        assert orders.report.to_dict()["rows_used"] == EXPORTS[system].count("\n") - 1
    assert found["customer_id"].tolist() == ["ann", "ann", "bob"]
    assert found["amount"].tolist() == [105_000, 200_000, 72_500]
    days = [date_of(day).isoformat() for day in found["order_day"].tolist()]
    assert days == ["2024-05-01", "2024-06-01", "2024-06-03"]
