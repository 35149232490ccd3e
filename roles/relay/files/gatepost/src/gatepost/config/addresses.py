"""Host names, domains, "host:port" and networks as the file spells them. Pure; raises ValueError
with one clause."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from gatepost.config.values import Address, Network

_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN: Final = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}", re.IGNORECASE)


def domain(text: str) -> str:
    """A host or domain name in lower case; an international one as its A-label."""
    name = text.lower().removesuffix(".")
    if not name.isascii():
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            raise ValueError(f"{text!r} is not a domain name") from None
    if len(name) > 253 or not _DOMAIN.fullmatch(name):
        raise ValueError(f"{text!r} is not a domain name")
    return name


def endpoint(text: str, *, literal: bool) -> Address:
    """ "192.0.2.1:25", "[2001:db8::1]:25" and, unless `literal`, "host.example:25"."""
    host, colon, port = text.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port):
        raise ValueError(f"{text!r} is not an address and a port, as in 127.0.0.1:2525")
    if not 1 <= int(port) <= 65535:
        raise ValueError(f"the port must be from 1 to 65535, not {port}")
    if host.startswith("[") and host.endswith("]"):
        try:
            return str(ipaddress.IPv6Address(host[1:-1])), int(port)
        except ValueError:
            raise ValueError(f"{host} is not an IPv6 address") from None
    try:
        return str(ipaddress.IPv4Address(host)), int(port)
    except ValueError:
        if literal:
            raise ValueError(
                f"{host!r} is not an IP address (an IPv6 one stands in brackets)"
            ) from None
    return domain(host), int(port)


def web(text: str) -> SplitResult:
    """Of HTTP or HTTPS, with a host. Raises ValueError, whose text may quote credentials."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError
    return parts


def network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a network: {error}") from None


def is_loopback(address: Address) -> bool:
    return ipaddress.ip_address(address[0]).is_loopback
