"""The public hosted zones of the emulated Route 53 as zones that can be asked.

Aliases are left out: they lead to services that the emulators do not have. Of weighted and other
sets of one name and type the first is taken.
"""

from __future__ import annotations

import contextlib
from typing import Any

import dns.name
import dns.rdatatype
from moto.backends import get_backend

from emulators.dns.zones import DEFAULT_TTL, InvalidRecord, Zone, new_zone, owner, record_set


def zones() -> tuple[Zone, ...]:
    """Those of every account; of several with one name the first."""
    found: dict[dns.name.Name, Zone] = {}
    for _account, partitions in list(get_backend("route53").items()):
        for _partition, backend in list(partitions.items()):
            for hosted in list(backend.zones.values()):
                if not hosted.private_zone:
                    found.setdefault(owner(hosted.name), _zone(hosted))
    return tuple(found.values())


def _zone(hosted: Any) -> Zone:
    servers = [str(one).rstrip(".") for one in hosted.delegation_set.name_servers]
    sets: dict[tuple[Any, Any], Any] = {}
    for one in list(hosted.rrsets):
        if one.type == "SOA" or not one.records:
            continue
        # What the emulated service took and a name server would not load is left out.
        with contextlib.suppress(InvalidRecord):
            found = record_set(one.name, one.type, int(one.ttl or DEFAULT_TTL), one.records)
            sets.setdefault((found.name, found.rdtype), found)
    return new_zone(hosted.name.rstrip("."), servers, sets.values())
