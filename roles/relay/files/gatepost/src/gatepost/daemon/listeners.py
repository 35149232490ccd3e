"""A worker's listeners: the sockets that it inherited, each listened on as the file says."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from gatepost.config.certificates import expiry, server_context
from gatepost.config.values import Address, Config, IngressPoint
from gatepost.daemon.reception import Reception
from gatepost.events import Record
from gatepost.smtp.limits import Limits, Load
from gatepost.smtp.server import Listening


class Listeners:
    """sockets: the inherited ones. now: what listens, by address. expiries: of the certificates, by
    ingress point, seconds since the epoch. receiver: gives who judges an ingress point's mail.
    keep: has work go on in the background."""

    def __init__(
        self,
        workers: int,
        receiver: Callable[[Config, IngressPoint], Reception],
        keep: Callable[[Coroutine[Any, Any, object]], None],
        load: Load,
        record: Record,
    ) -> None:
        self.sockets: Mapping[Address, socket.socket] = {}
        self.now: dict[Address, tuple[IngressPoint, Listening]] = {}
        self.expiries: dict[str, float] = {}
        self._workers = workers
        self._receiver = receiver
        self._keep = keep
        self._load = load
        self._record = record

    @property
    def open(self) -> int:
        """How many sessions there are."""
        return sum(listening.open for _point, listening in self.now.values())

    def sessions(self) -> list[dict[str, Any]]:
        return [
            {"ingress": point.name, **dataclasses.asdict(session)}
            for point, listening in self.now.values()
            for session in listening.sessions()
        ]

    async def close(self, seconds: float) -> None:
        """Takes no mail any more, for good; sessions get that time to end a message."""
        for sock in self.sockets.values():
            sock.close()
        self.sockets = {}
        listenings = [listening for _point, listening in self.now.values()]
        self.now.clear()
        await asyncio.gather(*(it.drain(seconds) for it in listenings))

    async def stop(self, seconds: float) -> None:
        """Ends sessions within that time."""
        await asyncio.gather(*(it.drain(seconds) for _point, it in self.now.values()))

    async def follow(self, config: Config) -> None:
        """Every inherited socket as the file says: opened, changed in place, replaced or closed.
        Sessions that are open go on as they began, or are ended politely where that cannot be.
        Raises ConfigError, OSError."""
        wanted = {address: point for point in config.ingress_points for address in point.listen}
        self.expiries.clear()
        for address, sock in self.sockets.items():
            before = self.now.pop(address, None)
            point = wanted.get(address)
            if point is None:
                if before is not None:
                    self._keep(before[1].drain(config.limits.drain))
                continue
            if before is not None and _shape(before[0]) == _shape(point):
                listening = before[1]
                listening.hostname = config.hostname
                listening.receiver = self._receiver(config, point)
                listening.limits = _limits(config, self._workers)
                listening.tls = self._context(config, point)
            else:
                listening = self._listener(config, point)
                await listening.serve(sock.dup())
                if before is not None:
                    self._keep(before[1].drain(config.limits.drain))
            self.now[address] = (point, listening)

    def _listener(self, config: Config, point: IngressPoint) -> Listening:
        return Listening(
            hostname=config.hostname,
            receiver=self._receiver(config, point),
            record=self._record,
            limits=_limits(config, self._workers),
            load=self._load,
            tls=self._context(config, point),
            require_tls=point.tls_policy != "OPTIONAL",
            auth=point.type == "AUTH",
            proxy_trusted=point.proxy_protocol_from,
        )

    def _context(self, config: Config, point: IngressPoint) -> Any:
        context = server_context(config.file, point)
        if context is not None and point.tls is not None:
            self.expiries[point.name] = expiry(context, point.tls) or 0.0
        return context


def _shape(point: IngressPoint) -> tuple[object, ...]:
    """What a listener cannot change while it is open."""
    return point.type, point.tls_policy, point.tls is None, point.proxy_protocol_from


def _limits(config: Config, workers: int) -> Limits:
    limits = config.limits.share(workers)
    return Limits(
        connections=limits.connections,
        connections_per_address=limits.connections_per_client,
        connection_rate=limits.connection_rate,
        authentication_failures_per_address=limits.auth_failures,
        recipients=limits.recipients,
        message_bytes=limits.message_size,
        memory_bytes=limits.memory,
    )
