"""The content of one message, from after 354 to CRLF.CRLF: found, limited and judged as it comes.

Promises:
1. Only CRLF.CRLF ends the content, its first CRLF being that of the DATA line when the dot stands
   first (RFC 5321 section 4.1.1.4). No other spelling does.
2. Content with a bare CR, a bare LF or a NUL, with a line, a header section or a size beyond the
   limits is refused, by one reply, after its end. It is never changed and never passed on.
3. Memory is bounded by the size limit; once content is refused, it is five octets.
4. No step is taken a line: the cost is that of a few searches in C.
The body is kept as received: dot-stuffed, ending in CRLF, without the final dot; b"" if empty.
"""

from __future__ import annotations

from gatepost.reply import Reply
from gatepost.smtp.limits import Limits

_END = b"\r\n.\r\n"
CRLF = b"\r\n"
_EMPTY_END = b".\r\n"  # the end where it stands first: its first CRLF is that of the DATA line
_BEFORE = -2  # where that CRLF is
_DOT = 0x2E
# Octets that are judged at once: little is copied. By 16 KiB, content of 64 KiB takes 10 us of 110
# longer.
_PIECE = 64 * 1024
CR = 0x0D

TOO_BIG = Reply(552, "5.3.4", "Message size exceeds the limit")
HEADER_TOO_BIG = Reply(552, "5.3.4", "Header section exceeds the limit")
BARE_NEWLINE = Reply(550, "5.6.0", "Message contains a bare CR or bare LF")
NUL = Reply(550, "5.6.0", "Message contains a NUL octet")


class Content:
    """`feed` what arrives until it returns the rest; then `refusal` or `take`."""

    __slots__ = (
        "_buffer",
        "_header_ended",
        "_judged",
        "_limits",
        "_line",
        "_stuffed",
        "_stuffed_to",
        "_taken",
        "ended",
        "refusal",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        # A bytearray from the second arrival on; one that is all is copied once, by the cut before
        # its end: 4 us of 64 KiB less.
        self._buffer: bytes | bytearray = b""
        self._judged = 0  # octets before it are known to be sound
        self._line = 0  # the start of a line no later than the last one judged
        self._header_ended = False
        self._stuffed = 0  # dots that the sender added
        self._stuffed_to = _BEFORE
        self._taken = 0
        self.ended = False
        self.refusal: Reply | None = None

    @property
    def held(self) -> int:
        """Octets of memory in use."""
        return len(self._buffer) + self._taken

    def feed(self, data: bytes) -> bytes | None:
        """None while the end has not come, then what followed it."""
        buffer = self._buffer
        known = len(buffer)
        if known:
            self._buffer = buffer = bytearray(buffer) if isinstance(buffer, bytes) else buffer
            buffer += data
        else:
            self._buffer = buffer = data
        if known < len(_EMPTY_END) and buffer.startswith(_EMPTY_END):
            at = _BEFORE
        else:
            at = buffer.find(_END, max(0, known - len(_END) + 1))
        if at == -1:
            self._judge(len(buffer) - buffer.endswith(b"\r"))  # that CR may be half of a CRLF
            if self.refusal is not None:
                self._keep_tail()
            return None
        self.ended = True
        rest = bytes(buffer[at + len(_END) :])
        if isinstance(buffer, bytearray):
            del buffer[at + 2 :]
        else:
            self._buffer = buffer[: at + 2]
        self._judge(at + 2)
        if self.refusal is not None:
            self._buffer = b""
        return rest

    def refuse(self, reply: Reply) -> None:
        """The server's own reason, for example memory; the first reason stands."""
        if self.refusal is None:
            self.refusal = reply
            self._keep_tail()

    def _keep_tail(self) -> None:
        """Of refused content: what may be the beginning of its end."""
        self._buffer = self._buffer[1 - len(_END) :]

    def take(self) -> bytes:
        """The wire form, once ended and not refused; it counts as held from then on."""
        buffer, self._buffer = self._buffer, b""
        self._taken = len(buffer)
        return bytes(buffer)

    def _judge(self, stop: int) -> None:
        if self.refusal is None:
            self.refusal = (
                self._judge_size(stop)
                or self._judge_octets(stop)
                or self._judge_lines(stop)
                or self._judge_header(stop)
            )
            self._judged = stop

    def _judge_size(self, stop: int) -> Reply | None:
        limit = self._limits.message_bytes
        if stop - self._stuffed > limit:
            if self.ended:  # a first half of the end may have been taken for one
                self._stuffed, self._stuffed_to = 0, _BEFORE
            if self._stuffed_to < 0:
                self._stuffed += self._buffer.startswith(b".")
            self._stuffed += self._buffer.count(b"\r\n.", max(0, self._stuffed_to), stop)
            self._stuffed_to = max(0, stop - 2)
            if stop - self._stuffed > limit:
                return TOO_BIG
        return None

    def _judge_octets(self, stop: int) -> Reply | None:
        # To blank the pairs out costs 3 us for 4 KiB and 0.5 ms for 1 MiB; to count CR and LF, 12
        # and 3; to show them to io.IncrementalNewlineDecoder, 2.5 to 5 and 0.6.
        buffer, start = self._buffer, self._judged
        while start < stop:
            end = min(start + _PIECE, stop)
            end -= end < stop and buffer[end - 1] == CR  # that CR may be half of a CRLF
            rest = buffer[start:end].replace(b"\r\n", b"  ")
            if b"\n" in rest or b"\r" in rest:
                return BARE_NEWLINE
            if b"\0" in rest:
                return NUL
            start = end
        return None

    def _judge_lines(self, stop: int) -> Reply | None:
        """Leaps from the last LF within one line's limit to the last within the next."""
        buffer, line, limit = self._buffer, self._line, self._limits.line_bytes
        while stop - line > limit:
            newline = buffer.rfind(b"\n", line, line + limit)
            if newline < 0:
                reach = limit + (buffer[line] == _DOT)
                newline = buffer.rfind(b"\n", line, line + reach)
            if newline < 0:
                if stop - line <= reach:
                    break
                return Reply(550, "5.6.0", f"Message has a line longer than {limit - 2} octets")
            line = newline + 1
        self._line = line
        return None

    def _judge_header(self, stop: int) -> Reply | None:
        if self._header_ended:
            return None
        buffer, judged = self._buffer, self._judged
        if judged < len(CRLF) and buffer.startswith(CRLF, 0, stop):
            end = _BEFORE
        else:
            end = buffer.find(b"\r\n\r\n", max(0, judged - 3), stop)
        self._header_ended = end != -1
        size = end + len(CRLF) if end != -1 else stop
        return HEADER_TOO_BIG if size > self._limits.header_bytes else None
