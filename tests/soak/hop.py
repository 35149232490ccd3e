"""The next hop: an SMTP server in a thread that goes wrong as it is told to, and writes into the
ledger what it took, refused and broke off.

Promises: an arrival is noted when nothing but its 250 is left to write, and connections are only
broken where the ledger knows it; so whatever arrives twice, the daemon sent twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import socket
import ssl
import threading
import time
from random import Random
from typing import Final

from tests.soak.ledger import Ledger

_LIMIT: Final = 8 << 20
_FINAL_RECIPIENT: Final = re.compile(rb"^Final-Recipient: *rfc822; *(\S+)\r$", re.M | re.I)
_DIGEST: Final = re.compile(rb"^X-Digest: (\w+)\r$", re.M)
# How often a step of a session goes wrong while the fault is on.
_ODDS: Final = {"4xx": 0.3, "5xx": 0.3, "reset": 0.2, "hang": 0.3}


class Broken(Exception):
    """The session ends without another word."""


class Hop:
    """mode: "" or a name of `schedule.FAULTS`. secure: offers STARTTLS. notices: takes the DSNs
    instead of mail, and nothing ever goes wrong. Use as a context manager."""

    def __init__(
        self, ledger: Ledger, *, secure: ssl.SSLContext | None = None, notices: bool = False
    ) -> None:
        self.mode = ""
        self.address = ""
        self._ledger = ledger
        self._secure = secure
        self._notices = notices
        self._random = Random(1)
        # Held throughout, so that the port stays this one's while nothing listens.
        self._held = socket.create_server(("127.0.0.1", 0), reuse_port=True)
        self._port = self._held.getsockname()[1]
        self._held.close()
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._held.bind(("127.0.0.1", self._port))
        self.address = f"127.0.0.1:{self._port}"
        self._server: asyncio.Server | None = None
        self._over = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Hop:
        self._thread.start()
        self._call(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._held.close()

    def turn(self, mode: str) -> None:
        """From now on it goes wrong like that; what the last fault held up is broken off."""
        self._call(self._turn(mode))

    def _call(self, what: object) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(30)  # type: ignore[arg-type]

    async def _turn(self, mode: str) -> None:
        self.mode = mode
        self._over.set()
        self._over = asyncio.Event()
        if mode == "down":
            self._close()
        elif self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self._port, limit=_LIMIT, reuse_port=True
        )

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _end(self) -> None:
        self._close()
        tasks = asyncio.all_tasks(self._loop) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Session(self, reader, writer).run()
        except (Broken, OSError, asyncio.IncompleteReadError):
            # Zero seconds: a reset, and not an end.
            sock = writer.get_extra_info("socket")
            if sock is not None and sock.fileno() >= 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()
        finally:
            writer.close()

    async def wrong(self, *possible: str) -> str:
        """Before a step: what goes wrong with it, "" for nothing. A slow one has been waited for,
        and one that hangs is at its end."""
        mode = self.mode
        if mode == "slow":
            await asyncio.sleep(self._random.uniform(0.1, 0.6))
        if mode not in possible or self._random.random() > _ODDS[mode]:
            return ""
        if mode == "hang":
            await self._over.wait()
        return mode


class _Session:
    def __init__(
        self, hop: Hop, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._hop = hop
        self._ledger = hop._ledger
        self._reader = reader
        self._writer = writer
        self._secured = False
        self._begun = False
        self._recipients: list[str] = []

    async def run(self) -> None:
        if await self._step("421 4.3.2 not now", "4xx"):
            return
        self._say("220 hop.gatepost.test")
        while line := await self._reader.readline():
            await self._command(line.strip())
            if line[:4].upper() == b"QUIT":
                return

    async def _command(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"EHLO":
            offered = ["hop", "PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
            if self._hop._secure is not None and not self._secured:
                offered.append("STARTTLS")
            self._say(*(f"250-{each}" for each in offered), "250 SIZE 0")
        elif verb == b"STAR":
            assert self._hop._secure is not None
            self._say("220 2.0.0 go on")
            await self._writer.start_tls(self._hop._secure)
            self._secured = True
        elif verb == b"MAIL":
            self._recipients = []
            self._begun = not await self._step("451 4.3.0 not now", "4xx")
            if self._begun:
                self._say("250 2.1.0 ok")
        elif verb == b"RCPT":
            await self._recipient(line.decode().partition("<")[2].partition(">")[0])
        elif verb == b"DATA":
            await self._data()
        elif verb == b"QUIT":
            self._say("221 2.0.0 bye")
        else:
            self._say("250 2.0.0 ok")

    async def _recipient(self, address: str) -> None:
        if not self._begun:
            self._say("503 5.5.1 MAIL first")
            return
        match await self._hop.wrong("4xx", "5xx", "reset", "hang"):
            case "4xx":
                self._say("452 4.2.2 not now")
            case "5xx":
                self._ledger.note_refused(address)
                self._say("550 5.1.1 nobody here")
            case "":
                self._recipients.append(address)
                self._say("250 2.1.5 ok")
            case _:
                raise Broken

    async def _data(self) -> None:
        if not self._recipients:
            self._say("554 5.5.1 no recipients")
            return
        self._say("354 go on")
        if await self._hop.wrong("reset", "hang"):
            raise Broken
        content = await self._reader.readuntil(b"\r\n.\r\n")
        match await self._hop.wrong("4xx", "5xx", "reset", "hang"):
            case "4xx":
                self._say("451 4.3.0 not now")
            case "5xx":
                for address in self._recipients:
                    self._ledger.note_refused(address)
                self._say("554 5.6.0 not this")
            case "":
                self._take(content)
                self._say("250 2.0.0 taken")
            case _:
                for address in self._recipients:
                    self._ledger.note_unanswered(address)
                raise Broken

    def _take(self, content: bytes) -> None:
        if self._hop._notices:
            for address in _FINAL_RECIPIENT.findall(content):
                self._ledger.note_notice(address.decode())
            return
        now = time.monotonic()
        for address in self._recipients:
            self._ledger.note_arrival(address, now)
        if why := self._changed(content):
            self._ledger.damaged += [f"{address}: {why}" for address in self._recipients]

    def _changed(self, content: bytes) -> str:
        """What is wrong with the message, "" if nothing is."""
        header, _, body = content.partition(b"\r\n\r\n")
        body = re.sub(rb"^\.", b"", body[:-3], flags=re.M)
        digest = _DIGEST.search(header + b"\r\n")
        if digest is None or digest[1].decode() != hashlib.sha256(body).hexdigest():
            return "another body"
        if (len(body) > LARGE) != (b"\r\nX-Soak-Large: yes" in b"\r\n" + header):
            return "another header"
        secure = any(address.endswith("@secure.example") for address in self._recipients)
        if secure and not (self._secured and b"\r\nX-Soak-Secure: yes" in b"\r\n" + header):
            return "not by the rule's way"
        return ""

    async def _step(self, refusal: str, *possible: str) -> bool:
        """Whether the step went wrong with an answer; without one, the session is over."""
        found = await self._hop.wrong(*possible, "reset", "hang")
        if found in possible:
            self._say(refusal)
        elif found:
            raise Broken
        return bool(found)

    def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())


# Messages above that size get a header of their own by a rule, and none is near it.
LARGE: Final = 128 * 1024
