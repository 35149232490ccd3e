"""The one place that turns a reply or an error, and the phase in which it came, into an outcome.

The laws, by scope (after Postfix):
1. What speaks of the site or the session (DNS, connection, greeting, EHLO, STARTTLS, certificate,
   AUTH) defers: it says nothing of this message. 421 in any phase speaks of the session (RFC 5321
   section 3.8).
2. Only a recipient's or the message's own 5xx fails: RCPT, MAIL, DATA, end of data; and what can be
   told beforehand to be hopeless (`Unsendable`).
3. Credential and protocol complaints (500, 502, 503, 530, 534, 535, 538) speak of the session
   wherever they come.
4. 552 at RCPT without a word on the mailbox means too many recipients (RFC 5321 section 4.5.3.1.10)
   and defers like 452.
5. Whatever is unknown, unexpected or malformed defers.

Pure: no I/O, no clock.
"""

from __future__ import annotations

import dataclasses
import errno
import os
import socket
import ssl
from enum import Enum

from gatepost.delivery.values import Outcome, Scope, Verdict
from gatepost.reply import Reply


class Phase(Enum):
    """A phase of delivery. told: how people are told of it. scope: of what is said in it."""

    RESOLVE = "finding the next hop", Scope.SITE
    CONNECT = "connecting", Scope.SITE
    GREETING = "the greeting", Scope.SESSION
    EHLO = "EHLO", Scope.SESSION
    STARTTLS = "STARTTLS", Scope.SITE
    TLS = "the TLS handshake", Scope.SITE
    AUTH = "AUTH", Scope.SESSION
    RSET = "RSET", Scope.SESSION
    MAIL = "MAIL FROM", Scope.MESSAGE
    RCPT = "RCPT TO", Scope.RECIPIENT
    DATA = "DATA", Scope.MESSAGE
    END = "end of data", Scope.MESSAGE

    def __init__(self, told: str, scope: Scope) -> None:
        self.told = told
        self.scope = scope


_CLASSES = {Verdict.DELIVERED: "2", Verdict.DEFERRED: "4", Verdict.FAILED: "5"}

# Bad sequence, unknown command, authentication or encryption demanded: the message has not been
# judged.
SESSION_CODES = frozenset({500, 502, 503, 530, 534, 535, 538})

# Enhanced codes that make a 552 at RCPT the recipient's own: mailbox full, message too big for it
# or for the system.
OWN_552 = frozenset({"5.2.2", "5.2.3", "5.3.4"})


class Malformed(Exception):
    """The peer said what is no SMTP reply, or more replies than it was asked for."""


class Disconnected(ConnectionError):
    """The peer closed the connection."""


class Unmet(Exception):
    """What we demand of a connection is not met (TLS not offered, no usable AUTH mechanism).
    Defers."""

    def __init__(self, status: str, text: str) -> None:
        self.status = status
        super().__init__(text)


class Unsendable(Exception):
    """Known beforehand to be hopeless: this message to this recipient cannot go to this next hop.
    Fails."""

    def __init__(self, status: str, text: str) -> None:
        self.status = status
        super().__init__(text)


def judge(
    phase: Phase, cause: Reply | BaseException, *, peer: str = "", tls: str = "", dsn: bool = False
) -> Outcome:
    """What a reply to, or an error in, `phase` means for every recipient that it concerns."""
    if isinstance(cause, Reply):
        return _reply(phase, cause, peer, tls, dsn)
    return _error(phase, cause, peer, tls)


def too_many_recipients(reply: Reply) -> bool:
    """Whether a refused RCPT asks for another transaction, rather than speaking of that
    recipient."""
    if reply.code == 452:
        return reply.enhanced in ("", "4.5.3")
    return reply.code == 552 and reply.enhanced in ("", "5.5.3")


def refuses_credentials(phase: Phase, cause: Reply | BaseException) -> bool:
    """Whether the next hop has judged the credentials themselves: trying them again could lock the
    account."""
    return phase is Phase.AUTH and isinstance(cause, Reply) and 500 <= cause.code < 600


