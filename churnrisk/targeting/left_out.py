"""Who is on no list: those that have opted out, and those without consent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from churnrisk.orders import ContactFile, ContactList, IntakeOptions, read_contacts, read_opted_out


@dataclass(frozen=True)
class LeftOut:
    """What the shop's own files say of customers who must not be contacted; None where there is no such file."""

    opted_out: ContactList | None = field(default=None, repr=False)
    contacts: ContactList | None = field(default=None, repr=False)

    @classmethod
    def read(cls, suppress: Any, contacts: ContactFile | None, options: IntakeOptions) -> LeftOut:
        """Read them; ids are read as those of the purchases are."""
        return cls(
            None if suppress is None else read_opted_out(suppress, options),
            None if contacts is None else read_contacts(contacts, options, needs_email=False),
        )

    def find(self, customer_ids: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...], dict[str, int]]:
        """Tell which customers are left out, what is to be said about it, and how many there are for which reason."""
        is_out = np.zeros(len(customer_ids), dtype=bool)
        said: tuple[str, ...] = ()
        if self.opted_out is not None:
            is_out = np.array([one in self.opted_out.contacts for one in customer_ids], dtype=bool)
            said = (_tell_opted_out(self.opted_out, int(is_out.sum())),)
        counts = {"opted_out": int(is_out.sum())}
        if self.contacts is not None:
            without = self.contacts.without_consent(customer_ids)
            is_without = np.array([one in without for one in customer_ids], dtype=bool) & ~is_out
            counts["without_consent"] = int(is_without.sum())
            is_out, said = is_out | is_without, (*said, self.contacts.tell_consent(counts["without_consent"]))
        return is_out, said, counts


def _tell_opted_out(opted_out: ContactList, found: int) -> str:
    listed = len(opted_out.contacts)
    if listed and not found:
        return (
            f"None of the {listed:,} ids in {opted_out.source} is a customer who was scored. Are they customer ids as "
            "in the purchases?"
        )
    return f"{found:,} of the {listed:,} customers in {opted_out.source} were taken out."
