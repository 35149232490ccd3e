"""The Sender Rewriting Scheme: a sender under a domain of ours, and the way back.

After "SRS: Sender Rewriting Scheme" (M. S. Wong, S. Levy) in the Guarded form of Mail::SRS, so that
other hosts' addresses are understood and ours are by them:
    SRS0=HASH=TT=domain=local@ours        of local@domain
    SRS1=HASH=host==HASH=TT=…@ours        of SRS0=HASH=TT=…@host, and of its SRS1 elsewhere
Promises:
1. `reverse` undoes `forward`; what our keys did not make, or is too old, is never reversed.
2. A chain does not grow: an SRS1 address keeps its first host and gets our hash.
3. A local part of more than 64 octets (RFC 5321 section 4.5.3.1.1) is never made.
Ours: the hash is 40 bits of HMAC-SHA256 in base32, compared without regard to case, because hosts
on the way change it; an address is good for 21 days, and a day before its time, as clocks differ.
An SRS1 address has no date of its own: its first host judges the one within. Pure.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from typing import Final

from gatepost.smtp.address import LOCAL_PART_BYTES, is_mailbox

MAX_AGE_DAYS: Final = 21
_SLACK_DAYS: Final = 1
_HASH: Final = 8  # characters of base32: 40 bits
_DAY: Final = 86400
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CYCLE: Final = len(_ALPHABET) ** 2

_SEPARATORS: Final = ("=", "+", "-")
_TAGGED: Final = re.compile(r"SRS([01])([=+-])(.*)", re.IGNORECASE | re.DOTALL)
_DOT_STRING: Final = re.compile(
    r"[^\x00-\x20\x7f\"(),:;<>@\[\\\].]+(?:\.[^\x00-\x20\x7f\"(),:;<>@\[\\\].]+)*"
)


class SrsError(ValueError):
    """str() is the reason in one clause."""


class TooLong(SrsError):
    """The sender cannot be rewritten within a local part's length."""


class NotOurs(SrsError):
    """No key of ours made the address."""


class Expired(SrsError):
    """We made the address, and its time is over."""


class Srs:
    """domain: of the addresses that are made. keys: the first makes them, all of them are
    accepted."""

    def __init__(self, domain: str, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("a key is needed")
        self._domain = domain.lower()
        self._keys = tuple(keys)

    def forward(self, sender: str, now: float) -> str:
        """The sender to send as. The null one and one under our domain stay as they are. Raises
        TooLong. now: seconds since the epoch."""
        local, _at, domain = sender.rpartition("@")
        if not domain or domain.lower() == self._domain:
            return sender
        local = _unquoted(local)
        tagged = _TAGGED.fullmatch(local)
        if tagged is not None and tagged[1] == "1" and "=" in tagged[3]:
            host, inner = _first_host(tagged[3])
        elif tagged is not None and tagged[1] == "0":
            host, inner = domain, tagged[2] + tagged[3]
        else:
            host, inner = "", ""
        if host and inner:
            made = f"SRS1={self._hash(0, 'SRS1', host, inner)}={host}={inner}"
        else:
            date = _date(now)
            made = f"SRS0={self._hash(0, 'SRS0', date, domain, local)}={date}={domain}={local}"
        made = _quoted(made)
        if len(made.encode()) > LOCAL_PART_BYTES:
            raise TooLong(f"its SRS form has more than {LOCAL_PART_BYTES} octets before the @")
        return f"{made}@{self._domain}"

    def is_return(self, address: str) -> bool:
        """Whether an address has the form of ours, whoever made it."""
        local, _at, domain = address.rpartition("@")
        return domain.lower() == self._domain and bool(_TAGGED.fullmatch(_unquoted(local)))

    def reverse(self, address: str, now: float) -> str:
        """Whom mail to `address` is for. Raises NotOurs, Expired."""
        for _round in range(2):  # an SRS1 whose first host is this one is reversed to its end
            address = self._reverse(address, now)
            if not self.is_return(address):
                return address
        raise NotOurs("the address leads back to itself")

    def _reverse(self, address: str, now: float) -> str:
        tagged = _TAGGED.fullmatch(_unquoted(address.rpartition("@")[0]))
        if tagged is None:
            raise NotOurs("it is no SRS address")
        given, _separator, rest = tagged[3].partition("=")
        if tagged[1] == "1":
            host, separator, inner = rest.partition("=")
            if not (separator and host and inner):
                raise NotOurs("it is incomplete")
            self._verify(given, "SRS1", host, inner)
            return f"{_quoted('SRS0' + inner)}@{host}"
        parts = rest.split("=", 2)
        if len(parts) != 3 or not parts[1]:
            raise NotOurs("it is incomplete")
        date, domain, local = parts
        self._verify(given, "SRS0", date, domain, local)
        age = (_day(now) - _number(date)) % _CYCLE
        if age > MAX_AGE_DAYS and age < _CYCLE - _SLACK_DAYS:
            raise Expired(f"it is older than {MAX_AGE_DAYS} days")
        return f"{_quoted(local)}@{domain}"

    def _verify(self, given: str, *parts: str) -> None:
        good = False
        for number in range(len(self._keys)):
            made = self._hash(number, *parts).encode()
            good |= hmac.compare_digest(made, given.upper().encode())
        if not good:
            raise NotOurs("its hash is not of our keys")

    def _hash(self, key: int, *parts: str) -> str:
        """Over the parts in lower case: hosts on the way change it."""
        text = "=".join(parts).lower().encode()
        digest = hmac.digest(self._keys[key], text, "sha256")
        return base64.b32encode(digest)[:_HASH].decode()


def _first_host(rest: str) -> tuple[str, str]:
    """The host that made the SRS0 within an SRS1, and what followed its "SRS0"; nothing where that
    is no host: what comes back must be a mailbox."""
    host, separator, inner = rest.partition("=")[2].partition("=")
    sound = separator and inner[:1] in _SEPARATORS and is_mailbox(f"SRS0@{host}")
    return (host, inner) if sound else ("", "")


def _day(now: float) -> int:
    return int(now // _DAY) % _CYCLE


def _date(now: float) -> str:
    high, low = divmod(_day(now), len(_ALPHABET))
    return _ALPHABET[high] + _ALPHABET[low]


def _number(date: str) -> int:
    """Raises NotOurs; only after the hash was found good, which our own date always is."""
    digits = [_ALPHABET.find(letter) for letter in date.upper()]
    if len(digits) != 2 or min(digits) < 0:
        raise NotOurs("its date is none")
    return digits[0] * len(_ALPHABET) + digits[1]


def _unquoted(local: str) -> str:
    if len(local) >= 2 and local[0] == local[-1] == '"':
        return re.sub(r"\\(.)", r"\1", local[1:-1])
    return local


def _quoted(local: str) -> str:
    """As a dot-string where it is one, else as a quoted string (RFC 5321 section 4.1.2)."""
    if _DOT_STRING.fullmatch(local):
        return local
    return '"' + re.sub(r'([\\"])', r"\\\1", local) + '"'
