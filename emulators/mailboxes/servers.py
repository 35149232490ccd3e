"""The running mailboxes: both SMTP servers and the forwarder on one event loop in one thread.

`Mailboxes.start` returns when all three listen; `stop` closes every connection. What they hold
lives in the tenant and the maildrop, not here.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass

from aiosmtpd.smtp import SMTP

from emulators.faults import Faults
from emulators.google.tenant import Tenant
from emulators.mailboxes.exchange import Credentials, Exchange, ExchangeServer
from emulators.mailboxes.forwarder import Forwarder
from emulators.mailboxes.google_mx import GoogleMx
from emulators.mailboxes.smtp import StrictServer
from emulators.mailboxes.stamps import HOST

GOOGLE_NAME = "aspmx.l.google.com"
EXCHANGE_NAME = "exchange.example.net"
# The address in the egress range of us-east-1 that the gateway plays unless it is told otherwise.
GATEWAY_ADDRESS = "206.55.129.10"

Address = tuple[str, int]


@dataclass(frozen=True)
class Addresses:
    """Where to dial. google: the MX itself; google_gateway: the MX as seen from the gateway."""

    google: Address
    google_gateway: Address
    exchange: Address


class Mailboxes:
    """google_tls, exchange_tls: server contexts for GOOGLE_NAME and EXCHANGE_NAME."""

    def __init__(
        self,
        tenant: Tenant,
        credentials: Credentials,
        faults: Faults,
        google_tls: ssl.SSLContext,
        exchange_tls: ssl.SSLContext,
        gateway_address: str = GATEWAY_ADDRESS,
    ) -> None:
        self.exchange = Exchange(tenant.maildrop, credentials, tenant.now, faults)
        self._google = GoogleMx(tenant, faults)
        self._google_tls, self._exchange_tls = google_tls, exchange_tls
        self._gateway_address = gateway_address
        self._servers: list[asyncio.Server] = []
        self._forwarder: Forwarder | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="mailboxes", daemon=True
        )

    def start(self) -> Addresses:
        """Listen on free ports of loopback."""
        self._thread.start()
        return asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)

    def stop(self) -> None:
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    def play(self, address: str) -> None:
        """Make the forwarder play this address from the next connection on."""
        assert self._forwarder is not None
        self._forwarder.played = address

    def _google_connection(self) -> SMTP:
        return StrictServer(
            self._google,
            hostname=HOST,
            tls_context=self._google_tls,
            enable_SMTPUTF8=True,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            loop=self._loop,
        )

    def _exchange_connection(self) -> SMTP:
        return ExchangeServer(
            self.exchange,
            hostname=EXCHANGE_NAME,
            tls_context=self._exchange_tls,
            enable_SMTPUTF8=True,
            auth_exclude_mechanism=["PLAIN"],
            auth_required=True,
            auth_require_tls=True,
            authenticator=self.exchange.authenticate,
            loop=self._loop,
        )

    async def _start(self) -> Addresses:
        google = await self._listen(self._google_connection)
        exchange = await self._listen(self._exchange_connection)
        self._forwarder = Forwarder(google, self._gateway_address)
        return Addresses(google, await self._forwarder.start(), exchange)

    async def _listen(self, connection: Callable[[], SMTP]) -> Address:
        server = await self._loop.create_server(connection, "127.0.0.1", 0)
        self._servers.append(server)
        address: Address = server.sockets[0].getsockname()[:2]
        return address

    async def _stop(self) -> None:
        assert self._forwarder is not None
        await self._forwarder.stop()
        for server in self._servers:
            server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
