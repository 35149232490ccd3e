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
from typing import Any, Protocol

from gatepost.delivery.outcome import Unmet, Unsendable
from gatepost.delivery.values import Credentials, NextHop
from gatepost.resolver import NoSuchName, Resolver, Unreadable

EXCHANGERS = 10  # hosts that are tried for one domain
ADDRESSES = 20  # addresses of all of them together
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


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
    allow_loopback: addresses that are not of the internet are exchangers and policy hosts too, for
    tests."""

    def __init__(
        self,
        resolver: Resolver,
        ourselves: frozenset[str] = frozenset(),
        *,
        allow_loopback: bool = False,
        shuffle: Shuffle = random.shuffle,
    ) -> None:
        self._resolver = resolver
        self._ourselves = frozenset(_canonical(name) for name in ourselves)
        self._allow_loopback = allow_loopback
        self._shuffle = shuffle

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

    async def texts(self, name: str) -> list[str]:
        """The TXT records of a name, the strings of each joined. Raises Unmet."""
        try:
            found = await self._resolver.texts(name)
        except Unreadable as error:
            raise Unmet("4.4.3", str(error)) from None
        return [text.decode("utf-8", "replace") for text in found]

    async def reachable(self, host: str) -> list[str]:
        """The addresses of a host of the internet that is not this one: a stranger's DNS leads
        nobody into our network. Raises Unsendable, Unmet."""
        return [
            it
            for it in await self._addresses(host)
            if not self._is_ours(it) and (self._allow_loopback or is_public(it))
        ]

    async def _exchangers(self, domain: str) -> list[str]:
        """Host names by preference, shuffled where it is equal; the domain itself without MX."""
        records = await self._ask(domain, "MX")
        if not records:
            return [] if _canonical(domain) in self._ourselves else [domain]
        ranks: dict[int, list[str]] = {}
        for record in records:
            if not record.exchange.labels[0]:  # the root alone begins with the empty label
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
                found += [record.to_text() for record in await self._ask(host, kind)]
            except Unsendable:
                break
            except Unmet as error:
                refusal = error
        if not found and refusal is not None:
            raise refusal
        return found

    async def _ask(self, name: str, kind: str) -> Sequence[Any]:
        """Raises Unsendable (5.1.2) when there is no such name, Unmet (4.4.3) when DNS gives no
        answer."""
        from gatepost.dnspython import spelled

        try:
            return await self._resolver.find(spelled(name), kind)
        except NoSuchName as error:
            raise Unsendable("5.1.2", str(error)) from None
        except Unreadable as error:
            raise Unmet("4.4.3", str(error)) from None

    def _is_ours(self, address: str) -> bool:
        ip = ipaddress.ip_address(address)
        mapped = getattr(ip, "ipv4_mapped", None) or ip
        if str(ip) in self._ourselves or str(mapped) in self._ourselves:
            return True
        inward = mapped.is_loopback or mapped.is_unspecified
        return bool(inward) and not self._allow_loopback


def is_public(address: str) -> bool:
    """Whether it is one of the internet (IANA's registries of special addresses), and so is the
    IPv4 address within, where a gateway would go on to it (RFC 3056, 4291, 6052)."""
    ip = ipaddress.ip_address(address)
    inner: ipaddress.IPv4Address | None = None
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    judged = inner or ip
    return judged.is_global and not judged.is_multicast


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
