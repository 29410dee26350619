"""The names under which users' files carry the columns that we know, in lists from the surest to the weakest.

English, Polish, Bulgarian, Russian, Belarusian, German, Portuguese, Spanish, French, Italian, Turkish, Czech and
Ukrainian. Within one list two candidates are an error, or none is taken where the role is never needed; a name of a
later list counts only where no earlier one occurs. Matching ignores case, accents, spaces and punctuation.
"""

from __future__ import annotations

from collections.abc import Mapping

Names = tuple[tuple[str, ...], ...]


def _split(table: Mapping[str, tuple[str, ...]]) -> dict[str, Names]:
    """Cut each list of names at its bars."""
    return {role: tuple(map(_cut, lists)) for role, lists in table.items()}


def _cut(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in " ".join(names.split()).split("|"))


# fmt: off
_EMAIL = """customer_email | email | e_mail | buyer_email | buyer_username | e-mail adres | имейл | электронная почта |
    эл. пошта | billing_email | email_billing | billing_email_address | E-Mail-Adresse | billing.email | adres
    e-mail | e-mail klienta | имейл на клиента | електронна поща | email клиента | эл. почта | e-mail cliente |
    correo electrónico | adresse e-mail | courriel | indirizzo e-mail | e-posta | e-mail zákazníka | електронна
    пошта"""
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
        Kundennr | Kunden-Nr | Kundin | Käufer | Kundenkennung | Cliente | ID cliente | Cliente ID | Código do
        cliente | Código cliente | Cod cliente | Número do cliente | Comprador | ID do cliente | ID de cliente |
        Código de cliente | Número de cliente | Nº cliente | Client | ID client | Code client | Numéro client | N°
        client | Numéro de client | Identifiant client | Acheteur | ID du client | Codice cliente | Numero cliente |
        Acquirente | Müşteri | Müşteri ID | Müşteri No | Müşteri Kodu | Müşteri Numarası | Alıcı | Cari | Cari Kodu
        | Zákazník | ID zákazníka | Číslo zákazníka | Kód zákazníka | Odběratel | Kupující | Клієнт | ID клієнта |
        Код клієнта | Номер клієнта | Покупець | ID покупця | Замовник""",
        """user | buyer | account_id | shopper_id | customer_key | member | card | użytkownik | ID użytkownika |
        потребител | пользователь | карыстальнік | Benutzer | usuário | usuario | utilisateur | utente | kullanıcı |
        uživatel | користувач""",
        _EMAIL,
    ),
    "ordered_at": (
        "ordered_at",
        """order_date | date | timestamp | invoice_date | created_at | order_timestamp | purchase_date | purchased_at |
        transaction_date | order_time | datetime | date_time | order_datetime | purchase_time | bought_at |
        sale_date | ordered_on | transaction_time | date_created | order_purchase_timestamp | order_created_at |
        date_of_purchase | date_of_order | purchase_timestamp | created_date_utc | created_utc | date_add | Data |
        Data zamówienia | Data zakupu | Data sprzedaży | Data transakcji | Data złożenia zamówienia | Data faktury |
        Data i godzina | Data wystawienia | Дата | Дата на поръчка | Дата на поръчката | Дата на покупка | Дата на
        покупката | Дата на продажба | Дата на фактура | Дата и час | Дата поръчка | Дата заказа | Дата покупки |
        Дата продажи | Дата и время | Дата операции | Дата чека | Дата создания | Дата замовы | Дата заказу | Дата
        пакупкі | Дата продажу | Дата і час | Datum | Bestelldatum | Kaufdatum | Rechnungsdatum | Auftragsdatum |
        Verkaufsdatum | Bestellzeitpunkt | Datum und Uhrzeit | Zeitpunkt | Data do pedido | Data da compra | Data da
        venda | Data de compra | Data e hora | Fecha | Fecha de pedido | Fecha del pedido | Fecha de compra | Fecha
        de venta | Fecha de factura | Fecha y hora | Date de commande | Date d'achat | Date de vente | Date de la
        commande | Date de facture | Date et heure | Data ordine | Data dell'ordine | Data acquisto | Data vendita |
        Data fattura | Data e ora | Tarih | Sipariş Tarihi | Satış Tarihi | Satın Alma Tarihi | Fatura Tarihi |
        İşlem Tarihi | Tarih ve saat | Datum objednávky | Datum nákupu | Datum prodeje | Datum faktury | Datum
        vystavení | Datum a čas | Дата замовлення | Дата створення | Дата рахунку | Дата операції | Data dodania |
        Data utworzenia | Дата документа | Дата реализации""",
        "time | day | created | час | время | godzina | Zeit | Uhrzeit | hora | heure | ora | saat | čas",
    ),
    "amount": (
        "amount",
        """total | revenue | sum | order_total | total_amount | order_amount | order_value | value | net_amount |
        sales | line_total | grand_total | total_price | spend | purchase_amount | amount_paid | order_total_amount |
        transaction_amount | total_value | total_sales | net_sales | payment_value | paid | grand_total_purchased |
        total_spent | total_paid | order_total_inc_tax | sales_amount | turnover | invoice_total | basket_value |
        Kwota | Suma | Wartość | Wartość zamówienia | Razem | Kwota brutto | Wartość brutto | Kwota zamówienia | Do
        zapłaty | Obrót | Łącznie | Сума | Обща сума | Стойност | Общо | Оборот | Сума с ДДС | Стойност на поръчката |
        Стойност на поръчка | Обща стойност | Платена сума | Сумма | Стоимость | Итого | Выручка | Сумма заказа |
        Общая сумма | Сумма покупки | Сумма чека | Всего | Агульная сума | Кошт | Вартасць | Разам | Сума замовы |
        Сума заказу | Betrag | Summe | Umsatz | Gesamt | Gesamtbetrag | Gesamtsumme | Bestellwert | Bruttobetrag |
        Rechnungsbetrag | Warenwert | Valor | Valor total | Total do pedido | Valor do pedido | Montante | Quantia |
        Receita | Total geral | Valor pago | Importe | Importe total | Monto | Monto total | Total pedido | Total del
        pedido | Valor del pedido | Ingresos | Montant | Montant total | Total commande | Total de la commande |
        Montant TTC | Total TTC | Chiffre d'affaires | Importo | Importo totale | Totale | Totale ordine | Valore
        ordine | Fatturato | Ricavo | Tutar | Toplam | Toplam tutar | Sipariş tutarı | Genel toplam | Sipariş toplamı
        | Satış tutarı | Ciro | Částka | Celkem | Celková částka | Celková cena | Cena celkem | Tržba | Hodnota
        objednávky | Загальна сума | Сума замовлення | Сума до сплати | Всього | Разом | Вартість | Виручка | Сумма
        документа | Сума документа | Сума на документа | Сума документу | Сумма продажи | Сумма операции | Wartość
        sprzedaży | Wartość całkowita | Suma zamówienia | Kwota całkowita | Wartość transakcji | Kwota transakcji |
        Крайна сума | Сума за плащане | Сума на поръчката | Сума на поръчка | item_total | line_amount | order_sum""",
        """price | Cena | Цена | Цана | Preis | gross_sales | subtotal | price_total | Preço | Precio | Prix | Prezzo |
        Fiyat | Ціна""",
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
        Vorgangsnummer | Pedido | Número do pedido | Nº do pedido | ID do pedido | Código do pedido | Nota fiscal |
        Fatura | Nº pedido | Número de pedido | ID de pedido | ID pedido | Factura | Número de factura | Nº factura
        | Orden | Número de orden | Commande | Numéro de commande | N° commande | N° de commande | ID commande |
        Référence commande | Facture | Numéro de facture | N° facture | Ordine | Numero ordine | N. ordine | ID
        ordine | Fattura | Numero fattura | Scontrino | Sipariş | Sipariş No | Sipariş Numarası | Sipariş ID |
        Fatura No | Fiş No | Objednávka | Číslo objednávky | ID objednávky | Číslo faktury | Účtenka | Замовлення |
        Номер замовлення | № замовлення | ID замовлення | Рахунок | Номер рахунку | sales_order | sale_id | Nr
        dokumentu | Numer dokumentu | Номер документа | № документа | Номер на документ""",
        "Документ | Дакумент | Dokument | document",
    ),
    "quantity": (
        "quantity",
        """item_count | qty | items | units | pieces | quantity_ordered | items_sold | number_of_items | units_sold |
        Ilość | Liczba | Liczba sztuk | Sztuk | Szt | Sztuki | Количество | Брой | Бройки | Кол-во | Штук | Шт |
        Колькасць | Menge | Anzahl | Stück | Stückzahl | Quantidade | Qtd | Qtde | Cantidad | Cant | Unidades |
        Quantité | Qté | Quantità | Qtà | Pezzi | Adet | Miktar | Množství | Počet | Počet kusů | Kusů | Кількість |
        К-сть | quantity_purchased""",
    ),
    "product_id": (
        "product_id",
        """sku | stock_code | product | item_id | product_code | article | article_id | article_number | item |
        item_code | product_sku | Produkt | ID produktu | Kod produktu | Towar | Artykuł | Indeks | Nr artykułu |
        Продукт | Код на продукт | Артикул | Стока | Код на артикул | Товар | Код товара | ID товара | Номенклатура
        | Тавар | Прадукт | Артыкул | Код тавару | Produktnummer | Artikel | Artikelnummer | Artikel-Nr | Ware |
        Produto | Código do produto | SKU do produto | Producto | Código de producto | Artículo | Referencia |
        Produit | Code produit | Article | Référence produit | Prodotto | Codice prodotto | Articolo | Codice
        articolo | Ürün | Ürün kodu | Ürün ID | Stok kodu | Kód produktu | Zboží | Kód zboží | Код товару | Артикул
        товару""",
        "product_name | item_name | description",
    ),
    "description": (
        "description",
        """product_name | item_name | product_description | item_description | product_title | item_title |
        article_name | Nazwa produktu | Nazwa towaru | Opis | Opis produktu | Име на продукт | Име на продукта |
        Наименование | Описание | Название товара | Наименование товара | Назва тавару | Апісанне | Назва прадукту |
        Artikelbezeichnung | Artikelname | Produktname | Bezeichnung | Beschreibung | Descrição | Nome do produto |
        Descripción | Nombre del producto | Désignation | Nom du produit | Libellé | Descrizione | Nome prodotto |
        Ürün adı | Açıklama | Název produktu | Název zboží | Popis | Назва товару | Опис""",
    ),
    "category": (
        "category",
        """product_category | department | category_name | product_type | Kategoria | Grupa towarowa | Kategoria
        produktu | Категория | Група | Продуктова категория | Категория товара | Группа | Катэгорыя | Kategorie |
        Warengruppe | Produktkategorie | Categoria | Categoría | Catégorie | Kategori | Категорія | Група товарів""",
    ),
    "currency": (
        "currency",
        """currency_code | order_currency | order_currency_code | Waluta | Валута | Валюта | Währung | Moeda | Moneda |
        Divisa | Devise | Monnaie | Valuta | Para birimi | Döviz | Měna | Валюта замовлення""",
    ),
    "unit_price": (
        "unit_price",
        """price_per_unit | item_price | Cena jednostkowa | Единична цена | Цена за единицу | Цена за штуку | Цана за
        адзінку | Einzelpreis | Stückpreis | Preço unitário | Valor unitário | Precio unitario | Prix unitaire |
        Prezzo unitario | Birim fiyat | Birim fiyatı | Jednotková cena | Cena za kus | Ціна за одиницю | Ціна за
        штуку""",
    ),
    "order_status": (
        "order_status",
        """transaction_status | status_order | fulfillment_state | current_state | sale_status | order_state | Status
        zamówienia | Stan zamówienia | Статус на поръчка | Статус на поръчката | Статус заказа | Статус замовы |
        Статус заказу | Bestellstatus | Auftragsstatus | Status do pedido | Estado del pedido | Statut de la commande
        | Stato ordine | Sipariş durumu | Stav objednávky | Статус замовлення""",
        """status | Статус | Stadium | Стадия | Стадія | Стадыя | Stage | Statut | Stato | Durum | Stav | Situação |
        Состояние | Състояние | Стан | Zustand""",
        "state | Estado",
    ),
    "payment_status": (
        "payment_status",
        """financial_status | status_payment | payment_state | Status płatności | Статус на плащане | Статус на
        плащането | Статус плащане | Статус оплаты | Статус платежа | Статус аплаты | Zahlungsstatus | Status do
        pagamento | Estado del pago | Statut du paiement | Stato pagamento | Ödeme durumu | Stav platby | Статус
        оплати""",
    ),
    "row_type": (
        "row_type",
        """event_type | line_type | transaction_type | document_type | row_kind | entry_type | sale_type | Typ
        dokumentu | Rodzaj dokumentu | Typ transakcji | Вид документ | Тип документ | Вид документа | Тип документа
        | Вид операции | Тип операции | Вид на документа | Тып дакумента | Від дакумента | Belegart | Vorgangsart |
        Buchungsart | Tipo de documento | Tipo de transação | Tipo de transacción | Type de document | Type de
        transaction | Tipo documento | Tipo operazione | Belge türü | İşlem türü | Typ dokladu | Druh dokladu | Тип
        операції | Тип документу""",
        "type | Typ | Тип | Тып | Art | Tipo | Tür | Вид",
    ),
    "refunded_amount": (
        "refunded_amount",
        """amount_refunded | total_refunded | refund_amount | order_refund_amount | partial_refunds | refund_total |
        total_refund | refunds_total | returned_amount | Kwota zwrotu | Zwrócona kwota | Върната сума | Възстановена
        сума | Сумма возврата | Сума вяртання | Вернутая сума | Erstatteter Betrag | Erstattung | Rückerstattung |
        Valor reembolsado | Reembolso | Importe reembolsado | Montant remboursé | Remboursement | Importo rimborsato
        | Rimborso | İade tutarı | Vrácená částka | Сума повернення""",
    ),
    "refunded_at": (
        "refunded_at",
        """refund_date | refunded_on | date_refunded | refunded_date | returned_at | return_date | refund_at | Data
        zwrotu | Дата на връщане | Дата на възстановяване | Дата возврата | Дата вяртання | Erstattungsdatum |
        Erstattet am | Data do reembolso | Fecha de reembolso | Date de remboursement | Data rimborso | İade tarihi
        | Datum vrácení | Дата повернення""",
    ),
    "cancelled_at": (
        "cancelled_at",
        """cancelled | canceled | is_cancelled | is_canceled | order_cancelled | Anulowane | Anulowano | Анулирана |
        Отказана | Отменен | Отменён | Скасавана | Скасовано | Storniert | Cancelado | Annulé | Annullato | İptal
        edildi | Zrušeno | canceled_at | cancel_date | cancelled_on | canceled_on | cancellation_date | date_cancelled
        | date_canceled | cancelled_date | canceled_date | voided_at | Data anulowania | Дата на анулиране | Дата на
        отказ | Дата отмены | Дата скасавання | Stornodatum | Storniert am | Data do cancelamento | Fecha de
        cancelación | Date d'annulation | Data annullamento | İptal tarihi | Datum storna | Дата скасування""",
    ),
    "is_captured": (
        "is_captured",
        "captured | payment_captured",
    ),
    "is_valid": (
        "is_valid",
        "valid",
    ),
    "is_live": (
        "is_live",
        "livemode | live_mode",
        "mode",
    ),
    "discount": (
        "discount",
        """discount_amount | line_discount | discounts | total_discount | discount_total | item_promotion_discount |
        discount_value | discount_percent | discount_rate | discount_pct | Rabat | Kwota rabatu | Zniżka | Upust |
        Отстъпка | Скидка | Сумма скидки | Зніжка | Скідка | Rabatt | Nachlass | Desconto | Descuento | Remise |
        Réduction | Sconto | İndirim | Sleva | Знижка""",
    ),
    "email": ("email", _EMAIL),
    "phone": (
        "phone",
        """telephone | phone_number | telephone_number | mobile | mobile_phone | mobile_number | cell_phone |
        customer_phone | buyer_phone | billing_phone | phone_billing | billing.phone | contact_phone | Telefon |
        Numer telefonu | Nr telefonu | Telefon komórkowy | Телефон | Телефон на клиента | Телефонен номер | Номер
        телефона | Телефон клиента | Мобильный | Тэлефон | Нумар тэлефона | Telefonnummer | Handy | Handynummer |
        Telefone | Celular | Teléfono | Móvil | Téléphone | Telefono | Cellulare | Telefon numarası | Cep telefonu |
        Telefonní číslo | Номер телефону""",
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

CUSTOMER_TOTALS = ("total_spent", "total_spend", "spend", "amount_spent", "total_sales", "total_value", "revenue")
"""Names that say what a customer has spent in all where they stand beside the number of their orders."""

COARSE = _cut("""period | month | year_month | quarter | week | year | okres | miesiąc | kwartał | tydzień | rok
    | период | месец | тримесечие | седмица | година | месяц | квартал | неделя | год | перыяд | тыдзень | Monat |
    Quartal | Woche | Jahr | período | mês | mes | trimestre | semana | ano | año | période | mois | semaine | année
    | periodo | mese | settimana | anno | dönem | ay | hafta | yıl | období | měsíc | týden | період | місяць |
    тиждень | рік""")
"""Names of columns that say a time, and no day."""

TOTALS = _cut("""total | totals | grand total | subtotal | sub total | sum | sum total | overall | razem | suma
    | ogółem | łącznie | podsumowanie | общо | всичко | сума | обща сума | итого | всего | общий итог | итог | разам
    | усяго | агулам | summe | gesamt | gesamtsumme | insgesamt | zwischensumme | total geral | subtotal geral |
    total general | suma total | total général | sous-total | totale | totale generale | toplam | genel toplam | ara
    toplam | celkem | součet | mezisoučet | всього | разом | підсумок | σ | sub-total | total sales | total amount
    | тотал | общо за периода | крайна сума | междинна сума | w sumie | suma końcowa | razem brutto | razem netto |
    вынік | агульная сума | общая сумма | сумма | итоги | всего по документу | итого за период | итого по отчету |
    gesamtbetrag | endsumme | celkový součet | усього | somme | somma | soma""")
"""What stands in the first cells of a row of totals, in small letters."""

NO_MONEY = frozenset(
    _cut("""id | ids | uuid | guid | no | nr | num | number | numer | номер | нумар | № | code | kod | код | key
    | sku | ean | upc | isbn | gtin | asin | index | idx | row | line | lp | zip | postcode | postal | plz | phone |
    tel | telephone | mobile | telefon | телефон | fax | age | year | month | week | hour | minute | dow | hod |
    weekday | quarter | date | data | дата | datum | time | latitude | longitude | lat | lng | lon | rank | count |
    qty | quantity | items | item | units | pieces | ilość | количество | size | weight | version | store | shop |
    branch | register | till | terminal | cashier | staff | employee | user | device | session | rating | score |
    stars | percent | pct | flag | points | days | minutes | seconds | duration | position | sequence | seq | nip |
    regon | ico | iban | account | card | installments | visits | visit | status | state | type | mode | valid |
    captured""")
)
"""Words of the headers of numbers that are no money."""

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
PERSONAL = _cut(_PERSONAL)
"""Columns of personal data; they are never used."""
