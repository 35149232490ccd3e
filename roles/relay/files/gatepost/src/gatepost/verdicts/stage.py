"""The stage: a worker's means of finding out what decisions lack: its resolver, the clients of its
analyzers, and a few threads.

A decision is made first without verdicts; what it names as missing, and no more, is asked for by an
`Inquiry`, and it is made again. So a message whose other conditions decide, and every message under
rules that name no verdict, costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gatepost.events import Record
from gatepost.policy.message import Message
from gatepost.resolver import Resolver
from gatepost.smtp.limits import Load
from gatepost.verdicts.inquiry import Inquiry
from gatepost.verdicts.values import Mail, Target

if TYPE_CHECKING:
    from gatepost.verdicts.analyzers import Client

# For hashes and signatures, which are short; nothing waits in them.
_THREADS: Final = 4


@dataclass(frozen=True, slots=True)
class Settings:
    """analyzers: by the spelling that documents have. seconds: the deadline of one message, or of
    one recipient at RCPT."""

    hostname: str
    seconds: float
    analyzers: Mapping[str, Target] = field(default_factory=dict)


class Stage:
    """One a worker; of use once it is configured."""

    resolver: Resolver
    seconds: float

    def __init__(self, record: Record, load: Load | None = None) -> None:
        """load: where the copies that are held count."""
        self.record = record
        self.load = load or Load()
        self.analyzers: Mapping[str, Client] = {}
        self._pool: Executor | None = None

    async def configure(self, settings: Settings, resolver: Resolver) -> None:
        """At a start and at a reload. What is being asked for goes on as it began."""
        old = self.analyzers
        self.resolver = resolver
        self.seconds = settings.seconds
        self.analyzers = _clients(settings) if settings.analyzers else {}
        await _retire(old)

    @property
    def pool(self) -> Executor:
        """Threads, from the first use on."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="verdicts")
        return self._pool

    def inquire(self, mail: Mail, message: Message | None = None, **about: str) -> Inquiry:
        """message: None at RCPT. about: fields of the events."""
        return Inquiry(self, mail, message, about)

    async def close(self) -> None:
        await _retire(self.analyzers)
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


def _clients(settings: Settings) -> Mapping[str, Client]:
    from gatepost.verdicts.analyzers import Client  # with httpx, 1.2 MB

    clients = {
        id(each): Client(each, settings.hostname, settings.seconds)
        for each in settings.analyzers.values()
    }
    return {name: clients[id(each)] for name, each in settings.analyzers.items()}


async def _retire(analyzers: Mapping[str, Client]) -> None:
    await asyncio.gather(*(client.retire() for client in {*analyzers.values()}))
