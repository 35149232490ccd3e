# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The message that a live probe sends: marked, harmless, found again by its Message-ID. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption
from ansible_collections.gatepost.mail.plugins.module_utils.providers import canonical_domain

MARK = "X-Gatepost-Probe"


@dataclass(frozen=True)
class Probe:
    """message_id: with its angle brackets. content: with CRLF line ends."""

    message_id: str
    content: bytes


def address(option: str, text: str) -> str:
    """An address with its domain in ASCII. Raises BadOption."""
    local, at, domain = text.rpartition("@")
    try:
        if not at or not local or not local.isascii() or not local.isprintable():
            raise ValueError("is not an address such as probe@example.com")
        name = canonical_domain(domain)
        Address(username=local, domain=name)
    except (ValueError, IndexError) as error:
        raise BadOption(option, f"{text!r}: {error}") from None
    return f"{local}@{name}"


def compose(sender: str, recipient: str, subject: str, mark: str, now: datetime) -> Probe:
    """mark: unique, of letters, digits and hyphens. now: with a time zone."""
    message_id = f"<{mark}.probe@{sender.rpartition('@')[2]}>"
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, recipient
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(now.astimezone(UTC))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message[MARK] = mark
    message.set_content(
        "Sent to prove that mail takes the way through the gateway. It may be deleted.\n"
    )
    return Probe(message_id, message.as_bytes())
