"""`Message`: what conditions may ask of a message, read from its bytes when they ask.

Promises: the body is in wire form (CRLF lines, dot-stuffed) and only its header section is looked
at; a field is decoded at most once; no bytes, however hostile, raise or take more than linear
time. Addresses are found in a field before it is decoded (RFC 2047 section 6.2), so that an encoded
display name cannot pass for an address.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from functools import lru_cache
from typing import Final, NamedTuple

# Codecs that are no character set, or cost more than linear time.
_NO_CHARSETS: Final = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "unicode-escape"}
)
_ENCODED_WORD: Final = re.compile(
    r"=\?([A-Za-z0-9_.:+-]{1,40})(?:\*[A-Za-z0-9-]{1,20})?\?([bBqQ])\?([!->@-~]{0,2000})\?="
)
# In an unfolded header section: name and value of each field. (Only classes are repeated
# possessively: Python before 3.11.5 gets groups wrong.)
_FIELD: Final = re.compile(rb"\r\n([!-9;-~]++)[ \t]*+:([^\r]*+(?:\r(?!\n)[^\r]*+)*)")
# A field, or a part of it between commas, with one address: "a@b.example", "Ann <a@b.example>".
_PLAIN: Final = re.compile(
    r'[^"(),:;<>\\]*+<([^\s"(),:;<>@\\]++@[^\s"(),:;<>@\\]++)>\s*+'
    r'|\s*+([^\s"(),:;<>@\\]++@[^\s"(),:;<>@\\]++)\s*+'
)


class Text(NamedTuple):
    """A string as it stands, and as it is compared."""

    raw: str
    folded: str


def text(raw: str) -> Text:
    return Text(raw, raw.casefold())


class Message:
    """A message's facts. mail_from: "" is the null sender."""

    __slots__ = ("_addresses", "_body", "_fields", "_size", "_texts", "mail_from")

    def __init__(self, body: bytes, mail_from: str = "") -> None:
        """body: in wire form."""
        self.mail_from = mail_from
        self._body = body
        self._size: int | None = None
        self._fields: dict[str, list[bytes]] | None = None
        self._texts: dict[str, tuple[Text, ...]] = {}
        self._addresses: dict[str, tuple[Text, ...]] = {}

    @property
    def body(self) -> bytes:
        """In wire form."""
        return self._body

    @property
    def size(self) -> int:
        """Octets of the message itself, without dot-stuffing."""
        if self._size is None:
            stuffed = self._body.count(b"\r\n.") + self._body.startswith(b".")
            self._size = len(self._body) - stuffed
        return self._size

    def has(self, name: str) -> bool:
        """Whether a field of this name (lower case) stands in the header section."""
        return name in self._index()

    def count(self, name: str) -> int:
        """How many fields of this name (lower case) the header section has."""
        return len(self._index().get(name, ()))

    def texts(self, name: str) -> tuple[Text, ...]:
        """The fields of a name (lower case): unfolded, decoded, in order."""
        found = self._texts.get(name)
        if found is None:
            values = self._index().get(name, ())
            found = tuple(text(decoded(_characters(value)).strip()) for value in values)
            self._texts[name] = found
        return found

    def addresses(self, name: str) -> tuple[Text, ...]:
        """The addresses in the fields of a name (lower case), in order."""
        found = self._addresses.get(name)
        if found is None:
            found = tuple(
                text(address)
                for value in self._index().get(name, ())
                for address in addresses(_characters(value))
            )
            self._addresses[name] = found
        return found

    def _index(self) -> dict[str, list[bytes]]:
        if self._fields is None:
            self._fields = _fields(self._body)
        return self._fields


def _fields(body: bytes) -> dict[str, list[bytes]]:
    """Unfolded values by name in lower case. What is no field is passed over."""
    end = 0 if body.startswith(b"\r\n") else body.find(b"\r\n\r\n")
    # A CRLF before the first line stands for the line that it would end, so that all are alike.
    header = b"\r\n" + (body if end < 0 else body[:end])
    plain = header.replace(b"\r\n.", b"\r\n")
    unfolded = plain.replace(b"\r\n ", b" ").replace(b"\r\n\t", b"\t")
    found: dict[str, list[bytes]] = {}
    for name, value in _FIELD.findall(unfolded):
        found.setdefault(name.decode("ascii").lower(), []).append(value)
    return found


