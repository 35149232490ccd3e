"""One run: a batch from its lease to what became of it in the spool.

Promises: what became of a run is kept until the spool can store it, and only a daemon that ends
before runs it again; a step that somebody else took over meanwhile is left to them; a fault defers.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from typing import Protocol, TypeVar

from gatepost.delivery.values import ConfigurationFailure, Outcome, Scope, Verdict
from gatepost.events import Record, nowhere
from gatepost.queue.retry import RetryPolicy
from gatepost.queue.room import Room
from gatepost.queue.settlement import Notices, Result, bounce, misconfigured, settle
from gatepost.queue.window import Window
from gatepost.spool.interface import Lease, Spool, SpoolError, StaleLease

# The last one again and again.
SETTLE_WAITS = (0.1, 0.5, 2.0, 5.0)


class Runner(Protocol):
    """Has a batch's effect: steps of one message, destination, sender and headers. One outcome a
    step, in order. Raises ConfigurationFailure; anything else is a fault, and defers."""

    async def run(self, batch: Sequence[Lease], body: bytes) -> Sequence[Outcome]: ...


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


T_contra = TypeVar("T_contra", contravariant=True)


class Make(Protocol[T_contra]):
    """What becomes of these leases, or cases."""

    def __call__(self, parts: Sequence[T_contra], /, *, record: Record) -> Result: ...


class Runs:
    """draining: set when the daemon ends. clock, random: seconds since the epoch, 0 to 1."""

    def __init__(
        self,
        spool: Spool,
        runner: Runner,
        terms: Terms,
        draining: asyncio.Event,
        record: Record,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._spool = spool
        self._runner = runner
        self._terms = terms
        self._draining = draining
        self._record = record
        self._clock = clock
        self._random = random
        self._room = Room()

    async def run(
        self, window: Window, batch: list[Lease], transmitted: Callable[[], None]
    ) -> None:
        """window: the destination's. batch: leased, as `batches` gives it; the caller may put
        extended leases into it meanwhile. transmitted: called when the site has been dealt with,
        and only its outcome is to be stored."""
        async with self._room.hold(batch[0].entry.message.body_size, self._terms.limits.memory):
            await self._held(window, batch, transmitted)

    async def _held(
        self, window: Window, batch: list[Lease], transmitted: Callable[[], None]
    ) -> None:
        if batch[0].expires_at <= self._clock():
            await self._renew(batch)
            if not batch:
                return
        try:
            body = await self._spool.body(batch[0].entry.message.id)
        except SpoolError as error:
            fault(self._record, "spool", error)
            await self._end(batch, [_unread(error)] * len(batch), b"")
            return
        step = batch[0].entry.message.steps[batch[0].entry.step]
        if step.action == "Bounce":
            make = partial(
                bounce,
                body=body,
                policy=self._terms.policy,
                notices=self._terms.notices,
                now=self._clock(),
            )
            await self._store(tuple(batch), make)
            return
        outcomes = await self._attempt(window, batch, body)
        if outcomes is not None:
            transmitted()
            await self._end(batch, outcomes, body)

    async def _renew(self, batch: list[Lease]) -> None:
        """The leases of a batch that waited too long, as far as they are still its own."""
        until = self._clock() + self._terms.limits.lease_seconds
        kept: list[Lease] = []
        for lease in batch:
            with contextlib.suppress(StaleLease):
                kept.append(await self._spool.extend(lease, until))
        batch[:] = kept

    async def _attempt(
        self, window: Window, batch: list[Lease], body: bytes
    ) -> list[Outcome] | None:
        """None: a configuration failure, already settled."""
        known = window.paused(self._clock())
        if known is not None:
            return [known] * len(batch)
        try:
            outcomes = list(await self._runner.run(tuple(batch), body))
            if len(outcomes) != len(batch):
                raise RuntimeError(f"{len(outcomes)} outcomes for {len(batch)} steps")
        except ConfigurationFailure as failure:
            await self._store(tuple(batch), partial(misconfigured, failure=failure))
            return None
        except Exception as error:
            fault(self._record, "delivery", error)
            outcomes = [_broken(error)] * len(batch)
        # A queue that retries sooner than the pause wants to know sooner.
        window.judge(outcomes, self._clock(), self._terms.policy.first / 2)
        return outcomes

    async def _end(self, batch: list[Lease], outcomes: Sequence[Outcome], body: bytes) -> None:
        make = partial(
            settle,
            body=body,
            policy=self._terms.policy,
            notices=self._terms.notices,
            now=self._clock(),
            random=self._random(),
        )
        await self._store(list(zip(batch, outcomes, strict=True)), make)

    async def _store(self, parts: Sequence[T_contra], make: Make[T_contra]) -> None:
        result = make(parts, record=self._record)
        try:
            await self._keep(result)
        except StaleLease:
            # An operator changed some of the steps meanwhile; the others are settled alone, and
            # what became of all of them has been recorded already.
            for part in parts if len(parts) > 1 else ():
                with contextlib.suppress(StaleLease):
                    await self._keep(make([part], record=nowhere))

    async def _keep(self, result: Result) -> None:
        """A spool that cannot store it now is asked again until it can: to forget what a next hop
        has accepted is to send it twice. Raises StaleLease."""
        for wait in chain(SETTLE_WAITS, repeat(SETTLE_WAITS[-1])):
            try:
                await self._spool.settle(result.settlements, result.produced)
                return
            except StaleLease:
                raise
            except SpoolError as error:
                fault(self._record, "spool", error)
            if self._draining.is_set():
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._draining.wait(), wait)


def fault(record: Record, where: str, error: BaseException) -> None:
    """Tells of one of our own."""
    record("Fault", where=where, reason=f"{type(error).__name__}: {error}")


def _unread(error: SpoolError) -> Outcome:
    return Outcome(Verdict.DEFERRED, Scope.MESSAGE, f"the spool: {error}", "4.3.0")


def _broken(error: Exception) -> Outcome:
    return Outcome(
        Verdict.DEFERRED, Scope.MESSAGE, f"internal fault: {type(error).__name__}", "4.3.0"
    )
