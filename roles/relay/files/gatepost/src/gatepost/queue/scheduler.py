"""The loop that leases what is due, runs it, and settles it.

Promises: a step runs only under a lease, which is extended while the run lasts; at most `total`
runs are in flight, and at a destination as many as its window allows; destinations take turns; what
became of a run is kept until the spool can store it, and only a daemon that ends before runs it
again; a clock that is set neither starts a run twice nor leaves mail to wait longer than the
schedule allows. Decisions live elsewhere (retry, window, settlement); the clock and the random
source are given.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from random import random as uniform
from time import time
from typing import Protocol

from gatepost.delivery.values import ConfigurationFailure, Outcome, Scope, Verdict
from gatepost.events import Record, nowhere
from gatepost.queue.retry import RetryPolicy
from gatepost.queue.room import Room
from gatepost.queue.settlement import Notices, Result, bounce, line_of, misconfigured, settle
from gatepost.queue.window import Window
from gatepost.spool.interface import (
    Entry,
    Lease,
    Spool,
    SpoolError,
    StaleLease,
    State,
    Step,
)

# The last one again and again.
SETTLE_WAITS = (0.1, 0.5, 2.0, 5.0)
KEPT_WINDOWS = 10_000
SCAN_CHANGES = 1000
# Seconds after which the clock is looked at in any case, and what it may go back by unnoticed.
LOOK = 30.0
SLACK = 5.0
_BY_SMTP = ("Relay", "Send", "Bounce")


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


class Make(Protocol):
    def __call__(self, leases: Sequence[Lease], *, record: Record) -> Result: ...


class _Destination:
    """ready: batches that are leased and wait for a place in the window."""

    __slots__ = ("name", "ready", "window")

    def __init__(self, name: str, window: Window) -> None:
        self.name = name
        self.window = window
        self.ready: deque[list[Lease]] = deque()


class Scheduler:
    """policy, limits and notices may be replaced at any time; they hold for what fails, starts and
    is told from then on."""

    def __init__(
        self,
        spool: Spool,
        runner: Runner,
        notices: Notices,
        *,
        policy: RetryPolicy | None = None,
        limits: Limits | None = None,
        record: Record = nowhere,
        clock: Callable[[], float] = time,
        random: Callable[[], float] = uniform,
    ) -> None:
        self.policy = policy or RetryPolicy()
        self._spool = spool
        self._runner = runner
        self.notices = notices
        self.limits = limits or Limits()
        self._record = record
        self._clock = clock
        self._random = random
        self._room = Room()
        self._suspended: set[str] = set()
        self._destinations: dict[str, _Destination] = {}
        # Whose turn is next. A destination leaves when it has nothing to run or no place for it,
        # and returns when that may have changed.
        self._turns: deque[str] = deque()
        self._queued: set[str] = set()
        self._runs: dict[asyncio.Task[None], list[Lease]] = {}
        # Before any time that a clock may show: the first look finds what an earlier run left.
        self._latest = float("inf")
        self._changed = asyncio.Event()
        self._draining = asyncio.Event()
        spool.watch(self._changed.set)

    # The operator

    @property
    def suspended(self) -> frozenset[str]:
        return frozenset(self._suspended)

    def suspend(self, destination: str) -> None:
        """Start no more runs there; those in flight end."""
        self._suspended.add(destination)

    def resume(self, destination: str) -> None:
        self._suspended.discard(destination)
        if destination in self._destinations:
            self._destinations[destination].window.resume()
        self._changed.set()

    def sites(self) -> dict[str, dict[str, float | str]]:
        """By destination: running, the runs in flight; window, how many it may have; and while it
        is not tried paused_until, reason."""
        now = self._clock()
        found: dict[str, dict[str, float | str]] = {}
        for name, it in self._destinations.items():
            found[name] = {"running": it.window.running, "window": it.window.size}
            rest = it.window.paused(now)
            if rest is not None:
                found[name] |= {"paused_until": it.window.paused_until, "reason": line_of(rest)}
        return found

    async def flush(self, wanted: Callable[[Entry], bool] = lambda _entry: True) -> int:
        """Make the wanted steps that wait due now, and try their sites however often those have
        failed. How many steps that were; what is held or suspended stays so."""
        now = self._clock()
        keys: list[tuple[str, int]] = []
        async for entry in self._spool.scan():
            if entry.state is State.PENDING and wanted(entry):
                keys.append(entry.key)
                destination = self._destinations.get(entry.message.steps[entry.step].destination)
                if destination is not None:
                    destination.window.resume()
        return await self._hasten(keys, now)

    async def _hasten(self, keys: Sequence[tuple[str, int]], due_at: float) -> int:
        changed = 0
        for start in range(0, len(keys), SCAN_CHANGES):
            part = keys[start : start + SCAN_CHANGES]
            changed += await self._spool.change(part, state=None, due_at=due_at)
        return changed

    # The loop

    async def run(self) -> None:
        """Until drain."""
        while not self._draining.is_set():
            self._changed.clear()
            try:
                # First, so that no lease of a run in flight lapses when the clock leaps forward.
                await self._extend()
                await self._look_at_clock()
                await self._start_due()
            except Exception as error:
                self._fault("queue", error)
            await self._sleep()

    async def drain(self, seconds: float) -> bool:
        """Lease nothing more; whether all runs ended within that time. What did not is cancelled
        and stays in the spool."""
        self._draining.set()
        self._changed.set()
        runs = list(self._runs)
        if not runs:
            return True
        _ended, late = await asyncio.wait(runs, timeout=seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        return not late

    async def _look_at_clock(self) -> None:
        """After the clock went back, what the schedule cannot have put off that far is due now, and
        no site rests until a time that is far away."""
        now, before = self._clock(), self._latest
        self._latest = now
        if now >= before - SLACK:
            return
        for destination in self._destinations.values():
            destination.window.resume()
        longest = self.policy.cap * (1 + self.policy.jitter)
        keys = self._spool.due_after(now + longest)
        if keys:
            await self._hasten(keys, now)
            reason = f"the clock went back: {len(keys)} steps that waited for it are due now"
            self._record("Fault", where="queue", reason=reason)

    async def _sleep(self) -> None:
        """Until something changed, comes due, or a lease must be extended."""
        wait = min(LOOK, self.limits.lease_seconds / 4)
        due = self._spool.next_due()
        if due is not None:
            wait = min(wait, max(0.001, due - self._clock()))
        alarm = asyncio.get_running_loop().call_later(wait, self._changed.set)
        try:
            await self._changed.wait()
        finally:
            alarm.cancel()

    @property
    def _ending(self) -> bool:
        return self._draining.is_set() or len(self._runs) >= self.limits.total

    async def _start_due(self) -> None:
        """A batch a turn, while there is room and something is due."""
        if self._ending:
            return
        now = self._clock()
        for name in self._spool.due(now):
            self._queue(name)
        while self._turns and not self._ending:
            name = self._turns.popleft()
            self._queued.discard(name)
            destination = self._destination(name)
            if name in self._suspended or not destination.window.free:
                continue
            if not destination.ready:
                leases = await self._spool.lease(
                    name, now, self.limits.batch, self.limits.lease_seconds
                )
                destination.ready.extend(batches(leases))
            if destination.ready and not self._draining.is_set():
                self._start(destination, destination.ready.popleft())
                self._queue(name)

    def _queue(self, name: str) -> None:
        if name not in self._queued:
            self._queued.add(name)
            self._turns.append(name)

    def _destination(self, name: str) -> _Destination:
        found = self._destinations.get(name)
        if found is None:
            limits = self.limits
            window = Window(limits.destination_start, limits.destination_max)
            found = self._destinations[name] = _Destination(name, window)
        found.window.most = self.limits.destination_max
        return found

    def _start(self, destination: _Destination, batch: list[Lease]) -> None:
        destination.window.running += 1
        task = asyncio.get_running_loop().create_task(self._run(destination, batch))
        self._runs[task] = batch

        def ended(task: asyncio.Task[None]) -> None:
            del self._runs[task]
            destination.window.running -= 1
            self._queue(destination.name)
            self._changed.set()
            if not task.cancelled() and (error := task.exception()) is not None:
                self._fault("queue", error)

        task.add_done_callback(ended)
        if len(self._destinations) > KEPT_WINDOWS:
            self._forget()

    def _forget(self) -> None:
        """What was learned of a site is kept, but not of every site that ever was."""
        idle = [
            name
            for name, it in self._destinations.items()
            if not it.window.running and not it.ready
        ]
        for name in idle[: len(idle) // 2]:
            del self._destinations[name]

    async def _extend(self) -> None:
        """Leases of runs in flight, and of batches that wait for their turn, in their last half."""
        now = self._clock()
        soon = now + self.limits.lease_seconds / 2
        waiting = [batch for it in self._destinations.values() for batch in it.ready]
        for batch in [*self._runs.values(), *waiting]:
            for number, lease in enumerate(batch):
                if lease.expires_at <= soon:
                    # A stale one is found out when it is settled; before a run, in _held.
                    with contextlib.suppress(StaleLease):
                        until = now + self.limits.lease_seconds
                        batch[number] = await self._spool.extend(lease, until)

    # A run

    async def _run(self, destination: _Destination, batch: list[Lease]) -> None:
        async with self._room.hold(batch[0].entry.message.body_size, self.limits.memory):
            await self._run_held(destination, batch)

    async def _run_held(self, destination: _Destination, batch: list[Lease]) -> None:
        if batch[0].expires_at <= self._clock():
            await self._renew(batch)
            if not batch:
                return
        try:
            body = await self._spool.body(batch[0].entry.message.id)
        except SpoolError as error:
            self._fault("spool", error)
            await self._end(batch, [_unread(error)] * len(batch), b"")
            return
        step = batch[0].entry.message.steps[batch[0].entry.step]
        if step.action == "Bounce":
            make = partial(
                bounce,
                body=body,
                policy=self.policy,
                notices=self.notices,
                now=self._clock(),
            )
            await self._store(batch, make)
            return
        outcomes = await self._attempt(destination, batch, body)
        if outcomes is not None:
            await self._end(batch, outcomes, body)

    async def _renew(self, batch: list[Lease]) -> None:
        """The leases of a batch that waited too long, as far as they are still its own."""
        until = self._clock() + self.limits.lease_seconds
        kept: list[Lease] = []
        for lease in batch:
            with contextlib.suppress(StaleLease):
                kept.append(await self._spool.extend(lease, until))
        batch[:] = kept

    async def _attempt(
        self, destination: _Destination, batch: list[Lease], body: bytes
    ) -> list[Outcome] | None:
        """None: a configuration failure, already settled."""
        known = destination.window.paused(self._clock())
        if known is not None:
            return [known] * len(batch)
        try:
            outcomes = list(await self._runner.run(tuple(batch), body))
            if len(outcomes) != len(batch):
                raise RuntimeError(f"{len(outcomes)} outcomes for {len(batch)} steps")
        except ConfigurationFailure as failure:
            await self._store(batch, partial(misconfigured, failure=failure))
            return None
        except Exception as error:
            self._fault("delivery", error)
            outcomes = [_broken(error)] * len(batch)
        # A queue that retries sooner than the pause wants to know sooner.
        destination.window.judge(outcomes, self._clock(), self.policy.first / 2)
        return outcomes

    async def _end(self, batch: list[Lease], outcomes: Sequence[Outcome], body: bytes) -> None:
        of = {lease.entry.key: outcome for lease, outcome in zip(batch, outcomes, strict=True)}
        now, random = self._clock(), self._random()

        def make(leases: Sequence[Lease], *, record: Record) -> Result:
            return settle(
                leases,
                [of[lease.entry.key] for lease in leases],
                body,
                policy=self.policy,
                notices=self.notices,
                record=record,
                now=now,
                random=random,
            )

        await self._store(batch, make)

    async def _store(self, batch: list[Lease], make: Make) -> None:
        leases = tuple(batch)
        result = make(leases, record=self._record)
        try:
            await self._keep(result)
        except StaleLease:
            # An operator changed some of the steps meanwhile; the others are settled alone, and
            # what became of all of them has been recorded already.
            for lease in leases if len(leases) > 1 else ():
                with contextlib.suppress(StaleLease):
                    await self._keep(make([lease], record=nowhere))

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
                self._fault("spool", error)
            if self._draining.is_set():
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._draining.wait(), wait)

    def _fault(self, where: str, error: BaseException) -> None:
        self._record("Fault", where=where, reason=f"{type(error).__name__}: {error}")


def batches(leases: Sequence[Lease]) -> list[list[Lease]]:
    """Leases that one run can serve: of one message, sender, headers and, where the site depends on
    it, action's document. In order of the first of each. The same recipient twice makes two
    batches: two Relay actions deliver twice."""
    found: dict[tuple[object, ...], list[Lease]] = {}
    seen: dict[tuple[object, ...], int] = {}
    for lease in leases:
        entry = lease.entry
        step = entry.message.steps[entry.step]
        common = (entry.message.id, step.mail_from, step.headers, step.action, _document(step))
        again = (common, step.recipient)
        seen[again] = seen.get(again, 0) + 1
        found.setdefault((*common, seen[again]), []).append(lease)
    return list(found.values())


def _document(step: Step) -> str:
    """What an action's document adds to its destination: for a next hop, nothing."""
    return "" if step.action in _BY_SMTP else json.dumps(dict(step.parameters), sort_keys=True)


def _unread(error: SpoolError) -> Outcome:
    return Outcome(Verdict.DEFERRED, Scope.MESSAGE, f"the spool: {error}", "4.3.0")


def _broken(error: Exception) -> Outcome:
    return Outcome(
        Verdict.DEFERRED, Scope.MESSAGE, f"internal fault: {type(error).__name__}", "4.3.0"
    )
