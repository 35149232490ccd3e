"""What the world's DNS says about senders, as a table, and SPF and DMARC judged by it. Pure.

The emulators do not ask real DNS about gmail.com: a domain that is not in the table publishes
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from ipaddress import ip_address, ip_network
from typing import Any

SPF_FAILURES = ("softfail", "fail", "neutral")


@dataclass(frozen=True)
class Sender:
    """What a domain publishes.

    spf: permitted networks, none without a record. dmarc: the policy or "". otherwise: what the SPF
    record says of every other address.
    """

    spf: tuple[str, ...] = ()
    dmarc: str = ""
    otherwise: str = "softfail"


Senders = Mapping[str, Sender]
FIRST: Senders = {"gmail.com": Sender(spf=("209.85.128.0/17",), dmarc="none")}


@dataclass(frozen=True)
class Alignment:
    """DMARC's result for the author's domain, whose policy is `policy`; aligned by SPF alone."""

    domain: str
    policy: str
    passed: bool


def spf(senders: Senders, address: str, domain: str) -> str:
    """The SPF result of an address for a domain: none, pass, or what the record says otherwise."""
    sender = senders.get(domain.lower())
    if sender is None or not sender.spf:
        return "none"
    ip = ip_address(address)
    return "pass" if any(ip in ip_network(one) for one in sender.spf) else sender.otherwise


def alignment(senders: Senders, message: bytes, domain: str, result: str) -> Alignment | None:
    """DMARC by the SPF result for a domain, or None where the author's domain has no policy."""
    author = author_domain(message)
    sender = senders.get(author)
    if sender is None or not sender.dmarc:
        return None
    return Alignment(author, sender.dmarc, result == "pass" and domain.lower() == author)


def author_domain(message: bytes) -> str:
    """The domain of the first address in the From fields, in lower case, or ""."""
    authors = getaddresses([str(one) for one in headers(message).get_all("From", [])])
    return authors[0][1].rpartition("@")[2].lower() if authors else ""


def headers(message: bytes) -> Message:
    return BytesHeaderParser().parsebytes(message)


def parse(document: Any) -> dict[str, Sender]:
    """The table's rows from JSON: {DOMAIN: {"spf": [CIDR…], "dmarc": …, "otherwise": …}}.

    Raises ValueError naming the member.
    """
    if not isinstance(document, dict):
        raise ValueError("the body must be an object")
    return {domain.lower(): _row(domain, value) for domain, value in document.items()}


def _row(domain: str, value: Any) -> Sender:
    if not isinstance(value, dict):
        raise ValueError(f"{domain}: must be an object")
    extra = sorted(set(value) - {"spf", "dmarc", "otherwise"})
    if extra:
        raise ValueError(f"{domain}.{extra[0]}: unknown; known are spf, dmarc, otherwise")
    networks = value.get("spf", [])
    if not isinstance(networks, list) or not all(isinstance(one, str) for one in networks):
        raise ValueError(f"{domain}.spf: must be a list of strings")
    otherwise = value.get("otherwise", "softfail")
    if otherwise not in SPF_FAILURES:
        raise ValueError(f"{domain}.otherwise: must be one of {', '.join(SPF_FAILURES)}")
    dmarc = value.get("dmarc", "")
    if dmarc not in ("", "none", "quarantine", "reject"):
        raise ValueError(f"{domain}.dmarc: must be none, quarantine or reject")
    return Sender(tuple(str(ip_network(one)) for one in networks), dmarc, otherwise)
