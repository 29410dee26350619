"""The names under which users' files carry the columns that we know, in lists from the surest to the weakest.

English, Polish, Bulgarian, Russian, Belarusian and German. Within one list two candidates are an error; a name of a
later list counts only where no earlier one occurs. Matching ignores case, accents, spaces and punctuation.
"""

from __future__ import annotations

from collections.abc import Mapping

Names = tuple[tuple[str, ...], ...]


def _split(table: Mapping[str, tuple[str, ...]]) -> dict[str, Names]:
    """Cut each list of names at its bars."""
    return {
        role: tuple(tuple(name.strip() for name in " ".join(names.split()).split("|")) for names in lists)
        for role, lists in table.items()
    }


# fmt: off
_PURCHASES = {
    "customer_id": (
        "customer_id",
        """customer | client_id | client | user_id | buyer_id | customer_no | customer_number | customer_nr | cust_id |
        custid | customer_code | customer_user | customer_user_id | id_customer | buyer_user_id | member_id |
        client_no | client_number | household_id | card_id | loyalty_id | loyalty_card | Klient | ID klienta |
        Klient ID | Numer klienta | Nr klienta | Kod klienta | Identyfikator klienta | Kupujący | Nabywca |
        Kontrahent | Клиент | Клиент ID | ID на клиент | ID клиент | Клиентски номер | Номер на клиент | Клиент
        номер | Клиент № | Код на клиент | Купувач | ID клиента | Код клиента | Номер клиента | Идентификатор
        клиента | Покупатель | ID покупателя | Заказчик | Контрагент | Кліент | ID кліента | Кліент ID | Нумар
        кліента | Код кліента | Ідэнтыфікатар кліента | Пакупнік | ID пакупніка | Kunde | Kunden-ID | Kundennummer |
        Kundennr | Kunden-Nr | Kundin | Käufer | Kundenkennung""",
        """user | buyer | account_id | shopper_id | customer_key | member | card | użytkownik | ID użytkownika |
        потребител | пользователь | карыстальнік | Benutzer""",
        """customer_email | email | e_mail | buyer_email | buyer_username | e-mail adres | имейл | электронная почта |
        эл. пошта | billing_email | email_billing | billing_email_address | E-Mail-Adresse""",
    ),
    "ordered_at": (
        "ordered_at",
        """order_date | date | timestamp | invoice_date | created_at | order_timestamp | purchase_date | purchased_at |
        transaction_date | order_time | datetime | date_time | order_datetime | purchase_time | bought_at |
        sale_date | ordered_on | transaction_time | date_created | order_purchase_timestamp | order_created_at |
        date_of_purchase | date_of_order | purchase_timestamp | created_date_utc | created_utc | date_add | Data | Data
        zamówienia | Data zakupu | Data sprzedaży | Data transakcji | Data złożenia zamówienia | Data faktury | Data
        i godzina | Data wystawienia | Дата | Дата на поръчка | Дата на поръчката | Дата на покупка | Дата на
        покупката | Дата на продажба | Дата на фактура | Дата и час | Дата поръчка | Дата заказа | Дата покупки |
        Дата продажи | Дата и время | Дата операции | Дата чека | Дата создания | Дата замовы | Дата заказу | Дата
        пакупкі | Дата продажу | Дата і час | Datum | Bestelldatum | Kaufdatum | Rechnungsdatum | Auftragsdatum |
        Verkaufsdatum | Bestellzeitpunkt | Datum und Uhrzeit | Zeitpunkt""",
        "time | day | created | час | время | godzina | Zeit | Uhrzeit",
    ),
    "amount": (
        "amount",
        """total | revenue | sum | order_total | total_amount | order_amount | order_value | value | net_amount | sales
        | line_total | grand_total | total_price | spend | purchase_amount | amount_paid | order_total_amount |
        transaction_amount | total_value | total_sales | net_sales | payment_value | paid | grand_total_purchased |
        total_spent | total_paid | order_total_inc_tax | sales_amount | turnover | invoice_total | basket_value |
        Kwota | Suma | Wartość | Wartość zamówienia | Razem | Kwota brutto | Wartość brutto | Kwota zamówienia | Do
        zapłaty | Obrót | Łącznie | Сума | Обща сума | Стойност | Общо | Оборот | Сума с ДДС | Стойност на поръчката
        | Стойност на поръчка | Обща стойност | Платена сума | Сумма | Стоимость | Итого | Выручка | Сумма заказа |
        Общая сумма | Сумма покупки | Сумма чека | Всего | Агульная сума | Кошт | Вартасць | Разам | Сума замовы |
        Сума заказу | Betrag | Summe | Umsatz | Gesamt | Gesamtbetrag | Gesamtsumme | Bestellwert | Bruttobetrag |
        Rechnungsbetrag | Warenwert""",
        "price | Cena | Цена | Цана | Preis | gross_sales | subtotal | price_total",
    ),
    "order_id": (
        "order_id",
        """invoice | order | invoice_no | invoice_number | order_number | order_no | order_nr | invoice_id |
        transaction_id | receipt_id | basket_id | receipt | receipt_no | receipt_number | increment_id | transaction
        | transaction_no | bill_no | order_ref | order_reference | id_order | amazon_order_id | Zamówienie | Nr
        zamówienia | Numer zamówienia | ID zamówienia | Faktura | Nr faktury | Numer faktury | Paragon | Nr paragonu
        | Nr transakcji | Поръчка | Номер на поръчка | Номер на поръчката | № поръчка | Поръчка № | ID поръчка | ID
        на поръчка | Фактура | Номер на фактура | Касова бележка | Поръчка номер | Заказ | Номер заказа | № заказа |
        Заказ № | ID заказа | Чек | Номер чека | № чека | Накладная | Замова | Нумар замовы | ID замовы | Нумар
        заказу | ID заказу | Рахунак | Нумар чэка | Чэк | Bestellnummer | Bestellung | Bestell-Nr | Bestell-ID |
        Auftrag | Auftragsnummer | Auftrags-Nr | Rechnung | Rechnungsnummer | Rechnungs-Nr | Belegnummer | Beleg |
        Vorgangsnummer""",
    ),
    "quantity": (
        "quantity",
        """item_count | qty | items | units | pieces | quantity_ordered | items_sold | number_of_items | units_sold |
        Ilość | Liczba | Liczba sztuk | Sztuk | Szt | Sztuki | Количество | Брой | Бройки | Кол-во | Штук | Шт |
        Колькасць | Menge | Anzahl | Stück | Stückzahl""",
    ),
    "product_id": (
        "product_id",
        """sku | stock_code | product | item_id | product_code | article | article_id | article_number | item |
        item_code | product_sku | Produkt | ID produktu | Kod produktu | Towar | Artykuł | Indeks | Nr artykułu |
        Продукт | Код на продукт | Артикул | Стока | Код на артикул | Товар | Код товара | ID товара | Номенклатура
        | Тавар | Прадукт | Артыкул | Код тавару | Produktnummer | Artikel | Artikelnummer | Artikel-Nr | Ware""",
        "product_name | item_name | description",
    ),
    "category": (
        "category",
        """product_category | department | category_name | product_type | Kategoria | Grupa towarowa | Kategoria
        produktu | Категория | Група | Продуктова категория | Категория товара | Группа | Катэгорыя | Kategorie |
        Warengruppe | Produktkategorie""",
    ),
    "currency": (
        "currency",
        "currency_code | order_currency | order_currency_code | Waluta | Валута | Валюта | Währung",
    ),
    "unit_price": (
        "unit_price",
        """price_per_unit | item_price | Cena jednostkowa | Единична цена | Цена за единицу | Цена за штуку | Цана за
        адзінку | Einzelpreis | Stückpreis""",
    ),
}
_SUMMARY = {
    "days_since_last_order": (
        "days_since_last_order",
        "days_since_last_purchase",
    ),
    "tenure_days": (
        "tenure_days",
        "days_since_first_order | days_since_first_purchase",
    ),
    "order_count": (
        "order_count",
        "orders | number_of_orders | purchase_count | orders_count | total_orders",
    ),
    "mean_order_amount": (
        "mean_order_amount",
        "average_order_value | avg_order_value | aov | average_order_amount | avg_order_amount | mean_order_value",
    ),
    "first_order_on": (
        "first_order_on",
        "first_order_date | first_purchase_date | first_order | first_purchase",
    ),
    "last_order_on": (
        "last_order_on",
        "last_order_date | last_purchase_date | last_order | last_purchase",
    ),
}
# fmt: on

