"""The audit log: what was done with the rights of an admin, when, and with which key."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from churnrisk.errors import StateError
from churnrisk.state.clock import now
from churnrisk.state.database import State


@dataclass(frozen=True)
class AuditEntry:
    """One action: its moment (UTC), the key that it was done with (None for the shell), and what it was done to."""

    audit_id: int
    at: str
    key_id: int | None
    action: str
    detail: Mapping[str, Any] = field(default_factory=dict)


def note_audit(state: State, action: str, *, key_id: int | None = None, **detail: Any) -> int:
    """Write an action down and give the number of the entry. No customer id belongs in it.

    Inside a transaction it is written together with the action itself; for what no transaction holds, see
    :func:`recording`.
    """
    statement = "INSERT INTO audit (at, key_id, action, detail) VALUES (?, ?, ?, ?) RETURNING audit_id"
    return int(state.rows(statement, (now(), key_id, action, _json(detail)))[0][0])


def amend_audit(state: State, audit_id: int, **detail: Any) -> None:
    """Replace the detail of an entry, once it is known how the action ended."""
    state.run("UPDATE audit SET detail = ? WHERE audit_id = ?", (_json(detail), audit_id))


@contextlib.contextmanager
def recording(state: State, action: str, *, key_id: int | None = None, **detail: Any) -> Iterator[dict[str, Any]]:
    """Write an action down before it is done, so that none is done unwritten, and afterwards how it ended.

    Gives the detail of the entry, to which may be added what is known afterwards. An action that failed has ``failed``;
    where the end cannot be written any more, the entry stays as it was before the action.
    """
    entry = note_audit(state, action, key_id=key_id, **detail)
    try:
        yield detail
    except BaseException as error:
        detail["failed"] = type(error).__name__
        raise
    finally:
        with contextlib.suppress(StateError):
            amend_audit(state, entry, **detail)


def _json(detail: Mapping[str, Any]) -> str:
    return json.dumps(detail, ensure_ascii=False, allow_nan=False)


def list_audit(state: State, *, limit: int = 100) -> list[AuditEntry]:
    """Return the newest entries, newest first."""
    query = "SELECT audit_id, at, key_id, action, detail FROM audit ORDER BY audit_id DESC LIMIT ?"
    return [AuditEntry(*[*row[:-1], json.loads(row[-1])]) for row in state.rows(query, (limit,))]
