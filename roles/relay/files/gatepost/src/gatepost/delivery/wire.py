"""The bytes of a client connection: strict replies in, writes with progress out.

Promises: a reply is parsed whole or the connection is given up (`Malformed`); a line, a reply and
the number of unread replies are bounded; data that nobody asked for makes the connection unusable;
text handed on holds no control character. Sources: RFC 5321 section 4.2, RFC 2034 section 4, RFC
2920.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from functools import lru_cache
from typing import cast

from gatepost.controls import CONTROL, has_control
from gatepost.delivery.outcome import Disconnected, Malformed
from gatepost.reply import Reply

LINE_LIMIT = 4096  # octets; RFC 5321 asks for 512, real servers go beyond it
REPLY_LIMIT = 32768  # octets of all lines of one reply

_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: +|$)")


def make_reply(code: int, lines: list[str]) -> Reply:
    """A Reply of raw text lines: the enhanced code taken off where its class agrees, control
    characters made visible."""
    first = _ENHANCED.match(lines[0])
    enhanced = first[1] if first and first[1][0] == str(code)[0] else ""
    texts = []
    for number, line in enumerate(lines):
        found = _ENHANCED.match(line) if number else first
        text = line[found.end() :] if enhanced and found and found[1] == enhanced else line
        texts.append(CONTROL.sub("?", text) if has_control(text) else text)
    return Reply(code, enhanced, "\n".join(texts))


class ReplyParser:
    """Bytes in, whole replies out; knows nothing of sockets."""

    def __init__(self) -> None:
        self._buffer = b""
        self._code = 0
        self._lines: list[str] = []
        self._size = 0
        self.fault: Malformed | None = None

    def feed(self, data: bytes) -> list[Reply]:
        """Raises Malformed, or leaves it as `fault` where good replies came before it: in LMTP they
        tell what was delivered. The parser is of no use afterwards."""
        replies: list[Reply] = []
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            try:
                reply = self._line(line.removesuffix(b"\r"))
            except Malformed as error:
                if not replies:
                    raise
                self.fault = error
                return replies
            if reply is not None:
                replies.append(reply)
        if len(self._buffer) > LINE_LIMIT:
            raise Malformed(f"a line of more than {LINE_LIMIT} octets")
        return replies

    def _line(self, line: bytes) -> Reply | None:
        if not self._lines and (whole := _whole(line)) is not None:
            return whole
        code, more, text = _parts(line)
        if self._lines and code != self._code:
            raise Malformed("lines of one reply differ in their code")
        self._size += len(line)
        if self._size > REPLY_LIMIT:
            raise Malformed(f"a reply of more than {REPLY_LIMIT} octets")
        self._code = code
        self._lines.append(text)
        if more:
            return None
        reply = make_reply(code, self._lines)
        self._lines, self._size = [], 0
        return reply


def _parts(line: bytes) -> tuple[int, bool, str]:
    """The code, whether more lines follow, the text. Raises Malformed."""
    if len(line) > LINE_LIMIT:
        raise Malformed(f"a line of more than {LINE_LIMIT} octets")
    code, mark = line[:3], line[3:4]
    if len(code) != 3 or not code.isdigit() or not b"200" <= code < b"600":
        raise Malformed("no reply code")
    if mark not in (b"", b" ", b"-"):
        raise Malformed("no space after the reply code")
    return int(code), mark == b"-", line[4:].decode("utf-8", "replace")


# Most replies are one of a few, some of which are new with every message: to know the few again
# saves 7 us a message of 85.
@lru_cache(maxsize=256)
def _whole(line: bytes) -> Reply | None:
    """The reply that is this one line; None where more follow. Raises Malformed."""
    code, more, text = _parts(line)
    return None if more else make_reply(code, [text])


class Wire(asyncio.Protocol):
    """One connection, from the moment that it is ready for mail. One task at a time may use it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = ReplyParser()
        self._replies: deque[Reply] = deque()
        self._expected = 0
        self._fault: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False

    @property
    def usable(self) -> bool:
        return self._fault is None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._fault is not None:
            return
        try:
            replies = self._parser.feed(data)
        except Malformed as error:
            self._fail(error)
            return
        self._replies.extend(replies)
        if len(self._replies) > self._expected or (data and not self._expected):
            self._fail(Malformed("more than was asked for"))
            return
        if self._parser.fault is not None:
            self._fail(self._parser.fault)
        elif replies:
            self._wake()

    def eof_received(self) -> bool:
        self._fail(Disconnected())
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc if isinstance(exc, OSError) else Disconnected())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._wake()

    # What a session calls.

    def write(self, data: bytes | memoryview, replies: int = 0) -> None:
        """Hands data to the transport. replies: how many it will be answered with."""
        if self._fault is not None or self._transport is None:
            raise self._raised()
        self._expected += replies
        self._transport.write(data)

    def taken(self) -> Reply | None:
        """The next reply, None where it has not come yet."""
        if not self._replies:
            return None
        self._expected -= 1
        return self._replies.popleft()

    async def reply(self, seconds: float) -> Reply:
        """The next reply, those that came before a fault first. Raises Malformed, OSError,
        TimeoutError."""
        while (reply := self.taken()) is None:
            if self._fault is not None:
                raise self._raised()
            await self._woken(seconds)
        return reply

    async def drain(self, seconds: float) -> bool:
        """Waits until there is room to write. False when the peer spoke, or left, before it took
        everything."""
        while self._paused and self._fault is None and not self._replies:
            await self._woken(seconds)
        return self._fault is None and not self._replies

    def close(self, farewell: bytes = b"") -> None:
        """Ends an idle connection politely, without waiting for the peer."""
        if self._transport is None:
            return
        if self._fault is None:
            self._fault = Disconnected()
            self._transport.write(farewell)
            self._transport.close()
        else:
            self._transport.abort()

    def abort(self) -> None:
        """Ends the connection at once; what was not yet sent is not sent."""
        if self._fault is None:
            self._fault = Disconnected()
        if self._transport is not None:
            self._transport.abort()

    def _fail(self, error: Exception) -> None:
        if self._fault is None:
            self._fault = error
        self._wake()
        if isinstance(error, Malformed) and self._transport is not None:
            self._transport.abort()

    def _raised(self) -> Exception:
        """The fault, which is not kept: its traceback would hold this connection, and what TLS has
        for it, until a collection of cycles."""
        fault, self._fault = self._fault, Disconnected()
        return fault or self._fault

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _woken(self, seconds: float) -> asyncio.Future[None]:
        """Done when something came or changed; fails with TimeoutError. One lazy timer a
        connection: re-arming it for every reply would cost more than the reply."""
        self._deadline = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._deadline:
            self._arm()
        self._waiter = self._loop.create_future()
        return self._waiter

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() >= self._deadline:
            self._waiter.set_exception(TimeoutError())
        else:
            self._arm()
