"""What the SMTP layer asks of the relay: the port between bytes and decisions.

The SMTP layer parses, limits and answers; a Receiver decides and stores. A method returns the
Reply to send, or None to go on with the usual positive one. It may raise anything: the client is
then answered 451 and the fault is recorded.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol

from gatepost.policy.values import Session
from gatepost.reply import Reply
from gatepost.spool.interface import Recipient


@dataclass(slots=True)
class Transaction:
    """One mail transaction (RFC 5321 section 3.3) as far as it has come.

    mail_from: "" is the null sender. extended: the client said EHLO, not HELO. size: the SIZE
    parameter or 0. eight_bit: BODY=8BITMIME. recipients: those accepted. ret, envid: RFC 3461.
    scratch: the Receiver's own, kept from MAIL to the end of DATA.
    """

    mail_from: str
    extended: bool = True
    size: int = 0
    eight_bit: bool = False
    smtputf8: bool = False
    ret: str = ""
    envid: str = ""
    recipients: list[Recipient] = field(default_factory=list)
    scratch: object = None


class Receiver(Protocol):
    def connected(self, session: Session) -> Reply | None:
        """Before the greeting; a negative reply is sent instead of it and the connection closed."""

    async def authenticate(self, session: Session, username: str, password: bytes) -> bool:
        """AUTH PLAIN and LOGIN, offered after TLS only."""

    def sender(self, session: Session, transaction: Transaction) -> Reply | None:
        """At MAIL."""

    def recipient(
        self, session: Session, transaction: Transaction, recipient: Recipient
    ) -> Reply | Awaitable[Reply | None] | None:
        """At RCPT; None accepts. An awaitable only where somebody else must be asked first."""

    async def data(self, session: Session, transaction: Transaction, body: bytes) -> Reply:
        """After the end of data. A positive reply is returned only when the message is durable.

        body: wire form as received (CRLF lines, dot-stuffed, ending in CRLF, without the final
        dot). The call is never cancelled when the client leaves."""
