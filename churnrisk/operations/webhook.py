"""Tell a configured address that a rule has fired: one signed POST, and no customer in it."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import json
import os
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from churnrisk.clock import wall
from churnrisk.errors import SettingsError
from churnrisk.operations.monitoring import MonitorResult

SECRET_VARIABLE = "CHURNRISK_WEBHOOK_SECRET"  # noqa: S105 - the name of the variable, not a secret
LEAST_LENGTH, LEAST_KINDS = 32, 10
SECONDS = 10.0
"""How long one try may take, from the first packet to the end of the answer."""

WAITS = (0.0, 1.0, 4.0)
"""Seconds before each try; no more tries than these."""

TRY_AGAIN = {408, 425, 429}
TIMESTAMP_HEADER, SIGNATURE_HEADER, DELIVERY_HEADER = (
    "X-Churnrisk-Timestamp",
    "X-Churnrisk-Signature",
    "X-Churnrisk-Delivery",
)


@dataclass(frozen=True)
class Webhook:
    """Where to, with a secret that was found good enough; made by :func:`make_webhook`.

    Parameters
    ----------
    url : str
        ``https``, or ``http`` on this machine.
    secret : bytes
        Shared with the receiver.
    waits : tuple of float
        Seconds before each try.
    seconds : float
        How long one try may take.
    """

    url: str
    secret: bytes
    waits: tuple[float, ...] = WAITS
    seconds: float = SECONDS

    def __repr__(self) -> str:
        return f"Webhook({self.url})"  # the secret never stands in a message


@dataclass(frozen=True)
class Delivery:
    """What came of a call: how many tries, and the problem of the last one, empty where it was taken."""

    tries: int
    problem: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {"sent": not self.problem, "tries": self.tries, "problem": self.problem or None}


def make_webhook(url: str) -> Webhook:
    """Check the address and the secret from the environment, before long work.

    Raises
    ------
    SettingsError
        For an address that is not https off this machine, or one with a password in it; for a secret that is
        missing, shorter than 32 characters, or made of fewer than 10 different ones.
    """
    _check_url(url)
    secret = os.environ.get(SECRET_VARIABLE, "")
    if len(secret) < LEAST_LENGTH or len(set(secret)) < LEAST_KINDS:
        found = "is not set" if not secret else "is too weak"
        raise SettingsError(
            f"webhook_url is set and {SECRET_VARIABLE} {found}: put a secret of at least {LEAST_LENGTH} random "
            'characters into the environment, for example from python -c "import secrets; '
            'print(secrets.token_urlsafe(32))", and give the receiver the same.'
        )
    return Webhook(url, secret.encode())


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not url.isascii() or not url.isprintable() or " " in url or port == 0:
        raise SettingsError("webhook_url is no address; write it as https://alerts.example.com/churnrisk.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise SettingsError("webhook_url: leave user, password and fragment out; the call is signed with a secret.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise SettingsError(f"webhook_url: {parts.scheme}://{host} is not encrypted; use https off this machine.")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, by its name or number alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def describe_alarm(result: MonitorResult) -> dict[str, Any]:
    """Return the body of the call: rules, values, model version and day."""
    look = result.look.to_dict()
    return {
        "event": "rules_fired",
        "as_of": look["as_of"],
        "looked_on": look["freshness"]["looked_on"],
        "model": look["model"],
        "fired": [one.to_dict() for one in result.fired],
        "rules": [one.to_dict() for one in result.verdicts],
        "values": look["values"],
    }


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """Return the signature: HMAC-SHA256 of ``timestamp.body``, as ``sha256=`` and hexadecimal digits.

    The timestamp is signed too, so that a receiver can refuse a call that was recorded and is played again.
    """
    return "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def send_alarm(webhook: Webhook, alarm: Mapping[str, Any]) -> Delivery:
    """Send it; try again where the network or the receiver may be better in a moment. Redirects are not followed.

    Every try bears the same delivery id, so that a receiver can tell a repetition, and a timestamp of its own.
    """
    body = json.dumps(alarm, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    delivery, problem, tries = str(uuid.uuid4()), "", 0
    for wait in webhook.waits:
        time.sleep(wait)
        tries += 1
        problem, may_try_again = _post(webhook, body, delivery)
        if not problem or not may_try_again:
            break
    return Delivery(tries, problem)


def _post(webhook: Webhook, body: bytes, delivery: str) -> tuple[str, bool]:
    """Post once; give the problem, empty if none, and whether another try may help."""
    timestamp = str(int(wall()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "churnrisk",
        TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: sign(webhook.secret, timestamp, body),
        DELIVERY_HEADER: delivery,
    }
    parts = urlsplit(webhook.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connect(webhook)
    alarm_clock = threading.Timer(webhook.seconds, _cut, [connection])
    alarm_clock.start()  # the timeout of a socket starts again with every byte that trickles in
    try:
        connection.request("POST", path, body=body, headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{parts.hostname} did not take the call: {_say(error)}", not isinstance(error, ssl.SSLError)
    finally:
        alarm_clock.cancel()
        connection.close()
    if 200 <= status < 300:
        return "", False
    said = "a redirect, which is not followed" if 300 <= status < 400 else f"status {status}"
    return f"{parts.hostname} answered with {said}", status >= 500 or status in TRY_AGAIN


def _connect(webhook: Webhook) -> http.client.HTTPConnection:
    parts = urlsplit(webhook.url)
    host = str(parts.hostname)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=webhook.seconds, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=webhook.seconds)


def _cut(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        try:
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)  # below any encryption, which could wait
        except OSError:
            return  # it has hung up by itself


def _say(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.HTTPException):
        return "it hung up or answered with something that is no HTTP"
    return str(getattr(error, "strerror", None) or error).rstrip(".")
