"""The values that delivery takes and returns.

A `NextHop` says where and how to connect, an `Outgoing` what to send; an `Outcome` a recipient is
what comes back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from gatepost.quick import quick
from gatepost.reply import Reply
from gatepost.spool.interface import Recipient


class Tls(Enum):
    NONE = "none"  # never STARTTLS
    MAY = "may"  # STARTTLS when offered, certificate not judged
    ENCRYPT = "encrypt"  # STARTTLS or defer, certificate not judged
    VERIFY = "verify"  # STARTTLS with a certificate valid for server_name, or defer


@dataclass(frozen=True, slots=True)
class Credentials:
    """username, password: never shown, not even by repr. token: the password is an OAuth 2.0 access
    token, for XOAUTH2."""

    username: str
    password: str = field(repr=False)
    token: bool = False


@dataclass(frozen=True, slots=True)
class NextHop:
    """Where to deliver. name: the relay's name, or the domain for MX delivery. server_name: the
    host name that TLS verifies and, unless address is given, the one that is dialled. address:
    (host, port) dialled instead. unix: the path of a socket, dialled before both. lmtp: the peer
    speaks LMTP (RFC 2033), not SMTP."""

    name: str
    server_name: str
    port: int
    tls: Tls
    helo: str
    address: tuple[str, int] | None = None
    ca_file: str | None = None
    source_address: str | None = None
    credentials: Credentials | None = None
    unix: str | None = None
    lmtp: bool = False
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        told = (self.name, self.server_name, self.port, self.address, self.unix)
        object.__setattr__(self, "_hash", hash(told))

    def __hash__(self) -> int:
        """Once an object: the pool asks twice a message, and all fields cost it 3 us of 100."""
        return self._hash


@quick
@dataclass(frozen=True, slots=True)
class Outgoing:
    """One transaction to send. body: wire form (CRLF, dot-stuffed, ends in CRLF, no final dot).
    headers: (name, value) put before it, in the order in which they shall stand."""

    mail_from: str
    recipients: tuple[Recipient, ...]
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    eight_bit: bool = False
    smtputf8: bool = False
    ret: str = ""
    envid: str = ""


class Scope(Enum):
    """What a reply or an error speaks of (after Postfix): a wider scope than the message never
    fails a recipient."""

    SITE = "site"  # DNS, connection, TLS: the next hop cannot be reached as demanded
    SESSION = "session"  # greeting, EHLO, AUTH
    MESSAGE = "message"  # MAIL, DATA, end of data
    RECIPIENT = "recipient"  # RCPT


class Verdict(Enum):
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    FAILED = "failed"


@quick
@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recipient in one attempt. reply: the next hop's, None when there was
    none. text: one line for people, free of secrets. peer: "host:port" reached, "" if none. tls:
    "TLSv1.3" or "". status: the enhanced status code for a DSN (RFC 3463), made up by class where
    the next hop gave none."""

    verdict: Verdict
    scope: Scope
    text: str
    status: str
    reply: Reply | None = None
    peer: str = ""
    tls: str = ""
    dsn: bool = False


class ConfigurationFailure(Exception):
    """A step cannot run as configured (its relay is missing, its target denies access):
    ActionFailurePolicy decides, not the retry schedule. what: the relay or file. reason: one
    clause, free of secrets."""

    def __init__(self, what: str, reason: str) -> None:
        self.what = what
        self.reason = reason
        super().__init__(f"{what}: {reason}")
