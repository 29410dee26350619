"""Which column stands for which role: units behind a name, look-alike letters, exports, and what is asked."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

from churnrisk.errors import AmbiguousFormat, ColumnError, SourceError
from churnrisk.orders import IntakeOptions, read_customers, read_orders
from churnrisk.schema import ROLES
from churnrisk.sources import PURCHASE_ROLES, match_columns
from churnrisk.sources.dialect import find_dialect

UNITS = {
    "Amount (EUR)": "EUR",
    "amount_eur": "EUR",
    "Kwota [zł]": "PLN",
    "Kwota brutto PLN": "PLN",
    "Сума (лв.)": "BGN",
    "Сумма, руб.": "RUB",
    "Сумма (бел. руб.)": "BYN",
    "Total in EUR": "EUR",
    "Montant TTC (€)": "EUR",
    "Total incl. VAT": "",
    "Сума с ДДС": "",
    "Сумма документа": "",
}


def names_of(*headers: str, chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    return match_columns(headers, chosen or {}).names


@pytest.mark.parametrize("header", UNITS)
def test_what_stands_behind_a_name_is_its_unit(header: str) -> None:
    match = match_columns(("customer_id", "date", header), {})
    assert match.names["amount"] == header
    assert match.currency == UNITS[header]


@pytest.mark.parametrize("header", ["Total (tax)", "Amount refunded", "Total (base)", "Date (shipped)", "Sum of items"])
def test_another_word_behind_a_name_says_something_else(header: str) -> None:
    assert "amount" not in names_of("customer_id", "date", header)


def test_a_bare_name_comes_first_and_two_with_units_are_asked_about() -> None:
    for headers in itertools.permutations(("client", "date", "total", "Amount (EUR)")):
        assert names_of(*headers)["amount"] == "total"
    with pytest.raises(ColumnError, match="two columns could be the amount") as caught:
        names_of("client", "date", "Total (EUR)", "Amount (USD)")
    assert shlex.split(str(caught.value).split(" or ")[1].split(". The file")[0]) == ["--column", "amount=Amount (USD)"]


def test_the_currency_of_a_header_is_that_of_rows_that_name_none(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("client;date;Total (zł)\na;2024-01-05;10,50\nb;2024-01-06;3,25 EUR\n", encoding="utf-8")
    with pytest.raises(AmbiguousFormat, match="PLN"):
        read_orders(path)
    with read_orders(path, IntakeOptions(rates={"EUR": "4"})) as orders:
        assert orders.currency == "PLN"
    path.write_text("client;date;Total (zł)\na;2024-01-05;10,50\nb;2024-01-06;3,25\n", encoding="utf-8")
    with read_orders(path) as orders:
        assert orders.currency == "PLN"


def test_letters_of_another_alphabet_are_read_and_said() -> None:
    mixed = ("Сustomer", "Dаte", "Cума")  # each has one letter of the other alphabet
    match = match_columns(mixed, {})
    assert match.names == {"customer_id": "Сustomer", "ordered_at": "Dаte", "amount": "Cума"}
    assert any(all(header in notice for header in mixed) for notice in match.notices)
    assert match_columns(("customer", "date", "сума"), {}).notices == ()


LANGUAGES = {
    "pt": "Cliente|Data do pedido|Valor total|Nº pedido|Quantidade|Produto|Moeda|Status do pedido|Desconto|Telefone",
    "es": "Cliente|Fecha|Importe|Número de pedido|Cantidad|Producto|Moneda|Estado del pedido|Descuento|Teléfono",
    "fr": "Client|Date de commande|Montant|N° de commande|Quantité|Produit|Devise|Statut|Remise|Téléphone",
    "it": "Cliente|Data ordine|Importo|Numero ordine|Quantità|Prodotto|Valuta|Stato|Sconto|Telefono",
    "tr": "MÜŞTERİ|Sipariş Tarihi|Tutar|Sipariş No|Adet|Ürün|Para birimi|Durum|İndirim|Cep telefonu",
    "cs": "Zákazník|Datum objednávky|Částka|Číslo objednávky|Množství|Zboží|Měna|Stav|Sleva|Telefon",
    "uk": "Клієнт|Дата замовлення|Сума|Номер замовлення|Кількість|Товар|Валюта|Статус|Знижка|Телефон",
    "pl": "Klient|Data zakupu|Kwota|Nr zamówienia|Ilość|Produkt|Waluta|Status zamówienia|Rabat|Telefon",
    "bg": "Клиент|Дата|Сума|Номер на поръчка|Брой|Продукт|Валута|Статус|Отстъпка|Телефон",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_role_has_names_in_every_language(language: str) -> None:
    named = ("customer_id", "ordered_at", "amount", "order_id", "quantity", "product_id", "currency")
    roles = (*named, "order_status", "discount", "phone")
    headers = LANGUAGES[language].split("|")
    found = dict(zip(roles, headers, strict=True))
    discount = found.pop("discount")
    assert names_of(*headers) == found  # an amount is taken as it is
    prices = [header for header in headers if header != found["amount"]]
    assert names_of(*prices, "unit_price")["discount"] == discount


def test_the_dictionary_has_every_role() -> None:
    assert set(ROLES) == set(PURCHASE_ROLES)


def test_of_two_columns_for_a_role_that_no_log_needs_neither_is_taken() -> None:
    match = match_columns(("customer_id", "date", "total", "Refund Amount", "Total Refunded", "email"), {})
    assert "refunded_amount" not in match.positions
    assert any("--column 'refunded_amount=Refund Amount'" in notice for notice in match.notices)
    assert match.names["email"] == "email"
    sure = names_of("customer_id", "date", "total", "refunded_amount", "Total Refunded")
    assert sure["refunded_amount"] == "refunded_amount"


def test_an_email_is_the_customer_only_where_there_is_no_id() -> None:
    assert names_of("email", "date", "total") == {"customer_id": "email", "ordered_at": "date", "amount": "total"}
    found = names_of("client_id", "e-mail", "date", "total")
    assert (found["customer_id"], found["email"]) == ("client_id", "e-mail")


def test_a_state_beside_a_city_is_an_address() -> None:
    assert "order_status" not in names_of("customer", "date", "total", "city", "state")
    assert names_of("customer", "date", "total", "state")["order_status"] == "state"


def test_totals_of_a_customer_are_no_amounts_of_orders() -> None:
    assert "amount" not in names_of("customer_id", "date", "orders_count", "total_spent")
    assert names_of("customer_id", "date", "total_spent")["amount"] == "total_spent"


def test_an_export_without_its_status_says_so() -> None:
    whole = ("ID", "Purchase Date", "Grand Total (Purchased)", "Customer Email", "Status", "Total Refunded")
    match = match_columns(whole, {})
    assert match.system == "Magento"
    assert match.names["order_status"] == "Status"
    assert match.names["refunded_amount"] == "Total Refunded"
    cut = match_columns(whole[:4], {})
    assert any("Magento" in notice and "Status" in notice for notice in cut.notices)


SYSTEMS = {
    "Amazon": (
        "order-id|purchase-date|buyer-email|sku|quantity-purchased|item-price|item-promotion-discount",
        "item-price",
    ),
    "Etsy": (
        "Sale Date|Order ID|Buyer User ID|Number of Items|Order Value|Order Total|Status|Order Net",
        "Order Total",
    ),
    "Odoo": ("Order Reference|Customer|Order Date|Status|Total|Order Lines/Product|Order Lines/Subtotal", "Total"),
    "Subiekt": ("Numer|Typ dokumentu|Data wystawienia|Kontrahent|Wartość netto|Wartość brutto", "Wartość brutto"),
    "1C": ("Дата|Документ|Контрагент|Номенклатура|Количество|Цена|Сумма", "Сумма"),
    "Bitrix24": ("ID|Стадия|Сумма|Валюта|Клиент|Дата создания|Дата завершения|Ответственный", "Сумма"),
    "Vend (Lightspeed)": ("Date|Receipt Number|Line Type|Customer Code|Quantity|Subtotal|Total|Status|Sku", "Total"),
    "WooCommerce (REST)": ("id|status|date_created|total|customer_id|billing.email|discount_total", "total"),
    "Squarespace": (
        "Order ID|Email|Financial Status|Subtotal|Amount Refunded|Total|Created at|Lineitem quantity|Cancelled at",
        "Total",
    ),
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_export_of_a_system_is_told_by_its_columns(system: str) -> None:
    headers, amount = SYSTEMS[system]
    match = match_columns(headers.split("|"), {})
    assert (match.system, match.names["amount"]) == (system, amount)
    assert {"customer_id", "ordered_at", "order_id"} <= set(match.positions)
    assert len(set(match.positions.values())) == len(match.positions)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_numbers_that_nobody_recognised_are_asked_about(tmp_path: Path) -> None:
    path = write(
        tmp_path / "log.csv", "client,date,gift (net worth)\na,2024-01-05,50\nb,2024-01-06,20\nc,2024-01-07,175\n"
    )
    with pytest.raises(ColumnError) as caught:
        read_orders(path)
    options = [
        word for word in shlex.split(str(caught.value).replace(",", " ")) if "=" in word or word.startswith("--")
    ]
    assert options == ["--column", "amount=gift (net worth)", "--no-amounts"]
    with read_orders(path, IntakeOptions(columns={"amount": "gift (net worth)"})) as orders:
        assert orders.has_amounts
    with read_orders(path, IntakeOptions(no_amounts=True)) as orders:
        assert (orders.has_amounts, orders.report.purchases) == (False, 3)


@pytest.mark.parametrize(
    "column",
    [
        "store no:1 2 3",
        "zip:10115 20095 80331",
        "barcode:5901234123457 5901234123464 5901234123471",
        "is new:0 1 0",
        "note:x y z",
        "age:31 45 27",
        "phone:0888123456 0888123457 0888123458",
        "empty:  ",
    ],
)
def test_numbers_that_are_no_money_are_not_asked_about(column: str, tmp_path: Path) -> None:
    header, _, cells = column.partition(":")
    rows = [f"{k},2024-01-0{k + 1},{cell}" for k, cell in enumerate(cells.split(" "))]
    with read_orders(write(tmp_path / "log.csv", "\n".join([f"client,date,{header}", *rows]))) as orders:
        assert not orders.has_amounts


def test_amounts_that_are_all_empty_are_asked_about(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", "client,date,total\na,2024-01-05,\nb,2024-01-06,\n")
    with pytest.raises(ColumnError, match="total is there and is empty"):
        read_orders(path)
    with read_orders(path, IntakeOptions(no_amounts=True)) as orders:
        assert orders.report.purchases == 2


def test_converted_amounts_are_offered_before_rates(tmp_path: Path) -> None:
    header = "id,Created (UTC),Amount,Currency,Converted Amount,Converted Currency,Status,Captured,Customer ID"
    rows = "ch_1,2024-01-05 08:00,10.00,usd,9.00,eur,Paid,true,a\nch_2,2024-01-06 08:00,5.00,eur,5.00,eur,Paid,true,b\n"
    path = write(tmp_path / "payments.csv", f"{header}\n{rows}")
    with pytest.raises(AmbiguousFormat) as caught:
        read_orders(path)
    words = shlex.split(str(caught.value).partition("too: ")[2].partition(". Or")[0])
    columns = dict(word.split("=") for word in words if "=" in word)
    with read_orders(path, IntakeOptions(columns=columns)) as orders:
        assert orders.currency == "EUR"


REFUSED = {
    "an answer": ("customerID,tenure,Churn\nA,1,No\nB,34,Yes\n", "one row per customer and an answer, Churn"),
    "no dates": ("order_id,user_id,order_number\n1,1,1\n2,1,2\n", "No column holds dates"),
    "months": ("client,Period,total\na,2024-01,5\nb,2024-02,6\n", "Period says a time that is no day"),
    "a date by its cells": ("client,bought,total\na,2024-01-05,5\nb,2024-02-06,6\n", "Nearest to ordered_at: 'bought'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_without_days_is_told_what_it_is(name: str, tmp_path: Path) -> None:
    text, words = REFUSED[name]
    with pytest.raises(ColumnError, match=words):
        read_orders(write(tmp_path / "log.csv", text))


def test_a_row_of_data_is_not_taken_for_the_header(tmp_path: Path) -> None:
    text = "donor,gift_date,gift,payment\nD1,2024-01-05,50,Cash\nD2,2024-01-06,20,Card\nD3,2024-02-07,30,Cash\n"
    columns = {"customer_id": "donor", "ordered_at": "gift_date", "amount": "gift"}
    with read_orders(write(tmp_path / "log.csv", text), IntakeOptions(columns=columns)) as orders:
        assert orders.report.rows_used == 3
    with pytest.raises(ColumnError, match="donor"):
        read_orders(tmp_path / "log.csv")


def test_a_summary_without_a_count_of_orders_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write(tmp_path / "list.csv", "customer_id,first_order_date,last_order_date\na,2019-01-05,2019-11-05\n")
    with read_customers(path) as table:
        assert table.kind == "summary"
        assert table.summary is not None
        assert "order_count" not in table.summary


@pytest.mark.parametrize("source", ["s3://bucket/a/b.csv", "https://example.com/x.csv", "gs://b/c.parquet"])
def test_a_place_that_cannot_be_read_is_named_as_it_was_typed(source: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_orders(source)
    assert str(caught.value).startswith(f"{source}: ")
    assert "sqlite:///" in str(caught.value)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(SourceError, match=r"mysql://anna:\*\*\*@host/shop") as caught:
        read_orders("mysql://anna:secret@host/shop")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("sign", ["_delta_log/0.json", "metadata/v1.metadata.json", ".hoodie/hoodie.properties"])
@pytest.mark.parametrize("named", ["table", "table/*.parquet", "table/data/a.parquet", "table/data", ".", "t*/data/*"])
def test_a_table_with_a_log_is_never_read_as_loose_files(sign: str, named: str, tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame({"customer_id": ["a"], "ordered_at": ["2024-01-05"], "amount": [1.5]})
    for place in ("a.parquet", "data/a.parquet"):
        path = tmp_path / "table" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(path)
    with read_orders(tmp_path / named if named != "." else tmp_path / "table") as orders:
        assert orders.report.orders
    log = tmp_path / "table" / sign
    log.parent.mkdir(parents=True)
    log.write_text("{}")
    with pytest.raises(SourceError, match="is a table of"):
        read_orders(tmp_path / named)


@pytest.mark.parametrize("below", ["", "a;b", "a|b", "a\tb"])
def test_a_header_of_one_name_is_not_cut_by_what_stands_below_it(below: str) -> None:
    found = find_dialect(f"customer_id\n{below}\n", {})
    assert (found.delimiter, found.header_line, found.headers) == (",", 1, ("customer_id",))
