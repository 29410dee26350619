"""The terms of the field in English, Bulgarian, Polish and Belarusian."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A term in four languages, with a remark where a word is used for two things."""

    english: str
    bulgarian: str
    polish: str
    belarusian: str
    remark: str = ""


TERMS = (
    Term(
        "retention rate",
        "процент на задържане на клиентите",
        "wskaźnik utrzymania klientów (retencji)",
        "узровень утрымання кліентаў",
    ),
    Term(
        "churn rate",
        "процент на отлив на клиенти",
        "wskaźnik rezygnacji (utraty) klientów",
        "узровень адтоку кліентаў",
        "In Polish współczynnik odrzuceń is used for churn by some; it means bounce rate, the share of visits to a web "
        "site that end on the first page.",
    ),
    Term(
        "bounce rate",
        "степен на отпадане",
        "współczynnik odrzuceń",
        "паказчык адмоў",
        "No retention figure, and not in churnrisk. It counts visits and not customers.",
    ),
    Term("customer base", "клиентска база", "baza klientów", "кліенцкая база"),
    Term("active customer", "активен клиент", "aktywny klient", "актыўны кліент", "A purchase within the lookback."),
    Term(
        "lapsed customer",
        "неактивен (отпаднал) клиент",
        "klient nieaktywny (uśpiony)",
        "неактыўны кліент",
        "Bought before, but not within the lookback.",
    ),
    Term(
        "purchase",
        "покупка",
        "zakup",
        "пакупка",
        "An order with a positive net amount that is not undone. A day counts once.",
    ),
    Term(
        "undone purchase",
        "изцяло върната покупка",
        "zakup w całości zwrócony",
        "цалкам вернутая пакупка",
        "Taken back whole by returns, known from the day of the return; before that day it is a purchase.",
    ),
    Term("new customer", "нов клиент", "nowy klient", "новы кліент"),
    Term("reactivated customer", "реактивиран клиент", "klient reaktywowany", "рэактываваны кліент"),
    Term("lost customer", "загубен клиент", "utracony klient", "страчаны кліент"),
    Term(
        "churn risk",
        "риск от отлив",
        "ryzyko odejścia (rezygnacji)",
        "рызыка адтоку",
        "Here: the probability of no purchase within the horizon.",
    ),
    Term("repeat purchase rate", "процент повторни покупки", "wskaźnik ponownych zakupów", "доля паўторных пакупак"),
    Term("average order value", "средна стойност на поръчката", "średnia wartość zamówienia", "сярэдні чэк"),
    Term(
        "net revenue retention",
        "нетно задържане на приходите",
        "utrzymanie przychodów netto",
        "чыстае ўтрыманне даходу",
        "Net here means with growth of customers who stayed; all revenue is net of returns anyway.",
    ),
    Term(
        "gross revenue retention",
        "брутно задържане на приходите",
        "utrzymanie przychodów brutto",
        "валавое ўтрыманне даходу",
    ),
    Term("cohort", "кохорта", "kohorta", "кагорта"),
    Term(
        "lifetime value",
        "стойност на клиента за целия период",
        "wartość życiowa klienta (CLV)",
        "пажыццёвая каштоўнасць кліента",
    ),
    Term("acquisition cost", "цена за привличане на клиент", "koszt pozyskania klienta", "кошт прыцягнення кліента"),
    Term("segment", "сегмент", "segment", "сегмент"),
    Term(
        "promoters, passives, detractors",
        "промоутъри, пасивни, критици",
        "promotorzy, neutralni, krytycy",
        "прыхільнікі, нейтральныя, крытыкі",
    ),
    Term("lookback", "период на наблюдение назад", "okres obserwacji wstecz", "перыяд назірання"),
    Term("horizon", "хоризонт", "horyzont", "гарызонт"),
    Term("return (of goods)", "връщане", "zwrot", "вяртанне"),
)
