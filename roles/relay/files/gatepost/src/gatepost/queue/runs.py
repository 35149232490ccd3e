"""One run: a batch from its lease to what became of it at its site; settler.py stores that.

Promises: a fault defers; the large bodies of all runs stay within their memory until what became of
them is stored.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from gatepost.delivery.values import ConfigurationFailure, Outcome, Scope, Verdict
from gatepost.events import Record
from gatepost.queue.retry import RetryPolicy
from gatepost.queue.room import SMALL, Room
from gatepost.queue.settlement import Notices, bounce, misconfigured, settle
from gatepost.queue.settler import Ending, Settler, fault
from gatepost.queue.window import Window
from gatepost.spool.interface import Lease, Spool, SpoolError, StaleLease


class Runner(Protocol):
    """Has a batch's effect: steps of one message, destination, sender and headers. One outcome a
    step, in order. Raises ConfigurationFailure; anything else is a fault, and defers."""

    def run(self, batch: Sequence[Lease], body: bytes) -> Awaitable[Sequence[Outcome]]: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """total, destination_start, destination_max: runs at once. batch: steps a run. lease_seconds:
    longer than a run is usually silent; a longer run is extended. memory: octets of the large
    bodies of all runs."""

    total: int = 200
    destination_start: int = 5
    destination_max: int = 20
    batch: int = 50
    lease_seconds: float = 900.0
    memory: int = 512 * 1024 * 1024


@dataclass(slots=True)
class Terms:
    """May be changed at any time; they hold for what fails, starts and is told from then on."""

    policy: RetryPolicy
    limits: Limits
    notices: Notices


class Runs:
    """clock, random: seconds since the epoch, 0 to 1."""

    def __init__(
        self,
        spool: Spool,
        runner: Runner,
        terms: Terms,
        settler: Settler,
        record: Record,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._spool = spool
        self._runner = runner
        self._terms = terms
        self._settler = settler
        self._record = record
        self._clock = clock
        self._random = random
        self._room = Room()

    def run(self, window: Window, batch: list[Lease]) -> Coroutine[None, None, Ending | None]:
        """What is to be stored; None where there is nothing, or it has been stored. window: the
        destination's. batch: leased, as `batches` gives it; the caller may put extended leases into
        it meanwhile."""
        if batch[0].entry.message.body_size <= SMALL:
            return self._held(window, batch)
        return self._in_turn(window, batch)

    async def _in_turn(self, window: Window, batch: list[Lease]) -> None:
        size = batch[0].entry.message.body_size
        async with self._room.hold(size, self._terms.limits.memory):
            ending = await self._held(window, batch)
            if ending is not None:
                await self._settler.settled(ending)

    async def _held(self, window: Window, batch: list[Lease]) -> Ending | None:
        if batch[0].expires_at <= self._clock():
            await self._renew(batch)
            if not batch:
                return None
        entry = batch[0].entry
        message = entry.message
        try:
            body = await self._spool.body(message.id)
        except SpoolError as error:
            fault(self._record, "spool", error)
            return self._ended(batch, [_unread(error)] * len(batch), b"")
        if message.steps[entry.step].action == "Bounce":
            terms = self._terms
            make = partial(
                bounce, body=body, policy=terms.policy, notices=terms.notices, now=self._clock()
            )
            return Ending(tuple(batch), make)
        known = window.paused(self._clock())
        if known is not None:
            return self._ended(batch, [known] * len(batch), body)
        try:
            outcomes = await self._runner.run(tuple(batch), body)
            if len(outcomes) != len(batch):
                raise RuntimeError(f"{len(outcomes)} outcomes for {len(batch)} steps")
        except ConfigurationFailure as failure:
            return Ending(tuple(batch), partial(misconfigured, failure=failure))
        except Exception as error:
            fault(self._record, "delivery", error)
            outcomes = [_broken(error)] * len(batch)
        # A queue that retries sooner than the pause wants to know sooner.
        window.judge(outcomes, self._clock(), self._terms.policy.first / 2)
        return self._ended(batch, outcomes, body)

    async def _renew(self, batch: list[Lease]) -> None:
        """The leases of a batch that waited too long, as far as they are still its own."""
        until = self._clock() + self._terms.limits.lease_seconds
        kept: list[Lease] = []
        for lease in batch:
            with contextlib.suppress(StaleLease):
                kept.append(await self._spool.extend(lease, until))
        batch[:] = kept

    def _ended(self, batch: list[Lease], outcomes: Sequence[Outcome], body: bytes) -> Ending:
        make = partial(
            settle,
            body=body,
            policy=self._terms.policy,
            notices=self._terms.notices,
            now=self._clock(),
            random=self._random(),
        )
        return Ending(list(zip(batch, outcomes, strict=True)), make)


def _unread(error: SpoolError) -> Outcome:
    return Outcome(Verdict.DEFERRED, Scope.MESSAGE, f"the spool: {error}", "4.3.0")


def _broken(error: Exception) -> Outcome:
    return Outcome(
        Verdict.DEFERRED, Scope.MESSAGE, f"internal fault: {type(error).__name__}", "4.3.0"
    )
