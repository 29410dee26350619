"""Words by which shops call what is no product: postage, fees, vouchers, corrections.

A word is evidence and no verdict: :mod:`churnrisk.products.codes` says what it counts for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FEE_WORDS = _words(
    """postage carriage shipping delivery freight courier p&p handling surcharge packaging
    fee fees charge charges commission tax vat tip deposit interest rounding debt
    discount discounts rebate voucher vouchers coupon coupons giftcard refund credit
    adjust adjustment adjustments correction manual test sample samples donation
    wysyłka przesyłka dostawa transport kurier opłata prowizja rabat kupon bon podatek kaucja korekta próbka
    доставка пощенски куриер такса комисиона отстъпка ваучер купон данък корекция мостра депозит тест
    плата комиссия скидка сертификат налог корректировка образец почтовые пересылка
    дастаўка кур'ер камісія зніжка сертыфікат падатак карэкціроўка перасылка
    доставлення кур'єр комісія знижка податок коригування пересилання
    versand versandkosten porto lieferung gebühr gebühren rabatt gutschein steuer pfand korrektur muster trinkgeld
    livraison frais port remise réduction bon-cadeau taxe consigne échantillon pourboire
    envío gastos portes descuento cupón vale impuesto comisión ajuste muestra propina donativo
    spedizione consegna sconto buono tassa commissione rettifica campione
    frete entrega desconto cupom taxa comissão imposto amostra gorjeta
    doprava poštovné dobírka sleva poukaz poplatek daň záloha oprava vzorek
    kargo nakliye teslimat indirim kupon komisyon vergi hediye-çeki numune"""
)
"""In the languages of the shops whose columns are known; lower case."""

_FILLERS = _words(
    """a an and the this is of for on by to in with your next day standard express free item product goods line extra
    bank gift online order entry code type cost costs price service
    za na do i w z dla и за на по в для й та і ў
    für der die das und von de du des la le les et pour del el y por para di da do e per ve için"""
)
"""Words that say nothing about whether something is a product; in ``gift voucher`` the second one says it."""

_WORD = re.compile(r"[^\W\d_]+(?:[&'\-][^\W\d_]+)*")
_PHRASES: Mapping[str, str] = {
    "gift card": "giftcard",
    "gift cards": "giftcard",
    "gift certificate": "voucher",
    "karta podarunkowa": "voucher",
    "подаръчна карта": "ваучер",
    "carte cadeau": "bon-cadeau",
    "tarjeta regalo": "vale",
    "hediye çeki": "hediye-çeki",
    "наложен платеж": "такса",
}


def fee_share(text: str) -> float:
    """Return the share of words for fees in the words of a name that say something, 0 for a name without any.

    >>> fee_share("DOTCOM POSTAGE"), fee_share("Gift Voucher £20.00"), fee_share("VINTAGE POSTAGE STAMP TIN")
    (0.5, 1.0, 0.25)
    """
    plain = unicodedata.normalize("NFC", text).casefold()
    for phrase, word in _PHRASES.items():
        plain = plain.replace(phrase, word)
    words = [word for word in _WORD.findall(plain) if word not in _FILLERS and len(word) > 1]
    return sum(word in FEE_WORDS for word in words) / len(words) if words else 0.0
