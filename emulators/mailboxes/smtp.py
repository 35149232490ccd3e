"""A strict SMTP server on aiosmtpd, the base of all mailboxes.

Stricter than aiosmtpd: addresses by RFC 5321's syntax, bare CR, bare LF and NUL refused in a
message, AUTH never before TLS, an internal fault answers 451. It reads a PROXY v1 header that
comes before EHLO, so that a client on loopback can play another address; it greets first (the
forwarder in front sends the header at once, and no client waits for it), and takes it from loopback
alone.

Injected faults: service smtp.google, smtp.microsoft or smtp.exchange, operation mail, rcpt or data;
the fault's status is the reply code and its message the reply's text.
"""

# ruff: noqa: ARG002 (the signatures of hooks are aiosmtpd's)
from __future__ import annotations

import asyncio
import itertools
import logging
import re
from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from emulators.faults import Faults
from emulators.mailboxes.stamps import Client
from emulators.maildrop import Delivery, Maildrop

log = logging.getLogger(__name__)

SIZE_LIMIT = 157_286_400  # what Google's MX announces
_PATH = re.compile(
    r"^<(?P<address>(?:[^\s<>@\"\x00-\x1f\x7f]+|\"(?:[^\"\\\r\n\x00]|\\[ -~])*\")@[^\s<>@]+|)>"
    r"(?P<rest>(?: .*)?)$"
)
_PROXY = re.compile(r"TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})")
_counter = itertools.count(1)


class PlainSession(Session):
    """A session whose legacy member is an ordinary one: aiosmtpd sets it itself, and warns."""

    login_data: Any = None


class StrictServer(SMTP):
    """One connection. `client_address` is the address that the client has or plays."""

    def __init__(self, handler: Any, **options: Any) -> None:
        super().__init__(handler, data_size_limit=SIZE_LIMIT, ident="ESMTP", **options)
        self.client_address = ""

    def _create_session(self) -> Session:
        return PlainSession(self.loop)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # Runs again after STARTTLS: a played address outlives the handshake.
        if not self.client_address:
            self.client_address = str(transport.get_extra_info("peername")[0])

    async def smtp_PROXY(self, argument: str | None) -> None:
        """The PROXY protocol's version 1 header; malformed or out of place ends the connection."""
        session = self.session
        assert session is not None
        assert self.transport is not None
        peer = ip_address(session.peer[0])
        found = _PROXY.fullmatch(argument or "")
        try:
            if found is None or not peer.is_loopback or session.host_name or session.ssl:
                raise ValueError("PROXY out of place")
            played = ip_address(found[2])
            if played.version != int(found[1]):
                raise ValueError("PROXY family does not fit the address")
            self.client_address = str(played)
        except ValueError as error:
            log.warning("PROXY header refused: %s", error)
            self.transport.close()

    def client(self) -> Client:
        """The client as a value."""
        session = self.session
        assert session is not None
        tls, names = None, ()
        if session.ssl is not None:
            name, version, bits = session.ssl["ssl_object"].cipher()
            version = session.ssl["ssl_object"].version()
            tls = (version.replace("TLSv", "TLS").replace(".", "_"), name, bits)
            shown = session.ssl["ssl_object"].getpeercert() or {}
            names = tuple(value for kind, value in shown.get("subjectAltName", ()) if kind == "DNS")
        return Client(self.client_address, str(session.host_name), tls, names)

    def username(self) -> str:
        """The user name that authenticated, or ""."""
        session = self.session
        if session is None or not session.authenticated:
            return ""
        return str(session.auth_data.login.decode("utf-8", "replace"))

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """RFC 5321's Path, strictly. The null sender stays "<>", as aiosmtpd keeps it."""
        found = _PATH.match(arg)
        if found is None:
            return None, None
        return found["address"] or "<>", found["rest"].strip()

    async def smtp_STARTTLS(self, arg: str) -> None:
        if self._tls_protocol is not None:
            await self.push("503 5.5.1 TLS is already in use")
            return
        await super().smtp_STARTTLS(arg)


class Mailbox:
    """What the servers share as aiosmtpd handlers: a subclass decides, this delivers."""

    name = ""
    capabilities: tuple[str, ...] = ("PIPELINING",)

    def __init__(self, maildrop: Maildrop, clock: Callable[[], datetime], faults: Faults) -> None:
        self.maildrop = maildrop
        self.clock = clock
        self.faults = faults

    def refuse(self, client: Client, mail_from: str, rcpt_to: str) -> str | None:
        """At RCPT: a negative reply, or None."""
        raise NotImplementedError

    def reject(self, message: bytes) -> str | None:
        """After DATA: a negative reply, or None."""
        raise NotImplementedError

    def stored(self, message: bytes, client: Client, delivery: Delivery) -> Delivery | None:
        """The message as it lies in the mailbox; None: it does not come to lie there."""
        raise NotImplementedError

    def accepted(self, queue_id: str, now: datetime) -> str:
        """The reply to an accepted message."""
        raise NotImplementedError

    async def fault(self, stage: str) -> str | None:
        """The reply of an injected fault at this stage (its delay has passed), or None."""
        fault = self.faults.take(f"smtp.{self.name}", stage)
        if fault is None:
            return None
        await asyncio.sleep(fault.delay)
        return f"{fault.status} {fault.message}" if fault.code else None

    async def handle_EHLO(
        self,
        server: StrictServer,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        lines = [line for line in responses if not line.endswith(("HELP", "AUTH "))]
        lines += [f"250-{capability}" for capability in self.capabilities]
        lines[-1] = lines[-1].replace("250-", "250 ", 1)
        # One write: clients that look for STARTTLS in the first segment find it.
        return ["\r\n".join(lines)]

    async def handle_MAIL(
        self,
        server: StrictServer,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        fault = await self.fault("mail")
        if fault is not None:
            return fault
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self,
        server: StrictServer,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if address == "<>":
            return "553 5.1.3 The recipient address is empty"
        refused = await self.fault("rcpt") or self.refuse(
            server.client(), _reverse_path(envelope), address
        )
        if refused is not None:
            return refused
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: StrictServer, session: Session, envelope: Envelope) -> str:
        message = envelope.original_content
        assert isinstance(message, bytes)
        if b"\0" in message or re.search(rb"\r(?!\n)|(?<!\r)\n", message):
            return "550 5.6.11 Bare CR, bare LF and NUL are refused"
        refused = await self.fault("data") or self.reject(message)
        if refused is not None:
            return refused
        client, now, queue_id = server.client(), self.clock(), f"{next(_counter):012x}"
        deliveries = []
        for index, rcpt_to in enumerate(envelope.rcpt_tos):
            delivery = Delivery(
                id=f"{queue_id}{index:04x}",
                server=self.name,
                mailbox=rcpt_to.lower(),
                mail_from=_reverse_path(envelope),
                rcpt_to=rcpt_to,
                raw=message,
                received_at=now,
                peer=client.address,
                helo=client.helo,
                tls=client.tls[0] if client.tls else "",
                username=server.username(),
            )
            deliveries.append(self.stored(message, client, delivery))
        self.maildrop.add(*(one for one in deliveries if one is not None))
        return self.accepted(queue_id, now)

    async def handle_exception(self, error: Exception) -> str:
        log.error("a mailbox failed", exc_info=error)
        return "451 4.3.0 Internal fault"


def _reverse_path(envelope: Envelope) -> str:
    """The envelope sender; aiosmtpd keeps the null sender as "<>"."""
    return "" if envelope.mail_from == "<>" else str(envelope.mail_from)
