"""Reads from the DNS what a runbook judges: the MX on every server, and what stands beside it."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

from ansible_collections.gatepost.mail.plugins.module_utils.dns import facts, policy_file
from ansible_collections.gatepost.mail.plugins.module_utils.dns import resolver as resolvers
from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError

from .values import Reading


def read(domain: str, hosts: Sequence[str], *, resolver: str = "") -> Reading:
    """facts.Facts of a domain. resolver: "host:port"; "" for the machine's own, or that of
    GATEPOST_DNS_RESOLVER, as for the collection's modules."""
    source = f"DNS of {domain}, every authoritative server and the resolver"
    try:
        return Reading(facts.gather(_dns(resolver), domain, hosts, (), _policy), "", source)
    except GatepostError as error:
        return Reading(problem=f"DNS of {domain}: {error}")


def addresses(host: str, resolver: str = "") -> tuple[str, ...]:
    """The addresses of a host, () when it has none. Raises GatepostError."""
    if resolver or os.environ.get("GATEPOST_DNS_RESOLVER"):
        return _dns(resolver).addresses(host)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise GatepostError(f"{host}: {error.strerror}") from None
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


def _dns(resolver: str) -> resolvers.Dns:
    asked = resolver or os.environ.get("GATEPOST_DNS_RESOLVER", "")
    servers = (resolvers.server("resolver", asked),) if asked else resolvers.system_resolvers()
    return resolvers.Dns(servers, port=int(os.environ.get("GATEPOST_DNS_PORT", "53")))


def _policy(domain: str, found: Sequence[str]) -> policy_file.Fetched:
    return policy_file.fetch(
        domain,
        found,
        context=policy_file.trust(os.environ.get("GATEPOST_MTA_STS_CA")),
        port=int(os.environ.get("GATEPOST_MTA_STS_PORT", "443")),
        timeout=5.0,
    )
