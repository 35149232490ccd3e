"""Mail transactions on a connection that is ready (greeted, encrypted and authenticated as
demanded).

Promises:
1. A recipient is DELIVERED only by a 2xx to the end of data of a transaction in which its RCPT was
   answered 2xx; in LMTP, where each such recipient has an answer of its own, by its own (RFC 2033).
2. With PIPELINING the envelope and DATA go out in one write, and all their replies are read before
   anything else is sent; when no recipient was taken and DATA was answered 354 all the same, an
   empty message is sent (RFC 2920 section 3.1).
3. Body and final dot go out in one write, or in pieces as the peer takes them where the body is
   large.
4. One refused recipient harms no other. After an error the connection is not used again.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from gatepost.delivery import command
from gatepost.delivery.command import Extensions, Needs
from gatepost.delivery.outcome import (
    Malformed,
    Phase,
    Unsendable,
    judge,
    too_many_recipients,
)
from gatepost.delivery.values import NextHop, Outcome, Outgoing, Verdict
from gatepost.delivery.wire import Wire
from gatepost.quick import quick
from gatepost.reply import Reply

PIECE = (
    256 * 1024
)  # octets handed to the transport at once; the write buffer holds no more than about twice as much


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait in each phase; RFC 5321 section 4.5.3.2 gives the least that a client should.
    connect: one address. handshake: TLS. piece: room to write the next piece of a body."""

    connect: float = 30.0
    greeting: float = 300.0
    command: float = 300.0
    handshake: float = 60.0
    data: float = 120.0
    piece: float = 180.0
    end: float = 600.0

    def of(self, phase: Phase) -> float:
        if phase is Phase.END:
            return self.end
        return self.data if phase is Phase.DATA else self.command


@quick
@dataclass(frozen=True, slots=True)
class Transmission:
    """What one transaction came to. outcomes: one a recipient, in order. overflow: indexes of the
    recipients that the next hop wants in another transaction, of which this one has shown that it
    makes progress. hung_up: the peer ended the connection before the final dot was sent, so that
    nothing of the message can have been accepted."""

    outcomes: list[Outcome]
    overflow: tuple[int, ...] = ()
    hung_up: bool = False


class _Broken(Exception):
    """The connection is of no use any more. cause: an error, or a reply that ends or confuses the
    session."""

    def __init__(self, phase: Phase, cause: Reply | Exception) -> None:
        self.phase = phase
        self.cause = cause
        super().__init__()

    @property
    def hung_up(self) -> bool:
        if self.phase is Phase.END:
            return False
        cause = self.cause
        return cause.code == 421 if isinstance(cause, Reply) else isinstance(cause, ConnectionError)


