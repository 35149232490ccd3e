"""How often something happened of late, by client. Pure: the caller gives the time.

What happened is counted in two generations, this period and the one before, so that a count covers
the last one to two periods, and what is older costs nothing. An IPv6 client is its /64, the least
that a network gives away. The table is bounded: when a flood of addresses fills it, the older
generation is forgotten first.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import Final

CLIENTS_MAX: Final = 50_000


class Rate:
    """period: seconds."""

    def __init__(self, period: float) -> None:
        self._period = period
        self._begun = 0.0
        self._now: Counter[str] = Counter()
        self._before: Counter[str] = Counter()

    def add(self, address: str, now: float) -> int:
        """Counts one more; returns the count."""
        self._turn(now)
        client = client_of(address)
        if client not in self._now and len(self._now) >= CLIENTS_MAX:
            self._before, self._now = self._now, Counter()
        self._now[client] += 1
        return self._now[client] + self._before[client]

    def of(self, address: str, now: float) -> int:
        self._turn(now)
        client = client_of(address)
        return self._now[client] + self._before[client]

    def _turn(self, now: float) -> None:
        periods = (now - self._begun) / self._period
        if periods >= 1 or periods < 0:
            self._before = self._now if 1 <= periods < 2 else Counter()
            self._now = Counter()
            self._begun = now


def client_of(address: str) -> str:
    """address: textual IPv4 or IPv6."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))
