"""What one client, one address and all of them together may use, and how long they may take.

`Limits` is what an operator sets; `Load` counts what is used now and may be shared by every
listener of a process, so that a limit holds for all of them together.
Times are seconds, sizes octets. Source of the times and minimum sizes: RFC 5321 section 4.5.3;
of 40 MB and 100 recipients: the Mail Manager quotas.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gatepost.smtp.rate import Rate

# Seconds; `rate` counts over the last one to two of them.
FAILURE_PERIOD: Final = 600.0
RATE_PERIOD: Final = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """connections, connections_per_address: open at once. recipients: a message. message_bytes: a
    message, without dot-stuffing. header_bytes: its header section. line_bytes: a line of it, CRLF
    included. memory_bytes: all messages that are being received or committed. local_part_bytes:
    left of the @. command_bytes, auth_bytes: a command line, an AUTH response line, without CRLF.
    commands: since the last accepted message. errors: commands wrong in form or order,
    authentication_failures: both a session. authentication_failures_per_address: in FAILURE_PERIOD;
    where AUTH is offered. connection_rate: new ones of an address in RATE_PERIOD, 0 for any.

    command_seconds: from our reply to a whole next line. data_seconds: between two arrivals of
    content. message_seconds: the whole content. tls_seconds, proxy_seconds: the handshake, the
    PROXY header. unproductive_seconds: a session without an accepted message. close_seconds: for
    the client to take our last reply. None of them runs while a message is being committed.
    """

    connections: int = 1000
    connections_per_address: int = 100
    recipients: int = 100
    message_bytes: int = 40 * 1024 * 1024
    header_bytes: int = 256 * 1024
    line_bytes: int = 1000
    memory_bytes: int = 512 * 1024 * 1024
    local_part_bytes: int = 64
    command_bytes: int = 2048
    auth_bytes: int = 12288
    commands: int = 1000
    errors: int = 20
    authentication_failures: int = 3
    authentication_failures_per_address: int = 20
    connection_rate: int = 0

    command_seconds: float = 300
    data_seconds: float = 180
    message_seconds: float = 3600
    tls_seconds: float = 60
    proxy_seconds: float = 10
    unproductive_seconds: float = 1800
    close_seconds: float = 30


@dataclass(slots=True)
class Load:
    """What is used now. by_address: open connections by client address. memory: octets of
    messages that are being received or committed. failures: of late; arrivals: likewise, while a
    connection_rate is set."""

    connections: int = 0
    memory: int = 0
    by_address: dict[str, int] = field(default_factory=dict)
    failures: Rate = field(default_factory=lambda: Rate(FAILURE_PERIOD))
    arrivals: Rate = field(default_factory=lambda: Rate(RATE_PERIOD))

    def arrive(self, address: str) -> None:
        self.by_address[address] = self.by_address.get(address, 0) + 1

    def leave(self, address: str) -> None:
        """Forgets an address with its last connection: the table is as long as the clients are
        many."""
        left = self.by_address.pop(address, 0) - 1
        if left > 0:
            self.by_address[address] = left
