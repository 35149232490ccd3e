"""Google's MX for the emulated tenant: takes mail for its domains and stamps it by its settings."""

# ruff: noqa: ARG002 (the signatures of hooks are the base class's)
from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from emulators.faults import Faults
from emulators.google.tenant import Tenant
from emulators.mailboxes import stamps
from emulators.mailboxes.senders import Senders
from emulators.mailboxes.smtp import Mailbox
from emulators.mailboxes.stamps import Client
from emulators.maildrop import Delivery


class GoogleMx(Mailbox):
    """The handler. Every decision looks at the tenant's settings of that moment."""

    name = "google"

    def __init__(self, tenant: Tenant, senders: Senders, faults: Faults) -> None:
        super().__init__(tenant.maildrop, tenant.now, faults)
        self._tenant = tenant
        self._senders = senders

    def refuse(self, client: Client, mail_from: str, rcpt_to: str) -> str | None:
        tenant = self._tenant
        domain = rcpt_to.rpartition("@")[2].lower()
        if domain not in tenant.settings.domains:
            return f"550 5.7.1 Relaying denied: mail for {domain} is not taken here"
        refused = stamps.refusal(tenant.gateway, client)
        if refused is not None:
            return refused
        if not tenant.has_mailbox(rcpt_to):
            return "550 5.1.1 The email account that you tried to reach does not exist."
        return None

    def reject(self, message: bytes) -> str | None:
        if stamps.has_one_author(message):
            return None
        return (
            "550 5.7.1 Messages missing a valid address in From: header, or having several "
            "From: headers, are not accepted."
        )

    def stored(self, message: bytes, client: Client, delivery: Delivery) -> Delivery:
        raw = stamps.stamp(
            message,
            client,
            delivery.mail_from,
            delivery.rcpt_to,
            self._tenant.gateway,
            self._senders,
            delivery.id,
            delivery.received_at,
        )
        return replace(delivery, raw=raw)

    def accepted(self, queue_id: str, now: datetime) -> str:
        return f"250 2.0.0 OK {int(now.timestamp())} {queue_id} - gsmtp"
