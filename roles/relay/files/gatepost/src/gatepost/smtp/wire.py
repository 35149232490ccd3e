"""One SMTP connection as octets and time: aiosmtpd's session with its transport put right.

What stays of the base class is its frame: a stream protocol with flow control and one task a
connection that runs `_handle_client`. Each override says which measured defect it answers. Laws:
1. The task is never cancelled by what the client does: a lost connection wakes it and it ends by
   itself, so that a commit that has begun is finished.
2. Replies are collected and written when the task is about to wait: one write for all commands of
   one arrival (RFC 2920).
3. Content goes from `data_received` to the scanner; the task sleeps until its end.
4. One timer a connection, off during the commit, running from the last progress otherwise.
5. Nothing here logs. Events go to the Record, without content, credentials or command lines.
The dialogue itself is connection.py.
"""

from __future__ import annotations

import asyncio
import math
import traceback
from collections.abc import Awaitable
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from aiosmtpd.smtp import SMTP

from gatepost.policy.values import Session
from gatepost.reply import Reply
from gatepost.smtp.content import Content
from gatepost.smtp.lines import Lines

if TYPE_CHECKING:
    from gatepost.smtp.server import Listening

# Above this much unread input the socket is not read; a commit may take its time.
_INPUT_BYTES = 64 * 1024

STOPPING = Reply(421, "4.3.2", "Service shutting down, try again later")
TOO_SLOW = Reply(421, "4.4.2", "Timeout, closing connection")
TOO_MANY_ERRORS = Reply(421, "4.7.0", "Too many errors, closing connection")
FAULT_AT_LARGE = Reply(421, "4.3.0", "Local error in processing, try again later")
NO_MEMORY = Reply(452, "4.3.1", "Insufficient system memory, try again later")

# Most replies are the same few: 1.8 us a message, 1 where the last one is never the same.
_octets = lru_cache(maxsize=64)(Reply.wire)


