"""The emulators' DNS as a daemon's resolver, with zones of a test's own; it counts questions."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType

from emulators.dns.answering import Resolver
from emulators.dns.server import Listening, Server
from emulators.dns.world import World
from emulators.dns.zones import Found, Name, RdataType, new_zone, record_set
from emulators.faults import Fault, Faults


class Names:
    """address: for `resolver.nameservers`, while it runs. asked: "name TYPE", in order."""

    def __init__(self) -> None:
        self.world = World()
        self.faults = Faults()
        self.asked: list[str] = []
        self._lock = threading.Lock()
        self._resolver = Resolver(self.world, clock=lambda: 0.0)
        self._listening = Listening({"127.0.0.1": Server("resolver", self._answer, self.faults)})
        self.address = ""

    def _answer(self, name: Name, kind: RdataType) -> tuple[Found, int]:
        with self._lock:
            self.asked.append(f"{name.to_text(omit_final_dot=True)} {kind.name}")
        return self._resolver(name, kind)

    def zone(self, name: str, *records: tuple[str, str, Sequence[str]]) -> None:
        """records: owner, type and values."""
        made = [record_set(owner, kind, 300, values) for owner, kind, values in records]
        self.world.put(new_zone(name, ["ns1.example.net"], made))

    def fail(self, code: str, kind: str = "*") -> None:
        """From now on; code: as in emulators.dns.server."""
        self.faults.add(Fault(service="dns.resolver", operation=kind, code=code, count=1_000_000))

    def __enter__(self) -> Names:
        self.address = f"127.0.0.1:{self._listening.start()}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listening.stop()
