"""API keys and the sessions opened with them: kept as hashes, so that a reader of the state can use none of them."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from churnrisk.clock import SKEW_SECONDS
from churnrisk.errors import StateError
from churnrisk.schema import KEY_ROLES, KeyRole
from churnrisk.state.clock import later, now
from churnrisk.state.database import State

KEY_PREFIX = "crk_"
"""Begins every key, so that one that leaked into a file is recognised."""

_COLUMNS = "k.key_id, k.name, k.role, k.made_at, k.revoked_at, k.last_used_at"
_RANDOM_LETTERS, _DIFFERENT_LETTERS = 43, 16
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]+")
_LOOKED_UP = 8
"""Hexadecimal digits of the hash that the index finds a key by; the rest is compared in constant time."""


@dataclass(frozen=True)
class KeyRecord:
    """A key as it may be shown: never the key itself. Moments are ISO 8601 in UTC."""

    key_id: int
    name: str
    role: KeyRole
    made_at: str
    revoked_at: str | None
    last_used_at: str | None


@dataclass(frozen=True)
class SessionRecord:
    """A session of the dashboard: whose key opened it, until when it lasts, and what its forms must bring."""

    key: KeyRecord
    csrf_hash: str
    expires_at: str

    def takes(self, csrf_token: str) -> bool:
        """Tell whether a form's token is the one of this session."""
        return hmac.compare_digest(_hash(csrf_token), self.csrf_hash)


def create_key(state: State, *, name: str, role: KeyRole) -> tuple[KeyRecord, str]:
    """Make a key of 256 random bits; give its record, and the key, which nothing can show a second time.

    Raises
    ------
    StateError
        For a name that is empty, over 100 characters or not printable, or a role that there is none of.
    """
    if role not in KEY_ROLES:
        raise StateError(f"there is no role {role!r}; there are {', '.join(KEY_ROLES)}.")
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise StateError("a key needs a name of 1 to 100 printable characters, which says who uses it.")
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    statement = "INSERT INTO keys (name, role, key_hash, made_at) VALUES (?, ?, ?, ?) RETURNING key_id"
    made_at = now()
    [(key_id,)] = state.rows(statement, (name.strip(), role, _hash(secret), made_at))
    return KeyRecord(int(key_id), name.strip(), role, made_at, None, None), secret


def adopt_key(state: State, secret: str, *, name: str, role: KeyRole) -> KeyRecord:
    """Take over a key that was made elsewhere, as by the set-up of a container; a known one stays as it is.

    Raises
    ------
    StateError
        For a key that could be guessed: it has to begin with ``crk_`` and to go on with at least 43 random letters,
        digits, ``-`` and ``_``, which is 256 bits. For a known key that is revoked or of another role.
    """
    random = secret.removeprefix(KEY_PREFIX)
    is_random = len(random) >= _RANDOM_LETTERS and len(set(random)) >= _DIFFERENT_LETTERS
    if not secret.startswith(KEY_PREFIX) or not is_random or not _URL_SAFE.fullmatch(random):
        raise StateError(
            f"the key for {name} is empty or could be guessed: it needs {KEY_PREFIX} and {_RANDOM_LETTERS} random "
            "letters, digits, - and _. Such are made by `churnrisk keys create`."
        )
    digest = _hash(secret)
    with state.transaction():
        query = f"SELECT {_COLUMNS} FROM keys k WHERE k.key_hash = ?"  # noqa: S608 - names of ours
        found = [KeyRecord(*row) for row in state.rows(query, (digest,))]
        if not found:
            state.run(
                "INSERT INTO keys (name, role, key_hash, made_at) VALUES (?, ?, ?, ?)", (name, role, digest, now())
            )
            found = [KeyRecord(*row) for row in state.rows(query, (digest,))]
    if found[0].revoked_at is not None or found[0].role != role:
        raise StateError(f"the key for {name} is known as key {found[0].key_id}, and revoked or of another role.")
    return found[0]


