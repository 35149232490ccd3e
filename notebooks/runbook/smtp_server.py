"""Asks a mail server what it offers, as a client would, and sends no message.

Credentials go only over TLS to a server whose certificate is valid for its name; they leave this
module neither in a value nor in an error.
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .values import Reading

SignIn = Callable[[smtplib.SMTP], None]
NOT_TRIED = Reading(problem="not tried")


@dataclass(frozen=True)
class Server:
    """How a server is reached. address: "host:port" dialled in place of host and port, "" for
    these. ca_file: authorities in place of the system's, "" for those."""

    host: str
    port: int
    address: str = ""
    ca_file: str = ""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Seen:
    """greeting: its text. tls: the version. certificate: "valid", or why it is not. mechanisms: of
    AUTH, after TLS. signed_in: the reply to the credentials. recipients: the reply to each that was
    asked about, code first."""

    greeting: Reading
    tls: Reading = NOT_TRIED
    certificate: Reading = NOT_TRIED
    mechanisms: Reading = NOT_TRIED
    signed_in: Reading = NOT_TRIED
    recipients: Reading = NOT_TRIED


def ask(
    server: Server,
    *,
    sign_in: SignIn | None = None,
    sender: str = "",
    recipients: Sequence[str] = (),
) -> Seen:
    """Greet, start TLS, sign in where that was asked for, name the recipients, and leave."""
    source = f"a connection to {server}"
    try:
        with _session(server) as (client, greeting):
            if not client.has_extn("starttls"):
                none = Reading(None, "", f"{source}: STARTTLS is not offered")
                named = _recipients(client, sender, recipients, source)
                return Seen(Reading(greeting, "", source), none, none, none, recipients=named)
            problem = _secure(client, server, verify=True)
    except (OSError, smtplib.SMTPException) as error:
        return Seen(Reading(problem=f"{server}: {_told(error)}"))
    greeted = Reading(greeting, "", source)
    try:
        with _session(server) as (client, _greeting):
            _secure(client, server, verify=not problem)
            version = client.sock.version() if isinstance(client.sock, ssl.SSLSocket) else None
            offered = client.esmtp_features.get("auth", "").split()
            signed_in = NOT_TRIED
            if sign_in is not None and problem:
                signed_in = Reading(problem="not tried: the certificate is not valid")
            elif sign_in is not None:
                signed_in = _signed_in(client, sign_in, source)
            return Seen(
                greeted,
                Reading(version, "", source),
                Reading(problem or "valid", "", source),
                Reading(offered, "", f"{source}, EHLO after TLS"),
                signed_in,
                _recipients(client, sender, recipients, source),
            )
    except (OSError, smtplib.SMTPException) as error:
        return Seen(greeted, Reading(problem=f"{server}: {_told(error)}"))


@contextlib.contextmanager
def _session(server: Server) -> Iterator[tuple[smtplib.SMTP, str]]:
    host, _colon, port = (server.address or str(server)).rpartition(":")
    client = smtplib.SMTP(timeout=30)
    try:
        code, text = client.connect(host, int(port))
        if code != 220:
            raise smtplib.SMTPException(f"greeting: {code} {_text(text)}")
        client.ehlo()
        yield client, f"{code} {_text(text)}"
        with contextlib.suppress(OSError, smtplib.SMTPException):
            client.quit()
    finally:
        client.close()


def _secure(client: smtplib.SMTP, server: Server, *, verify: bool) -> str:
    """Start TLS. Returns why the certificate is not valid, else ""."""
    context = ssl.create_default_context(cafile=server.ca_file or None)
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # The name that the certificate is judged by, and sent as SNI.
    client._host = server.host  # type: ignore[attr-defined]
    try:
        client.starttls(context=context)
    except ssl.SSLCertVerificationError as error:
        return str(error.verify_message)
    client.ehlo()
    return ""


def _signed_in(client: smtplib.SMTP, sign_in: SignIn, source: str) -> Reading:
    try:
        sign_in(client)
    except smtplib.SMTPAuthenticationError as error:
        # The reply may repeat what it was sent.
        return Reading(f"{error.smtp_code}, refused", "", f"{source}, AUTH")
    except smtplib.SMTPException as error:
        return Reading(problem=f"{source}, AUTH: {type(error).__name__}")
    return Reading("taken", "", f"{source}, AUTH")


def _recipients(
    client: smtplib.SMTP, sender: str, recipients: Sequence[str], source: str
) -> Reading:
    if not recipients:
        return NOT_TRIED
    code, text = client.mail(sender)
    if code != 250:
        return Reading(problem=f"{source}, MAIL: {code} {_text(text)}")
    replies = {}
    for one in recipients:
        code, text = client.rcpt(one)
        replies[one] = f"{code} {_text(text)}"
    client.rset()
    return Reading(replies, "", f"{source}, RCPT; no message was sent")


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _text(answer: bytes) -> str:
    return " ".join(answer.decode("utf-8", "replace").split())
