"""multipart/report (RFC 3462, RFC 3464, RFC 6533), written by hand in wire form.

The standard library's generator would parse and re-fold the original; here it is passed through
untouched. Pure.
"""

from __future__ import annotations

import quopri
import re
import textwrap
from collections.abc import Iterable, Sequence

from gatepost.controls import CONTROL
from gatepost.delivery.trace import header_end

Group = list[tuple[str, str]]  # the fields of one block of a delivery status

_WIDTH = 76
_CONTROLS = re.compile(f"{CONTROL.pattern}+")
_XTEXT = re.compile(rb"\+([0-9A-F]{2})")


def decode_xtext(text: str) -> str:
    """xtext (RFC 3461 section 4) as text."""
    raw = text.encode("utf-8", "replace")
    decoded = _XTEXT.sub(lambda match: bytes([int(match[1], 16)]), raw)
    return decoded.decode("utf-8", "replace")


def address(text: str) -> str:
    """An address with its type; other than ASCII is spelled \\x{…} (RFC 6533 section 3)."""
    if text.isascii():
        return f"rfc822; {text}"
    return f"utf-8; {_unitext(text)}"


def original_recipient(orcpt: str) -> str:
    """What ORCPT said, decoded; "" when it said nothing of use."""
    kind, semicolon, encoded = orcpt.partition(";")
    if not semicolon or re.fullmatch(r"[0-9A-Za-z-]{1,32}", kind) is None:
        return ""
    if kind.lower() == "utf-8":
        return f"utf-8; {_unitext(encoded)}"  # its own encoding is what the field takes
    return f"{kind}; {decode_xtext(encoded)}"


def compose(
    *,
    fields: Iterable[tuple[str, str]],
    text: Sequence[str],
    about: Group,
    groups: Iterable[Group],
    original: bytes,
    whole: bool,
    smtputf8: bool,
    boundary: str,
) -> bytes:
    """The notice. fields: its header, ready to be written. text: paragraphs for people. about,
    groups: the delivery status. original: the message, or (not whole) its header, in wire form."""
    eight_bit = not original.isascii()
    blocks = "\r\n".join(_block(group) for group in (about, *groups))
    parts = [
        _text_part(text),
        b"Content-Type: message/delivery-status\r\n\r\n" + blocks.encode("ascii") + b"\r\n",
        _original_part(original, whole, smtputf8, eight_bit),
    ]
    while any(boundary.encode() in part for part in parts):
        boundary += "-x"
    delimiter = f"--{boundary}\r\n".encode()
    header = [
        *(f"{name}: {clean(value)}" for name, value in fields),
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type="delivery-status";',
        f'\tboundary="{boundary}"',
        *(["Content-Transfer-Encoding: 8bit"] if eight_bit else []),
        "",
    ]
    framed = b"".join(delimiter + part for part in parts)
    return _lines(header) + framed + f"--{boundary}--\r\n".encode()


def _text_part(text: Sequence[str]) -> bytes:
    lines: list[str] = []
    for paragraph in text:
        flow = textwrap.wrap(clean(paragraph), _WIDTH, break_on_hyphens=False)
        lines += flow or [""]
    content = "\n".join(lines) + "\n"
    if content.isascii():
        return _lines(["Content-Type: text/plain; charset=us-ascii", "", *lines, ""])
    encoded = quopri.encodestring(content.encode("utf-8", "replace")).decode("ascii")
    head = [
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
    ]
    return _lines([*head, *encoded.splitlines(), ""])


def _block(group: Group) -> str:
    """Fields of a delivery status, ASCII, folded."""
    lines: list[str] = []
    for name, value in group:
        text = clean(value).encode("ascii", "replace").decode()
        lines += textwrap.wrap(
            f"{name}: {text}",
            _WIDTH,
            subsequent_indent=" ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "".join(f"{line}\r\n" for line in lines)


def _original_part(original: bytes, whole: bool, smtputf8: bool, eight_bit: bool) -> bytes:
    if smtputf8 and not original[: header_end(original)].isascii():
        kind = "message/global" if whole else "message/global-headers"
    else:
        kind = "message/rfc822" if whole else "text/rfc822-headers"
    head = [f"Content-Type: {kind}"]
    if eight_bit:
        head.append("Content-Transfer-Encoding: 8bit")
    # The line break before a delimiter belongs to the delimiter, not to the part.
    return _lines([*head, ""]) + original + b"\r\n"


def _lines(lines: Iterable[str]) -> bytes:
    """Wire form of our own lines."""
    return b"".join(
        (b"." if line.startswith(".") else b"") + line.encode("utf-8", "replace") + b"\r\n"
        for line in lines
    )


def clean(text: str) -> str:
    """One line of harmless characters."""
    return _CONTROLS.sub(" ", text).strip()


def _unitext(text: str) -> str:
    return "".join(
        character if character.isascii() else f"\\x{{{ord(character):X}}}" for character in text
    )
