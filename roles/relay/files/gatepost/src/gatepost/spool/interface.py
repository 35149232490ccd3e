"""The Spool: what the 250 promises, as an interface. One conformance suite (tests/unit/spool)
judges every engine.

Promises of an engine:
1. `accept` returns only when the message, its envelope and all its steps are on stable storage.
If it raises, the message is not in the spool, then or after a crash; a crash before it returns
may leave either.
2. A step is pending until a `settle` for it has returned. At most one live lease holds a step; a
settle with a fence that is no longer the step's raises `StaleLease` and changes nothing.
3. One `settle` call is atomic: its settlements and the messages that they produce (DSNs) become
durable together.
4. `scan` shows every pending step exactly once, whatever its state.
5. A message whose every step is settled is forgotten, body too.

Times are seconds since the epoch, given by the caller: an engine never reads a clock.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Protocol

from gatepost.quick import quick


class SpoolError(Exception):
    """The spool could not do it; the client is answered 451."""


class SpoolFull(SpoolError):
    """No space left, or the low-space watermark is reached; the client is answered 452."""


class StaleLease(SpoolError):
    """The lease was lost: it expired and someone else holds the step, or an operator changed it."""


@quick
@dataclass(frozen=True, slots=True)
class Step:
    """One external effect of one message, run and retried on its own schedule.

    program: which admitted recipient's plan it belongs to (index into Message.recipients); steps
    of one program are in order, and one that follows a step with on_failure DROP is not due before
    that step was tried once. destination: the queue it waits in, for example "relay:to-exchange"
    or "mx:example.org"; opaque to the spool. rule: the rule that made it. headers: added before
    the body, oldest first. parameters: the action's own document.
    on_failure: "CONTINUE" | "DROP": whether a configuration failure ends the program.
    """

    program: int
    action: str
    destination: str
    recipient: str
    mail_from: str
    rule: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    on_failure: str = "CONTINUE"


@quick
@dataclass(frozen=True, slots=True)
class Recipient:
    """An envelope recipient as the client named it, with its DSN requests (RFC 3461): notify
    holds NEVER, or any of SUCCESS, FAILURE, DELAY; empty means that none were given. orcpt is ""
    where none was given."""

    address: str
    notify: tuple[str, ...] = ()
    orcpt: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Message:
    """A message's envelope and program, as stored.

    id: unique, sortable, [0-9A-Za-z-]. body_size: octets of the wire form. mail_from: "" is the
    null sender. eight_bit, smtputf8: what its transmission needs. ret, envid: RFC 3461, "" where
    not given. attributes: strings for people and logs (ingress, source_ip, helo, tls, …); never
    consulted for a decision.
    """

    id: str
    received_at: float
    mail_from: str
    recipients: tuple[Recipient, ...]
    steps: tuple[Step, ...]
    body_size: int
    eight_bit: bool = False
    smtputf8: bool = False
    ret: str = ""
    envid: str = ""
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class State(Enum):
    PENDING = "pending"  # waits for its due time, or is leased
    HELD = "held"  # an operator holds it


@quick
@dataclass(frozen=True, slots=True)
class Entry:
    """A pending step as `scan` and `lease` show it. due_at: when it may next run. attempts:
    finished ones. last_error: the last reply or error in one line, "" before any.
    delay_notified: the sender has been told that it waits (RFC 3464 "delayed")."""

    message: Message
    step: int
    state: State
    due_at: float
    attempts: int
    last_error: str = ""
    delay_notified: bool = False

    @property
    def key(self) -> tuple[str, int]:
        return self.message.id, self.step


@quick
@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run one step until `expires_at`. fence: grows with every lease of the step."""

    entry: Entry
    fence: int
    expires_at: float


@quick
@dataclass(frozen=True, slots=True)
class Done:
    """The step is finished, delivered or failed alike; the caller has already said which in the
    event log and, for a failure, in a DSN that the same settle accepts."""

    lease: Lease


@quick
@dataclass(frozen=True, slots=True)
class Defer:
    """The step runs again at due_at. delay_notified: as in Entry; a notice that is produced by the
    same settle is thus sent once, whatever fails."""

    lease: Lease
    due_at: float
    error: str
    delay_notified: bool = False


@quick
@dataclass(frozen=True, slots=True)
class End:
    """The step is finished and its program ends with it: later steps of the same program that
    have not been settled are removed (ActionFailurePolicy DROP)."""

    lease: Lease


Settlement = Done | Defer | End
Accepted = tuple[Message, bytes]


class Spool(Protocol):
    """The body is bytes in wire form: CRLF lines, dot-stuffed, ending in CRLF, without the final
    dot."""

    async def accept(self, message: Message, body: bytes) -> None:
        """Raises SpoolFull, SpoolError."""

    async def body(self, message_id: str) -> bytes:
        """Raises SpoolError when it cannot be read or its checksum is wrong."""

    async def lease(self, destination: str, now: float, limit: int, seconds: float) -> list[Lease]:
        """At most `limit` due steps of one destination, the longest due first; none is not an
        error."""

    async def extend(self, lease: Lease, expires_at: float) -> Lease:
        """Raises StaleLease."""

    async def settle(
        self, settlements: Sequence[Settlement], produced: Sequence[Accepted] = ()
    ) -> None:
        """Returns when all of it is durable. Raises StaleLease (naming the first stale one),
        SpoolError."""

    def due(self, now: float) -> Mapping[str, float]:
        """Destinations that have a step to run: the earliest due time of each. Costs nothing for
        what is not due."""

    def next_due(self) -> float | None:
        """When `due` may next name a step that it does not name now; None when nothing waits."""

    def due_after(self, when: float) -> list[tuple[str, int]]:
        """The keys of the steps that are due later than that, in no order."""

    def watch(self, wake: Callable[[], None]) -> None:
        """`wake` is called, on the event loop, when a step may have become due earlier than
        `next_due` said."""

    async def change(
        self, keys: Sequence[tuple[str, int]], *, state: State | None, due_at: float | None
    ) -> int:
        """An operator's hold, release, flush. Returns how many steps were found. A leased step is
        being run, and the run goes on: a hold keeps the step only if it is put off."""

    async def delete(self, keys: Sequence[tuple[str, int]]) -> int:
        """An operator's delete, without a DSN. Returns how many steps were found."""

    def scan(self) -> AsyncIterator[Entry]:
        """Every pending step."""

    async def close(self) -> None:
        """Ends when nothing is in flight; releases the lock."""
