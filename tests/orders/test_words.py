"""Words of exports: what they say in each language and system, written by hand and not taken from the data file."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.orders.words import (
    ROW_CLASSES,
    STATUS_CLASSES,
    Verdict,
    classify_row_type,
    classify_status,
    fold_look_alikes,
    guests,
    is_guest_word,
    is_missing_word,
    judge_row_types,
    judge_statuses,
    list_words,
    plain_form,
    read_flag,
    tell_system,
)

PLAIN = {
    "en": {
        "sale": "Paid, Completed, complete, Shipped, delivered, NEW, Processing, confirmed, Invoiced, Won, "
        "Partially paid",
        "no_sale": "Cancelled, canceled, Failed, Voided, Declined, rejected, Expired, abandoned, Draft, Quotation, "
        "Lost, "
        "Test, Error, Deleted, Spam, uncaptured",
        "pending": "Pending, Awaiting payment, On hold, on-hold, Authorised, authorized, Unpaid, Overdue",
        "returned": "Refunded, Returned, Chargeback, Charged back, Reversed",
        "partly_returned": "Partially refunded, partially_refunded, Partially returned",
    },
    "bg": {
        "sale": "Платена, Изпълнена, Завършена, Доставена, Изпратена, Нова, Потвърдена, В обработка, Приета",
        "no_sale": "Отказана, Отказан, Анулирана, Анулирано, Неуспешна, Отхвърлена, Изтекла, Чернова, Оферта, Грешка",
        "pending": "Очаква плащане, Чака плащане, Неплатена, Задържана, Просрочена",
        "returned": "Върната, Върнат, Възстановена, Връщане",
        "partly_returned": "Частично върната, Частично възстановена",
    },
    "pl": {
        "sale": "Zrealizowane, Zrealizowana, Wysłane, Opłacone, W realizacji, Nowe, Dostarczone, Zakończone, Wyslane",
        "no_sale": "Anulowane, Anulowany, Anulowana, Anulowano, Odrzucone, Nieudane, Błąd płatności, Szkic, Oferta, "
        "Wygasłe",
        "pending": "Nieopłacone, Oczekuje na płatność, Wstrzymane, Oczekujące, Niezapłacona",
        "returned": "Zwrócone, Zwrot, Zwrócono, Zwrócony",
        "partly_returned": "Częściowo zwrócone, Częściowy zwrot",
    },
    "be": {
        "sale": "Аплачана, Выкананы, Дастаўлена, Адпраўлены, Новы, Завершана, Пацверджаны",
        "no_sale": "Адменены, Скасавана, Адхілена, Чарнавік, Памылка",
        "pending": "Не аплачаны, Чакае аплаты, Чаканне аплаты",
        "returned": "Вернуты, Вяртанне",
        "partly_returned": "Часткова вернуты",
    },
    "ru": {
        "sale": "Выполнен, Оплачен, Оплачено, Доставлен, Отправлен, Завершён, Новый, В обработке, Подтверждён, "
        "Отгружен",
        "no_sale": "Отменён, Отменен, Отменена, Отклонён, Ошибка, Черновик, Аннулирован, Отказ, Удалён, Заказ отменён",
        "pending": "Не оплачен, Неоплачен, Ожидает оплаты, Ожидание, Отложен, В ожидании оплаты",
        "returned": "Возврат, Возвращён, Возвращен, Возврат средств",
        "partly_returned": "Частичный возврат, Частично возвращён",
    },
    "de": {
        "sale": "Bezahlt, Abgeschlossen, Versandt, Geliefert, In Bearbeitung, Neu, Bestätigt, Bestaetigt, Erledigt",
        "no_sale": "Storniert, Storno, Abgebrochen, Fehlgeschlagen, Abgelehnt, Abgelaufen, Entwurf, Angebot, Gelöscht",
        "pending": "Ausstehend, Wartet auf Zahlung, Unbezahlt, Überfällig, Nicht bezahlt",
        "returned": "Erstattet, Rückerstattet, Rueckerstattet, Retoure, Zurückgegeben, Gutgeschrieben",
        "partly_returned": "Teilweise erstattet, Teilerstattet",
    },
    "cs": {
        "sale": "Zaplaceno, Vyřízeno, Doručeno, Nová",
        "no_sale": "Zrušeno, Stornována",
        "pending": "Nezaplaceno, Čeká na platbu",
        "returned": "Vráceno",
    },
    "uk": {
        "sale": "Оплачено, Виконано, Доставлено, Новий",
        "no_sale": "Скасовано, Відмінено, Відхилено",
        "pending": "Не оплачено, Очікує оплати",
        "returned": "Повернено, Повернення",
    },
    "es": {
        "sale": "Pagado, Enviado, Entregado",
        "no_sale": "Cancelado, Anulado",
        "pending": "Pendiente",
        "returned": "Reembolsado, Devuelto",
    },
    "fr": {
        "sale": "Payé, Expédiée, Livrée",
        "no_sale": "Annulé, Annulée",
        "pending": "En attente",
        "returned": "Remboursé",
    },
    "it": {
        "sale": "Pagato, Spedito",
        "no_sale": "Annullato",
        "pending": "In attesa di pagamento",
        "returned": "Rimborsato, Reso",
    },
    "pt": {
        "sale": "Pago, Entregue",
        "no_sale": "Cancelado, Recusado",
        "pending": "Aguardando pagamento",
        "returned": "Devolvido, Estornado",
    },
    "tr": {
        "sale": "Ödendi, Tamamlandı",
        "no_sale": "İptal edildi, IPTAL",
        "pending": "Beklemede",
        "returned": "İade edildi",
    },
}

SYSTEMS = {
    "Shopify": {
        "sale": "paid, partially_paid",
        "pending": "pending, authorized, unpaid",
        "no_sale": "voided, expired",
        "returned": "refunded",
        "partly_returned": "partially_refunded",
    },
    "WooCommerce": {
        "sale": "completed, processing, wc-completed",
        "pending": "on-hold, pending, wc-on-hold",
        "no_sale": "cancelled, failed, checkout-draft, trash, wc-failed",
        "returned": "refunded, wc-refunded",
    },
    "WooCommerce Analytics": {"sale": "completed", "no_sale": "wc-cancelled"},
    "Magento": {
        "sale": "complete, Processing",
        "pending": "pending, pending_payment, payment_review, holded, On Hold",
        "no_sale": "canceled, fraud, Suspected Fraud",
        "returned": "closed, Closed",
    },
    "PrestaShop": {
        "sale": "Payment accepted, Processing in progress, Shipped, On backorder (paid), Remote payment accepted, 2, "
        "3, 4, 5, 9, 11",
        "pending": "Awaiting bank wire payment, Awaiting check payment, On backorder (not paid), 1, 10, 12, 13",
        "no_sale": "Canceled, Payment error, 6, 8",
        "returned": "Refunded, 7",
    },
    "OpenCart": {
        "sale": "Complete, Processed, Canceled Reversal",
        "no_sale": "Canceled, Denied, Expired, Failed, Voided",
        "returned": "Chargeback, Refunded, Reversed",
    },
    "Stripe": {
        "sale": "Paid, succeeded",
        "pending": "requires_action, Pending",
        "no_sale": "Failed, uncaptured, blocked, requires_capture",
        "returned": "Refunded",
        "partly_returned": "Partially refunded",
    },
    "PayPal": {
        "sale": "Completed, Canceled_Reversal",
        "pending": "Created, Held",
        "no_sale": "Denied",
        "returned": "Reversed",
    },
    "Square": {"sale": "Complete", "returned": "Refund"},
    "Amazon": {
        "sale": "Shipped, Unshipped, PartiallyShipped, Shipped - Delivered to Buyer",
        "no_sale": "Cancelled",
        "returned": "Shipped - Returned to Seller",
    },
    "BigCommerce": {
        "sale": "Awaiting Fulfillment, 10",
        "pending": "Awaiting Payment, 7",
        "no_sale": "Incomplete, Declined, 0",
    },
    "Etsy": {"sale": "Complete, Not Shipped", "no_sale": "Canceled"},
    "Bitrix24": {
        "sale": "Сделка успешна, WON",
        "pending": "Новая, В работе, Подготовка документов",
        "no_sale": "Сделка провалена, LOSE",
    },
    "Odoo": {"sale": "Sales Order, Locked, sale, done", "no_sale": "Quotation, Quotation Sent, draft, sent, cancel"},
    "Vend": {"sale": "Closed, On account", "pending": "Layby, Saved", "no_sale": "Voided"},
    "Invoices": {"sale": "Paid, Issued", "pending": "Open, Sent", "no_sale": "Void, Draft, Uncollectible"},
}

ROW_TYPES = {
    "sale": "sale, Invoice, Receipt, Sprzedaż, Faktura sprzedaży, Paragon, FS, Продажа, "
    "Реализация товаров и услуг, Чек, "
    "Продажба, Продаж, Verkauf, Rechnung, Venta, Vente",
    "order": "Order, Zamówienie, Заказ клиента, Поръчка, Bestellung",
    "refund": "Refund, Return, Credit note, Zwrot, Korekta, Faktura korygująca, Korekta faktury sprzedaży, "
    "KFS, Возврат, "
    "Возврат товаров от покупателя, Връщане, Сторно, Вяртанне, Gutschrift, Storno, Retoure, Dobropis",
    "detail": "Sale Line, Order line, Pozycja, Строка",
    "payment": "Payment, Wpłata, Оплата, Плащане, Zahlung",
    "no_sale": "Void, Adjustment, Payout, Transfer, Fee, Tax, Gift card load, "
    "Quote, Faktura proforma, Счет на оплату, Angebot",
}


def words_of(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def cases(table: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str, str]]:
    return [(name, word, of) for name, row in table.items() for of, text in row.items() for word in words_of(text)]


def test_the_words_written_by_hand_are_many() -> None:
    assert len(cases(PLAIN)) + len(cases(SYSTEMS)) > 300


@pytest.mark.parametrize(("language", "word", "of"), cases(PLAIN))
def test_a_plain_word_says_the_same_everywhere(language: str, word: str, of: str) -> None:
    assert classify_status(word) == of
    assert classify_status(f"  {word.upper()} ") == of


@pytest.mark.parametrize(("system", "word", "of"), cases(SYSTEMS))
def test_a_system_has_words_of_its_own(system: str, word: str, of: str) -> None:
    assert classify_status(word, system) == of


@pytest.mark.parametrize(("word", "of"), [(word, of) for of, text in ROW_TYPES.items() for word in words_of(text)])
def test_a_row_type_in_each_language(word: str, of: str) -> None:
    assert classify_row_type(word) == of


@pytest.mark.parametrize("word", ["Open", "Closed", "Sent", "Offen", "Zamknięte", "Odesłane", "2", "S7", "Gold", ""])
def test_what_means_two_things_or_nothing_is_not_guessed(word: str) -> None:
    assert classify_status(word) is None


@pytest.mark.parametrize(
    ("word", "of"),
    [
        ("Zamówienie zostało anulowane", "no_sale"),
        ("Поръчката е отказана", "no_sale"),
        ("Order cancelled", "no_sale"),
        ("Bestellung wurde storniert", "no_sale"),
        ("Заказ не оплачен", "pending"),
        ("Payment in progress", "pending"),
        ("PartiallyRefunded", "partly_returned"),
        ("✔ Paid!", "sale"),
        ("re\N{SOFT HYPHEN}funded\N{ZERO WIDTH SPACE}", "returned"),
        ("ＰＡＩＤ", "sale"),
        ("Отменен", "no_sale"),
        ("\N{LATIN CAPITAL LETTER O}тменен", "no_sale"),
        ("Р\N{LATIN SMALL LETTER A}id", "sale"),
    ],
)
def test_forms_of_a_word_are_one_word(word: str, of: str) -> None:
    assert classify_status(word) == of


def test_own_words_come_before_those_of_the_system_and_the_plain_ones() -> None:
    assert [classify_status("Closed", system) for system in (None, "Magento", "Vend")] == [None, "returned", "sale"]
    own = {"closed": "no_sale", "S7": "sale", "Paid": "pending"}
    assert [classify_status(word, "Vend", own) for word in ("CLOSED", "s7", "paid")] == ["no_sale", "sale", "pending"]
    assert classify_row_type("Reklamacja", None, {"reklamacja": "returned"}) == "refund"
    assert classify_row_type("invoice", None, {"Invoice": "pending"}) == "no_sale"


@pytest.mark.parametrize(("kind", "classes"), [("status", STATUS_CLASSES), ("row_type", ROW_CLASSES)])
def test_no_word_is_of_two_classes_and_every_class_has_words(kind: str, classes: tuple[str, ...]) -> None:
    tables = list_words(kind)
    languages = [name for name in tables if name in PLAIN or name == "others"]
    found: dict[tuple[str, str], set[str]] = {}
    for name, table in tables.items():
        assert set(table) <= set(classes)
        for of, words in table.items():
            for word in words:
                found.setdefault(("plain" if name in languages else name, plain_form(word)), set()).add(of)
    assert [place for place, of in found.items() if len(of) > 1] == []
    assert {of for row in found.values() for of in row} == set(classes)
    assert {place for place in found if not place[1] or ("(" in place[1] and ")" not in place[1])} == set()


def test_letters_that_look_alike_are_told_without_their_accents() -> None:
    assert plain_form("Àт") == plain_form("ат")  # a Latin capital with an accent, and a Cyrillic letter


@given(st.text())
def test_the_plain_form_of_a_plain_form_is_itself(word: str) -> None:
    form = plain_form(word)
    assert plain_form(form) == form or form.startswith("wc ")


@given(st.text(alphabet="абвгдежзиклмнопрстуфхцчшщыэюя", min_size=1))
def test_a_word_of_one_script_is_left_as_it_is(word: str) -> None:
    assert fold_look_alikes(word) == word


def test_a_word_of_two_scripts_that_cannot_be_one_is_left_as_it_is() -> None:
    assert fold_look_alikes("Wйd") == "Wйd"


@pytest.mark.parametrize(
    ("values", "is_named", "verdict", "unknown"),
    [
        ({"Gold": 2, "Silver": 1, "Bronze": 1}, False, Verdict.NOT_STATUS, []),
        ({"active": 2, "inactive": 1}, False, Verdict.NOT_STATUS, []),
        ({"new": 2, "returning": 1}, False, Verdict.NOT_STATUS, []),
        ({"Złoty": 2, "VIP": 1}, False, Verdict.NOT_STATUS, []),
        ({f"note {number}": 1 for number in range(200)}, False, Verdict.NOT_STATUS, []),
        ({"": 5, "NULL": 2, " nan": 1}, True, Verdict.NOT_STATUS, []),
        ({"new": 2, "paid": 1, "": 3}, False, Verdict.STATUS, []),
        ({"S3": 1, "S7": 4}, True, Verdict.ASK, ["S7", "S3"]),
        ({"S3": 1, "S7": 4}, False, Verdict.ASK, ["S7", "S3"]),
        ({"paid": 9, "cancelled": 1, "frob": 2}, False, Verdict.ASK, ["frob"]),
        ({"active": 9, "cancelled": 1}, False, Verdict.ASK, ["active"]),
        ({"Gold": 9, "Silver": 1}, True, Verdict.ASK, ["Gold", "Silver"]),
    ],
)
def test_a_column_is_judged_by_all_of_its_words(
    values: dict[str, int], is_named: bool, verdict: Verdict, unknown: list[str]
) -> None:
    found = judge_statuses(values, is_named=is_named)
    assert (found.verdict, list(found.unknown)) == (verdict, unknown)


def test_a_user_answers_what_was_asked() -> None:
    values = {"S3": 1, "S7": 4, "paid": 2}
    asked = judge_statuses(values)
    answered = judge_statuses(values, own=dict.fromkeys(asked.unknown, "no_sale"))
    assert (answered.verdict, answered.classes) == (Verdict.STATUS, {"S3": "no_sale", "S7": "no_sale", "paid": "sale"})
    assert judge_statuses({"Gold": 3}, own={"gold": "sale"}).classes == {"Gold": "sale"}


def test_a_system_is_told_by_words_that_no_other_has() -> None:
    assert tell_system(["Сделка успешна", "Новая"]) == "bitrix24"
    assert tell_system(["paid", "pending", "Closed"]) is None
    assert tell_system(["Quotation Sent", "Unshipped"]) is None
    deals = judge_statuses({"Сделка успешна": 4, "Новая": 1, "Подготовка документов": 1})
    assert deals.classes["Новая"] == "pending"
    assert judge_statuses({"Новая": 1, "Доставлена": 1}).classes["Новая"] == "sale"
    assert judge_statuses({"Closed": 3, "Voided": 1}, "Some till").verdict is Verdict.ASK


@pytest.mark.parametrize(
    ("types", "counted", "negated", "left_out"),
    [
        ("Sale, Sale Line, Payment", "Sale", "", "Sale Line, Payment"),
        ("Sale Line, Payment", "Sale Line", "", "Payment"),
        ("Payment, Refund", "Payment", "Refund", ""),
        ("sale, refund", "sale", "refund", ""),
        ("order, return, Fee", "order", "return", "Fee"),
        (
            "Faktura sprzedaży, Paragon, Korekta faktury sprzedaży",
            "Faktura sprzedaży, Paragon",
            "Korekta faktury sprzedaży",
            "",
        ),
        ("Order, Order line", "Order", "", "Order line"),
    ],
)
def test_what_counts_depends_on_which_types_there_are(types: str, counted: str, negated: str, left_out: str) -> None:
    plan = judge_row_types(dict.fromkeys(words_of(types), 1))
    assert plan.verdict is Verdict.STATUS
    assert [", ".join(words) for words in (plan.counted, plan.negated, plan.left_out)] == [counted, negated, left_out]


@pytest.mark.parametrize(
    ("types", "verdict", "unknown"),
    [
        ("Physical, Digital", Verdict.NOT_STATUS, ""),
        ("shoes, Gift card load", Verdict.NOT_STATUS, ""),
        ("new, returning", Verdict.NOT_STATUS, ""),
        ("sale, frob", Verdict.ASK, "frob"),
        ("frob, refund", Verdict.ASK, "frob"),
        ("Order, Invoice", Verdict.ASK, "Order"),
    ],
)
def test_types_that_say_nothing_are_not_used_and_doubtful_asked(types: str, verdict: Verdict, unknown: str) -> None:
    plan = judge_row_types(dict.fromkeys(words_of(types), 1))
    assert (plan.verdict, ", ".join(plan.unknown)) == (verdict, unknown)


def test_a_payment_of_stripe_is_a_charge() -> None:
    plan = judge_row_types({"charge": 3, "payment": 2, "payout": 1, "refund": 1}, "Stripe")
    assert (plan.counted, plan.left_out) == (("charge", "payment"), ("payout",))
    answered = judge_row_types({"Order": 1, "Invoice": 1}, own={"order": "no_sale"})
    assert (answered.counted, answered.left_out) == (("Invoice",), ("Order",))


@pytest.mark.parametrize("word", words_of("true, TRUE, 1, yes, Ja, tak, да, так, oui, live, Live mode"))
def test_flags_that_are_set(word: str) -> None:
    assert read_flag(word) is True


@pytest.mark.parametrize("word", words_of("false, 0, no, nein, nie, нет, не, test, Test mode"))
def test_flags_that_are_not_set(word: str) -> None:
    assert read_flag(word) is False


@pytest.mark.parametrize(
    "word",
    words_of(
        "0, -1, guest, GUEST, Guest customer, Guest User, Walk-in, walk in customer, Walk-In Customer, "
        "cash customer, "
        "Retail customer, anonymous, no customer, Default customer, NOT LOGGED IN, one-time customer, "
        "unknown, n/a, N/A, "
        "Гост, Клиент на дребно, Gość, Klient detaliczny, Paragon, Розничный покупатель, Частное лицо, "
        "Рознічны "
        "пакупнік, Госць, Гость, Laufkunde, Barverkauf, Gast, nan, NULL, None, <NA>, (null), \\N"
    ),
)
def test_an_id_of_nobody(word: str) -> None:
    assert is_guest_word(word)


@pytest.mark.parametrize("word", ["1", "10", "007", "00", "a", "x", "NA", "Guestav", "C-1", "ann@x.bg", "Gastón"])
def test_an_id_of_somebody(word: str) -> None:
    assert not is_guest_word(word)


def test_an_empty_id_is_nobody_and_only_words_of_programs_are_missing() -> None:
    assert is_guest_word(" \N{NO-BREAK SPACE}")
    assert is_missing_word(" NaN ")
    assert not is_missing_word("NA")
    assert guests() == {plain_form(word) for word in guests()}
    assert not guests() & {str(number) for number in range(1, 100)}
