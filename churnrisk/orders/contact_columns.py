"""The columns of a file of contacts, by the headers that shops and their systems give them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from churnrisk.errors import ColumnError
from churnrisk.sources import RawRows, plain_header

_NAMES = {
    "email": """email | e_mail | email_address | e_mail_address | customer_email | billing_email | contact_email |
        mail | adres email | adres e-mail | poczta | имейл | електронна поща | електронен адрес | эл. почта
        | почта | электронная почта | электронный адрес | эл. пошта | пошта | электронная пошта |
        E-Mail-Adresse""",
    "first_name": """first_name | firstname | given_name | forename | name_first | fname | billing_first_name | imię |
        име | собствено име | имя | імя | Vorname""",
    "last_name": """last_name | lastname | surname | family_name | name_last | lname | billing_last_name | nazwisko |
        фамилия | фамилно име | прозвішча | Nachname""",
    "name": """name | full_name | customer_name | contact_name | display_name | billing_name | imię i nazwisko |
        nazwa klienta | име и фамилия | имена | три имена | име на клиента | ФИО | имя и фамилия | имя
        клиента | імя і прозвішча | імя кліента | Kundenname""",
    "phone": """phone | telephone | tel | phone_number | telephone_number | mobile | mobile_phone | mobile_number |
        customer_phone | billing_phone | contact_phone | default address phone | telefon | numer telefonu |
        nr telefonu | telefon komórkowy | телефон | телефонен номер | мобилен телефон | номер телефона |
        мобильный | тэлефон | нумар тэлефона | Telefonnummer | Handynummer""",
    "language": """language | lang | locale | customer_language | customer_locale | preferred_language | język | język
        klienta | език | език на клиента | язык | язык клиента | мова | мова кліента | Sprache""",
    "consent": """consent | marketing_consent | email_consent | email_marketing_consent | consent_marketing |
        consent_given | has_consent | gdpr_consent | accepts_marketing | accepts_email_marketing |
        accepts_email | email_marketing | email_marketing_status | marketing_status | email_permission |
        marketing_permission | permission | newsletter | newsletter_consent | newsletter_subscription |
        is_subscribed | subscribed | opt_in | optin | opted_in | email_opt_in | marketing_opt_in |
        marketing_allowed | zgoda | zgoda marketingowa | zgoda na marketing | zgoda na newsletter | zgoda e-mail
        | zgoda na kontakt | съгласие | маркетингово съгласие | съгласие за маркетинг |
        бюлетин | согласие | согласие на рассылку | рассылка | згода | згода на
        маркетынг | згода на рассылку | Einwilligung | Werbeeinwilligung""",
    "consent_at": """consent_at | consent_date | consent_given_at | opted_in_at | opt_in_date | subscribed_at |
        data zgody | дата на съгласие | дата согласия | дата згоды""",
    "opted_out": """opted_out | opt_out | optout | email_opt_out | opted_out_of_email | has_opted_out | unsubscribed |
        is_unsubscribed | do_not_contact | do_not_email | no_marketing | blacklisted |
        wypisany | wypisana | rezygnacja | sprzeciw | отписан | отписване | отказ | отписался | адпісаны |
        адмова | abgemeldet""",
    "opted_out_at": """opted_out_at | opt_out_date | unsubscribed_at | unsubscribe_date | data rezygnacji |
        дата на отписване""",
}
CONTACT_ALIASES = {
    role: frozenset(plain_header(name) for name in " ".join(names.split()).split("|")) for role, names in _NAMES.items()
}
"""Plain headers of each field of a contact."""

_INSTEAD = {"consent_at": "consent", "opted_out_at": "opted_out"}
"""Days that say the same as a column of answers, and count where there is none."""


def find_contact_columns(
    raw: RawRows, chosen: Mapping[str, str], *, roles: Collection[str], needs_email: bool
) -> dict[str, int]:
    """Return the place of the column of each role that the file has.

    Parameters
    ----------
    raw : RawRows
        The file.
    chosen : mapping of str to str
        Headers that the user has named for roles.
    roles : collection of str
        Those of :data:`CONTACT_ALIASES` to look for.
    needs_email : bool
        Whether a file without e-mail addresses is refused; one without any of the roles always is.

    Raises
    ------
    ColumnError
        For a column that is missing, or two that could be meant.
    """
    plain = [plain_header(header) for header in raw.headers]
    places = {}
    for role in roles:
        wanted = {plain_header(chosen[role])} if role in chosen else CONTACT_ALIASES[role]
        found = [place for place, header in enumerate(plain) if header in wanted]
        if role in chosen and not found:
            raise ColumnError(
                f"{raw.name}: there is no column {chosen[role]!r} for {role}, as [contact_columns] says; the file has "
                f"{', '.join(raw.headers)}.",
                code="columns.not_found",
            )
        if len(found) > 1:
            names = ", ".join(raw.headers[place] for place in found)
            raise ColumnError(
                f"{raw.name}: {names} could each be the {role}; leave one of them in the file, or name it under "
                "[contact_columns] in churnrisk.toml.",
                code="columns.several_fit",
            )
        if found and _INSTEAD.get(role, role) not in places:
            places[_INSTEAD.get(role, role)] = found[0]
    if roles and not places:
        raise ColumnError(
            f"{raw.name}: no column says how a customer is reached; name one email, phone, name, language or consent. "
            f"The file has {', '.join(raw.headers)}.",
            code="columns.not_found",
        )
    if needs_email and "email" not in places:
        raise ColumnError(
            f"{raw.name}: no column of e-mail addresses; name it email. The file has {', '.join(raw.headers)}.",
            code="columns.not_found",
        )
    return places
