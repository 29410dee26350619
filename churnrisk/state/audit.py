"""The audit log: what was done with the rights of an admin, when, and with which key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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


def note_audit(state: State, action: str, *, key_id: int | None = None, **detail: Any) -> None:
    """Write an action down; inside a transaction, together with the action itself. No customer id belongs in it."""
    text = json.dumps(detail, ensure_ascii=False, allow_nan=False)
    state.run("INSERT INTO audit (at, key_id, action, detail) VALUES (?, ?, ?, ?)", (now(), key_id, action, text))


def list_audit(state: State, *, limit: int = 100) -> list[AuditEntry]:
    """Give the newest entries, newest first."""
    query = "SELECT audit_id, at, key_id, action, detail FROM audit ORDER BY audit_id DESC LIMIT ?"
    return [AuditEntry(*[*row[:-1], json.loads(row[-1])]) for row in state.rows(query, (limit,))]
