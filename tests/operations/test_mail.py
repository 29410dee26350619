"""Mail is sent over a real line to a real server, whole or not at all, and the password is never shown."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from churnrisk.errors import OutputError, SettingsError
from churnrisk.operations.mail import PASSWORD_VARIABLE, MailServer, check_mail, send_files

SENDER, RECIPIENTS = "churnrisk@shop.example", ["crm@shop.example", "boss@shop.example"]


class Mailbox:
    """Keeps what the server took."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.recipients: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the server asks for it
        self.messages.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        self.recipients += envelope.rcpt_tos
        return "250 taken"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, MailServer]]:
    kept, port = Mailbox(), free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield kept, MailServer("127.0.0.1", port, security="none")
    finally:
        controller.stop()


def send(server: MailServer, folder: Path) -> None:
    sheet = folder / "list.xlsx"
    sheet.write_bytes(b"PK\x03\x04 sheet")
    page = folder / "report.html"
    page.write_text("<p>Отчет</p>", encoding="utf-8")
    send_files(server, [sheet, page], sender=SENDER, recipients=RECIPIENTS, subject="Седмичен списък", text="Hello.")


def test_files_arrive_as_they_are(mailbox: tuple[Mailbox, MailServer], tmp_path: Path) -> None:
    kept, server = mailbox
    send(server, tmp_path)
    [message] = kept.messages
    assert kept.recipients == RECIPIENTS
    assert message["Subject"] == "Седмичен списък"
    assert message.get_body(("plain",)).get_content().strip() == "Hello."
    attached = {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}
    assert attached == {name: (tmp_path / name).read_bytes() for name in ("list.xlsx", "report.html")}


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"127\.0\.0\.1:\d+ did not take the mail"):
        send(MailServer("127.0.0.1", free_port(), security="none"), tmp_path)


def test_a_server_without_encryption_gets_nothing(mailbox: tuple[Mailbox, MailServer], tmp_path: Path) -> None:
    kept, server = mailbox
    with pytest.raises(OutputError, match="STARTTLS"):
        send(MailServer(server.host, server.port, security="starttls"), tmp_path)
    assert not kept.messages


def test_a_wrong_certificate_gets_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that nobody vouches for is not told the password."""
    tried: list[LoginPassword] = []

    def remember(*arguments: Any) -> AuthResult:
        tried.append(arguments[-1])
        return AuthResult(success=True)

    monkeypatch.setenv(PASSWORD_VARIABLE, "s3cret-word")
    port = free_port()
    controller = Controller(
        Mailbox(), hostname="127.0.0.1", port=port, authenticator=remember, tls_context=self_signed(tmp_path)
    )
    controller.start()
    try:
        with pytest.raises(OutputError, match="could not be encrypted") as caught:
            send(MailServer("127.0.0.1", port, user="shop"), tmp_path)
    finally:
        controller.stop()
    assert not tried
    assert "s3cret-word" not in str(caught.value)


def self_signed(folder: Path) -> ssl.SSLContext:
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "pair.pem").write_bytes(private + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "pair.pem")
    return context


def test_settings_that_cannot_work_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    plain = MailServer("mail.example")
    with pytest.raises(SettingsError, match=PASSWORD_VARIABLE):
        check_mail(MailServer("mail.example", user="shop"), sender=SENDER, recipients=RECIPIENTS)
    with pytest.raises(SettingsError, match="in the open"):
        check_mail(MailServer("mail.example", security="none", user="shop"), sender=SENDER, recipients=RECIPIENTS)
    with pytest.raises(SettingsError, match="mail_to is empty"):
        check_mail(plain, sender=SENDER, recipients=[])
    for wrong in ("nobody", "a@shop.example\nBcc: x@shop.example", "a b@shop.example", ""):
        with pytest.raises(SettingsError, match="mail_to"):
            check_mail(plain, sender=SENDER, recipients=[wrong])
    check_mail(plain, sender=SENDER, recipients=RECIPIENTS)
