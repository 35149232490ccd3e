"""The content of one message that comes in chunks (RFC 3030), as they come: counted, limited and
judged by the laws of content.py, whose wire form it becomes.

Promises:
1. A chunk is exactly as long as BDAT says: nothing in it ends it, nothing of it is a command.
2. The size limit holds for all chunks together and is judged by what BDAT announces, before it
   comes; what is refused is swallowed and not kept.
3. Lines that begin with a dot are dot-stuffed, and a last line without CRLF gets one, as a next hop
   by DATA needs it; nothing else is changed.
"""

from __future__ import annotations

from gatepost.reply import Reply
from gatepost.smtp.content import CRLF, TOO_BIG, Content
from gatepost.smtp.limits import Limits


class Chunks(Content):
    """`begin` a chunk, `feed` what arrives until it returns the rest, and so on; after the last one
    `finish`, then `refusal` or `take`. ended: of the chunk."""

    __slots__ = ("_announced", "_left")

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._buffer = bytearray()
        self._announced = 0
        self._left = 0

    def begin(self, size: int) -> None:
        """size: octets of the next chunk."""
        self._announced += size
        self._left = size
        self.ended = not size
        if self._announced > self._limits.message_bytes:
            self.refuse(TOO_BIG)

    def feed(self, data: bytes) -> bytes | None:
        """None while the chunk is not whole, then what followed it."""
        piece, rest = data[: self._left], data[self._left :]
        self._left -= len(piece)
        if self.refusal is None:
            # A line may have begun with the last arrival, and one begins with the content.
            tail = bytes(self._buffer[-2:]) or CRLF
            self._buffer += (tail + piece).replace(b"\r\n.", b"\r\n..")[len(tail) :]
            self._judge(len(self._buffer) - self._buffer.endswith(b"\r"))
            self._drop_refused()
        if self._left:
            return None
        self.ended = True
        return rest

    def finish(self) -> None:
        """After the last chunk."""
        if self.refusal is None:
            if self._buffer and not self._buffer.endswith(CRLF):
                self._buffer += CRLF
            self._judge(len(self._buffer))
            self._drop_refused()

    def refuse(self, reply: Reply) -> None:
        super().refuse(reply)
        self._drop_refused()

    def _drop_refused(self) -> None:
        if self.refusal is not None:
            self._buffer = b""
