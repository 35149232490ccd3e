"""What of `resolver` is dnspython's: questions with a cache, and how names are spelled.

Apart, so that it is imported by whom there is something to ask for: dnspython takes 3.7 MB of a
worker, and named relays that are given by address need none of it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
from dns.nameserver import Do53Nameserver
from dns.rdata import Rdata
from dns.rdtypes.ANY.TXT import TXT

from gatepost.resolver import NoSuchName, Unreadable

CACHED: Final = 10_000  # answers, negative ones too, each for its own TTL, and
REMEMBERED: Final = 86400.0  # seconds at most (RFC 8767 section 4 has a week)
# RFC 9715: what passes without fragments. Longer answers come by TCP.
_PAYLOAD: Final = 1232


class _Cache(dns.resolver.LRUCache):
    def put(self, key: dns.resolver.CacheKey, value: dns.resolver.Answer) -> None:
        value.expiration = min(value.expiration, time.time() + REMEMBERED)
        super().put(key, value)


class Questions:
    """As `Resolver` has it."""

    def __init__(self, nameservers: Sequence[tuple[str, int]] | None, lifetime: float) -> None:
        self._nameservers = nameservers
        self._lifetime = lifetime
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def find(self, name: str, kind: str) -> tuple[Rdata, ...]:
        """Raises NoSuchName, Unreadable."""
        question = _name(name)
        try:
            if self._resolver is None:
                self._resolver = self._make()
            answer = await self._resolver.resolve(
                question, kind, lifetime=self._lifetime, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            raise NoSuchName(f"there is no domain {name}") from None
        except (dns.exception.DNSException, OSError) as error:
            reason = type(error).__name__
            raise Unreadable(f"DNS gave no answer for {name} {kind} ({reason})") from None
        # A chain of aliases that ends nowhere is an answer without records.
        return tuple(answer.rrset or ())

    def _make(self) -> dns.asyncresolver.Resolver:
        resolver = dns.asyncresolver.Resolver(configure=self._nameservers is None)
        if self._nameservers is not None:
            resolver.nameservers = [Do53Nameserver(host, port) for host, port in self._nameservers]
        resolver.cache = _Cache(CACHED)
        resolver.use_edns(0, 0, _PAYLOAD)
        return resolver


def strings(records: Sequence[Rdata]) -> list[bytes]:
    """Of TXT records, those of each joined."""
    return [b"".join(record.strings) for record in records if isinstance(record, TXT)]


def _name(text: str) -> dns.name.Name:
    """A name label by label, so that no character of a foreign string means anything else. Raises
    NoSuchName."""
    try:
        labels = [label.encode("ascii") for label in text.removesuffix(".").split(".")]
        return dns.name.Name([*labels, b""])
    except (dns.exception.DNSException, UnicodeError):
        raise NoSuchName("the domain is no possible domain name") from None


def spelled(domain: str) -> str:
    """A domain as DNS spells it: A-labels (RFC 5890) in lower case, without the final dot; as it is
    where it is no possible one."""
    try:
        return _canonical(domain).to_text(omit_final_dot=True)
    except (dns.exception.DNSException, UnicodeError, ValueError):
        return domain


def ascii_domain(text: str) -> str | None:
    """A mail domain as `spelled`, of two labels at least. None for what is no domain name: an
    address literal, a single label."""
    try:
        name = _canonical(text)
    except (dns.exception.DNSException, UnicodeError, ValueError):
        return None
    domain = name.to_text(omit_final_dot=True)
    plain = all(character.isalnum() or character in "-_." for character in domain)
    return domain if plain and len(name.labels) > 2 else None


def _canonical(domain: str) -> dns.name.Name:
    name = dns.name.from_text(domain.rstrip("."), idna_codec=dns.name.IDNA_2008_UTS_46)
    return name.canonicalize()
