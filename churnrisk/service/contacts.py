"""How customers are reached: the shop's own file, joined into an answer at the last moment, for those who may see it.

It is held in memory alone, and read again when it has changed. Nothing of it goes into the state, a generation, an
answer that is kept, or a log; an error names its place in the file and no address.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from starlette.types import Scope

from churnrisk.clock import steady
from churnrisk.errors import ChurnriskError, SettingsError
from churnrisk.messages import mark
from churnrisk.orders import ContactFile, ContactList, IntakeOptions, read_contacts
from churnrisk.service.access import Caller
from churnrisk.sources import list_files

URL_SECONDS = 300.0
"""How long what a database said is believed."""

UNREADABLE = mark(
    "The contacts of the shop cannot be read, so it is not known which customers may be contacted. A key of the role "
    "contacts is told why."
)

Stamp = tuple[object, ...]


class Contacts:
    """The contacts of the shop as its file has them now.

    Parameters
    ----------
    file : ContactFile, optional
        Where they are; without one nobody has any.
    options : IntakeOptions
        How the purchases are read, whose ids these are.
    """

    def __init__(self, file: ContactFile | None, options: IntakeOptions) -> None:
        self._file, self._options = file, options
        self._lock = threading.Lock()
        self._read: tuple[Stamp, ContactList | ChurnriskError] | None = None

    def shown_to(self, caller: Caller | None) -> bool:
        """Tell whether there are contacts, and a caller may see them."""
        return self._file is not None and caller is not None and caller.may("contacts")

    def now(self) -> ContactList | None:
        """Return all of them; None where the settings name no file.

        Raises
        ------
        ChurnriskError
            Where they cannot be read.
        """
        if self._file is None:
            return None
        with self._lock:
            stamp = _stamp(self._file)
            if self._read is None or self._read[0] != stamp:
                self._read = stamp, _try_to_read(self._file, self._options)
            found = self._read[1]
        if isinstance(found, ChurnriskError):
            raise found
        return found

    def as_told(self, caller: Caller | None) -> ContactList | None:
        """Return all of them, to leave out customers without consent.

        Raises
        ------
        ChurnriskError
            Where they cannot be read. Only a caller that may see contacts is told what stands in the file.
        """
        try:
            return self.now()
        except ChurnriskError:
            if self.shown_to(caller):
                raise
        raise SettingsError(UNREADABLE)

    def find(self, customer_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return how some customers are reached, as far as they are in the file."""
        known = self.now()
        found = {} if known is None else known.contacts
        return {one: found[one].shown() for one in customer_ids if one in found}


def are_shown(scope: Scope) -> bool:
    """Tell whether the answer to a request holds contacts, so that no other caller may be given it."""
    contacts: Contacts = scope["app"].state.contacts
    return contacts.shown_to(scope["state"].get("caller"))


def _try_to_read(file: ContactFile, options: IntakeOptions) -> ContactList | ChurnriskError:
    try:
        return read_contacts(file, options, needs_email=False)
    except ChurnriskError as error:
        return error


def _stamp(file: ContactFile) -> Stamp:
    """Return what changes when the file does."""
    if "://" in str(file.place):
        return (steady() // URL_SECONDS,)
    try:
        paths = list_files(file.place) or [Path(file.place).expanduser()]
        return tuple((str(path), (told := path.stat()).st_mtime_ns, told.st_size, told.st_ino) for path in paths)
    except (OSError, ChurnriskError):
        return ()
