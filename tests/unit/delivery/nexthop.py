"""A next hop for tests: a real SMTP server on loopback whose answer in each phase is scripted.

A script maps a phase ("greeting", "ehlo", "starttls", "handshake", "auth", "rset", "mail", "rcpt",
"data", "end", or "rcpt ADDRESS") to what is done there: bytes are sent as they are, the constants
below are acted out, LATE is the usual after a while, None the usual; a list is used up one a time
and its last item stays. `arrived` counts the messages whose final dot came. With `lmtp` it speaks
LMTP instead: the phases "lhlo", and "end ADDRESS" for the answer to a recipient after the content.
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import ssl
import struct
from dataclasses import dataclass, field
from types import TracebackType
from typing import cast

HANG = "hang"
RESET = "reset"
CLOSE = "close"
LATE = "late"
LATENESS = 0.1  # seconds
GARBAGE = b"what is this\r\n"
HUGE = b"250-" + b"x" * 40000
ENDLESS = b"250-more\r\n" * 5000

Act = bytes | str | None
OFFERED = ("PIPELINING", "SIZE 1000000", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")


@dataclass
class Received:
    """What one transaction brought. content: octets up to the final dot line, dot-stuffed."""

    mail: str
    rcpts: list[str] = field(default_factory=list)
    content: bytes = b""


class _Gone(Exception):
    pass


class NextHop:
    def __init__(
        self,
        script: dict[str, Act | list[Act]] | None = None,
        *,
        offered: tuple[str, ...] = OFFERED,
        tls: ssl.SSLContext | None = None,
        users: dict[str, str] | None = None,
        hang_up_after: int = 0,
        unix: str | None = None,
        lmtp: bool = False,
    ) -> None:
        self.script = script or {}
        self.offered = offered
        self.tls = tls
        self.users = users
        self.hang_up_after = hang_up_after
        self.unix = unix
        self.lmtp = lmtp
        self.connections = 0
        self.arrived = 0
        self.received: list[Received] = []
        self.commands: list[str] = []
        self.logins: list[tuple[str, str, str]] = []
        self.names: list[str | None] = []
        self.said_quit = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        if tls is not None:
            tls.sni_callback = lambda _socket, name, _context: self.names.append(name)

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    async def __aenter__(self) -> NextHop:
        if self.unix is not None:
            self._server = await asyncio.start_unix_server(self._serve, self.unix, limit=2**20)
        else:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**20)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await _Connection(self, reader, writer).run()
        except (_Gone, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    def act(self, phase: str) -> Act:
        act = self.script.get(phase)
        if isinstance(act, list):
            return act.pop(0) if len(act) > 1 else act[0]
        return act


class _Connection:
    def __init__(
        self, hop: NextHop, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.hop = hop
        self.reader = reader
        self.writer = writer
        self.secure = False
        self.done = 0
        self.now: Received | None = None

    async def run(self) -> None:
        await self.answer("greeting", b"220 next.example ESMTP\r\n")
        while True:
            line = (await self.line()).decode("utf-8")
            self.hop.commands.append(line)
            verb = re.split("[ :]", line)[0].upper()
            await getattr(self, f"on_{verb.lower()}")(line)

    async def line(self) -> bytes:
        line = await self.reader.readuntil(b"\r\n")
        return line[:-2]

    async def answer(self, phase: str, usual: bytes) -> bytes:
        """Acts, and returns what was answered."""
        act = self.hop.act(phase)
        if act == LATE:
            await asyncio.sleep(LATENESS)
        return await self.do(usual if act is None or act == LATE else act)

    async def do(self, act: bytes | str) -> bytes:
        if act == HANG:
            await asyncio.Event().wait()
        if act == RESET:
            raw = self.writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise _Gone
        if act == CLOSE:
            self.writer.close()
            raise _Gone
        assert isinstance(act, bytes)
        self.writer.write(act)
        await self.writer.drain()
        if act.startswith(b"421"):
            raise _Gone
        return act

    async def on_lhlo(self, line: str) -> None:
        await self.on_ehlo(line)

    async def on_ehlo(self, line: str) -> None:
        if self.hop.lmtp != line.startswith("LHLO"):
            await self.answer("lhlo", b"500 5.5.1 no such command\r\n")
            return
        offered = list(self.hop.offered)
        if self.hop.tls is not None and not self.secure:
            offered.append("STARTTLS")
        lines = ["next.example", *offered]
        last = len(lines) - 1
        text = "".join(f"250{' -'[n < last]}{word}\r\n" for n, word in enumerate(lines))
        await self.answer("ehlo", text.encode())

    async def on_helo(self, line: str) -> None:
        await self.answer("helo", b"250 next.example\r\n")

    async def on_starttls(self, line: str) -> None:
        answer = await self.answer("starttls", b"220 go\r\n")
        if answer.startswith(b"220") and self.hop.tls is not None:
            await self.before_handshake()
            await self.writer.start_tls(self.hop.tls)
            self.secure = True

    async def before_handshake(self) -> None:
        """The peer's first octets belong to TLS, unless something else is done with them."""
        act = self.hop.act("handshake")
        if act == LATE:
            cast(asyncio.Transport, self.writer.transport).pause_reading()
            await asyncio.sleep(LATENESS)
        elif act is not None:
            await self.reader.read(1)
            await self.do(act)
            raise _Gone

    async def on_auth(self, line: str) -> None:
        _verb, mechanism, *initial = line.split(" ")
        if mechanism == "XOAUTH2":
            await self.on_xoauth2(base64.b64decode(initial[0]).decode())
            return
        if mechanism == "PLAIN":
            parts = base64.b64decode(initial[0]).decode().split("\0")
            user, password = parts[1], parts[2]
        else:
            user = base64.b64decode(initial[0]).decode()
            self.writer.write(b"334 UGFzc3dvcmQ6\r\n")
            password = base64.b64decode(await self.line()).decode()
        self.hop.logins.append((mechanism, user, password))
        right = (self.hop.users or {}).get(user) == password
        await self.answer("auth", b"235 2.7.0 ok\r\n" if right else b"535 5.7.8 bad\r\n")

    async def on_xoauth2(self, said: str) -> None:
        """As Google and Microsoft: the reason in a challenge, which an empty line answers."""
        found = re.fullmatch("user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01", said)
        assert found is not None
        self.hop.logins.append(("XOAUTH2", found[1], found[2]))
        if (self.hop.users or {}).get(found[1]) == found[2]:
            await self.answer("auth", b"235 2.7.0 Accepted\r\n")
            return
        reason = base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"mail"}')
        self.writer.write(b"334 " + reason + b"\r\n")
        assert await self.line() == b""
        await self.answer("auth", b"535 5.7.8 Username and Password not accepted\r\n")

    async def on_mail(self, line: str) -> None:
        if self.hop.hang_up_after and self.done >= self.hop.hang_up_after:
            self.writer.close()
            raise _Gone
        answer = await self.answer("mail", b"250 2.1.0 sender ok\r\n")
        self.now = Received(line) if answer.startswith(b"2") else None

    async def on_rcpt(self, line: str) -> None:
        if self.now is None:
            self.writer.write(b"503 5.5.1 MAIL first\r\n")
            return
        address = line[line.index("<") + 1 : line.rindex(">")]
        phase = f"rcpt {address}" if f"rcpt {address}" in self.hop.script else "rcpt"
        answer = await self.answer(phase, b"250 2.1.5 recipient ok\r\n")
        if answer.startswith(b"2"):
            self.now.rcpts.append(line)

    async def on_data(self, line: str) -> None:
        good = self.now is not None and self.now.rcpts
        usual = b"354 go on\r\n" if good else b"503 5.5.1 no recipients\r\n"
        answer = await self.answer("data", usual)
        if not answer.startswith(b"354"):
            return
        content = b""
        while (piece := await self.reader.readuntil(b"\n")) != b".\r\n":
            content += piece
        self.hop.arrived += 1
        now, self.now = self.now, None
        if self.hop.lmtp:
            await self.answer_each(now, content)
            return
        good = now is not None and bool(now.rcpts)
        usual = b"250 2.0.0 queued\r\n" if good else b"554 5.5.1 no recipients\r\n"
        answer = await self.answer("end", usual)
        if now is not None and answer.startswith(b"2"):
            now.content = content
            self.hop.received.append(now)
            self.done += 1

    async def answer_each(self, now: Received | None, content: bytes) -> None:
        """RFC 2033 section 4.2: an answer for every recipient that was accepted."""
        assert now is not None
        now.content = content
        for rcpt in now.rcpts[:]:
            address = rcpt[rcpt.index("<") + 1 : rcpt.rindex(">")]
            answer = await self.answer(f"end {address}", b"250 2.1.5 kept\r\n")
            if not answer.startswith(b"2"):
                now.rcpts.remove(rcpt)
        if now.rcpts:
            self.hop.received.append(now)

    async def on_rset(self, line: str) -> None:
        self.now = None
        await self.answer("rset", b"250 2.0.0 reset\r\n")

    async def on_quit(self, line: str) -> None:
        self.hop.said_quit.set()
        self.writer.write(b"221 bye\r\n")
        raise _Gone
