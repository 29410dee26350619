"""Which column of a table beside the purchases says what, by the user's word first and then by its header."""

from __future__ import annotations

from collections.abc import Mapping

from churnrisk.dated import DatedSource
from churnrisk.errors import ColumnError
from churnrisk.sources import RawRows, find_chosen_in, match_columns, plain_header, refuse_odd_ids

_NAMES = {
    "happened_at": (
        "happened_at",
        """occurred_at | event_at | event_time | event_date | event_timestamp | timestamp | datetime | date | time |
        created_at | created | opened_at | open_date | date_created | submitted_at | started_at | visited_at |
        visit_date | sent_at | sent_date | answered_at | answer_date | survey_date | ticket_date | redeemed_at |
        reported_at | requested_at | shipped_at | delivery_date | Data | Data zdarzenia | Data zgłoszenia |
        Data utworzenia | Data wizyty | Data wysłania | Data wysyłki | Data odpowiedzi | Data dostawy | Дата |
        Дата на събитието | Дата на заявката | Дата на създаване | Дата на посещение | Дата на изпращане |
        Дата на отговора | Дата на доставка | Дата события | Дата обращения | Дата создания | Дата визита |
        Дата отправки | Дата ответа | Дата доставки | Дата падзеі | Дата звароту | Дата стварэння |
        Дата наведвання | Дата адпраўкі | Дата адказу | Дата дастаўкі""",
    ),
    "known_at": (
        "known_at",
        """recorded_at | loaded_at | imported_at | received_at | inserted_at | entered_at | Data zapisu |
        Data rejestracji zdarzenia | Дата на записване | Дата на въвеждане | Дата записи | Дата внесения |
        Дата запісу | Дата ўнясення""",
    ),
    "ended_at": (
        "ended_at",
        """closed_at | close_date | resolved_at | solved_at | date_closed | date_resolved | finished_at |
        completed_at | ended | end_date | Data zamknięcia | Data rozwiązania | Data zakończenia |
        Дата на приключване | Дата на затваряне | Дата на решаване | Дата закрытия | Дата решения |
        Дата завершения | Дата закрыцця | Дата вырашэння | Дата завяршэння""",
    ),
    "kind": (
        "kind",
        """type | category | event | event_type | event_name | action | ticket_type | reason | topic | Typ | Rodzaj |
        Kategoria | Zdarzenie | Тип | Вид | Категория | Събитие | Событие | Тып | Від | Катэгорыя | Падзея""",
    ),
    "value": (
        "value",
        """score | rating | nps | csat | answer | points | result | Wartość | Ocena | Punkty | Wynik | Стойност |
        Оценка | Точки | Значение | Балл | Баллы | Значэнне | Ацэнка | Балы""",
    ),
    "value_at": (
        "value_at",
        """value_known_at | scored_at | rated_at | Data oceny | Дата на оценката | Дата оценки | Дата ацэнкі""",
    ),
    "valid_from": (
        "valid_from",
        """valid_since | changed_at | since | from_date | effective_from | effective_date | Ważne od | Obowiązuje od |
        Валидно от | В сила от | От дата | Действует с | Дата изменения | Дзейнічае з | Дата змены""",
    ),
}
_ALIASES = {
    role: [frozenset(plain_header(one) for one in " ".join(tier.split()).split("|")) for tier in tiers]
    for role, tiers in _NAMES.items()
}
_CHANGED = """updated_at | last_updated | last_updated_at | updated | update_date | date_updated | modified_at |
    modified | last_modified | last_modified_at | date_modified | changed_at | last_changed_at | refreshed_at |
    exported_at | Data aktualizacji | Data modyfikacji | Data zmiany | Дата на обновяване | Дата на промяна |
    Дата обновления | Дата изменения | Дата абнаўлення | Дата змены"""
CHANGED_HEADERS = frozenset(plain_header(one) for one in " ".join(_CHANGED.split()).split("|"))
"""Headers, in plain form, of the day on which a row was last written: what else it says may be of that day."""

EVENT_ROLES = ("customer_id", "happened_at", "known_at", "ended_at", "kind", "value", "value_at")
ATTRIBUTE_ROLES = ("customer_id", "valid_from")


def find_dated_columns(raw: RawRows, declared: DatedSource, *, key: str) -> dict[str, int]:
    """Return the place of the column of each role that the table has.

    Parameters
    ----------
    raw : RawRows
        The table.
    declared : DatedSource
        What the user says of it. An empty header stands for no column.
    key : str
        Where the settings name it, such as ``[tables.tickets]``.

    Raises
    ------
    ColumnError
        For a column that is missing, or two that could be meant.
    """
    roles = ATTRIBUTE_ROLES if declared.family == "attributes" else EVENT_ROLES
    places = {"customer_id": _find_customer(raw, declared, key=key)}
    for role in roles[1:]:
        found = _find(raw, role, declared.columns, taken=set(places.values()))
        if role == "value_at" and declared.columns.get(role) == "ended_at" and "ended_at" in places:
            found = [places["ended_at"]]
        if len(found) > 1:
            names = ", ".join(raw.headers[place] for place in found)
            raise ColumnError(
                f"{raw.name}: {names} could each be {role}. Name one under {key} in churnrisk.toml, as {role} = "
                f'"{raw.headers[found[0]]}".',
                code="columns.several_fit",
            )
        if found:
            places[role] = found[0]
        elif declared.columns.get(role) or role == "happened_at":
            wanted = f"column {declared.columns[role]!r} for {role}" if declared.columns.get(role) else f"{role} column"
            raise ColumnError(
                f"{raw.name}: there is no {wanted}. Name the column under {key} in churnrisk.toml, as {role} = "
                f'"HEADER". The file has {", ".join(raw.headers)}.',
                code="columns.not_found",
            )
    return places


def _find_customer(raw: RawRows, declared: DatedSource, *, key: str) -> int:
    own = {role: header for role, header in declared.columns.items() if role == "customer_id"}
    match = match_columns(raw.headers, find_chosen_in(raw.headers, own), roles=("customer_id",), needed=())
    if "customer_id" not in match.positions or len(own) > len(find_chosen_in(raw.headers, own)):
        raise ColumnError(
            f"{raw.name}: no column of customer ids was recognised. Name it under {key} in churnrisk.toml, as "
            f'customer_id = "HEADER". The file has {", ".join(raw.headers)}.',
            code="columns.not_found",
        )
    refuse_odd_ids(raw.name, match, raw.no_ids)
    return match.positions["customer_id"]


def _find(raw: RawRows, role: str, chosen: Mapping[str, str], *, taken: set[int]) -> list[int]:
    """Return the columns that could be of a role, from the surer list of names that has any."""
    plain = [plain_header(header) for header in raw.headers]
    if role in chosen:
        return [place for place, name in enumerate(plain) if chosen[role] and name == plain_header(chosen[role])]
    for tier in _ALIASES[role]:
        found = [place for place, name in enumerate(plain) if name in tier and place not in taken]
        if found:
            return found
    return []
