"""Logs: one JSON object a line, one line an event, and nothing of any customer in it.

Requests are named by their route (``/v1/customers/{customer_id}``), never by their path. An exception is told by its
kind and by where it happened, never by its message, which might hold what the request held.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import logging
import os
import select
import sys
import traceback
from types import TracebackType
from typing import Any

from churnrisk.clock import wall
from churnrisk.errors import ChurnriskError

LOGGER = logging.getLogger("churnrisk.service")
MOST_FRAMES = 8
MOST_WAITING = 200
_OUT = 1
_waiting: list[bytes] = []


def log(event: str, **facts: Any) -> None:
    """Write one event; the facts are ours: names of routes, numbers, ids of keys and requests."""
    LOGGER.info(event, extra={"facts": facts})


def log_request(**facts: Any) -> None:
    """Write a request down, as :func:`log` would, but cheaply and in a buffer: :func:`flush_logs` empties it."""
    if not LOGGER.isEnabledFor(logging.INFO):
        return
    line = {"at": _stamp(wall()), "level": "info", "process": os.getpid(), "event": "request", **facts}
    _waiting.append(f"{_encode(line)}\n".encode())
    if len(_waiting) >= MOST_WAITING:
        flush_logs()


def flush_logs() -> None:
    """Write what is in the buffer: whole lines, in pieces that a pipe takes as one, since other workers write too."""
    lines, piece = _waiting[:], b""
    _waiting.clear()
    with contextlib.suppress(OSError):  # nobody reads the log any more
        for line in lines:
            if piece and len(piece) + len(line) > select.PIPE_BUF:
                os.write(_OUT, piece)
                piece = b""
            piece += line
        if piece:
            os.write(_OUT, piece)


def log_defect(error: BaseException, **facts: Any) -> None:
    """Write down an error that should not be: its kind and its place."""
    LOGGER.error("defect", extra={"facts": {**facts, **describe_error(error)}})


def describe_error(error: BaseException) -> dict[str, Any]:
    """Return kind and place of an error, without its message."""
    return {"error": type(error).__name__, "places": _places(error.__traceback__)}


def describe_in_full(error: BaseException) -> dict[str, Any]:
    """The message of a deliberate error, too: of one about what we run on, while nobody has sent anything yet."""
    told = {"detail": str(error)} if isinstance(error, ChurnriskError) else {}
    return {**describe_error(error), **told}


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-MOST_FRAMES:]
    return [f"{'/'.join(frame.filename.split('/')[-3:])}:{frame.lineno} {frame.name}" for frame in frames]


_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


def _stamp(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds")


class JsonLines(logging.Formatter):
    """Our events as they are; a record of a library by where it comes from and its unfilled text."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line: dict[str, Any] = {
            "at": _stamp(record.created),
            "level": record.levelname.lower(),
            "process": record.process,
        }
        if record.name == LOGGER.name:
            line |= {"event": record.msg, **getattr(record, "facts", {})}
        else:  # its arguments may be anything, so only the text that they would be put into
            line |= {"event": "library", "logger": record.name, "text": str(record.msg)[:200].strip()}
        if record.exc_info and record.exc_info[1] is not None:
            line |= describe_error(record.exc_info[1])
        return _encode(line)


class _OurEventsOnly(logging.Filter):
    """Of libraries only what is wrong."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.name == LOGGER.name or record.levelno >= logging.WARNING


def start_logs() -> None:
    """Send every log record of this process to standard output, as JSON lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    handler.addFilter(_OurEventsOnly())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = name != "uvicorn.access"
    logging.captureWarnings(True)
