"""Reads what relay hosts of one's own are: the daemon's file, and each host from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError

from gatepost.config import load
from gatepost.errors import ConfigError

from . import dns, smtp_server
from .gateway import listed
from .smtp_server import Seen, Server
from .values import Reading


@dataclass(frozen=True)
class HostsState:
    """config: the daemon's file as gatepost.config.Config. addresses, seen: by host."""

    config: Reading
    addresses: Mapping[str, Reading]
    seen: Mapping[str, Seen]


def servers(hosts: str, addresses: str, ca_file: str) -> dict[str, Server]:
    """From a runbook's parameters, each separated by commas: by name, the servers. Pure.

    Raises ValueError, naming the parameter.
    """
    names, dialled = listed(hosts), listed(addresses)
    if dialled and len(dialled) != len(names):
        raise ValueError("gateway_addresses: must be as many as gateway_hosts, or none")
    found = {}
    for number, text in enumerate(names):
        name, colon, port = text.partition(":")
        if colon and not port.isdigit():
            raise ValueError(f"gateway_hosts: {text} is neither a name nor name:port")
        address = dialled[number] if dialled else ""
        found[name] = Server(name, int(port or 25), address, ca_file)
    return found


def read(
    asked: Mapping[str, Server],
    *,
    config_file: str,
    sender: str,
    recipients: tuple[str, ...],
    resolver: str,
) -> HostsState:
    """asked: by host. recipients: those that each host is asked about; no message is sent."""
    found = {host: _addresses(host, resolver) for host in asked}
    seen = {}
    for host, server in asked.items():
        known = found[host].value
        address = server.address or (f"{known[0]}:{server.port}" if known else "")
        dialled = Server(server.host, server.port, address, server.ca_file)
        seen[host] = smtp_server.ask(dialled, sender=sender, recipients=recipients)
    return HostsState(_config(config_file), found, seen)


def _config(file: str) -> Reading:
    if not file:
        return Reading(problem="not asked for (parameter config_file)")
    try:
        return Reading(load(file), "", file)
    except ConfigError as error:
        return Reading(problem=str(error))


def _addresses(host: str, resolver: str) -> Reading:
    try:
        return Reading(dns.addresses(host, resolver), "", f"DNS, addresses of {host}")
    except GatepostError as error:
        return Reading(problem=str(error))
