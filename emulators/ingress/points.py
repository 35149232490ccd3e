"""The ingress points' addresses, their listeners, and the connections that they hand on.

An address (127.0.1.1 and so on) is given when it is first asked for and stays. A connection that
cannot be handed on is told so in SMTP, with 421 and the reason, and closed.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from emulators.ingress.process import Gatepostd
from emulators.ingress.stored import Unusable
from emulators.mailboxes.forwarder import exchange, header

log = logging.getLogger(__name__)

A_RECORD = re.compile(
    r"(?P<id>inp-[a-z0-9]+)\.[0-9a-f]+\.mail-manager-smtp\.(?P<region>[a-z0-9-]+)\.amazonaws\.com"
)
_MOST = 250
T = TypeVar("T")
# (id, region, A record) of an ingress point and a directory to how its file is written.
Writer = Callable[[str, str, str], Callable[[Path, str], Path]]


@dataclass
class Point:
    """One ingress point that somebody has asked for."""

    id: str
    region: str
    a_record: str
    address: str
    daemon: Gatepostd
    listener: asyncio.Server


class Points:
    """They run from `start` to `stop`, on one event loop in one thread.

    client: the address that the next clients play, None for their own.
    """

    def __init__(self, run: Path, writer: Writer) -> None:
        self._run_directory = run
        self._writer = writer
        self._lock = threading.Lock()
        self._points: dict[str, Point] = {}
        self._first: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ingress", daemon=True)
        self.port = 0
        self.client: str | None = None

    def start(self) -> int:
        """The port of every ingress point."""
        self._thread.start()
        # This address settles the port and stays; the first ingress point gets the next one.
        self._first = self._wait(self._listen("127.0.1.0", 0, None))
        self.port = int(self._first.sockets[0].getsockname()[1])
        return self.port

    def stop(self) -> None:
        if self._thread.is_alive():
            self._wait(self._stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(30)
        if not self._loop.is_closed():
            self._loop.close()

    def reset(self) -> None:
        """Forget every ingress point, its daemon and its spool."""
        self.client = None
        with self._lock:
            points, self._points = list(self._points.values()), {}
        self._wait(self._forget(points))

    def address(self, a_record: str) -> str | None:
        """The loopback address of an A record, or None for what is none."""
        found = A_RECORD.fullmatch(a_record)
        if found is None:
            return None
        with self._lock:
            point = self._points.get(a_record)
            if point is None:
                number = len(self._points) + 1
                if number > _MOST:
                    raise ValueError(f"there are addresses for {_MOST} ingress points only")
                point = self._wait(
                    self._new(found["id"], found["region"], a_record, f"127.0.1.{number}")
                )
                self._points[a_record] = point
            return point.address

    def points(self) -> list[Point]:
        with self._lock:
            return list(self._points.values())

    async def _new(self, point_id: str, region: str, a_record: str, address: str) -> Point:
        write = self._writer(point_id, region, a_record)
        daemon = Gatepostd(self._run_directory / f"ingress-{point_id}", write)
        listener = await self._listen(address, self.port, daemon)
        return Point(point_id, region, a_record, address, daemon, listener)

    async def _listen(self, address: str, port: int, daemon: Gatepostd | None) -> asyncio.Server:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
            await self._hand_on(daemon, reader, writer)

        return await asyncio.start_server(connected, address, port)

    async def _hand_on(
        self, daemon: Gatepostd | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            if daemon is None:
                raise Unusable("no ingress point has this address")
            target = await daemon.current()
            there_reader, there_writer = await asyncio.open_connection(*target)
        except (Unusable, OSError) as error:
            log.warning("an ingress point refused a connection: %s", error)
            reason = " ".join(str(error).split())[:400].encode("ascii", "replace")
            writer.write(b"421 4.3.0 " + reason + b"\r\n")
            writer.close()
            return
        played = self.client or str(writer.get_extra_info("peername")[0])
        there_writer.write(header(played))
        await exchange((reader, writer), (there_reader, there_writer))

    async def _forget(self, points: list[Point]) -> None:
        for point in points:
            point.listener.close()
        await self._end_connections()
        for point in points:
            await point.daemon.forget()

    async def _end_connections(self) -> None:
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _stop(self) -> None:
        if self._first is not None:
            self._first.close()
        await self._forget(self.points())

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result(120)
