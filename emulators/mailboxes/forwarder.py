"""A TCP forwarder that makes a mailbox see another client address.

It accepts on loopback, connects to the mailbox, sends a PROXY protocol version 1 header that names
the address to play, and then copies bytes both ways until both sides have closed. A relay that
dials the forwarder is to the mailbox a gateway with the address 206.55.x.x.
"""

from __future__ import annotations

import asyncio
import contextlib
from ipaddress import ip_address

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Forwarder:
    """Listens on a free port of loopback after `start`; `played` may be changed at any time."""

    def __init__(self, target: tuple[str, int], played: str) -> None:
        self._target = target
        self.played = str(ip_address(played))
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """Begin to listen; the address to dial."""
        self._server = await asyncio.start_server(self._serve, host, port)
        name: tuple[str, int] = self._server.sockets[0].getsockname()[:2]
        return name

    async def stop(self) -> None:
        """Listen no more and end what runs."""
        if self._server is not None:
            self._server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            there_reader, there_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        there_writer.write(header(self.played))
        await exchange((reader, writer), (there_reader, there_writer))


def header(played: str) -> bytes:
    """The PROXY header. The destination is the far side's affair: any of the same family."""
    ip = ip_address(played)
    there = "192.0.2.25" if ip.version == 4 else "2001:db8::25"
    return f"PROXY TCP{ip.version} {ip} {there} 49152 25\r\n".encode("ascii")


async def exchange(here: Connection, there: Connection) -> None:
    """Copy both ways until both sides have closed, then close both."""
    try:
        await asyncio.gather(_copy(here[0], there[1]), _copy(there[0], here[1]))
    finally:
        for _reader, writer in (here, there):
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until end of file, then half-close, so that the last reply still gets through."""
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    with contextlib.suppress(ConnectionError, OSError):
        writer.write_eof()