class Wire(SMTP):
    """state: "greeting", "proxy", "command", "auth", "tls", "data", "commit" or "closing".

    Below it are Transfer (content) and Connection (dialogue), which are one object with it. What
    they set of this class, besides calling it; the rest is set here alone:
    - state: Transfer to "data" and "commit", Connection to "proxy" and "tls".
    - client: Connection, as PROXY, EHLO, TLS and AUTH tell more of who it is.
    - messages, productive: Transfer, with a message that is accepted.
    - transport, _reading_paused: Connection, for the transport that STARTTLS puts in place.
    - _output: Connection adds AUTH's challenges and EHLO's answer, which are octets and no Reply.
    - _lines: Connection looks for what came before its time, and takes the PROXY header out.
    Transfer declares what it shares with Connection; Listening reads client, state, messages,
    seconds and reason.
    """

    # With the base's own, there would be more attributes than a class's instances share the keys of
    # (30), and each method call would look at a dictionary first: 1.5 us a message, 3 a connection.
    __slots__ = (
        "_armed",
        "_content",
        "_counted",
        "_cutoff",
        "_due",
        "_eof",
        "_errors",
        "_handler_coroutine",
        "_lines",
        "_lost",
        "_output",
        "_reading_paused",
        "_timeout_handle",
        "_waiter",
        "client",
        "limits",
        "listening",
        "loop",
        "messages",
        "productive",
        "reason",
        "started",
        "state",
        "transport",
    )

    def __init__(self, listening: Listening, loop: asyncio.AbstractEventLoop) -> None:
        """Does not run the base's own: it inspects every member (250 us a connection), looks up
        the host name, clears limits that all connections share, and makes a StreamReader."""
        # pylint: disable-next=non-parent-init-called
        asyncio.StreamReaderProtocol.__init__(self, None, loop=loop)  # type: ignore[arg-type]
        self.loop = loop
        self.transport: asyncio.Transport | None = None
        self.listening = listening
        self.limits = listening.limits
        self.client = Session("")
        self.state = "greeting"
        self.messages = 0
        self.started = self.productive = loop.time()
        self.reason = "client left"
        self._counted = ""  # the address under which the load counts this connection
        self._lines = Lines()
        self._content: Content | None = None
        self._cutoff = math.inf  # when the content must have ended
        self._output = b""
        self._waiter: asyncio.Future[None] | None = None
        self._handler_coroutine: asyncio.Task[None] | None = None
        self._timeout_handle: asyncio.TimerHandle | None = None
        self._due = self._armed = math.inf
        self._errors = 0
        self._eof = self._lost = self._reading_paused = False

    async def _handle_client(self) -> None:
        """The base answers an exception with its type and text as a 500, logs command lines, and
        ends commands at a bare LF."""
        try:
            await self._converse()
        except ConnectionError:
            self.reason = "client left"
        except Exception as error:
            self._fault("session", error)
            self._end(FAULT_AT_LARGE, "fault")
        finally:
            self._close()
            self.listening.forget(self)

    async def _converse(self) -> None:
        """The dialogue, from the greeting on; returns when nothing more is to be said."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The base starts a full timer, a StreamWriter and a second session for STARTTLS here."""
        asyncio.StreamReaderProtocol.connection_made(self, transport)
        self.transport = cast(asyncio.Transport, transport)
        self.listening.load.connections += 1
        self.listening.remember(self)
        self._handler_coroutine = self.loop.create_task(self._handle_client())

    def _count(self, address: str) -> None:
        """The load counts this connection under `address` until it is lost."""
        if not self._lost:
            self._counted = address
            self.listening.load.arrive(address)

    @property
    def seconds(self) -> float:
        return self.loop.time() - self.started

    def connection_lost(self, error: Exception | None) -> None:
        """The base cancels the task, and a commit with it: the message may be stored and the
        client told nothing, or half stored."""
        self._lost = True
        self.listening.load.connections -= 1
        if self._counted:
            self.listening.load.leave(self._counted)
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
            self._timeout_handle = None
        self._due = math.inf
        asyncio.StreamReaderProtocol.connection_lost(self, error)
        self._wake()

    def eof_received(self) -> bool:
        """The base cancels the task. A client that pipelines and half-closes gets its replies."""
        self._eof = True
        self._wake()
        return self.client.tls_version is None

    def data_received(self, data: bytes) -> None:
        """The base reads content a line at a time through a StreamReader: 1.9 ms for 64 KiB, and
        a line without end grows without bound."""
        if self._content is None:
            self._lines.feed(data)
            if len(self._lines) > _INPUT_BYTES and not self._reading_paused and self.transport:
                self._reading_paused = True
                self.transport.pause_reading()
        elif not self._feed(self._content, data):
            return
        self._wake()

    def _feed(self, content: Content, data: bytes) -> bool:
        """Whether the content ended with this; what follows it is command input again."""
        load, before = self.listening.load, content.held
        rest = content.feed(data)
        if rest is None and load.memory + content.held - before > self.limits.memory_bytes:
            content.refuse(NO_MEMORY)
        load.memory += content.held - before
        if rest is None:
            self._progress(self.loop.time())
            return False
        self._content = None
        if rest:
            self._lines.feed(rest)
        return True

    def _progress(self, now: float) -> None:
        """Content came, or may: the next must within data_seconds, all of it by the cutoff."""
        self._time_out_at(min(now + self.limits.data_seconds, self._cutoff))

    # Waiting, reading, writing

    def _more(self) -> Awaitable[None]:
        """Writes what was collected; waits until something arrives or the client is gone."""
        self._flush()
        if self._paused or self._reading_paused or self._lost:  # type: ignore[attr-defined]
            return self._more_when_taken()
        self._waiter = self.loop.create_future()
        return self._waiter

    async def _more_when_taken(self) -> None:
        """Where the client does not take our replies, or is not read, or is gone."""
        if self._paused:  # type: ignore[attr-defined]  # FlowControlMixin's
            await self._drain_helper()  # type: ignore[attr-defined]
            return  # to look at what came meanwhile, which woke nobody
        if self._reading_paused and self.transport is not None and not self._lost:
            self._reading_paused = False
            self.transport.resume_reading()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _held_line(self, limit: int, state: str = "command") -> bytes | None:
        """The next good line of at most `limit` octets; None while none has arrived whole, and when
        the session is over."""
        while not self._lost and self.state != "closing":
            self.state = state
            line = self._lines.take(limit)
            if line is None or isinstance(line, bytes):
                return line
            self._answer("line", line)
        return None

    async def _line(self, limit: int, state: str = "command") -> bytes | None:
        """The next good line; None when the session is over. Progress is a whole line: a client
        that sends an octet a minute makes none."""
        timed = False
        while (line := self._held_line(limit, state)) is None:
            if self._lost or self._eof or self.state == "closing":
                break
            if self.listening.draining:
                self._end(STOPPING, "stopping")
                break
            if not timed:
                timed = True
                limits, now = self.limits, self.loop.time()
                patience = self.productive + limits.unproductive_seconds
                self._time_out_at(min(now + limits.command_seconds, patience))
            await self._more()
        return line

    async def _receive(self, content: Content) -> bool:
        """Whether the end of the content came; what follows it is command input again."""
        now = self.loop.time()
        self._cutoff = now + self.limits.message_seconds
        early = self._lines.take_all()
        if not early and not content.ended:  # as a rule; to feed nothing costs 5 us
            self._progress(now)
        elif self._feed(content, early):
            return True
        self._content = content
        try:
            while not (content.ended or self._lost or self._eof or self.state == "closing"):
                await self._more()
        finally:
            self._content = None
        return content.ended

    def _flush(self) -> None:
        if self._output:
            if self.transport is not None and not self._lost:
                self.transport.write(self._output)
            self._output = b""

    def _answer(self, stage: str, reply: Reply) -> None:
        """A reply of the SMTP layer to a command that is wrong in form or order: it counts."""
        self._send(reply)
        self._errors += 1
        if self.state == "closing":
            self._deny(stage, reply, last=False)
        elif self._errors >= self.limits.errors:
            self._deny("errors", TOO_MANY_ERRORS)

    def _send(self, reply: Reply) -> None:
        self._output += _octets(reply)
        if reply.code in (421, 521):  # by their definition the last of a session
            self.state = "closing"
            self.reason = str(reply)

    def _end(self, reply: Reply, reason: str) -> bool:
        """The last reply of a session. Always False."""
        self._output += reply.wire()
        self.state = "closing"
        self.reason = reason
        return False

    def _drop(self, reason: str) -> bool:
        """The end of a session that gets no reply. Always False."""
        self.state = "closing"
        self.reason = reason
        self.listening.record("Denial", by="connection", reason=reason, **self._who())
        return False

    def _deny(self, by: str, reply: Reply, *, last: bool = True) -> bool:
        """Records what the SMTP layer itself refused, and sends it if it is the last reply of the
        session. by: the limit or the law. Always False."""
        self.listening.record("Denial", by=by, reply=str(reply), **self._who())
        return self._end(reply, str(reply)) if last else False

    def _fault(self, command: str, error: Exception) -> None:
        """The base tells the client the exception's type and text."""
        frames = traceback.extract_tb(error.__traceback__)
        at = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
        reason = type(error).__name__
        if command != "AUTH":  # an exception may quote what it was given
            reason += f": {error}"
        self.listening.record(
            "Fault", where="smtp", reason=reason, at=at, command=command, **self._who()
        )

    def _who(self) -> dict[str, str]:
        return {"source_ip": self.client.source_ip, "helo": self.client.helo}

    def _close(self) -> None:
        if self._lost:
            return
        self.state = "closing"
        self._flush()
        if self.transport is not None:
            self._reset_timeout(self.limits.close_seconds)
            self.transport.close()

    def stop(self, *, now: bool) -> None:
        """The daemon stops. A session that waits for a command is told so; with `now` the others
        are cut, a commit excepted, which nobody hears of any more but which ends by itself."""
        if not now:
            if self.state in ("command", "auth", "proxy", "greeting"):
                self._wake()
        elif self.transport is not None and not self._lost:
            if self.state == "data":
                self._end(STOPPING, "stopping")
                self._flush()
                self.transport.close()
                self._wake()
            else:
                self.transport.abort()

    # Time

    def _reset_timeout(self, duration: float | None = None) -> None:
        """The base arms a new timer a command. Here a date moves, and the one timer looks at it
        when it fires; only an earlier date arms anew. None turns it off."""
        self._time_out_at(math.inf if duration is None else self.loop.time() + duration)

    def _time_out_at(self, due: float) -> None:
        """due: of the loop's clock; infinite for never."""
        if self._lost:
            return
        self._due = due
        if due < self._armed:
            if self._timeout_handle is not None:
                self._timeout_handle.cancel()
            self._arm()

    def _arm(self) -> None:
        self._armed = self._due
        self._timeout_handle = (
            None if math.isinf(self._due) else self.loop.call_at(self._due, self._timeout_cb)
        )

    def _timeout_cb(self) -> None:
        """The base closes without a word, also in the middle of a commit."""
        self._timeout_handle = None
        if self.loop.time() < self._due:
            self._arm()
            return
        self._armed = math.inf
        if self.transport is None:
            return
        if self.state == "closing":
            self.transport.abort()  # the client does not take the last reply
            return
        if self.state == "proxy":
            self._drop("no PROXY header in time")
        else:
            self._end(TOO_SLOW, "timeout")
        self._close()
        self._wake()
