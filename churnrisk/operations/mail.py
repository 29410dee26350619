"""Send files by e-mail: one message over an encrypted line, the password from the environment alone."""

from __future__ import annotations

import mimetypes
import os
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from churnrisk.errors import OutputError, SettingsError
from churnrisk.schema import MailSecurity

PASSWORD_VARIABLE = "CHURNRISK_SMTP_PASSWORD"  # noqa: S105 - the name of the variable, not a password
SECONDS = 60.0
"""How long a mail server may keep silent."""


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in.

    Parameters
    ----------
    host : str
        Name of the server.
    port : int
        587 for ``starttls``, 465 for ``tls``, as a rule.
    security : {"starttls", "tls", "none"}
        How the line is encrypted. A password is never sent over a line that is not.
    user : str, optional
        Who logs in; the password comes from the environment, ``CHURNRISK_SMTP_PASSWORD``. None to send without.
    """

    host: str
    port: int = 587
    security: MailSecurity = "starttls"
    user: str | None = None


def send_files(
    server: MailServer, files: Sequence[Path], *, sender: str, recipients: Sequence[str], subject: str, text: str
) -> None:
    """Send one message with files attached to all recipients, or to none.

    Raises
    ------
    SettingsError
        Where the password is missing, an address is none, or the line would not be encrypted.
    OutputError
        Where the server cannot be reached or refuses; the password is in no message.
    """
    password = _password_for(server)
    message = _compose(files, sender=sender, recipients=recipients, subject=subject, text=text)
    try:
        with _connect(server) as connection:
            if server.user is not None and password is not None:
                connection.login(server.user, password)
            refused = connection.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        where = f"{server.host}:{server.port}"
        raise OutputError(f"the mail server {where} did not take the mail: {_say(error)}.") from None
    if refused:
        raise OutputError(f"the mail server {server.host} refused {', '.join(refused)}; the others have the mail.")


def check_mail(server: MailServer, *, sender: str, recipients: Sequence[str]) -> None:
    """Refuse settings with which no mail could be sent, before long work."""
    _password_for(server)
    _compose([], sender=sender, recipients=recipients, subject="", text="")


def _password_for(server: MailServer) -> str | None:
    if server.user is None:
        return None
    if server.security == "none":
        raise SettingsError("smtp_security = none would send the password in the open; use starttls or tls.")
    password = os.environ.get(PASSWORD_VARIABLE)
    if not password:
        raise SettingsError(
            f"smtp_user = {server.user!r} needs a password in the environment variable {PASSWORD_VARIABLE}; it is "
            "read from nowhere else."
        )
    return password


def _compose(files: Sequence[Path], *, sender: str, recipients: Sequence[str], subject: str, text: str) -> EmailMessage:
    if not recipients:
        raise SettingsError("mail_to is empty: name at least one address, or leave smtp_host out to send nothing.")
    message = EmailMessage()
    for header, addresses in (("From", [sender]), ("To", recipients)):
        try:
            message[header] = ", ".join(addresses)
            known = message[header].addresses
        except ValueError:  # a line break inside
            known = ()
        if [one.addr_spec for one in known if one.username and one.domain] != list(addresses):
            raise SettingsError(f"mail_{header.lower()} = {', '.join(addresses)!r}: this is no e-mail address.")
    message["Subject"] = subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=message["From"].addresses[0].domain)
    message.set_content(text)
    for file in files:
        kind, _ = mimetypes.guess_type(file.name)
        main, _, sub = (kind or "application/octet-stream").partition("/")
        message.add_attachment(file.read_bytes(), maintype=main, subtype=sub, filename=file.name)
    return message


def _connect(server: MailServer) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=ssl.create_default_context())
    connection = smtplib.SMTP(server.host, server.port, timeout=SECONDS)
    try:
        if server.security == "starttls":
            connection.starttls(context=ssl.create_default_context())
    except BaseException:
        connection.close()
        raise
    return connection


def _say(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "it does not know this user and password"
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return f"{error.smtp_code} {said.decode(errors='replace') if isinstance(said, bytes) else said}".rstrip(".")
    if isinstance(error, ssl.SSLError):
        return f"the line could not be encrypted ({error.reason or error})"
    return str(getattr(error, "strerror", None) or error).rstrip(".")
