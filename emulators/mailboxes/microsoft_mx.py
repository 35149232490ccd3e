"""Microsoft's MX for the emulated organization: takes mail for its domains and judges it by its
settings, stamps it, and writes the message trace."""

# ruff: noqa: ARG002 (the signatures of hooks are the base class's)
from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from email.utils import make_msgid
from xml.sax.saxutils import quoteattr

from emulators.exchange_online.initial import (
    CONNECTION_FILTER,
    CONNECTOR,
    CONTENT_FILTER,
    CONTENT_RULE,
)
from emulators.exchange_online.organization import Organization, Trace
from emulators.faults import Faults
from emulators.mailboxes import eop, microsoft_stamps
from emulators.mailboxes.eop import Settings, Verdict
from emulators.mailboxes.senders import Senders
from emulators.mailboxes.smtp import Mailbox
from emulators.mailboxes.stamps import Client
from emulators.maildrop import Delivery


class MicrosoftMx(Mailbox):
    """The handler. Every decision looks at the organization's settings of that moment."""

    name = "microsoft"

    def __init__(self, organization: Organization, senders: Senders, faults: Faults) -> None:
        super().__init__(organization.maildrop, organization.now, faults)
        self._organization = organization
        self._senders = senders

    def refuse(self, client: Client, mail_from: str, rcpt_to: str) -> str | None:
        domain = rcpt_to.rpartition("@")[2]
        if not self._organization.accepts(domain):
            return f"550 5.7.64 TenantAttribution; Relay Access Denied [{microsoft_stamps.FRONT}]"
        refused = eop.refusal(self._settings(), client, mail_from)
        if refused is not None:
            return refused
        if not self._organization.has_mailbox(rcpt_to):
            return (
                f"550 5.4.1 Recipient address rejected: Access denied. [{microsoft_stamps.FRONT}]"
            )
        return None

    def reject(self, message: bytes) -> str | None:
        return None if message.strip() else "554 5.6.0 Invalid message content"

    def stored(self, message: bytes, client: Client, delivery: Delivery) -> Delivery | None:
        verdict = eop.judge(
            self._settings(),
            self._senders,
            message,
            client,
            delivery.mail_from,
            delivery.rcpt_to,
        )
        trace_id = str(uuid.uuid4())
        raw = microsoft_stamps.stamp(
            message, client, delivery.mail_from, verdict, trace_id, delivery.received_at
        )
        delivered = replace(delivery, raw=raw, folder=verdict.folder or "")
        self._organization.trace(_trace(delivered, verdict, trace_id, self._organization.guid))
        return delivered if verdict.folder else None

    def accepted(self, queue_id: str, now: datetime) -> str:
        mark = make_msgid(queue_id, microsoft_stamps.FRONT)
        return f"250 2.6.0 {mark} [InternalId={int(queue_id, 16)}] Queued mail for delivery"

    def _settings(self) -> Settings:
        organization = self._organization
        with organization.locked():
            return Settings(
                organization.all(CONNECTION_FILTER)[0],
                organization.all(CONTENT_FILTER),
                organization.all(CONTENT_RULE),
                organization.all(CONNECTOR),
            )


def _trace(delivery: Delivery, verdict: Verdict, trace_id: str, tenant: str) -> Trace:
    now = delivery.received_at
    received = f"Message received by: {microsoft_stamps.FRONT} using TLS: {delivery.tls or 'none'}"
    events: list[tuple[datetime, str, str, str]] = [
        (now, "Receive", received, _data(_attribution(verdict, tenant)))
    ]
    if verdict.folder:
        told = f"The message was successfully delivered to the folder: {verdict.folder}"
        events.append((now, "Deliver", told, _data([])))
    else:
        events.append((now, "Spam", f"The message was {verdict.status.lower()}.", _data([])))
    return Trace(
        trace_id=trace_id,
        message_id=delivery.message_id,
        received=now,
        sender=delivery.mail_from,
        recipient=delivery.mailbox,
        subject=delivery.header("Subject"),
        status=verdict.status,
        from_ip=verdict.judged,
        size=len(delivery.raw),
        events=tuple(events),
    )


def _attribution(verdict: Verdict, tenant: str) -> list[tuple[str, str]]:
    if not verdict.connector:
        return []
    data = f"Name={verdict.connector};ConnectorType=Partner;TenantId={tenant}"
    return [("CustomData", f"S:InboundConnectorData={data}")]


def _data(parts: Sequence[tuple[str, str]]) -> str:
    """The Data of a trace event: XML with one element a part."""
    inner = "".join(f'<MEP Name="{name}" Blob={quoteattr(value)}/>' for name, value in parts)
    return f"<root>{inner}</root>"
