# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Everything that is read about a mail domain, in one value, so that judging it is pure.

An authoritative server that does not answer is a fact, kept with its error; a record that the
resolver does not answer about is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ansible_collections.gatepost.mail.plugins.module_utils.dns import records
from ansible_collections.gatepost.mail.plugins.module_utils.dns.policy_file import Fetched
from ansible_collections.gatepost.mail.plugins.module_utils.dns.resolver import (
    Answer,
    Dns,
    DnsFailure,
    Server,
    ask,
)

Fetch = Callable[[str, Sequence[str]], Fetched]


class Mx(NamedTuple):
    preference: int
    host: str


@dataclass(frozen=True)
class ServerMx:
    """What one server says the MX is. error: why it said nothing, else "". ttl: seconds."""

    server: str
    address: str
    mx: tuple[Mx, ...] = ()
    ttl: int | None = None
    error: str = ""


@dataclass(frozen=True)
class Host:
    """A host that is to be named by the MX. alias: whether it is one, which an MX may not name."""

    addresses: tuple[str, ...]
    alias: bool


@dataclass(frozen=True)
class Facts:
    """hosts: the gateway's, by name. dkim: by selector. policy: None when it was not asked for,
    policy_error: why it could not be fetched. dmarc_at: the name that the record stands at.
    """

    domain: str
    zone: str
    servers: tuple[ServerMx, ...]
    resolver: ServerMx
    hosts: Mapping[str, Host] = field(default_factory=dict)
    spf: records.Spf | None = None
    dkim: Mapping[str, records.Text | None] = field(default_factory=dict)
    dmarc: records.Text | None = None
    dmarc_at: str = ""
    mta_sts: records.Text | None = None
    mta_sts_ttl: int | None = None
    policy: records.StsPolicy | None = None
    policy_error: str = ""
    tls_reporting: records.Text | None = None


def gather(
    dns: Dns, domain: str, hosts: Sequence[str], selectors: Sequence[str], fetch: Fetch | None
) -> Facts:
    """Read everything. fetch: gets the MTA-STS policy, None to leave it. Raises DnsFailure."""
    zone = dns.zone(domain)
    servers = [_at(server, domain, dns.timeout) for server in dns.authoritative(zone)]
    own = dns.resolve(domain, "MX")
    sts = dns.resolve(f"_mta-sts.{domain}", "TXT")
    dmarc, dmarc_at = _dmarc(dns, domain)
    policy, told = None, ""
    if fetch is not None and records.mta_sts(sts.values) is not None:
        fetched = fetch(domain, dns.addresses(f"mta-sts.{domain}"))
        told = fetched.error
        policy = records.sts_policy(fetched.text) if fetched.text is not None else None
    return Facts(
        domain=domain,
        zone=zone,
        servers=tuple(servers),
        resolver=ServerMx("", dns.resolvers[0].address, _mx(own), own.ttl),
        hosts={host: _host(dns, host) for host in hosts},
        spf=records.spf(dns.resolve(domain, "TXT").values),
        dkim={
            one: records.dkim(dns.resolve(f"{one}._domainkey.{domain}", "TXT").values)
            for one in selectors
        },
        dmarc=dmarc,
        dmarc_at=dmarc_at,
        mta_sts=records.mta_sts(sts.values),
        mta_sts_ttl=sts.ttl,
        policy=policy,
        policy_error=told,
        tls_reporting=records.tls_reporting(dns.resolve(f"_smtp._tls.{domain}", "TXT").values),
    )


def _at(server: Server, domain: str, timeout: float) -> ServerMx:
    try:
        answer = ask(server, domain, "MX", timeout=timeout, recurse=False)
    except DnsFailure as error:
        return ServerMx(server.name, server.address, error=str(error))
    return ServerMx(server.name, server.address, _mx(answer), answer.ttl)


def _mx(answer: Answer) -> tuple[Mx, ...]:
    parts = (value.split() for value in answer.values)
    return tuple(sorted(Mx(int(preference), host) for preference, host in parts))


def _host(dns: Dns, host: str) -> Host:
    found = dns.resolve(host, "A")
    return Host(found.values + dns.resolve(host, "AAAA").values, found.aliased)


def _dmarc(dns: Dns, domain: str) -> tuple[records.Text | None, str]:
    """Of the domain, else of the nearest domain above it."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        name = "_dmarc." + ".".join(labels[start:])
        found = records.dmarc(dns.resolve(name, "TXT").values)
        if found is not None:
            return found, name
    return None, ""
