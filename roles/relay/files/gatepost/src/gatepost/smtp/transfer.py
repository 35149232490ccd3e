"""The content of one SMTP connection's transactions: DATA and BDAT, from the command to the commit.

The sequence of commands is connection.py's, octets and time are wire.py's; what content may be is
judged by content.py and chunks.py. An exception of the Receiver is answered 451, recorded, and told
to nobody else.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable

from gatepost.reply import Reply
from gatepost.smtp.chunks import Chunks
from gatepost.smtp.commands import Bdat
from gatepost.smtp.content import Content
from gatepost.smtp.receiver import Transaction
from gatepost.smtp.wire import NO_MEMORY, Wire
from gatepost.spool.interface import SpoolFull

OUT_OF_ORDER = Reply(503, "5.5.1", "Bad sequence of commands")
FAULT = Reply(451, "4.3.0", "Local error in processing, try again later")
_GO_AHEAD = Reply(354, "", "End data with <CR><LF>.<CR><LF>")
_NO_RECIPIENTS = Reply(503, "5.5.1", "No valid recipients")
_NO_STORAGE = Reply(452, "4.3.1", "Insufficient system storage, try again later")

# A chunk of so many octets is work and not one of the commands that a session may waste.
_PRODUCTIVE = 1024


class Transfer(Wire):
    """What is between Wire and the dialogue. It shares with Connection: _transaction, which MAIL
    begins, and which the end of content, RSET and others forget. _chunks: those that came, once
    BDAT began. _extended: the client said EHLO, which Connection sets. _commands: counted by
    Connection since the last accepted message, which is known here."""

    _transaction: Transaction | None = None
    _chunks: Chunks | None = None
    _extended = False
    _commands = 0

    def _data(self) -> Awaitable[None] | None:
        transaction = self._transaction
        if transaction is None or self._chunks is not None:
            self._answer("DATA", OUT_OF_ORDER)
        elif not transaction.recipients:
            self._answer("DATA", _NO_RECIPIENTS)
        elif self.listening.load.memory >= self.limits.memory_bytes:
            self._deny("memory", NO_MEMORY, last=False)
            self._send(NO_MEMORY)
        else:
            return self._take(transaction)
        return None

    async def _take(self, transaction: Transaction) -> None:
        """aiosmtpd passes bare CR, bare LF and NUL on, and reads a line without end."""
        load = self.listening.load
        self.state = "data"
        self._send(_GO_AHEAD)
        content = Content(self.limits)
        load.memory += content.held
        try:
            if await self._receive(content):
                self._transaction = None
                self._send(await self._commit(transaction, content))
        finally:
            load.memory -= content.held

    async def _bdat(self, command: Bdat) -> None:
        """RFC 3030, which aiosmtpd does not know. A chunk is read whole, whatever is answered. What
        is refused ends the transaction: the chunks pipelined behind it must find none, lest they be
        taken for a message without its beginning."""
        transaction, load = self._transaction, self.listening.load
        refusal = self._bdat_refusal(transaction)
        chunks = self._chunks
        if chunks is None:
            chunks = self._chunks = Chunks(self.limits)
            load.memory += chunks.held
        before = chunks.held
        chunks.begin(command.size)
        if refusal is not None:
            chunks.refuse(refusal)
        elif load.memory >= self.limits.memory_bytes:
            chunks.refuse(NO_MEMORY)
        load.memory += chunks.held - before
        self.state = "data"
        if not await self._receive(chunks):
            return
        if transaction is None or refusal is not None:
            self._forget()
            self._answer("BDAT", refusal or OUT_OF_ORDER)
        elif command.last:
            self._transaction = None
            before = chunks.held
            chunks.finish()
            load.memory += chunks.held - before
            reply = await self._commit(transaction, chunks)
            self._forget()
            self._send(reply)
        elif chunks.refusal is not None:
            self._refused(chunks.refusal)
            self._forget()
            self._send(chunks.refusal)
        else:
            if command.size >= _PRODUCTIVE:
                self._commands -= 1
            self._send(Reply(250, "2.0.0", f"{command.size} octets received"))

    def _bdat_refusal(self, transaction: Transaction | None) -> Reply | None:
        if transaction is None or not self._extended:
            return OUT_OF_ORDER
        return None if transaction.recipients else _NO_RECIPIENTS

    def _forget(self) -> None:
        """The transaction, as far as it has come."""
        self._transaction = None
        if self._chunks is not None:
            self.listening.load.memory -= self._chunks.held
            self._chunks = None

    def _refused(self, reply: Reply) -> None:
        """Records what content was refused by: itself, or the memory of the process."""
        self._deny("memory" if reply == NO_MEMORY else "content", reply, last=False)

    async def _commit(self, transaction: Transaction, content: Content) -> Reply:
        """aiosmtpd cancels its handler when the client leaves, or when the time for a command is
        over; this one ends by itself."""
        if content.refusal is not None:
            self._refused(content.refusal)
            return content.refusal
        self.state = "commit"
        self._time_out_at(math.inf)
        body = content.take()
        if not body.isascii():
            transaction.eight_bit = True
        try:
            reply = await self.listening.receiver.data(self.client, transaction, body)
        except SpoolFull:
            self._deny("storage", _NO_STORAGE, last=False)
            return _NO_STORAGE
        except Exception as error:
            self._fault("DATA", error)
            return FAULT
        if reply.positive:
            self.messages += 1
            self._commands = 0
            self.productive = self.loop.time()
        return reply
