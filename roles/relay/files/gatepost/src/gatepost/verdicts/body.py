"""A message in wire form as others want it: without dot-stuffing, and hashed as DKIM does.

Bodies are canonicalized (RFC 6376 section 3.4) and hashed here rather than by dkimpy, whose regular
expressions take quadratic time on lines of blanks and hold the interpreter for a whole body at a
time: piece by piece, in linear time, once for all of a message's signatures.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_PIECE: Final = 1 << 16
_BLANKS: Final = re.compile(rb"[ \t]+")


def unstuffed(wire: bytes) -> bytes:
    """The message itself (RFC 5321 section 4.5.2): `wire`, where nothing in it is stuffed, else the
    only copy. wire: CRLF lines, dot-stuffed."""
    if not wire.startswith(b".") and b"\r\n." not in wire:
        return wire
    plain = io.BytesIO()
    for piece in _pieces(wire, 0, len(wire)):
        plain.write(piece.replace(b"\r\n.", b"\r\n")[piece.startswith(b".") :])
    return plain.getvalue()


def split(message: bytes) -> tuple[bytes, int]:
    """The header section, each field ending in CRLF, and where the body begins."""
    if message.startswith(b"\r\n"):
        return b"", 2
    end = message.find(b"\r\n\r\n")
    return (message, len(message)) if end < 0 else (message[: end + 2], end + 4)


class BodyHash(NamedTuple):
    """digest: SHA-256. whole: nothing of the body lies beyond the hashed octets."""

    digest: bytes
    whole: bool


def body_hash(
    message: bytes, start: int = 0, *, relaxed: bool, length: int | None = None
) -> BodyHash:
    """start: where the body begins. length: the signature's l=, octets of the canonical body; None
    for all of it."""
    hasher = hashlib.sha256()
    left = length
    for piece in _canonical(message, start, relaxed):
        if left is None:
            hasher.update(piece)
            continue
        hasher.update(piece[:left])
        if len(piece) > left:
            return BodyHash(hasher.digest(), False)
        left -= len(piece)
    return BodyHash(hasher.digest(), True)


def _canonical(message: bytes, start: int, relaxed: bool) -> Iterator[bytes]:
    """Sections 3.4.3 and 3.4.4, in pieces."""
    end = _end(message, start, b" \t\r\n" if relaxed else b"\r\n")
    for piece in _pieces(message, start, end):
        yield _BLANKS.sub(b" ", piece).replace(b" \r\n", b"\r\n") if relaxed else piece
    # The last line's end; an empty body is a line to one algorithm and nothing to the other.
    if start < end or not relaxed:
        yield b"\r\n"


def _end(message: bytes, start: int, trailing: bytes) -> int:
    """Where the body ends without what trails."""
    end = len(message)
    while start < end:
        piece = message[max(start, end - _PIECE) : end]
        kept = len(piece.rstrip(trailing))
        end -= len(piece) - kept
        if kept:
            break
    return end


def _pieces(content: bytes, start: int, stop: int) -> Iterator[bytes]:
    """Whole lines, some 64 KiB at a time: no step holds the interpreter or a message for long."""
    while start < stop:
        end = content.find(b"\r\n", start + _PIECE, stop)
        end = stop if end < 0 else end + 2
        yield content[start:end]
        start = end
