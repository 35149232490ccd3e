# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The path of a message by its Received fields: who took it from whom, when, with which TLS. Pure.

Fields are what each server claims; those below the first one that is trusted may be forged, and are
shown as claims. A field that cannot be understood is a hop without the parts that are missing.
Sources: RFC 5321 section 4.4; the comments that Postfix, Google, Microsoft and SES write.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any

_FROM = re.compile(r"^from\s+(\S+)", re.I)
_BY = re.compile(r"\bby\s+([\w.-]+)", re.I)
_WITH = re.compile(r"\bwith\s+((?:Microsoft SMTP Server)|[\w-]+)", re.I)
_BRACKETED = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]+)\]")
_PARENTHESIZED = re.compile(r"\(([0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+)\)")
_TLS = re.compile(r"\b(?:version=|using\s+|with\s+)?(?:TLS|SSL)[ _v]*(1)[._]([0-3])\b", re.I)
_CIPHER = re.compile(r"cipher[= ]\s*([A-Z0-9_-]+)", re.I)


@dataclass(frozen=True)
class Hop:
    """sent_by: the name that the client gave. address: the client's. tls: such as TLSv1.3, or "".
    at: when it was taken, in UTC. delay: seconds since the hop before; below 0 where clocks differ.
    """

    received_by: str
    sent_by: str
    address: str | None
    protocol: str
    tls: str
    cipher: str
    at: datetime | None
    delay: float | None = None

    def document(self) -> dict[str, Any]:
        at = self.at.strftime("%Y-%m-%dT%H:%M:%SZ") if self.at else None
        return {**asdict(self), "at": at}


def hops(raw: bytes) -> list[Hop]:
    """The hops of a message, in the order in which it took them."""
    return of(BytesHeaderParser().parsebytes(raw))


def of(message: Message) -> list[Hop]:
    found = [hop(" ".join(str(value).split())) for value in message.get_all("Received", [])]
    ordered: list[Hop] = []
    last: datetime | None = None
    for one in reversed(found):
        delay = (one.at - last).total_seconds() if one.at and last else None
        ordered.append(Hop(**{**vars(one), "delay": delay}))
        last = one.at or last
    return ordered


def hop(field: str) -> Hop:
    """One Received field, unfolded."""
    path, _semicolon, date = field.rpartition(";")
    path = path or field
    before, by, after = f" {path}".partition(" by ")
    tls, cipher = _TLS.search(path), _CIPHER.search(path)
    return Hop(
        received_by=_first(_BY, path),
        sent_by=_first(_FROM, path).strip("[]"),
        # The last literal is the connection's. One before it is the client's word at EHLO, which
        # counts only where nothing else is written.
        address=_address(_FROM.sub("", before.strip(), count=1)) or _address(before),
        protocol=_first(_WITH, by + after),
        tls=f"TLSv{tls[1]}.{tls[2]}" if tls else "",
        cipher=cipher[1] if cipher else "",
        at=_time(date.strip()),
    )


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def _address(text: str) -> str | None:
    for literal in reversed(_BRACKETED.findall(text) or _PARENTHESIZED.findall(text)):
        try:
            return str(ip_address(literal))
        except ValueError:
            continue
    return None


def _time(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
