"""A message in wire form as others want it: without dot-stuffing, and hashed as DKIM does.

Bodies are canonicalized (RFC 6376 section 3.4) and hashed here rather than by dkimpy, whose regular
expressions take quadratic time on lines of blanks and hold the interpreter for a whole body at a
time: piece by piece, in linear time, once for all of a message's signatures.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_PIECE: Final = 1 << 16
_BLANKS: Final = re.compile(rb"[ \t]+")


def unstuffed(wire: bytes) -> bytes:
    """The message itself (RFC 5321 section 4.5.2). wire: CRLF lines, dot-stuffed."""
    plain = (piece.replace(b"\r\n.", b"\r\n") for piece in _pieces(wire))
    return b"".join(piece[piece.startswith(b".") :] for piece in plain)


def split(message: bytes) -> tuple[bytes, bytes]:
    """Header section, each field ending in CRLF, and body."""
    if message.startswith(b"\r\n"):
        return b"", message[2:]
    header, blank, body = message.partition(b"\r\n\r\n")
    return (header + b"\r\n", body) if blank else (header, b"")


class BodyHash(NamedTuple):
    """digest: SHA-256. whole: nothing of the body lies beyond the hashed octets."""

    digest: bytes
    whole: bool


def body_hash(body: bytes, *, relaxed: bool, length: int | None = None) -> BodyHash:
    """length: the signature's l=, octets of the canonical body; None for all of it."""
    hasher = hashlib.sha256()
    left = length
    for piece in _canonical(body, relaxed):
        if left is None:
            hasher.update(piece)
            continue
        hasher.update(piece[:left])
        if len(piece) > left:
            return BodyHash(hasher.digest(), False)
        left -= len(piece)
    return BodyHash(hasher.digest(), True)


def _canonical(body: bytes, relaxed: bool) -> Iterator[bytes]:
    """Sections 3.4.3 and 3.4.4, in pieces."""
    content = body.rstrip(b" \t\r\n" if relaxed else b"\r\n")
    for piece in _pieces(content):
        yield _BLANKS.sub(b" ", piece).replace(b" \r\n", b"\r\n") if relaxed else piece
    # The last line's end; an empty body is a line to one algorithm and nothing to the other.
    if content or not relaxed:
        yield b"\r\n"


def _pieces(content: bytes) -> Iterator[bytes]:
    """Whole lines, some 64 KiB at a time: no step holds the interpreter for long."""
    start = 0
    while start < len(content):
        end = content.find(b"\r\n", start + _PIECE)
        end = len(content) if end < 0 else end + 2
        yield content[start:end]
        start = end
