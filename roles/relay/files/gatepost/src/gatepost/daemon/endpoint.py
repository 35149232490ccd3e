"""The HTTP endpoint: /metrics for Prometheus, /healthz (is every worker well) and /readyz (may a
load balancer send mail here). For the local network; it changes nothing and shows no address of
mail.

Served by wsgiref in threads of its own, so that a slow scraper holds up nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socketserver
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app

from gatepost.config.values import Address
from gatepost.daemon.exposition import Exposition
from gatepost.daemon.totals import Totals
from gatepost.errors import ConfigError

_COLLECT_SECONDS: Final = 3.0
_REQUEST_SECONDS: Final = 10.0


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        # WSGIServer's own asks the DNS for the host's name.
        socketserver.TCPServer.server_bind(self)
        host, port = self.server_address[:2]
        self.server_name, self.server_port = str(host), port
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = _REQUEST_SECONDS

    def log_message(self, format: str, *args: Any) -> None:
        """Scrapes are not events."""


class Endpoint:
    """collect: brings the totals up to now. health: well or not, and the answer's body,
    whose `status` is "ok" when mail is taken."""

    def __init__(
        self,
        totals: Totals,
        collect: Callable[[], Awaitable[None]],
        health: Callable[[], tuple[bool, Mapping[str, Any]]],
    ) -> None:
        registry = CollectorRegistry()
        registry.register(Exposition(totals))
        self._metrics = make_wsgi_app(registry)
        self._collect = collect
        self._health = health
        self._server: _Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, address: Address, loop: asyncio.AbstractEventLoop) -> None:
        """Raises ConfigError."""
        self._loop = loop
        try:
            self._server = _Server(address, _Handler)
        except OSError as error:
            raise ConfigError(
                "metrics.listen", f"{address[0]}:{address[1]}", f"cannot listen: {error.strerror}"
            ) from error
        self._server.set_app(self._application)
        threading.Thread(target=self._server.serve_forever, daemon=True, name="metrics").start()

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _application(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            assert self._loop is not None  # noqa: S101 - open() came first
            done = asyncio.run_coroutine_threadsafe(_awaited(self._collect), self._loop)
            # Without fresh counts the last known ones are told.
            with contextlib.suppress(TimeoutError):
                done.result(_COLLECT_SECONDS)
            page: Iterable[bytes] = self._metrics(environ, start_response)
            return page
        if path in ("/healthz", "/readyz"):
            well, answer = self._health()
            good = well if path == "/healthz" else answer["status"] == "ok"
            status = "200 OK" if good else "503 Service Unavailable"
        else:
            status = "404 Not Found"
            answer = {"paths": ["/metrics", "/healthz", "/readyz"]}
        data = json.dumps(answer).encode("ascii") + b"\n"
        start_response(
            status, [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
        )
        return [data]


async def _awaited(function: Callable[[], Awaitable[None]]) -> None:
    await function()