class Session:
    """One connection, used by one task at a time. transactions: how many were begun on it."""

    def __init__(
        self,
        wire: Wire,
        hop: NextHop,
        offered: Extensions,
        *,
        peer: str,
        tls: str,
        timeouts: Timeouts,
    ) -> None:
        self.hop = hop
        self.offered = offered
        self.peer = peer
        self.tls = tls
        self.transactions = 0
        self._wire = wire
        self._timeouts = timeouts
        self._reset_due = False

    @property
    def usable(self) -> bool:
        return self._wire.usable

    def quit(self) -> None:
        """Says QUIT and closes, without waiting for the answer."""
        self._wire.close(b"QUIT\r\n")

    def abort(self) -> None:
        self._wire.abort()

    async def send(self, outgoing: Outgoing) -> Transmission:
        """One transaction. Raises only what is not about delivery (cancellation, a defect), with
        the session aborted."""
        results: dict[int, Outcome] = {}
        everyone = range(len(outgoing.recipients))
        hung_up = False
        overflow: list[int] = []
        try:
            added = command.headers(outgoing.headers)
            needs = Needs.of(outgoing, added, self.offered.size)
            mail, recipients = self._envelope(outgoing, needs, results)
            if recipients:
                accepted = await self._open(mail, recipients, results, overflow)
                if accepted:
                    await self._content(added, outgoing.body, accepted, results)
        except Unsendable as error:
            return Transmission([self._judge(Phase.MAIL, error)] * len(everyone))
        except _Broken as broken:
            self.abort()
            hung_up = broken.hung_up
            shared = self._judge(broken.phase, broken.cause)
            results = {index: results.get(index, shared) for index in everyone}
        except BaseException:
            self.abort()
            raise
        outcomes = [results[index] for index in everyone]
        if overflow and not any(it.verdict is Verdict.DELIVERED for it in outcomes):
            overflow = []
        return Transmission(outcomes, tuple(overflow), hung_up)

    def _envelope(
        self, outgoing: Outgoing, needs: Needs, results: dict[int, Outcome]
    ) -> tuple[bytes, dict[int, bytes]]:
        """The MAIL line and the RCPT lines by index; a recipient that cannot be sent gets its
        outcome at once. Raises Unsendable for the message as a whole."""
        sender_is_utf8 = not outgoing.mail_from.isascii()
        recipients: dict[int, bytes] = {}
        smtputf8 = sender_is_utf8
        for index, recipient in enumerate(outgoing.recipients):
            try:
                recipients[index] = command.rcpt(recipient, self.offered, sender_is_utf8)
                smtputf8 = smtputf8 or not recipient.address.isascii()
            except Unsendable as error:
                results[index] = self._judge(Phase.RCPT, error)
        return command.mail(outgoing, needs, self.offered, smtputf8), recipients

    async def _open(
        self,
        mail: bytes,
        recipients: dict[int, bytes],
        results: dict[int, Outcome],
        overflow: list[int],
    ) -> list[int]:
        """From MAIL to the answer to DATA, all at once where the peer takes that. Returns the
        recipients to send the content for, after a 354; the others have their outcome in
        results."""
        self.transactions += 1
        lines = [mail, *recipients.values(), b"DATA\r\n"]
        if self._reset_due:
            lines.insert(0, b"RSET\r\n")
        pipelining = self.offered.pipelining
        if pipelining:
            self._write(Phase.MAIL, b"".join(lines), replies=len(lines))
        dialogue = self._dialogue(mail, recipients, results, overflow)
        try:
            phase, line = next(dialogue)
            while True:
                if not pipelining or phase is Phase.END:
                    self._write(phase, line, replies=1)
                reply = self._taken(phase) if pipelining else None
                phase, line = dialogue.send(reply or await self._reply(phase))
        except StopIteration as end:
            accepted: list[int] = end.value
            return accepted

    def _dialogue(
        self,
        mail: bytes,
        recipients: dict[int, bytes],
        results: dict[int, Outcome],
        overflow: list[int],
    ) -> Generator[tuple[Phase, bytes], Reply, list[int]]:
        """As `_open`, of which it is the part without input and output: gives a line, takes the
        answer to it."""
        pipelining = self.offered.pipelining
        if self._reset_due:
            done = yield Phase.RSET, b"RSET\r\n"
            if not _is_taken(done):
                raise _Broken(Phase.RSET, done)
        self._reset_due = True
        sender = yield Phase.MAIL, mail
        if not _is_taken(sender):
            results.update(dict.fromkeys(recipients, self._judge(Phase.MAIL, sender)))
            if not pipelining:
                return []
        accepted: list[int] = []
        for index, line in recipients.items():
            reply = yield Phase.RCPT, line
            if not _is_taken(sender):
                continue  # answered only because it was sent along
            if _is_taken(reply):
                accepted.append(index)
                continue
            results[index] = self._judge(Phase.RCPT, reply)
            if too_many_recipients(reply):
                overflow.append(index)
        if not accepted and not pipelining:
            return []
        data = yield Phase.DATA, b"DATA\r\n"
        if data.code == 354:
            if not accepted and self.hop.lmtp:
                raise _Broken(Phase.DATA, Malformed("DATA without recipients was answered 354"))
            if not accepted:
                yield Phase.END, b".\r\n"
                self._reset_due = False
        elif data.positive:
            raise _Broken(Phase.DATA, data)
        else:
            results.update(dict.fromkeys(accepted, self._judge(Phase.DATA, data)))
            accepted = []
        return accepted

    async def _content(
        self, added: bytes, body: bytes, accepted: list[int], results: dict[int, Outcome]
    ) -> None:
        """The added headers, the body and the final dot. Each of `accepted` gets its outcome as its
        answer comes: SMTP answers for all at once."""
        answers = [[index] for index in accepted] if self.hop.lmtp else [accepted]
        if len(body) <= PIECE:
            self._write(Phase.END, b"".join((added, body, b".\r\n")), replies=len(answers))
        elif not await self._pieces(added, body, len(answers)):
            early = await self._reply(Phase.END)
            self.abort()
            if early.positive or self.hop.lmtp:
                raise _Broken(Phase.END, Malformed("an answer before the end of data"))
            results.update(dict.fromkeys(accepted, self._judge(Phase.END, early)))
            return
        for indexes in answers:
            end = await self._reply(Phase.END)
            results.update(dict.fromkeys(indexes, self._judge(Phase.END, end)))
        self._reset_due = False

    async def _pieces(self, added: bytes, body: bytes, replies: int) -> bool:
        """False when the peer answered or left before it had everything."""
        whole = memoryview(body)
        self._write(Phase.END, added, replies)
        for start in range(0, len(body), PIECE):
            self._write(Phase.END, whole[start : start + PIECE])
            try:
                if not await self._wire.drain(self._timeouts.piece):
                    return False
            except TimeoutError as error:
                raise _Broken(Phase.END, error) from error
        self._write(Phase.END, b".\r\n")
        return True

    def _write(self, phase: Phase, data: bytes | memoryview, replies: int = 0) -> None:
        try:
            self._wire.write(data, replies)
        except (OSError, Malformed) as error:
            raise _Broken(phase, error) from error

    def _taken(self, phase: Phase) -> Reply | None:
        """A reply that is there already, as most are that answer one write: without a coroutine."""
        reply = self._wire.taken()
        return None if reply is None else _checked(phase, reply)

    async def _reply(self, phase: Phase) -> Reply:
        try:
            reply = await self._wire.reply(self._timeouts.of(phase))
        except (OSError, Malformed) as error:
            raise _Broken(phase, error) from error
        return _checked(phase, reply)

    def _judge(self, phase: Phase, cause: Reply | Exception) -> Outcome:
        return judge(phase, cause, peer=self.peer, tls=self.tls, dsn=self.offered.dsn)


def _checked(phase: Phase, reply: Reply) -> Reply:
    if reply.code == 421:
        raise _Broken(phase, reply)
    return reply


def _is_taken(reply: Reply) -> bool:
    return 200 <= reply.code < 300
