"""A live probe: one message sent to the gateway, to be found again in the mailbox behind it."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid


class ProbeFailed(Exception):
    """The gateway did not take the probe; the text says what it answered."""


def send(smtp: str, *, sender: str, recipient: str) -> str:
    """Send a probe and return its Message-ID without the angle brackets.

    smtp: "host:port" of the gateway. TLS is used where it is offered and, as between mail servers
    that do not know each other, no certificate is judged. Raises ProbeFailed.
    """
    host, _colon, port = smtp.rpartition(":")
    message_id = make_msgid(domain=sender.rpartition("@")[2])
    message = EmailMessage()
    message["From"], message["To"] = sender, recipient
    message["Subject"] = "Gatepost probe"
    message["Date"], message["Message-ID"] = formatdate(), message_id
    message.set_content("Sent by a runbook to prove the path of mail. It may be deleted.\n")
    try:
        with smtplib.SMTP(host, int(port), timeout=30) as client:
            client.ehlo()
            if client.has_extn("starttls"):
                client.starttls(context=_opportunistic())
            client.send_message(message, sender, [recipient])
    except (OSError, ValueError, smtplib.SMTPException) as error:
        raise ProbeFailed(f"{smtp}: {error}") from error
    return message_id.strip("<>")


def _opportunistic() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
