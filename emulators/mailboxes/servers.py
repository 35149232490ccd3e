"""SMTP servers and forwarders on one event loop in one thread.

`serve` and `forward` return the address to dial; `stop` closes every connection. What the servers
hold lives in their tenants and the maildrop, not here.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from aiosmtpd.smtp import SMTP

from emulators.mailboxes.forwarder import Forwarder

Address = tuple[str, int]
T = TypeVar("T")


class Servers:
    """They run from `start` to `stop`."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []
        self._forwarders: list[Forwarder] = []
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="mailboxes", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._run(self._stop())
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(30)
        if not self.loop.is_closed():
            self.loop.close()

    def serve(self, connection: Callable[[], SMTP]) -> Address:
        """Listen on a free port of loopback; each client gets its own connection."""
        return self._run(self._serve(connection))

    def forward(self, target: Address, played: str) -> Address:
        """Listen on a free port of loopback for clients that the target sees as `played`."""
        forwarder = Forwarder(target, played)
        self._forwarders.append(forwarder)
        return self._run(forwarder.start())

    def play(self, address: str) -> None:
        """Make every forwarder play this address from the next connection on."""
        for forwarder in self._forwarders:
            forwarder.played = address

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    async def _serve(self, connection: Callable[[], SMTP]) -> Address:
        server = await self.loop.create_server(connection, "127.0.0.1", 0)
        self._servers.append(server)
        address: Address = server.sockets[0].getsockname()[:2]
        return address

    async def _stop(self) -> None:
        for forwarder in self._forwarders:
            await forwarder.stop()
        for server in self._servers:
            server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