ALIASES = _split(_PURCHASES)
"""Role to its lists of names, for purchases."""

SUMMARY_ALIASES = {"customer_id": ALIASES["customer_id"]} | _split(_SUMMARY)
"""The same for files with one row per customer. Recency and frequency are not among them: the field uses both
words for two different things each."""

PROFILES: tuple[tuple[str, tuple[str, ...], dict[str, str]], ...] = (
    (
        "Shopify",
        ("Financial Status", "Lineitem quantity"),
        {
            "customer_id": "Customer ID|Email",
            "ordered_at": "Created at",
            "amount": "Total",
            "order_id": "Name",
            "quantity": "Lineitem quantity",
            "product_id": "Lineitem sku",
            "currency": "Currency",
        },
    ),
    (
        "WooCommerce",
        ("Order Total Amount", "Order Status"),
        {
            "customer_id": "Customer ID|Customer User ID|Email (Billing)|Billing Email Address",
            "ordered_at": "Order Date",
            "amount": "Order Total Amount",
            "order_id": "Order Number|Order ID",
            "quantity": "Quantity",
            "product_id": "SKU",
            "category": "Category",
        },
    ),
    (
        "WooCommerce Analytics",
        ("Order #", "N. Revenue"),
        {"customer_id": "Customer", "ordered_at": "Date", "amount": "N. Revenue", "order_id": "Order #"},
    ),
    (
        "Magento",
        ("Purchase Date", "Grand Total (Purchased)"),
        {
            "customer_id": "Customer ID|Customer Email",
            "ordered_at": "Purchase Date",
            "amount": "Grand Total (Purchased)",
            "order_id": "ID",
        },
    ),
    (
        "Stripe",
        ("Converted Amount", "Captured"),
        {
            "customer_id": "Customer ID|Customer Email",
            "ordered_at": "Created date (UTC)|Created (UTC)",
            "amount": "Amount",
            "order_id": "id",
            "currency": "Currency",
        },
    ),
    (
        "Square",
        ("Gross Sales", "Net Sales", "Transaction ID"),
        {
            "customer_id": "Customer ID|Customer Reference ID",
            "ordered_at": "Date",
            "amount": "Net Sales",
            "order_id": "Transaction ID",
            "quantity": "Qty",
            "product_id": "SKU|Item",
            "category": "Category",
        },
    ),
)
"""Exports of shop systems: name, headers by which one is told, and per role its columns, of which the first counts."""

LABELS = (
    "churn",
    "churned",
    "is_churn",
    "is_churned",
    "exited",
    "attrition",
    "label",
    "target",
    "left",
    "will_churn",
    "churn_label",
    "churn_flag",
    "churn_value",
    "customer_status",
    "retained",
    "is_retained",
)
"""Columns that look like an answer; they are never used, since nobody knows when they were written."""

_PERSONAL = """name | first_name | last_name | full_name | customer_name | email | e_mail | customer_email | phone |
telephone | mobile | address | street | birthday | birth_date | date_of_birth | gender | sex | age |
billing_name | billing_phone | shipping_name | billing_address | shipping_address | ip_address | imię |
nazwisko | imię i nazwisko | telefon | adres | PESEL | płeć | data urodzenia | име | фамилия | име и фамилия |
телефон | адрес | ЕГН | пол | дата на раждане | имейл | имя | отчество | ФИО | дата рождения | почта | імя |
прозвішча | тэлефон | адрас | пошта | Vorname | Nachname | Adresse | Anschrift | Geburtsdatum | Geschlecht |
Telefonnummer"""
PERSONAL = tuple(name.strip() for name in " ".join(_PERSONAL.split()).split("|"))
"""Columns of personal data; they are never used."""
