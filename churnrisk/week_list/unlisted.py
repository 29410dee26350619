"""Customers that are not to be listed, and why."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

from churnrisk.orders import ContactList


@dataclass(frozen=True)
class Unlisted:
    """Customers that are not to be listed.

    Parameters
    ----------
    in_campaign : set of str
        In a campaign that is not over, contacted or control.
    contacted : set of str
        Contacted by a campaign that began within the days of rest.
    refused : set of str
        Opted out, objected, or without consent.
    bought : set of str
        With an order that came after the scores were made.
    notices : tuple of str
        What a reader should know of it.
    """

    in_campaign: Set[str] = frozenset()
    contacted: Set[str] = frozenset()
    refused: Set[str] = frozenset()
    bought: Set[str] = frozenset()
    notices: tuple[str, ...] = ()

    @property
    def everybody(self) -> frozenset[str]:
        """All of them."""
        return frozenset(self.in_campaign) | self.contacted | self.refused | self.bought


def find_refused(
    customer_ids: Iterable[str], *, opted_out: ContactList | None, contacts: ContactList | None
) -> Unlisted:
    """Find the customers who have opted out by one file, or given no consent by another.

    Parameters
    ----------
    customer_ids : iterable of str
        All that might be listed.
    opted_out, contacts : ContactList, optional
        Who has opted out, and how customers are reached; None where the shop has no such file.
    """
    ids = list(customer_ids)
    without = set() if contacts is None else contacts.without_consent(ids)
    out = set() if opted_out is None else {one for one in ids if one in opted_out.contacts}
    said = () if contacts is None else (contacts.tell_consent(len(without - out)),)
    return Unlisted(refused=frozenset(without | out), notices=said)
