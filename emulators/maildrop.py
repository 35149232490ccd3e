"""Delivered mail, kept in memory by mailbox and safe to use from several threads.

A message that one transaction delivers to three recipients is three deliveries, as mailboxes see
it. Waiting is by event, never by polling.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy


@dataclass(frozen=True)
class Delivery:
    """One message as it lies in one mailbox.

    server: "google", "microsoft" or "exchange". mailbox: the recipient in lower case. raw: CRLF
    lines, with the headers that the server added. peer: the client's address as the server sees it
    (from the PROXY header, if there was one). username: the one that authenticated, or "". folder:
    inbox or junk.
    """

    id: str
    server: str
    mailbox: str
    mail_from: str
    rcpt_to: str
    raw: bytes = field(repr=False)
    received_at: datetime
    peer: str
    helo: str
    tls: str = ""
    username: str = ""
    folder: str = "inbox"

    def header(self, name: str) -> str:
        """The first header field of that name, unfolded, or ""."""
        message = message_from_bytes(self.raw, policy=policy.compat32)
        return " ".join(str(message.get(name, "")).split())

    @property
    def message_id(self) -> str:
        """The Message-ID field with its angle brackets, or ""."""
        return self.header("Message-ID")

    def summary(self) -> dict[str, object]:
        """The delivery for JSON, with the whole message as text (bytes beyond ASCII escaped)."""
        return {
            "id": self.id,
            "server": self.server,
            "mailbox": self.mailbox,
            "mail_from": self.mail_from,
            "rcpt_to": self.rcpt_to,
            "received_at": self.received_at.isoformat(),
            "peer": self.peer,
            "helo": self.helo,
            "tls": self.tls,
            "username": self.username,
            "folder": self.folder,
            "message_id": self.message_id,
            "subject": self.header("Subject"),
            "size": len(self.raw),
            "raw": self.raw.decode("ascii", "backslashreplace"),
        }


class Maildrop:
    """All mail that was delivered since the last reset, oldest first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._deliveries: list[Delivery] = []

    def add(self, *deliveries: Delivery) -> None:
        with self._changed:
            self._deliveries.extend(deliveries)
            self._changed.notify_all()

    def select(
        self, *, server: str | None = None, mailbox: str | None = None
    ) -> tuple[Delivery, ...]:
        """Deliveries to a server and mailbox (compared case-insensitively), oldest first."""
        with self._changed:
            return tuple(
                delivery
                for delivery in self._deliveries
                if (server is None or delivery.server == server)
                and (mailbox is None or delivery.mailbox == mailbox.lower())
            )

    def wait(
        self, wanted: Callable[[Delivery], bool], *, count: int = 1, timeout: float = 10.0
    ) -> tuple[Delivery, ...]:
        """The deliveries that `wanted` holds for, as soon as there are `count` of them.

        timeout: seconds. Raises TimeoutError saying how many there were.
        """

        def found() -> tuple[Delivery, ...]:
            return tuple(delivery for delivery in self._deliveries if wanted(delivery))

        with self._changed:
            if not self._changed.wait_for(lambda: len(found()) >= count, timeout):
                raise TimeoutError(f"{len(found())} of {count} deliveries after {timeout} s")
            return found()

    def clear(self) -> None:
        with self._changed:
            self._deliveries.clear()
            self._changed.notify_all()
