"""The lines that we send, as bytes: MAIL and RCPT with their parameters, and the header fields put
before a body.

Promises: a path is exactly "<" address ">" or nothing is sent; no value can end a line early. Pure.
Sources: RFC 5321 section 4.1, RFC 1870 (SIZE), RFC 6152 (8BITMIME), RFC 6531 (SMTPUTF8), RFC 3461
(DSN).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.header import Header

from gatepost.delivery.outcome import Unsendable
from gatepost.delivery.trace import header_end
from gatepost.delivery.values import Outgoing
from gatepost.quick import quick
from gatepost.spool.interface import Recipient

_PATH = re.compile(
    r"(?:[^\x00-\x20\x7f-\x9f<>\"]*"
    r'|"(?:[^\x00-\x1f\x7f-\x9f"\\]|\\[^\x00-\x1f\x7f-\x9f])*"@[^\x00-\x20\x7f-\x9f<>"]+)'
)
_VALUE = re.compile(r"[\x21-\x7e]+")  # esmtp-value: no space, no control character
_HEADER_NAME = re.compile(r"[\x21-\x39\x3b-\x7e]+")  # RFC 5322 ftext
_BREAKS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]+")
_HEADER_LINE = 998


@dataclass(frozen=True, slots=True)
class Extensions:
    """What the next hop offered in EHLO. size: the largest message it takes in octets, 0 when it
    did not say."""

    pipelining: bool = False
    has_size: bool = False
    size: int = 0
    eight_bit: bool = False
    smtputf8: bool = False
    dsn: bool = False

    @classmethod
    def of(cls, offered: Mapping[str, str]) -> Extensions:
        """offered: parameters by lower-case keyword."""
        limit = offered.get("size", "").strip()
        return cls(
            pipelining="pipelining" in offered,
            has_size="size" in offered,
            size=int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 20 else 0,
            eight_bit="8bitmime" in offered,
            smtputf8="smtputf8" in offered,
            dsn="dsn" in offered,
        )


def path(address: str) -> bytes:
    """The forward or reverse path of an address; "" is the null path. Raises Unsendable (5.1.3)."""
    if _PATH.fullmatch(address) is None:
        raise Unsendable("5.1.3", "the address cannot be written in SMTP")
    try:
        return b"<" + address.encode("utf-8") + b">"
    except UnicodeEncodeError:
        raise Unsendable("5.1.3", "the address cannot be written in SMTP") from None


def headers(fields: Iterable[tuple[str, str]]) -> bytes:
    """Header fields in wire form. Line breaks and control characters in a value become a space,
    other than ASCII becomes encoded words (RFC 2047), a value too long for a line is folded at
    spaces, or encoded where it has none."""
    return b"".join(_field(name, value) for name, value in fields)


def _field(name: str, value: str) -> bytes:
    if _HEADER_NAME.fullmatch(name) is None:
        raise Unsendable("5.6.0", "an added header field has an impossible name")
    value = _BREAKS.sub(" ", value).strip()
    line = f"{name}: {value}"
    if line.isascii() and len(line) <= _HEADER_LINE:
        return line.encode("ascii") + b"\r\n"
    text = value.encode("utf-8", "replace").decode("utf-8")
    encoded = Header(text, "utf-8", maxlinelen=76, header_name=name).encode(linesep="\r\n")
    return f"{name}: {encoded}\r\n".encode("ascii")


def size(wire: bytes) -> int:
    """Octets of a message in wire form, without dot-stuffing (RFC 1870 section 5)."""
    return len(wire) - wire.count(b"\r\n..") - wire.startswith(b"..")


@quick
@dataclass(frozen=True, slots=True)
class Needs:
    """What a message needs of the next hop. size: octets with the added headers; the dots of
    dot-stuffing, which are not the message's, are left out only where that decides whether the next
    hop takes it (RFC 1870 asks for an estimate; to count them costs 17 us for 64 KiB). eight_bit:
    the body is not ASCII, whatever the client declared."""

    size: int
    eight_bit: bool
    utf8_headers: bool

    @classmethod
    def of(cls, outgoing: Outgoing, added: bytes, limit: int) -> Needs:
        """limit: the largest message that the next hop takes, 0 where it did not say."""
        body = outgoing.body
        eight_bit = not body.isascii()
        utf8_headers = False
        if eight_bit and outgoing.smtputf8:
            utf8_headers = not body[: header_end(body)].isascii()
        octets = len(added) + len(body)
        if 0 < limit < octets:
            octets = len(added) + size(body)
        return cls(octets, eight_bit, utf8_headers)


def mail(outgoing: Outgoing, needs: Needs, offered: Extensions, smtputf8: bool) -> bytes:
    """The MAIL line. Raises Unsendable when the message as a whole cannot go to a next hop that
    offers this."""
    if offered.size and needs.size > offered.size:
        raise Unsendable(
            "5.3.4", f"the message has {needs.size} octets, the next hop takes {offered.size}"
        )
    if needs.eight_bit and not offered.eight_bit:
        raise Unsendable(
            "5.6.3",
            "the message is eight-bit, which the next hop does not take, and it is not rewritten",
        )
    if needs.utf8_headers and not offered.smtputf8:
        raise Unsendable("5.6.9", "the header is UTF-8, which the next hop does not take")
    line = b"MAIL FROM:" + path(outgoing.mail_from)
    if offered.has_size:
        line += b" SIZE=%d" % needs.size
    if needs.eight_bit:
        line += b" BODY=8BITMIME"
    if smtputf8 or needs.utf8_headers:
        line += b" SMTPUTF8"
    if offered.dsn:
        if outgoing.ret in ("FULL", "HDRS"):
            line += b" RET=" + outgoing.ret.encode()
        if outgoing.envid and _VALUE.fullmatch(outgoing.envid):
            line += b" ENVID=" + outgoing.envid.encode()
    return line + b"\r\n"


def rcpt(recipient: Recipient, offered: Extensions, sender_is_utf8: bool) -> bytes:
    """The RCPT line. Raises Unsendable when this recipient cannot be named to a next hop that
    offers this."""
    if (sender_is_utf8 or not recipient.address.isascii()) and not offered.smtputf8:
        raise Unsendable(
            "5.6.7", "an address is not ASCII, and the next hop takes no such address (SMTPUTF8)"
        )
    if not recipient.address:
        raise Unsendable("5.1.3", "a recipient without an address")
    line = b"RCPT TO:" + path(recipient.address)
    if offered.dsn:
        if recipient.notify:
            line += b" NOTIFY=" + ",".join(recipient.notify).encode("ascii")
        if recipient.orcpt and _VALUE.fullmatch(recipient.orcpt):
            line += b" ORCPT=" + recipient.orcpt.encode()
    return line + b"\r\n"
