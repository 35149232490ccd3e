"""DNS as the checks ask it: by one resolver a worker, with a cache; no answer is no "no"."""

from __future__ import annotations

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

CACHED: Final = 10_000  # answers, negative ones too, each for its own TTL
# RFC 9715: what passes without fragments. Longer answers come by TCP.
_PAYLOAD: Final = 1232


class Unreadable(Exception):
    """DNS gives no answer now: whether the record exists is unknown."""


class Resolver:
    """nameservers: address and port of each; None is the system's. lifetime: seconds for one
    question."""

    def __init__(
        self, nameservers: Sequence[tuple[str, int]] | None = None, lifetime: float = 10.0
    ) -> None:
        self._nameservers = nameservers
        self._lifetime = lifetime
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def ask(self, name: str, kind: str) -> tuple[Rdata, ...]:
        """The records of a name; none where there is no such name, or it cannot be one. Raises
        Unreadable."""
        question = _name(name)
        if question is None:
            return ()
        try:
            if self._resolver is None:
                self._resolver = self._make()
            answer = await self._resolver.resolve(
                question, kind, lifetime=self._lifetime, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.DNSException, OSError) as error:
            reason = type(error).__name__
            raise Unreadable(f"DNS gave no answer for {name} {kind} ({reason})") from None
        # A chain of aliases that ends nowhere is an answer without records.
        return tuple(answer.rrset or ())

    async def texts(self, name: str) -> list[bytes]:
        """The TXT records of a name, the strings of each joined. Raises Unreadable."""
        found = await self.ask(name, "TXT")
        return [b"".join(record.strings) for record in found if isinstance(record, TXT)]

    def _make(self) -> dns.asyncresolver.Resolver:
        resolver = dns.asyncresolver.Resolver(configure=self._nameservers is None)
        if self._nameservers is not None:
            resolver.nameservers = [Do53Nameserver(host, port) for host, port in self._nameservers]
        resolver.cache = dns.resolver.LRUCache(CACHED)
        resolver.use_edns(0, 0, _PAYLOAD)
        return resolver


def _name(text: str) -> dns.name.Name | None:
    """A name label by label, so that no character of a foreign string means anything else."""
    try:
        labels = [label.encode("ascii") for label in text.removesuffix(".").split(".")]
        return dns.name.Name([*labels, b""])
    except (dns.exception.DNSException, UnicodeError):
        return None


def ascii_domain(text: str) -> str | None:
    """A mail domain as DNS spells it: A-labels in lower case (RFC 5890), two of them at least.
    None for what is no domain name: an address literal, a single label."""
    try:
        name = dns.name.from_text(text.rstrip("."), idna_codec=dns.name.IDNA_2008_UTS_46)
    except (dns.exception.DNSException, UnicodeError, ValueError):
        return None
    domain = name.canonicalize().to_text(omit_final_dot=True)
    plain = all(character.isalnum() or character in "-_." for character in domain)
    return domain if plain and len(name.labels) > 2 else None
