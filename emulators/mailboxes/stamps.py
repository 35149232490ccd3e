"""The trace and authentication headers that Google's MX writes, as a pure function.

Documented (Google's page "Set up an inbound mail gateway"): for a listed gateway neither SPF nor
DMARC is judged against the gateway; with "Automatically detect external IP" the external address
is found in the message; TLS can be required of listed gateways; others can be rejected.
Inferred (from one public sample, to be confirmed in a live tenant): Received-SPF then names the
external address as client-ip and no dmarc result is written; without detection client-ip is the
gateway's; the text and the codes of both refusals.
Not played: DKIM and ARC signatures, which need the world's DNS. SPF and DMARC are judged against
`Senders`, a table that stands for that DNS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import format_datetime, getaddresses
from ipaddress import ip_address, ip_network

from emulators.google.gateway import InboundGateway

HOST = "mx.google.com"
# The last address literal of a Received field's from clause: "from a (b [192.0.2.1]) by c". The
# first may be the client's own word at EHLO.
_FROM_LITERAL = re.compile(r"^\s*from\s(?:(?!\sby\s).)*\[(?:IPv6:)?([0-9A-Fa-f.:]+)\]", re.S)


@dataclass(frozen=True)
class Client:
    """The SMTP client. tls: ("TLS1_3", "TLS_AES_128_GCM_SHA256", 128) or None for plaintext."""

    address: str
    helo: str
    tls: tuple[str, str, int] | None = None


@dataclass(frozen=True)
class Sender:
    """What a domain's DNS says about its mail: permitted networks; the DMARC policy or ""."""

    spf: tuple[str, ...] = ()
    dmarc: str = ""


Senders = Mapping[str, Sender]


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
    for value in _headers(message).get_all("Received", []):
        found = _FROM_LITERAL.match(str(value))
        if found is None:
            continue
        try:
            address = str(ip_address(found[1]))
        except ValueError:
            continue
        if not gateway.lists(address):
            return address
    return None


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
    spf, why = _spf(address, identity, senders.get(domain))
    results = [f"spf={spf} ({why}) smtp.mailfrom={mail_from or client.helo}"]
    if not listed:
        results += _dmarc(message, domain, spf, senders)
    joined = ";\r\n       ".join([HOST, *results])
    date = format_datetime(now)
    fields = [
        f"Delivered-To: {rcpt_to}",
        f"Received: by 2002:a05:6512:3d0c:b0:0:0:1 with SMTP id {queue_id}csp;\r\n        {date}",
        f"ARC-Authentication-Results: i=1; {joined}",
        f"Return-Path: <{mail_from}>",
        _received(client, rcpt_to, queue_id, date),
        f"Received-SPF: {spf} ({why}) client-ip={address};",
        f"Authentication-Results: {joined}",
    ]
    return "".join(f"{field}\r\n" for field in fields).encode("utf-8") + message


def has_one_author(message: bytes) -> bool:
    """Whether there is exactly one From field and an address in it; Gmail refuses others."""
    values = _headers(message).get_all("From", [])
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


def _spf(address: str, identity: str, sender: Sender | None) -> tuple[str, str]:
    """The SPF result and Google's words for it."""
    if sender is None or not sender.spf:
        return "none", f"google.com: {identity} does not designate permitted sender hosts"
    if any(ip_address(address) in ip_network(network) for network in sender.spf):
        return "pass", f"google.com: domain of {identity} designates {address} as permitted sender"
    return (
        "softfail",
        f"google.com: domain of transitioning {identity} does not designate {address} "
        "as permitted sender",
    )


def _dmarc(message: bytes, spf_domain: str, spf: str, senders: Senders) -> list[str]:
    """The dmarc result of a message by SPF alignment, or nothing where no policy is published."""
    authors = getaddresses([str(v) for v in _headers(message).get_all("From", [])])
    domain = authors[0][1].rpartition("@")[2].lower() if authors else ""
    sender = senders.get(domain)
    if sender is None or not sender.dmarc:
        return []
    aligned = spf == "pass" and spf_domain == domain
    words = sender.dmarc.upper()
    return [
        f"dmarc={'pass' if aligned else 'fail'} (p={words} sp={words} dis=NONE) "
        f"header.from={domain}"
    ]


def _headers(message: bytes) -> Message:
    return BytesHeaderParser().parsebytes(message)
