"""The trace and authentication headers that Google's MX writes, as a pure function.

Documented (Google's page "Set up an inbound mail gateway"): for a listed gateway neither SPF nor
DMARC is judged against the gateway; with "Automatically detect external IP" the external address
is found in the message; TLS can be required of listed gateways; others can be rejected.
Inferred (from one public sample, to be confirmed in a live tenant): Received-SPF then names the
external address as client-ip and no dmarc result is written; without detection client-ip is the
gateway's; the text and the codes of both refusals.
Not played: DKIM and ARC signatures, which need the world's DNS. SPF and DMARC are judged against
the table of senders, which stands for that DNS.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, getaddresses
from ipaddress import ip_address

from emulators.google.gateway import InboundGateway
from emulators.mailboxes.senders import Senders, alignment, headers, spf

HOST = "mx.google.com"
# The last address literal of a Received field's from clause: "from a (b [192.0.2.1]) by c". The
# first may be the client's own word at EHLO.
_FROM_LITERAL = re.compile(r"^\s*from\s(?:(?!\sby\s).)*\[(?:IPv6:)?([0-9A-Fa-f.:]+)\]", re.S)


@dataclass(frozen=True)
class Client:
    """The SMTP client. tls: ("TLS1_3", "TLS_AES_128_GCM_SHA256", 128) or None for plaintext.

    certificate: the names in the certificate that it showed.
    """

    address: str
    helo: str
    tls: tuple[str, str, int] | None = None
    certificate: tuple[str, ...] = ()


def refusal(gateway: InboundGateway, client: Client) -> str | None:
    """The reply that ends a mail transaction by the inbound gateway setting, or None."""
    listed = gateway.lists(client.address)
    if listed and gateway.require_tls and client.tls is None:
        return "421 4.7.0 TLS required for RCPT domain, closing connection."
    if gateway.enabled and gateway.reject_others and not listed:
        return (
            f"550 5.7.1 [{client.address}] Mail for this domain is accepted from its inbound "
            "gateway alone."
        )
    return None


def external_ip(message: bytes, gateway: InboundGateway) -> str | None:
    """The first address from the top of the Received fields that is not a gateway's, or None."""
    return next((one for one in received_addresses(message) if not gateway.lists(one)), None)


def received_addresses(message: bytes) -> tuple[str, ...]:
    """The clients' addresses that the Received fields name, from the top."""
    addresses = []
    for value in headers(message).get_all("Received", []):
        found = _FROM_LITERAL.match(str(value))
        if found is not None:
            with contextlib.suppress(ValueError):
                addresses.append(str(ip_address(found[1])))
    return tuple(addresses)


def stamp(
    message: bytes,
    client: Client,
    mail_from: str,
    rcpt_to: str,
    gateway: InboundGateway,
    senders: Senders,
    queue_id: str,
    now: datetime,
) -> bytes:
    """The message as it lies in the mailbox: the same bytes below Google's headers.

    message: as sent, CRLF lines. mail_from: "" is the null sender.
    """
    listed = gateway.lists(client.address)
    address = client.address
    if listed and gateway.detect_external_ip:
        address = external_ip(message, gateway) or client.address
    identity = mail_from or f"postmaster@{client.helo}"
    domain = identity.rpartition("@")[2].lower()
    result = spf(senders, address, domain)
    why = _explained(result, address, identity)
    results = [f"spf={result} ({why}) smtp.mailfrom={mail_from or client.helo}"]
    found = None if listed else alignment(senders, message, domain, result)
    if found is not None:
        words = found.policy.upper()
        results.append(
            f"dmarc={'pass' if found.passed else 'fail'} (p={words} sp={words} dis=NONE) "
            f"header.from={found.domain}"
        )
    joined = ";\r\n       ".join([HOST, *results])
    date = format_datetime(now)
    fields = [
        f"Delivered-To: {rcpt_to}",
        f"Received: by 2002:a05:6512:3d0c:b0:0:0:1 with SMTP id {queue_id}csp;\r\n        {date}",
        f"ARC-Authentication-Results: i=1; {joined}",
        f"Return-Path: <{mail_from}>",
        _received(client, rcpt_to, queue_id, date),
        f"Received-SPF: {result} ({why}) client-ip={address};",
        f"Authentication-Results: {joined}",
    ]
    return "".join(f"{field}\r\n" for field in fields).encode("utf-8") + message


def has_one_author(message: bytes) -> bool:
    """Whether there is exactly one From field and an address in it; Gmail refuses others."""
    values = headers(message).get_all("From", [])
    if len(values) != 1:
        return False
    return any("@" in address for _, address in getaddresses([str(values[0])]))


def _received(client: Client, rcpt_to: str, queue_id: str, date: str) -> str:
    lines = [
        f"Received: from {client.helo} ({client.helo}. [{client.address}])",
        f"by {HOST} with {'ESMTPS' if client.tls else 'ESMTP'} id {queue_id}",
        f"for <{rcpt_to}>",
    ]
    if client.tls:
        version, cipher, bits = client.tls
        lines.append(f"(version={version} cipher={cipher} bits={bits}/{bits})")
    return "\r\n        ".join(lines) + f";\r\n        {date}"


def _explained(result: str, address: str, identity: str) -> str:
    """Google's words for an SPF result."""
    if result == "none":
        return f"google.com: {identity} does not designate permitted sender hosts"
    if result == "pass":
        return f"google.com: domain of {identity} designates {address} as permitted sender"
    return (
        f"google.com: domain of {'transitioning ' if result == 'softfail' else ''}{identity} does "
        f"not designate {address} as permitted sender"
    )
