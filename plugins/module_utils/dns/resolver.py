# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions to the DNS, by dnspython: to a resolver, and to each authoritative server of a zone.

A name or a type that does not exist is an empty answer. A server that does not answer, refuses or
fails is a DnsFailure: nothing is known then. An answer that was cut off is asked for again by TCP.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, GatepostError

try:
    import dns.exception
    import dns.flags
    import dns.inet
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdatatype
    import dns.resolver

    IMPORT_ERROR = None
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

REQUIREMENTS = "dnspython"
_ABSENT = ("NOERROR", "NXDOMAIN")
_LONGEST_CHAIN = 8


class DnsFailure(GatepostError):
    """A question was not answered."""


@dataclass(frozen=True)
class Server:
    """name: empty for a resolver."""

    address: str
    port: int = 53
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name or 'resolver'} ({self.address})"


@dataclass(frozen=True)
class Answer:
    """values: as text, names without a final dot; empty where there is nothing. ttl: seconds.
    owner: where the values stand, after aliases. zone: of the SOA that came along, or None.
    """

    values: tuple[str, ...]
    ttl: int | None = None
    owner: str = ""
    zone: str | None = None

    @property
    def aliased(self) -> bool:
        return bool(self.owner)


@dataclass(frozen=True)
class Dns:
    """resolvers: asked in turn until one answers. port: of the authoritative servers. timeout:
    seconds a question.
    """

    resolvers: tuple[Server, ...]
    port: int = 53
    timeout: float = 5.0

    def resolve(self, name: str, kind: str) -> Answer:
        """Ask a resolver. Raises DnsFailure when none answers."""
        failure = DnsFailure("there is no resolver to ask")
        for server in self.resolvers:
            try:
                return ask(server, name, kind, timeout=self.timeout, recurse=True)
            except DnsFailure as error:
                failure = error
        raise failure

    def addresses(self, name: str) -> tuple[str, ...]:
        """Of a host, IPv4 first."""
        return self.resolve(name, "A").values + self.resolve(name, "AAAA").values

    def zone(self, domain: str) -> str:
        """The name of the zone that a domain is in. Raises DnsFailure."""
        found = self.resolve(domain, "SOA")
        if found.values and not found.aliased:
            return domain
        if found.zone and (domain == found.zone or domain.endswith(f".{found.zone}")):
            return found.zone
        raise DnsFailure(f"{domain}: no resolver says which zone it is in")

    def authoritative(self, zone: str) -> list[Server]:
        """Every address of every server of a zone; IPv6 for those that have nothing else."""
        names = self.resolve(zone, "NS").values
        if not names:
            raise DnsFailure(f"{zone}: has no name servers")
        servers = []
        for name in sorted(names):
            found = self.resolve(name, "A").values or self.resolve(name, "AAAA").values
            if not found:
                raise DnsFailure(f"{zone}: its name server {name} has no address")
            servers += [Server(address, self.port, name) for address in found]
        return servers


def server(option: str, text: str) -> Server:
    """A server from ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT. Raises BadOption."""
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = text, "53"
    host = host.strip("[]")
    try:
        dns.inet.af_for_address(host)
        number = int(port)
    except ValueError:
        raise BadOption(option, f"{text} is not an IP address, with or without a port") from None
    if not 0 < number < 65536:
        raise BadOption(option, f"{text}: the port is none")
    return Server(host, number)


def system_resolvers() -> tuple[Server, ...]:
    """Those of the machine."""
    try:
        found = dns.resolver.Resolver()
    except dns.exception.DNSException as error:
        raise DnsFailure(f"the machine's resolvers: {error}") from None
    return tuple(Server(str(address), found.port) for address in found.nameservers)


def ask(server: Server, name: str, kind: str, *, timeout: float, recurse: bool) -> Answer:
    """One question to one server. Raises DnsFailure."""
    what = f"{kind} of {name} at {server}"
    try:
        question = dns.message.make_query(name, kind)
        if not recurse:
            question.flags &= ~dns.flags.RD
        response, _by_tcp = dns.query.udp_with_fallback(
            question, server.address, timeout=timeout, port=server.port
        )
    except dns.exception.Timeout:
        raise DnsFailure(f"{what}: no answer in {timeout:g} seconds") from None
    except (dns.exception.DNSException, OSError, EOFError) as error:
        raise DnsFailure(f"{what}: {type(error).__name__}: {error}") from None
    code = dns.rcode.to_text(response.rcode())
    if code not in _ABSENT:
        raise DnsFailure(f"{what}: {code}")
    if not recurse and not response.flags & dns.flags.AA:
        raise DnsFailure(f"{what}: the server is not authoritative (lame delegation)")
    return _read(response, name, kind)


def _read(response: Any, name: str, kind: str) -> Answer:
    zone = next(
        (_plain(one.name) for one in response.authority if one.rdtype == dns.rdatatype.SOA),
        None,
    )
    owner = dns.name.from_text(name)
    wanted = dns.rdatatype.from_text(kind)
    sets = {(one.name, one.rdtype): one for one in response.answer}
    for step in range(_LONGEST_CHAIN):
        found = sets.get((owner, wanted))
        if found is not None:
            values = tuple(sorted(_value(one) for one in found))
            return Answer(values, found.ttl, _plain(owner) if step else "", zone)
        alias = sets.get((owner, dns.rdatatype.CNAME))
        if alias is None:
            return Answer((), None, _plain(owner) if step else "", zone)
        owner = alias[0].target
    return Answer((), None, _plain(owner), zone)


def _value(data: Any) -> str:
    if data.rdtype == dns.rdatatype.TXT:
        return b"".join(data.strings).decode("utf-8", "replace")
    if data.rdtype == dns.rdatatype.MX:
        return f"{data.preference} {_plain(data.exchange)}"
    if data.rdtype in (dns.rdatatype.NS, dns.rdatatype.CNAME):
        return _plain(data.target)
    return str(data.to_text())


def _plain(name: Any) -> str:
    return str(name.to_text(omit_final_dot=True)).lower()