def _characters(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def decoded(value: str) -> str:
    """Encoded words (RFC 2047) read, those in sequence as one, so that a character cut in two is
    made whole; what cannot be read stays as it is."""
    if "=?" not in value:
        return value
    pieces: list[str] = []
    pending: list[tuple[str, bytes]] = []
    place = 0
    for word in _ENCODED_WORD.finditer(value):
        octets = _octets(word[2], word[3])
        charset = _charset(word[1])
        if octets is None or charset is None:
            continue
        between = value[place : word.start()]
        if not pending or between.strip(" \t"):
            pieces += [_joined(pending), between]
            pending = []
        pending.append((charset, octets))
        place = word.end()
    pieces += [_joined(pending), value[place:]]
    return "".join(pieces)


def _joined(words: list[tuple[str, bytes]]) -> str:
    """Words in sequence; octets of one character set are decoded together."""
    runs: list[tuple[str, list[bytes]]] = []
    for charset, octets in words:
        if runs and runs[-1][0] == charset:
            runs[-1][1].append(octets)
        else:
            runs.append((charset, [octets]))
    made = []
    for charset, parts in runs:
        try:
            made.append(b"".join(parts).decode(charset, "replace"))
        except (UnicodeError, ValueError, LookupError):
            made.append(b"".join(parts).decode("latin-1"))
    return "".join(made)


@lru_cache(maxsize=256)
def _charset(name: str) -> str | None:
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    # Not every codec of Python is a character set: `zip` and `rot13` are none.
    if found.name in _NO_CHARSETS or not getattr(found, "_is_text_encoding", False):
        return None
    return found.name


def _octets(encoding: str, encoded: str) -> bytes | None:
    try:
        if encoding in "bB":
            return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        return binascii.a2b_qp(encoded.replace("_", " "), header=False)
    except (binascii.Error, ValueError):
        return None


def addresses(value: str) -> list[str]:
    """The addresses in an unfolded, undecoded field (RFC 5322 section 3.4), read leniently: display
    names, comments, groups and routes are passed over."""
    # Most fields are plain, and 1 us is enough for one instead of 5 to 20 us for the walk.
    plain = [_PLAIN.fullmatch(part) for part in value.split(",")]
    if all(plain):
        return [each[1] or each[2] for each in plain if each]
    return walked(value)


def walked(value: str) -> list[str]:
    """The same, of any field, a character at a time."""
    found: list[str] = []
    words: list[str] = [""]
    angle: str | None = None
    had_angle = False
    quoted = escaped = False
    depth = 0

    def end() -> None:
        if not had_angle:
            found.extend(word for word in words if _is_address(word))
        words[:] = [""]

    for character in value:
        kept = True
        if escaped:
            escaped = False
        elif character == "\\" and (quoted or depth):
            escaped = True
        elif quoted:
            quoted = character != '"'
        elif character == "(":
            depth += 1
        elif character == ")" and depth:
            depth -= 1
            continue
        elif depth:
            pass
        elif character == '"':
            quoted = True
        elif character == "<":
            angle, kept = "", False
        elif character == ">" and angle is not None:
            had_angle = True
            address = "".join(angle.rpartition(":")[2].split()) if angle[:1] == "@" else angle
            if _is_address(address.strip()):
                found.append(address.strip())
            angle, kept = None, False
        elif angle is None and character in ",;":
            end()
            had_angle, kept = False, False
        elif angle is None and character == ":":
            words[:] = [""]
            kept = False
        elif angle is None and character.isspace():
            words.append("")
            kept = False
        if depth or not kept:
            continue
        if angle is not None:
            angle += character
        else:
            words[-1] += character
    if not quoted:
        end()
    return found


def _is_address(word: str) -> bool:
    local, at, domain = word.rpartition("@")
    return bool(local and at and domain)