def find_key(state: State, secret: str) -> KeyRecord | None:
    """Return the record of a key that is known and not revoked, else None.

    The index is asked for a part of the hash, and the whole is compared in constant time.
    """
    if not secret.startswith(KEY_PREFIX):
        return None
    digest = _hash(secret)
    start = digest[:_LOOKED_UP]
    query = f"SELECT {_COLUMNS}, k.key_hash FROM keys k WHERE k.key_hash >= ? AND k.key_hash < ?"  # noqa: S608 - names of ours
    for row in state.rows(query, (start, f"{start}g")):  # g: the first letter after the hexadecimal digits
        if hmac.compare_digest(row[-1], digest) and row[4] is None:
            return KeyRecord(*row[:-1])
    return None


def touch_key(state: State, key_id: int, *, at: str | None = None) -> None:
    """Note that a key was used, now or at a moment that was kept; it costs a commit, so not at every request."""
    state.run("UPDATE keys SET last_used_at = ? WHERE key_id = ?", (at or now(), key_id))


def revoke_key(state: State, key_id: int) -> KeyRecord:
    """End a key, and with it every session that it opened; the record stays, so that the audit log can be read.

    Raises
    ------
    StateError
        Where there is no such key; one that is revoked already stays as it is.
    """
    with state.transaction():
        state.run("UPDATE keys SET revoked_at = ? WHERE key_id = ? AND revoked_at IS NULL", (now(), key_id))
        state.run("DELETE FROM sessions WHERE key_id = ?", (key_id,))
        found = state.rows(f"SELECT {_COLUMNS} FROM keys k WHERE k.key_id = ?", (key_id,))  # noqa: S608 - as above
    if not found:
        raise StateError(f"there is no key {key_id} in {state.path}; `churnrisk keys list` shows those that there are.")
    return KeyRecord(*found[0])


def list_keys(state: State) -> list[KeyRecord]:
    """Return every key, revoked ones too, oldest first."""
    return [KeyRecord(*row) for row in state.rows(f"SELECT {_COLUMNS} FROM keys k ORDER BY k.key_id")]  # noqa: S608 - as above


def open_session(state: State, key_id: int, *, seconds: float, instead_of: str = "") -> tuple[str, str]:
    """Open a session of the dashboard for a key; give its secret and the CSRF token of its forms.

    Sessions that have expired go at the same time, and so does the one whose place it takes.

    Parameters
    ----------
    state : State
        The open state.
    key_id : int
        The key.
    seconds : float
        How long it lasts.
    instead_of : str
        Secret of the session that the same browser had before.
    """
    secret, token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    with state.transaction():
        drop_sessions(state)
        state.run("DELETE FROM sessions WHERE session_hash = ?", (_hash(instead_of),))
        values = (_hash(secret), key_id, _hash(token), now(), later(seconds))
        state.run("INSERT INTO sessions VALUES (?, ?, ?, ?, ?)", values)
    return secret, token


def drop_sessions(state: State) -> int:
    """Remove the sessions that have expired, those of a clock that was ahead included; give their number."""
    statement = "DELETE FROM sessions WHERE expires_at <= ? OR made_at > ?"
    return state.run(statement, (now(), later(SKEW_SECONDS)))


def find_session(state: State, secret: str) -> SessionRecord | None:
    """Return a session that has not expired and whose key is not revoked, else None.

    One that was opened later than now is of a clock that was wrong, and has expired: it would last until that comes.
    """
    digest = _hash(secret)
    start = digest[:_LOOKED_UP]
    query = (
        f"SELECT {_COLUMNS}, s.csrf_hash, s.expires_at, s.session_hash FROM sessions s JOIN keys k "  # noqa: S608 - as above
        "ON k.key_id = s.key_id "
        "WHERE s.session_hash >= ? AND s.session_hash < ? AND s.expires_at > ? AND s.made_at <= ?"
    )
    for row in state.rows(query, (start, f"{start}g", now(), later(SKEW_SECONDS))):
        if hmac.compare_digest(row[-1], digest) and row[4] is None:
            return SessionRecord(KeyRecord(*row[:6]), row[6], row[7])
    return None


def close_session(state: State, secret: str) -> None:
    """End a session, if it is there."""
    state.run("DELETE FROM sessions WHERE session_hash = ?", (_hash(secret),))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