def expired(last: Outcome) -> Outcome:
    """The outcome of a step whose time is up, after its last attempt ended in `last` (RFC 3463,
    X.4.7)."""
    return dataclasses.replace(
        last,
        verdict=Verdict.FAILED,
        status="4.4.7",
        text=f"delivery time expired; last attempt: {last.text}",
    )


def _reply(phase: Phase, reply: Reply, peer: str, tls: str, dsn: bool) -> Outcome:
    verdict, scope = _verdict(phase, reply)
    said = f"{peer} said: {reply}" if peer else str(reply)
    return Outcome(
        verdict=verdict,
        scope=scope,
        text=f"{said} (in reply to {phase.told})".replace("\n", " "),
        status=_status(verdict, reply.enhanced),
        reply=reply,
        peer=peer,
        tls=tls,
        dsn=dsn and verdict is Verdict.DELIVERED,
    )


def _verdict(phase: Phase, reply: Reply) -> tuple[Verdict, Scope]:
    scope = phase.scope
    if reply.code == 421 or reply.code in SESSION_CODES:
        narrow = scope in (Scope.MESSAGE, Scope.RECIPIENT)
        return Verdict.DEFERRED, Scope.SESSION if narrow else scope
    if 200 <= reply.code < 300 and phase is Phase.END:
        return Verdict.DELIVERED, scope
    if not 500 <= reply.code < 600 or scope in (Scope.SITE, Scope.SESSION):
        return Verdict.DEFERRED, scope
    if phase is Phase.RCPT and reply.code == 552 and reply.enhanced not in OWN_552:
        return Verdict.DEFERRED, scope
    return Verdict.FAILED, scope


def _status(verdict: Verdict, enhanced: str) -> str:
    """The peer's own enhanced code, its class corrected where our verdict differs from the
    peer's."""
    leading = _CLASSES[verdict]
    return leading + enhanced[1:] if enhanced else f"{leading}.0.0"


def _error(phase: Phase, error: BaseException, peer: str, tls: str) -> Outcome:
    verdict = Verdict.DEFERRED
    scope = phase.scope
    where = f"{peer}: " if peer else ""
    if isinstance(error, Unsendable):
        verdict, status, reason = Verdict.FAILED, error.status, str(error)
    else:
        status, reason = _explain(phase, error)
        if scope in (Scope.MESSAGE, Scope.RECIPIENT):
            scope = Scope.SESSION
    return Outcome(
        verdict=verdict,
        scope=scope,
        text=f"{where}{reason}".replace("\n", " "),
        status=status,
        peer=peer,
        tls=tls,
    )


def _explain(phase: Phase, error: BaseException) -> tuple[str, str]:
    """(status, reason) of a temporary error. Order matters: SSLError, gaierror and TimeoutError are
    OSErrors."""
    during = f"during {phase.told}" if phase is not Phase.CONNECT else "while connecting"
    if isinstance(error, Unmet):
        return error.status, str(error)
    if isinstance(error, Malformed):
        return "4.5.0", f"malformed reply {during}: {error}"
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = getattr(error, "verify_message", None) or error.strerror or "no reason given"
        return "4.7.5", f"certificate not accepted: {reason}"
    if isinstance(error, ssl.SSLError):
        # Python sets `reason` only on errors that OpenSSL raised.
        reason = getattr(error, "reason", None) or error.strerror or "no reason given"
        return "4.7.5", f"TLS failed {during}: {reason}"
    if isinstance(error, TimeoutError):
        status = "4.4.1" if phase is Phase.CONNECT else "4.4.2"
        return status, f"no answer in time {during}"
    if isinstance(error, socket.gaierror):
        return "4.4.3", f"host name not found: {error.strerror or error}"
    if isinstance(error, Disconnected):
        return "4.4.2", f"connection closed {during}"
    if isinstance(error, OSError):
        status = "4.4.1" if phase is Phase.CONNECT else "4.4.2"
        # The event loop words a refused connection its own way; the system's words are clearer.
        number = error.errno or 0
        known = os.strerror(number) if number in errno.errorcode else error.strerror
        return status, f"{known or type(error).__name__} {during}"
    return "4.3.0", f"internal error {during} ({type(error).__name__})"
