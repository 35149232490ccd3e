"""DNS servers on loopback, UDP and TCP, all on one port and each at its own address.

An answer that is longer than the client takes by UDP is cut, so that it asks again by TCP.
Injected faults: service dns.ns1, dns.ns2 or dns.resolver, operation a record type; `code` is
    TIMEOUT     no answer at all
    TRUNCATE    an empty answer by UDP with TC set; TCP is answered
    LAME        the answer without the authoritative flag
    SERVFAIL, REFUSED, NXDOMAIN, FORMERR, NOTIMP: that code and nothing else
"""

from __future__ import annotations

import asyncio
import functools
import logging
import socket
import threading
from collections.abc import Mapping
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
from dns.message import Message

from emulators.dns.answering import Answerer, parse, respond
from emulators.faults import Faults

log = logging.getLogger(__name__)

_PLAIN_SIZE = 512
_LARGEST = 65535
_TRIES = 50
CODES = ("SERVFAIL", "REFUSED", "NXDOMAIN", "FORMERR", "NOTIMP")


class Server:
    """What answers at one address. name: as in faults, such as ns1."""

    def __init__(self, name: str, answerer: Answerer, faults: Faults) -> None:
        self.name = name
        self._answerer = answerer
        self._faults = faults

    async def answer(self, wire: bytes, *, tcp: bool) -> bytes | None:
        """The answer to send, or None for none."""
        question = parse(wire)
        if question is None:
            return None
        fault = None
        if question.question:
            kind = dns.rdatatype.to_text(question.question[0].rdtype)
            fault = self._faults.take(f"dns.{self.name}", kind)
        if fault is not None:
            await asyncio.sleep(fault.delay)
        code = fault.code if fault is not None else ""
        if code == "TIMEOUT":
            return None
        try:
            response = respond(question, self._answerer)
        except Exception:
            log.exception("the DNS emulator failed")
            code = "SERVFAIL"
        if code in CODES:
            response = dns.message.make_response(question)
            response.set_rcode(dns.rcode.from_text(code))
        elif code == "LAME":
            response.flags &= ~dns.flags.AA
        elif code == "TRUNCATE" and not tcp:
            return _cut(question)
        return _fitting(question, response, tcp)


def _fitting(question: Message, response: Message, tcp: bool) -> bytes:
    size = _LARGEST if tcp else max(_PLAIN_SIZE, question.payload if question.edns >= 0 else 0)
    try:
        return response.to_wire(max_size=size)
    except dns.exception.TooBig:
        return _cut(question)


def _cut(question: Message) -> bytes:
    response = dns.message.make_response(question)
    response.flags |= dns.flags.TC
    return response.to_wire()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: Server) -> None:
        self._server = server
        self._running: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # An event loop's own transport need not be a subclass.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = await self._server.answer(data, tcp=False)
        if answer is not None:
            self._transport.sendto(answer, addr)


class Listening:
    """Servers by address, on one port, from `start` to `stop`."""

    def __init__(self, servers: Mapping[str, Server]) -> None:
        self._servers = servers
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="dns", daemon=True)
        self._transports: list[asyncio.DatagramTransport] = []
        self._listeners: list[asyncio.Server] = []

    def start(self) -> int:
        """Listen; the port. Raises OSError when no port is free at every address."""
        sockets, port = _bind(list(self._servers))
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(sockets), self._loop).result(30)
        return port

    def stop(self) -> None:
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(30)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(30)
        if not self._loop.is_closed():
            self._loop.close()

    async def _start(self, sockets: Mapping[str, tuple[socket.socket, socket.socket]]) -> None:
        for address, (udp, tcp) in sockets.items():
            server = self._servers[address]
            transport, _ = await self._loop.create_datagram_endpoint(
                functools.partial(_Datagrams, server), sock=udp
            )
            self._transports.append(transport)
            self._listeners.append(
                await asyncio.start_server(functools.partial(_serve, server), sock=tcp)
            )

    async def _stop(self) -> None:
        for transport in self._transports:
            transport.close()
        for listener in self._listeners:
            listener.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _serve(
    server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One TCP connection: questions with a length before each (RFC 1035 section 4.2.2)."""
    try:
        while True:
            size = int.from_bytes(await reader.readexactly(2), "big")
            answer = await server.answer(await reader.readexactly(size), tcp=True)
            if answer is None:
                break
            writer.write(len(answer).to_bytes(2, "big") + answer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def _bind(addresses: list[str]) -> tuple[dict[str, tuple[socket.socket, socket.socket]], int]:
    """A UDP and a TCP socket at every address, all on one port that the system chose."""
    failure: OSError | None = None
    for _ in range(_TRIES):
        opened: dict[str, tuple[socket.socket, socket.socket]] = {}
        port = 0
        try:
            for address in addresses:
                udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                opened[address] = (udp, tcp)
                udp.bind((address, port))
                port = udp.getsockname()[1]
                tcp.bind((address, port))
        except OSError as error:
            failure = error
            for pair in opened.values():
                for one in pair:
                    one.close()
            continue
        for udp, tcp in opened.values():
            udp.setblocking(False)
            tcp.setblocking(False)
        return opened, port
    raise OSError(f"no port is free at {', '.join(addresses)}: {failure}")
