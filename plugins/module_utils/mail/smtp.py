# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Handing one message to a gateway, as any mail server would, and what was seen of it."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError

MAY, REQUIRE, VERIFY, NONE = "may", "require", "verify", "none"
TLS = (MAY, REQUIRE, VERIFY, NONE)


class NotTaken(GatepostError):
    """The gateway did not take the message."""


@dataclass(frozen=True)
class Gateway:
    """tls: may (where offered), require (any certificate), verify, or none. ca_file: in place of
    the system's authorities. address: dialled in place of the host. timeout: seconds.
    """

    host: str
    port: int
    tls: str = MAY
    helo: str | None = None
    ca_file: str | None = None
    address: str | None = None
    timeout: float = 60.0

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Taken:
    """reply: the gateway's last word. tls: such as TLSv1.3, or "" in clear."""

    reply: str
    tls: str
    cipher: str

    def document(self) -> dict[str, Any]:
        return asdict(self)


def send(gateway: Gateway, content: bytes, sender: str, recipient: str) -> Taken:
    """Raises NotTaken, which says what the gateway answered, and when."""
    try:
        with smtplib.SMTP(local_hostname=gateway.helo, timeout=gateway.timeout) as client:
            dialled = gateway.address or gateway.host
            _expect("greeting", client.connect(dialled, gateway.port), 220)
            client.ehlo_or_helo_if_needed()
            tls, cipher = _secure(client, gateway)
            _expect("MAIL", client.mail(sender), 250)
            _expect("RCPT", client.rcpt(recipient), 250)
            code, text = _expect("DATA", client.data(content), 250)
    except smtplib.SMTPDataError as error:
        raise NotTaken(f"{gateway}: DATA: {error.smtp_code} {_text(error.smtp_error)}") from None
    except smtplib.SMTPException as error:
        raise NotTaken(f"{gateway}: {error}") from None
    except OSError as error:
        raise NotTaken(f"{gateway}: {type(error).__name__}: {error}") from None
    return Taken(f"{code} {_text(text)}", tls, cipher)


def _secure(client: smtplib.SMTP, gateway: Gateway) -> tuple[str, str]:
    if gateway.tls == NONE:
        return "", ""
    if not client.has_extn("starttls"):
        if gateway.tls != MAY:
            raise NotTaken(f"{gateway}: does not offer STARTTLS")
        return "", ""
    # Between mail servers that do not know each other no certificate is judged.
    context = ssl.create_default_context(cafile=gateway.ca_file)
    if gateway.tls != VERIFY:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # The name that the certificate is judged by, and sent as SNI.
    client._host = gateway.host  # type: ignore[attr-defined]
    client.starttls(context=context)
    client.ehlo()
    secured: Any = client.sock
    return str(secured.version()), str(secured.cipher()[0])


def _expect(stage: str, answer: tuple[int, bytes], wanted: int) -> tuple[int, bytes]:
    code, text = answer
    if code != wanted:
        raise smtplib.SMTPException(f"{stage}: {code} {_text(text)}")
    return answer


def _text(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())
