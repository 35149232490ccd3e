"""AUTH PLAIN (RFC 4616) and LOGIN as dialogues: challenges out, response lines in, no I/O.

The server runs one with `next` and `send`; it ends by returning an `Offer` or by raising
`AuthError` with the reply. Whether the offer is good is for the Receiver to say.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from gatepost.reply import Reply

Dialogue = Generator[bytes, bytes, "Offer"]

CANCELLED = Reply(501, "5.0.0", "Authentication cancelled")
MALFORMED = Reply(501, "5.5.2", "Malformed authentication response")
REFUSED = Reply(535, "5.7.8", "Authentication credentials invalid")


@dataclass(frozen=True, slots=True)
class Offer:
    """What the client claims and offers as proof; the proof is in no repr."""

    username: str
    password: bytes = field(repr=False)


class AuthError(Exception):
    """reply: what the client is told."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(str(reply))


def plain(initial: bytes | None) -> Dialogue:
    """One response: authzid NUL authcid NUL password. An authorization identity other than the
    authentication identity is refused: nobody may act for another."""
    response = _decode((yield b"") if initial is None else initial)
    parts = response.split(b"\0")
    if len(parts) != 3:
        raise AuthError(MALFORMED)
    identity, username, password = parts
    if identity not in (b"", username):
        raise AuthError(REFUSED)
    return _offer(username, password)


def login(initial: bytes | None) -> Dialogue:
    """Two responses, to "Username:" and "Password:"; what Exchange and old clients speak."""
    username = _decode((yield b"VXNlcm5hbWU6") if initial is None else initial)
    password = _decode((yield b"UGFzc3dvcmQ6"))
    return _offer(username, password)


MECHANISMS: dict[str, Callable[[bytes | None], Dialogue]] = {"PLAIN": plain, "LOGIN": login}


def _decode(line: bytes) -> bytes:
    if line == b"*":
        raise AuthError(CANCELLED)
    if line == b"=":  # an empty initial response (RFC 4954 section 4)
        return b""
    try:
        return base64.b64decode(line, validate=True)
    except binascii.Error:
        raise AuthError(MALFORMED) from None


def _offer(username: bytes, password: bytes) -> Offer:
    try:
        name = username.decode()
    except UnicodeDecodeError:
        raise AuthError(REFUSED) from None
    if not name or not name.isprintable():
        raise AuthError(REFUSED)
    return Offer(name, password)
