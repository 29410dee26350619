"""Columns that stand for no role: those that a user may miss, told by their headers alone."""

from __future__ import annotations

from churnrisk.messages import wording
from churnrisk.sources.aliases import ALIASES, LABELS, PERSONAL
from churnrisk.sources.columns import ColumnMatch
from churnrisk.sources.headers import plain_header, split_header


def _words(text: str) -> frozenset[str]:
    return frozenset(plain_header(word) for word in text.split())


_DISCOUNTS = _words("""discount discounts rebate coupon rabat rabatu rabaty zniżka zniżki upust отстъпка отстъпки скидка
    скидки зніжка зніжкі скідка rabatt nachlass desconto descuento remise réduction sconto indirim sleva знижка""")
_AMOUNTS = _DISCOUNTS | _words("""amount total totals subtotal sum price revenue refund refunds refunded adjusted fee
    fees tax taxes vat gst shipping freight tip tips net gross cost costs paid value kwota kwoty suma wartość cena razem
    netto brutto zwrot prowizja podatek wysyłka dostawa koszt сума стойност цена общо ддс такса доставка връщане сумма
    стоимость итого всего ндс налог комиссия возврат кошт вартасць цана разам падатак камісія вяртанне пдв вартість
    ціна повернення betrag summe preis umsatz gesamt gebühr gebühren steuer mwst versand versandkosten erstattung valor
    preço taxa imposto frete reembolso importe monto precio impuesto envío montant prix frais remboursement livraison
    tva importo prezzo totale spedizione iva tutar fiyat toplam kdv kargo iade částka celkem poplatek daň doprava
    vrácení""")
_NO_AMOUNTS = _words("""id code codes type kind name status state date data дата datum time at method rate percent pct
    currency number no nr class region country city details description note notes address company provider service
    level requires street address1 address2 zip province phone title label carrier
    kod nazwa typ код название тип waluta валута валюта""")
_CUSTOMERS = frozenset().union(*(map(plain_header, tier) for role in ("email", "phone") for tier in ALIASES[role]))
_CUSTOMERS |= frozenset().union(*(map(plain_header, tier) for tier in ALIASES["customer_id"]))
_CUSTOMER_WORDS = _words("""customer client buyer user member shopper household loyalty email mail phone telephone
    mobile klient klienta kupujący nabywca kontrahent telefon клиент клиента клиентски кліент кліента клієнт клієнта
    купувач покупатель покупателя пакупнік покупець телефон тэлефон имейл почта пошта kunde kunden käufer cliente
    müşteri zákazník zákazníka""")
_NO_IDENTIFIERS = _words("""name first last type kind group segment note notes since status state city country zip
    address language gender age currency amount total orders count date created agent""")

_LABELLED = wording("These columns look like labels and are not used: {names}.")
_PERSONAL = wording("These columns hold personal data and are not used: {names}.")
_OFF = wording("The amounts are taken as they are, after any discount; not used: {names}.")
_MONEY = wording("These columns look like amounts, too, and are not used: {names}.")
_MOST = 12


def name_ignored(match: ColumnMatch) -> list[str]:
    """Say which unused columns look like labels of churn, like personal data, or like further amounts."""
    notices = []
    for names, sentence in ((LABELS, _LABELLED), (PERSONAL, _PERSONAL)):
        plain = {plain_header(name) for name in names}
        notices += _name(sentence, [header for header in match.ignored if plain_header(header) in plain])
    if match.money:
        amounts = [header for header in match.ignored if _is_amount(header)]
        discounts = [header for header in amounts if _DISCOUNTS & _of(header)] if match.money == "amount" else []
        notices += _name(_OFF, discounts)
        notices += _name(_MONEY, [header for header in amounts if header not in discounts])
    return notices


def find_identifiers(match: ColumnMatch) -> list[str]:
    """Return the headers of columns, beside that of the customers, which by their name may tell customers apart."""
    further = [match.names[role] for role in ("email", "phone") if role in match.positions]
    return further + [header for header in match.ignored if _is_identifier(header)]


def _name(sentence: str, headers: list[str]) -> list[str]:
    shown = headers if len(headers) <= _MOST else [*headers[:_MOST], f"+ {len(headers) - _MOST}"]
    return [sentence.format(names=", ".join(shown))] if headers else []


def _of(header: str) -> set[str]:
    return {plain_header(word) for word in split_header(header)}


def _is_amount(header: str) -> bool:
    words = _of(header)
    return bool(words & _AMOUNTS) and not words & _NO_AMOUNTS


def _is_identifier(header: str) -> bool:
    words = _of(header)
    return plain_header(header) in _CUSTOMERS or (bool(words & _CUSTOMER_WORDS) and not words & _NO_IDENTIFIERS)
