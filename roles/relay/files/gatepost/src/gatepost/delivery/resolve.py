"""Which next hops a destination stands for.

A named relay comes from the configuration (`Hops`); "mx:DOMAIN" is expanded over the domain's mail
exchangers (RFC 5321 section 5.1). Ours, where the RFC leaves it open: a domain whose only exchanger
would be this host defers (4.4.6), since a wrong MX is mended in DNS, not by a bounce.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import random
from collections.abc import Callable, Sequence
from typing import Protocol

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
from dns.nameserver import Do53Nameserver
from dns.rdata import Rdata
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from gatepost.delivery.outcome import Unmet, Unsendable
from gatepost.delivery.values import Credentials, NextHop

EXCHANGERS = 10  # hosts that are tried for one domain
ADDRESSES = 20  # addresses of all of them together


class Hops(Protocol):
    """What delivery asks of the configuration, anew for each delivery."""

    def hop(self, destination: str) -> NextHop:
        """destination: "relay:NAME", or "mx:DOMAIN", for which the answer is a template: MX hosts
        and their addresses are put in, unless it has an address. Raises ConfigurationFailure, and
        Unmet where it cannot be told now."""

    def refused(self, destination: str, credentials: Credentials) -> NextHop:
        """After the next hop refused `credentials`: with what the secret holds now. Raises
        ConfigurationFailure, Unmet."""


Shuffle = Callable[[list[str]], None]


class MxResolver:
    """Asks DNS for mail exchangers. ourselves: host names and addresses that lead back to us.
    nameservers: address and port of each; None is the system's."""

    def __init__(
        self,
        ourselves: frozenset[str] = frozenset(),
        *,
        nameservers: Sequence[tuple[str, int]] | None = None,
        timeout: float = 10.0,
        allow_loopback: bool = False,
        shuffle: Shuffle = random.shuffle,
    ) -> None:
        self._ourselves = frozenset(_canonical(name) for name in ourselves)
        self._nameservers = nameservers
        self._timeout = timeout
        self._allow_loopback = allow_loopback
        self._shuffle = shuffle
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def expand(self, template: NextHop) -> list[NextHop]:
        """One NextHop an address, the best first. Raises Unsendable (null MX, no such domain) and
        Unmet (everything that may pass)."""
        if template.address is not None:
            return [template]
        domain = template.server_name
        if domain.startswith("["):
            address = _literal(domain)
            if self._is_ours(address):
                raise Unmet("4.4.6", f"{domain} is this host itself")
            return [_at(template, address, address)]
        found: list[NextHop] = []
        missing: list[str] = []
        unknown: Unmet | None = None
        for host in (await self._exchangers(domain))[:EXCHANGERS]:
            try:
                addresses = await self._addresses(host)
            except Unmet as error:
                unknown = unknown or error
                continue
            if any(self._is_ours(address) for address in addresses):
                break  # and those behind it are less preferred than we are
            found += [_at(template, host, address) for address in addresses]
            if not addresses:
                missing.append(host)
        if found:
            return found[:ADDRESSES]
        if unknown is not None:
            raise unknown
        if missing == [domain]:
            raise Unsendable("5.1.2", f"domain {domain} has neither MX nor address")
        if missing:
            raise Unmet("4.4.4", f"no mail exchanger of {domain} has an address")
        raise Unmet("4.4.6", f"mail for {domain} leads back to this host")

    @staticmethod
    def spelled(domain: str) -> str:
        """A domain as DNS spells it: A-labels, lower case, without the final dot; as it is where it
        is no possible one."""
        try:
            name = dns.name.from_text(domain)
        except (dns.exception.DNSException, UnicodeError):
            return domain
        return name.to_text(omit_final_dot=True).lower()

    async def texts(self, name: str) -> list[str]:
        """The TXT records of a name, the strings of each joined. Raises Unsendable, Unmet."""
        return [
            b"".join(record.strings).decode("utf-8", "replace")
            for record in await self._ask(name, "TXT") or ()
            if isinstance(record, TXT)
        ]

    async def reachable(self, host: str) -> list[str]:
        """The addresses of a host that is not this one. Raises Unsendable, Unmet."""
        return [it for it in await self._addresses(host) if not self._is_ours(it)]

    async def _exchangers(self, domain: str) -> list[str]:
        """Host names by preference, shuffled where it is equal; the domain itself without MX."""
        records = await self._ask(domain, "MX")
        if records is None:
            return [] if _canonical(domain) in self._ourselves else [domain]
        ranks: dict[int, list[str]] = {}
        for record in records:
            assert isinstance(record, MX)  # noqa: S101
            if record.exchange == dns.name.root:
                if len(records) == 1:
                    raise Unsendable("5.1.10", f"domain {domain} takes no mail (null MX)")
                continue
            host = record.exchange.to_text(omit_final_dot=True).lower()
            ranks.setdefault(record.preference, []).append(host)
        hosts: list[str] = []
        for _preference, equals in sorted(ranks.items()):
            if any(_canonical(host) in self._ourselves for host in equals):
                break
            self._shuffle(equals)
            hosts += equals
        return hosts

    async def _addresses(self, host: str) -> list[str]:
        """IPv4 first (ours: IPv6 senders are judged more harshly). Raises Unmet."""
        found: list[str] = []
        refusal: Exception | None = None
        for kind in ("A", "AAAA"):
            try:
                found += [record.to_text() for record in await self._ask(host, kind) or ()]
            except Unsendable:
                break
            except Unmet as error:
                refusal = error
        if not found and refusal is not None:
            raise refusal
        return found

    async def _ask(self, name: str, kind: str) -> list[Rdata] | None:
        """Records; None when the name has none of that kind. Raises Unsendable (5.1.2) when there
        is no such name, Unmet (4.4.3) when DNS gives no answer."""
        try:
            if self._resolver is None:
                self._resolver = self._make()
            answer = await self._resolver.resolve(
                dns.name.from_text(name), kind, lifetime=self._timeout
            )
        except dns.resolver.NXDOMAIN:
            raise Unsendable("5.1.2", f"there is no domain {name}") from None
        except dns.resolver.NoAnswer:
            return None
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            raise Unsendable("5.1.2", "the domain is no possible domain name") from None
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            reason = type(error).__name__
            raise Unmet("4.4.3", f"DNS gave no answer for {name} {kind} ({reason})") from None
        return list(answer)

    def _make(self) -> dns.asyncresolver.Resolver:
        resolver = dns.asyncresolver.Resolver(configure=self._nameservers is None)
        if self._nameservers is not None:
            resolver.nameservers = [Do53Nameserver(host, port) for host, port in self._nameservers]
        return resolver

    def _is_ours(self, address: str) -> bool:
        ip = ipaddress.ip_address(address)
        mapped = getattr(ip, "ipv4_mapped", None) or ip
        if str(ip) in self._ourselves or str(mapped) in self._ourselves:
            return True
        inward = mapped.is_loopback or mapped.is_unspecified
        return bool(inward) and not self._allow_loopback


def _canonical(name: str) -> str:
    return name.rstrip(".").lower()


def _literal(domain: str) -> str:
    text = domain[1:-1].removeprefix("IPv6:").removeprefix("ipv6:")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise Unsendable("5.1.2", "the domain is no address literal that is known") from None


def _at(template: NextHop, host: str, address: str) -> NextHop:
    return dataclasses.replace(template, server_name=host, address=(address, template.port))
