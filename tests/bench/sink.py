"""Where the load ends: an SMTP server in a process of its own that takes everything and counts it.

Promises: a message counts when its final dot has been read; replies are written before the next
message is looked at; acknowledgements are never delayed (a delayed one makes a relay that sends
body and dot apart look several times slower). With a certificate it offers STARTTLS.
"""

from __future__ import annotations

import gc
import multiprocessing
import select
import socket
import ssl
import time
from array import array
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Final

from tests.bench.source import STAMP

# Of the one buffer for all reads: fresh memory of such a size would cost more than it saves calls.
_ROOM: Final = 1 << 18
_DOT: Final = b"\r\n.\r\n"


@dataclass(slots=True)
class Taken:
    """last: of the last message, monotonic seconds. latency: seconds from the source's first byte
    of the body to the final dot here."""

    count: int = 0
    last: float = 0.0
    latency: array[float] = field(default_factory=lambda: array("f"))


class Sink:
    """certificate: a PEM file with its key. Use as a context manager."""

    def __init__(self, certificate: Path | None = None) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, certificate), daemon=True)
        self._process.start()
        theirs.close()
        self.port: int = self._pipe.recv()

    def taken(self) -> Taken:
        """Since the last reset."""
        found: Taken = self._ask("taken")
        return found

    def count(self) -> int:
        found: int = self._ask("count")
        return found

    def reset(self) -> None:
        self._ask("reset")

    def wait(self, count: int, seconds: float) -> bool:
        """Whether so many messages arrive in time; gives up when none has arrived for 10 s."""
        before, deadline = -1, time.monotonic() + seconds
        quiet = time.monotonic() + 10
        while (now := self.count()) < count:
            if now != before:
                before, quiet = now, time.monotonic() + 10
            if time.monotonic() > min(deadline, quiet):
                return False
            time.sleep(0.02)
        return True

    def _ask(self, question: str) -> object:
        self._pipe.send(question)
        return self._pipe.recv()

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.join(10)


def _serve(pipe: Connection, certificate: Path | None) -> None:
    gc.disable()
    _Server(pipe, certificate).run()


class _Client:
    """data: what has been read and not been used. body: the final dot is being looked for.
    tail: the last octets of the body so far."""

    __slots__ = ("body", "data", "sock", "stamp", "tail")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.data = b""
        self.body = False
        self.tail = b""
        self.stamp = 0


class _Server:
    def __init__(self, pipe: Connection, certificate: Path | None) -> None:
        self.pipe = pipe
        self.taken = Taken()
        self.room = memoryview(bytearray(_ROOM))
        self.clients: dict[int, _Client] = {}
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.listener.setblocking(False)
        self.poll = select.epoll()
        self.poll.register(self.listener.fileno(), select.EPOLLIN)
        self.poll.register(pipe.fileno(), select.EPOLLIN)
        self.tls: ssl.SSLContext | None = None
        offers = [b"sink.example", b"PIPELINING", b"8BITMIME", b"SIZE 60000000"]
        if certificate is not None:
            self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.tls.load_cert_chain(certificate)
            offers.append(b"STARTTLS")
        self.ehlo = b"".join(b"250-%s\r\n" % each for each in offers[:-1])
        self.ehlo += b"250 %s\r\n" % offers[-1]
        pipe.send(self.listener.getsockname()[1])

    def run(self) -> None:
        while True:
            for number, _event in self.poll.poll():
                client = self.clients.get(number)
                if client is not None:
                    self._read(client)
                elif number == self.pipe.fileno():
                    self._answer()
                else:
                    self._accept()

    def _answer(self) -> None:
        question = self.pipe.recv()
        if question == "count":
            self.pipe.send(self.taken.count)
            return
        self.pipe.send(self.taken)
        if question == "reset":
            self.taken = Taken()

    def _accept(self) -> None:
        try:
            sock, _address = self.listener.accept()
        except BlockingIOError:
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._add(_Client(sock))
        self._write(self.clients[sock.fileno()], b"220 sink.example ESMTP\r\n")

    def _add(self, client: _Client) -> None:
        self.clients[client.sock.fileno()] = client
        self.poll.register(client.sock.fileno(), select.EPOLLIN)

    def _close(self, client: _Client) -> None:
        self.poll.unregister(client.sock.fileno())
        del self.clients[client.sock.fileno()]
        client.sock.close()

    def _read(self, client: _Client) -> None:
        sock = client.sock
        try:
            size = sock.recv_into(self.room)
            while isinstance(sock, ssl.SSLSocket) and sock.pending():
                size += sock.recv_into(self.room[size:])
            data = bytes(self.room[:size])
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            data = b""
        if not data:
            self._close(client)
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        replies: list[bytes] = []
        while data:
            data = (
                self._body(client, data, replies)
                if client.body
                else self._lines(client, data, replies)
            )
        if replies:
            self._write(client, b"".join(replies))
            if replies[-1][:3] == b"221":
                self._close(client)
            elif self.tls is not None and replies[-1] == b"220 go ahead\r\n":
                self._secure(client, self.tls)

    def _body(self, client: _Client, data: bytes, replies: list[bytes]) -> bytes:
        """What follows the message that ends in these octets; nothing if it does not."""
        if not client.stamp:
            place = data.find(STAMP)
            if place >= 0:
                client.stamp = int(data[place + len(STAMP) : place + len(STAMP) + 20])
        if data.endswith(_DOT):
            # No second content can have been sent before a 354: this is the first dot, without a
            # search that costs 64 KiB 35 us of 95.
            rest = b""
        else:
            joined = client.tail + data
            end = joined.find(_DOT)
            if end < 0:
                client.tail = joined[-4:]
                return b""
            rest = joined[end + 5 :]
        taken = self.taken
        taken.count += 1
        taken.last = time.monotonic()
        if client.stamp:
            taken.latency.append(taken.last - client.stamp / 1e9)
        client.body, client.tail, client.stamp = False, b"", 0
        replies.append(b"250 2.0.0 taken\r\n")
        return rest

    def _lines(self, client: _Client, data: bytes, replies: list[bytes]) -> bytes:
        """Replies to whole lines. Returns what follows a DATA line."""
        data = client.data + data
        while True:
            line, end, rest = data.partition(b"\r\n")
            if not end:
                client.data = line
                return b""
            data = rest
            verb = line[:4].upper()
            if verb == b"DATA":
                replies.append(b"354 go on\r\n")
                client.data, client.body, client.tail = b"", True, b"\r\n"
                return data
            if verb == b"EHLO":
                replies.append(self.ehlo)
            elif verb == b"QUIT":
                replies.append(b"221 2.0.0 bye\r\n")
            elif verb == b"STAR":
                replies.append(b"220 go ahead\r\n" if self.tls else b"502 5.5.1 no TLS here\r\n")
            else:
                replies.append(b"250 2.0.0 fine\r\n")

    def _secure(self, client: _Client, tls: ssl.SSLContext) -> None:
        sock = client.sock
        self.poll.unregister(sock.fileno())
        del self.clients[sock.fileno()]
        sock.settimeout(10)
        try:
            client.sock = tls.wrap_socket(sock, server_side=True)
        except OSError:
            sock.close()
            return
        client.sock.setblocking(False)
        self._add(client)

    def _write(self, client: _Client, data: bytes) -> None:
        """Replies are small: a socket that does not take them at once has lost its peer."""
        try:
            client.sock.send(data)
        except OSError:
            self._close(client)
