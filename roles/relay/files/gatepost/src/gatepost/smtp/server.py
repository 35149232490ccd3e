"""One ingress point's server side: what the daemon makes, listens with, inspects and drains.

`Listening` holds what all connections of an ingress point share. Receiver, TLS context and limits
may be replaced at any time: the TLS context holds from the next STARTTLS, the Receiver from the
next command, the limits from the next connection.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from gatepost.events import Record, nowhere
from gatepost.smtp.connection import Connection
from gatepost.smtp.limits import Limits, Load
from gatepost.smtp.receiver import Receiver
from gatepost.smtp.wire import Wire

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as it stands. state: "greeting", "proxy", "command", "auth", "tls", "data",
    "commit" or "closing". seconds: since it was opened. messages: accepted so far."""

    source_ip: str
    helo: str
    tls_version: str | None
    state: str
    seconds: float
    messages: int


class Listening:
    """hostname: in the greeting, and the domain of a bare <postmaster>. load: shared by several
    Listenings, so that the limits hold for all of them. tls: offered as STARTTLS when given; an
    mTLS ingress point is a context with CERT_REQUIRED, and require_tls. require_tls: MAIL is
    answered 530 before TLS. auth: AUTH is offered after TLS, and MAIL answered 530 before it.
    proxy_trusted: when not empty, every connection must come from one of these networks and begin
    with a PROXY header."""

    def __init__(
        self,
        *,
        hostname: str,
        receiver: Receiver,
        record: Record = nowhere,
        limits: Limits | None = None,
        load: Load | None = None,
        tls: ssl.SSLContext | None = None,
        require_tls: bool = False,
        auth: bool = False,
        proxy_trusted: Sequence[Network] = (),
    ) -> None:
        self.hostname = hostname
        self.receiver = receiver
        self.record = record
        self.limits = limits or Limits()
        self.load = load if load is not None else Load()
        self.tls = tls
        self.require_tls = require_tls
        self.auth = auth
        self.proxy_trusted = tuple(proxy_trusted)
        self.draining = False
        self._connections: set[Wire] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._servers: list[asyncio.Server] = []

    def protocol_factory(self) -> Connection:
        """For `loop.create_server`; call it in the loop that serves."""
        return Connection(self, asyncio.get_running_loop())

    async def serve(self, sock: socket.socket) -> asyncio.Server:
        """Accepts from a bound socket until `drain`."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self.protocol_factory, sock=sock)
        self._servers.append(server)
        return server

    @property
    def open(self) -> int:
        """Sessions that have not ended, a commit whose client left among them."""
        return len(self._connections)

    def sessions(self) -> tuple[OpenSession, ...]:
        return tuple(
            OpenSession(
                wire.client.source_ip,
                wire.client.helo,
                wire.client.tls_version,
                wire.state,
                wire.seconds,
                wire.messages,
            )
            for wire in self._connections
        )

    async def drain(self, seconds: float) -> int:
        """Stops accepting, tells sessions that wait for a command 421, and waits for those in
        DATA or commit, at most `seconds`; then cuts what is left. Returns how many were cut."""
        self.draining = True
        for server in self._servers:
            server.close()
        for wire in tuple(self._connections):
            wire.stop(now=False)
        try:
            await asyncio.wait_for(self._empty.wait(), seconds)
        except TimeoutError:
            left = tuple(self._connections)
            for wire in left:
                wire.stop(now=True)
            return len(left)
        return 0

    def trusts_proxy(self, address: str) -> bool:
        peer = ipaddress.ip_address(address)
        return any(peer in network for network in self.proxy_trusted)

    def remember(self, wire: Wire) -> None:
        """Called by a connection when it is made."""
        self._connections.add(wire)
        self._empty.clear()

    def forget(self, wire: Wire) -> None:
        """Called by a connection when its task has ended."""
        self._connections.discard(wire)
        if not self._connections:
            self._empty.set()
        self.record(
            "Connection",
            source_ip=wire.client.source_ip,
            helo=wire.client.helo,
            tls=wire.client.tls_version,
            seconds=round(wire.seconds, 3),
            messages=wire.messages,
            reason=wire.reason,
        )
