"""Trace information (RFC 5321 section 4.4): the Received field that a relay adds. Pure; hostile
input cannot end a line.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

_NAME = re.compile(r"[0-9A-Za-z._:-]{1,255}|\[[0-9A-Za-z.:]{1,60}\]")
_ADDRESS = re.compile(r"[^\x00-\x20\x7f-\x9f<>()\\\"]{1,320}")
_COMMENT = re.compile(r"[^0-9A-Za-z._ -]")


def protocol(*, esmtp: bool, tls: bool, auth: bool, smtputf8: bool) -> str:
    """The "with" clause (RFC 3848; RFC 6531 section 4.3)."""
    if not esmtp:
        return "SMTP"
    return ("UTF8SMTP" if smtputf8 else "ESMTP") + "S" * tls + "A" * auth


def received(
    *,
    helo: str,
    source_ip: str,
    by: str,
    protocol: str,
    id: str,
    when: float,
    recipient: str = "",
    tls: str = "",
    cipher: str = "",
) -> bytes:
    """One folded field, ending in CRLF. when: seconds since the epoch. recipient: only where the
    message has a single one, so that no recipient is shown to another."""
    wanted = f" for <{recipient}>" if _ADDRESS.fullmatch(recipient) else ""
    begin = _origin(helo, source_ip, by, protocol, tls, cipher)
    return f"{begin} id {id}{wanted};\r\n {date(when)}\r\n".encode("utf-8", "replace")


# The messages of a session begin alike, and those of a second end alike: 3 us instead of 8.
@lru_cache(maxsize=256)
def _origin(helo: str, source_ip: str, by: str, protocol: str, tls: str, cipher: str) -> str:
    name = helo if _NAME.fullmatch(helo) else "unknown"
    literal = f"[IPv6:{source_ip}]" if ":" in source_ip else f"[{source_ip}]"
    how = _COMMENT.sub("?", " ".join(filter(None, (tls, cipher))))
    return (
        f"Received: from {name} ({literal})\r\n"
        f" by {by} (Gatepost) with {protocol}{f' ({how})' if how else ''}\r\n"
    )


def date(when: float) -> str:
    """As a header has it (RFC 5322 section 3.3). when: seconds since the epoch."""
    return _date(int(when))


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))


def header_end(body: bytes) -> int:
    """Where the header section of a message in wire form ends: after its last line, before the
    blank one."""
    if body.startswith(b"\r\n"):
        return 0
    blank = body.find(b"\r\n\r\n")
    return len(body) if blank < 0 else blank + 2
