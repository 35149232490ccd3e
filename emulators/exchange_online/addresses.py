"""Canonical forms of addresses and domains as Exchange Online stores them.

Every function takes what a client gave and returns what the service will show; ValueError says
why it cannot be stored. Sources: Set-HostedConnectionFilterPolicy, New-InboundConnector. Ours,
where they are silent: a CIDR range is stored by its lowest address, and /32 as the address alone.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, ip_address

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}", re.IGNORECASE)
_ADDRESS = re.compile(rf"[^\s@<>\"(),:;\[\]\\]+@(?:{_LABEL}\.)+{_LABEL}", re.IGNORECASE)


def address_or_cidr(text: str) -> str:
    """An IPv4 address or an IPv4 range in CIDR form of /24 to /32."""
    address, slash, prefix = text.strip().partition("/")
    low = _ipv4(address)
    if not slash:
        return str(low)
    if not prefix.isascii() or not prefix.isdigit() or not 24 <= int(prefix) <= 32:
        raise ValueError(
            f"The IP range {text} is invalid: the network mask must be between /24 and /32."
        )
    network = IPv4Network((low, int(prefix)), strict=False)
    return str(network) if int(prefix) < 32 else str(low)


def address_or_range(text: str) -> str:
    """As `address_or_cidr`, or two addresses with a hyphen between them."""
    first, hyphen, last = text.strip().partition("-")
    if not hyphen:
        return address_or_cidr(text)
    low, high = _ipv4(first), _ipv4(last)
    if low > high:
        raise ValueError(f"The IP range {text} is invalid: it ends before it begins.")
    return f"{low}-{high}"


def covers(entry: str, address: str) -> bool:
    """Whether a stored entry covers an address."""
    ip = ip_address(address)
    if not isinstance(ip, IPv4Address):
        return False
    first, hyphen, last = entry.partition("-")
    if hyphen:
        return IPv4Address(first) <= ip <= IPv4Address(last)
    return ip in IPv4Network(entry)


def sender_domain(text: str) -> str:
    """`smtp:DOMAIN;COST`, from that or from a domain, `*` or `*.DOMAIN`; the cost is 1 to 100."""
    kind, colon, rest = text.strip().rpartition(":")
    if colon and kind.lower() != "smtp":
        raise ValueError(f'The address space type "{kind}" isn\'t supported; it must be smtp.')
    domain, semicolon, cost = rest.partition(";")
    if semicolon and not (cost.isascii() and cost.isdigit() and 1 <= int(cost) <= 100):
        raise ValueError(f'The cost "{cost}" isn\'t valid; it must be between 1 and 100.')
    if domain != "*" and not _DOMAIN.fullmatch(domain.removeprefix("*.")):
        raise ValueError(f'"{domain}" isn\'t a valid SMTP domain.')
    return f"smtp:{domain};{int(cost) if semicolon else 1}"


def matches_domain(stored: str, domain: str) -> int | None:
    """How closely a stored sender domain matches (longer is closer), or None for no match."""
    pattern = stored.removeprefix("smtp:").partition(";")[0].lower()
    domain = domain.lower()
    if pattern == "*":
        return 0
    if pattern.startswith("*."):
        return len(pattern) if domain.endswith(pattern[1:]) else None
    return len(pattern) + 1 if domain == pattern else None


def domain_name(text: str) -> str:
    if not _DOMAIN.fullmatch(text.strip()):
        raise ValueError(f'"{text}" isn\'t a valid SMTP domain.')
    return text.strip().lower()


def certificate_name(text: str) -> str:
    """The subject of a certificate: a domain name that may begin with `*.`"""
    if text and not _DOMAIN.fullmatch(text.strip().removeprefix("*.")):
        raise ValueError(f'"{text}" isn\'t a valid certificate domain name.')
    return text.strip()


def smtp_address(text: str) -> str:
    if not _ADDRESS.fullmatch(text.strip()):
        raise ValueError(f'"{text}" isn\'t a valid SMTP address.')
    return text.strip()


def _ipv4(text: str) -> IPv4Address:
    try:
        ip = ip_address(text.strip())
    except ValueError:
        raise ValueError(f"The IP address {text} is invalid.") from None
    if not isinstance(ip, IPv4Address):
        raise ValueError(f"The IP address {text} is invalid: IPv6 isn't supported here.")
    if int(ip) == 0:
        raise ValueError(f"The IP address {text} is invalid.")
    return ip
