"""What the actions take: where the sites are, and a `Task`, one effect to have there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from gatepost.delivery.values import Outcome, Scope, Verdict
from gatepost.spool.interface import Lease, Message, Step


@dataclass(frozen=True, slots=True)
class Archive:
    """retention: seconds for which a day of mail is kept after its end; None is for ever."""

    name: str
    path: Path
    retention: float | None = None


@dataclass(frozen=True, slots=True)
class Maildir:
    """root: the folder that must exist. parts: names below it, in which {local} and {domain} stand
    for the recipient's; none for one Maildir of all. create: a recipient's Maildir is made where
    there is none; otherwise there is no such mailbox."""

    root: Path
    parts: tuple[str, ...] = ()
    create: bool = False


@dataclass(frozen=True, slots=True)
class Lmtp:
    """address: (host, port), or the path of a socket."""

    address: tuple[str, int] | Path


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What a WorkMail organization or an Amazon Q application is here. destination: its queue."""

    destination: str
    site: Maildir | Lmtp


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """region: of what names none itself. profile, credentials_file: None for boto3's own order.
    assume_roles: take the RoleArn of each action instead of being the host. endpoints: URL by
    service ("s3", "sns", "lambda", "sts"). connect_timeout, read_timeout: seconds."""

    region: str | None = None
    profile: str | None = None
    credentials_file: Path | None = None
    assume_roles: bool = False
    endpoints: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    connect_timeout: float = 10.0
    read_timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class Task:
    """Steps of one message that have one effect together: of the same site, sender, added headers
    and document; one step a recipient. numbers: theirs in the message. retried: it may have been
    tried before. body: in wire form."""

    message: Message
    numbers: tuple[int, ...]
    body: bytes
    retried: bool = False

    @classmethod
    def of(cls, leases: Sequence[Lease], body: bytes, since: float) -> Task:
        """since: when this process began; what was received before it may have been tried by
        another."""
        entries = [lease.entry for lease in leases]
        message = entries[0].message
        tried = message.received_at < since or any(entry.attempts for entry in entries)
        return cls(message, tuple(entry.step for entry in entries), body, tried)

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(self.message.steps[number] for number in self.numbers)

    @property
    def first(self) -> Step:
        return self.message.steps[self.numbers[0]]

    @property
    def site(self) -> str:
        """The destination without its kind."""
        return self.first.destination.partition(":")[2]

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.first.parameters

    @property
    def recipients(self) -> tuple[str, ...]:
        return tuple(step.recipient for step in self.steps)


def done(text: str) -> Outcome:
    return Outcome(Verdict.DELIVERED, Scope.MESSAGE, text, "2.0.0")


class Action(Protocol):
    """One action. Blocks: it is called in a thread. Returns an outcome a step, in order; raises
    ConfigurationFailure, for which nothing was done. Having the same task done again must end as
    having it done once, where the site allows."""

    def __call__(self, task: Task, /) -> Sequence[Outcome]: ...
