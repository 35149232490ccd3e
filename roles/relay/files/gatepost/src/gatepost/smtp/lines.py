"""Octets in, command lines out. Only CRLF ends a line; memory is bounded whatever arrives.

A line that a bare LF ends is answered 521 and the session with it: what one side takes for one
line and the other for two is how commands are smuggled, so nothing after it is read.
"""

from __future__ import annotations

from gatepost.reply import Reply

BARE_NEWLINE = Reply(521, "5.5.2", "Lines end in CRLF; a bare LF was received")
TOO_LONG = Reply(500, "5.5.2", "Command line too long")


class Lines:
    """`feed` octets, `take` lines. len() is what is held and not yet taken."""

    __slots__ = ("_buffer", "_looked", "_overlong")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._looked = 0  # no LF before here
        self._overlong = False  # the line being read lost its start

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def take(self, limit: int) -> bytes | Reply | None:
        """The next line without its CRLF; a Reply if it is wrong (the line is gone then); None if
        its end has not arrived. limit: octets, without CRLF."""
        buffer = self._buffer
        end = buffer.find(b"\n", self._looked)
        if end < 0:
            if len(buffer) > limit + 1:
                self._overlong = True
                del buffer[:-1]  # the last octet may be the CR of the line's end
            self._looked = len(buffer)
            return None
        crlf = end > 0 and buffer[end - 1] == 13
        line = None if self._overlong or end - 1 > limit else bytes(buffer[: max(end - 1, 0)])
        del buffer[: end + 1]
        self._looked = 0
        self._overlong = False
        if not crlf:
            return BARE_NEWLINE
        return TOO_LONG if line is None else line

    def take_all(self) -> bytes:
        """Everything that is held, lines or not; what follows the DATA command."""
        data = bytes(self._buffer)
        self._buffer.clear()
        self._looked = 0
        return data
