"""Messages, leases and hops for tests of delivery."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from gatepost.delivery.values import ConfigurationFailure, Credentials, NextHop, Tls
from gatepost.spool.interface import Entry, Lease, Message, Recipient, State, Step

BODY = b"Received: by test\r\nSubject: hello\r\n\r\nText.\r\n..dot\r\n"


def hop(address: tuple[str, int], tls: Tls = Tls.NONE, **more: object) -> NextHop:
    values: dict[str, object] = {
        "name": "out",
        "server_name": "next.example",
        "port": 25,
        "tls": tls,
        "helo": "mx.example.net",
        "address": address,
        **more,
    }
    return NextHop(**values)  # type: ignore[arg-type]


def message(
    *recipients: str | Recipient,
    mail_from: str = "alice@example.org",
    destination: str = "relay:out",
    steps: Sequence[Step] | None = None,
    **more: object,
) -> Message:
    named = tuple(Recipient(it) if isinstance(it, str) else it for it in recipients)
    program = steps or [
        Step(index, "Relay", destination, it.address, mail_from) for index, it in enumerate(named)
    ]
    return Message("M1", 1_700_000_000.0, mail_from, named, tuple(program), len(BODY), **more)  # type: ignore[arg-type]


def leases(it: Message) -> list[Lease]:
    return [
        Lease(Entry(it, index, State.PENDING, 0.0, 0), 1, 1e12) for index in range(len(it.steps))
    ]


class Hops:
    """One hop for all relays. renewed: what `refused` answers with."""

    def __init__(
        self, hop: NextHop, renewed: Callable[[], Credentials | None] | None = None
    ) -> None:
        self.current = hop
        self.renewed = renewed
        self.refusals = 0

    def hop(self, destination: str) -> NextHop:
        if destination == "relay:missing":
            raise ConfigurationFailure(destination, "no such relay")
        return self.current

    def refused(self, destination: str, credentials: Credentials) -> NextHop:
        self.refusals += 1
        if self.renewed is not None:
            self.current = dataclasses.replace(self.current, credentials=self.renewed())
        return self.current
