"""All zones, and which state of them each server has.

Promises: a zone of Route 53 stands before one of the same name that control made, as delegation
would have it; a frozen server answers from what was there when it was frozen, Route 53 included, as
a secondary does that gets no transfer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

import dns.rdatatype
import dns.rrset
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rrset import RRset

from emulators.dns import initial
from emulators.dns.zones import Zone

Zones = Mapping[Name, Zone]


class World:
    """hosted: the zones of Route 53. hosts: addresses of names that stand in no zone."""

    def __init__(
        self,
        hosted: Callable[[], Sequence[Zone]] = tuple,
        hosts: Callable[[str], str | None] = lambda _name: None,
    ) -> None:
        self._lock = threading.RLock()
        self._hosted = hosted
        self._hosts = hosts
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._own = {zone.name: zone for zone in initial.zones()}
            self._frozen: dict[str, Zones] = {}

    def zones(self, server: str | None = None) -> Zones:
        """The zones as a server has them; without one, as they are."""
        with self._lock:
            if server in self._frozen:
                return self._frozen[server]
            return {**self._own, **{zone.name: zone for zone in self._hosted()}}

    def zone(self, name: Name, server: str | None = None) -> Zone | None:
        """The zone that a name is in, or None."""
        zones = self.zones(server)
        within = [zone for zone in zones.values() if name.is_subdomain(zone.name)]
        return max(within, key=lambda zone: len(zone.name.labels), default=None)

    def own(self) -> list[Zone]:
        """The zones that control may change."""
        with self._lock:
            return list(self._own.values())

    def put(self, zone: Zone) -> None:
        with self._lock:
            self._own[zone.name] = zone

    def remove(self, name: Name) -> None:
        """Raises LookupError for an unknown zone."""
        with self._lock:
            if name not in self._own:
                raise LookupError(f"no zone {name}")
            del self._own[name]

    def change(
        self, name: Name, records: Iterable[RRset], removed: Iterable[tuple[Name, RdataType]]
    ) -> Zone:
        """Change the zone made by control that a name is in. Raises LookupError, InvalidRecord."""
        with self._lock:
            within = [zone for zone in self._own.values() if name.is_subdomain(zone.name)]
            if not within:
                raise LookupError(f"{name} is in no zone that control made")
            zone = max(within, key=lambda one: len(one.name.labels)).changed(records, removed)
            self._own[zone.name] = zone
            return zone

    def freeze(self, server: str, frozen: bool) -> None:
        """Make a server keep what it has now, or let it follow again."""
        with self._lock:
            if frozen:
                self._frozen[server] = dict(self.zones())
            else:
                self._frozen.pop(server, None)

    def frozen(self) -> list[str]:
        with self._lock:
            return sorted(self._frozen)

    def host(self, name: Name) -> RRset | None:
        """The address of a name that stands in no zone: a name server of Route 53, or another."""
        servers = sorted(
            {
                data.target
                for zone in self._hosted()
                for data in zone.records[(zone.name, dns.rdatatype.NS)]
            }
        )
        if name in servers:
            addresses = list(initial.SERVERS.values())
            address: str | None = addresses[servers.index(name) % len(addresses)]
        else:
            address = self._hosts(name.to_text(omit_final_dot=True).lower())
        if address is None:
            return None
        return dns.rrset.from_text(name, 60, "IN", "A", address)
