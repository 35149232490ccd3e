"""The loop that leases what is due and starts its runs.

Promises: a step runs only under a lease, which is extended while the run lasts; at most `total`
runs are in flight, and at a destination as many as its window allows; destinations take turns; a
clock that is set neither starts a run twice nor leaves mail to wait longer than the schedule
allows. Decisions live elsewhere (retry, window, batches), and so does what happens in a run (runs);
the clock and the random source are given.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from random import random as uniform
from time import time

from gatepost.events import Record, nowhere
from gatepost.queue.batches import batches
from gatepost.queue.retry import RetryPolicy
from gatepost.queue.runs import Limits, Runner, Runs, Terms
from gatepost.queue.settlement import Notices, line_of
from gatepost.queue.settler import Ending, Settler, fault
from gatepost.queue.window import Window
from gatepost.spool.interface import Entry, Lease, Spool, StaleLease, State

KEPT_WINDOWS = 10_000
SCAN_CHANGES = 1000
# Seconds after which the clock is looked at in any case, and what it may go back by unnoticed.
LOOK = 30.0
SLACK = 5.0
_NEVER = float("inf")


class _Destination:
    """ready: batches that are leased and wait for a place in the window. passed_over: its turn came
    while there was none."""

    __slots__ = ("name", "passed_over", "ready", "window")

    def __init__(self, name: str, window: Window) -> None:
        self.name = name
        self.window = window
        self.ready: deque[list[Lease]] = deque()
        self.passed_over = False


class Scheduler:
    """terms: may be changed at any time."""

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
        self.terms = Terms(policy or RetryPolicy(), limits or Limits(), notices)
        self._spool = spool
        self._record = record
        self._clock = clock
        self._draining = asyncio.Event()
        self._settler = Settler(spool, self._draining, record)
        self._work = Runs(spool, runner, self.terms, self._settler, record, clock, random)
        self._suspended: set[str] = set()
        self._destinations: dict[str, _Destination] = {}
        # Whose turn is next. A destination leaves when it has nothing to run or no place for it,
        # and returns when that may have changed.
        self._turns: deque[str] = deque()
        self._queued: set[str] = set()
        # Until what became of them is stored.
        self._runs: dict[asyncio.Task[Ending | None], list[Lease]] = {}
        # Before any time that a clock may show: the first look finds what an earlier run left.
        self._latest = _NEVER
        # Before that no lease can be in its last half.
        self._extend_from = _NEVER
        self._alarm: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()
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
            self._queue(destination)
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
            now = self._clock()
            try:
                # First, so that no lease of a run in flight lapses when the clock leaps forward.
                if now >= self._extend_from:
                    await self._extend(now)
                before, self._latest = self._latest, now
                if now < before - SLACK:
                    await self._follow_clock(now)
                await self._start_due(now)
            except Exception as error:
                fault(self._record, "queue", error)
            self._set_alarm()
            await self._changed.wait()
        if self._alarm is not None:
            self._alarm.cancel()

    async def drain(self, seconds: float) -> bool:
        """Lease nothing more; whether all runs ended within that time. What did not is cancelled
        and stays in the spool."""
        self._draining.set()
        self._changed.set()
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        late: set[asyncio.Task[Ending | None]] = set()
        if runs := [task for task in self._runs if not task.done()]:
            _ended, late = await asyncio.wait(runs, timeout=seconds)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        stored = await self._settler.idle(max(0.0, until - loop.time()))
        return stored and not late

    async def _follow_clock(self, now: float) -> None:
        """After it went back, what the schedule cannot have put off that far is due now, and no
        site rests until a time that is far away."""
        for destination in self._destinations.values():
            destination.window.resume()
        longest = self.terms.policy.cap * (1 + self.terms.policy.jitter)
        keys = self._spool.due_after(now + longest)
        if keys:
            await self._hasten(keys, now)
            reason = f"the clock went back: {len(keys)} steps that waited for it are due now"
            self._record("Fault", where="queue", reason=reason)

    def _set_alarm(self) -> None:
        """Looks again when something comes due, or a lease may have to be extended. One lazy timer:
        an earlier one that is set already wakes in vain, which is rare; to set it anew at every
        look is not."""
        wait = min(LOOK, self.terms.limits.lease_seconds / 4)
        due = self._spool.next_due()
        if due is not None:
            wait = min(wait, max(0.001, due - self._clock()))
        loop = asyncio.get_running_loop()
        when = loop.time() + wait
        if self._alarm is not None:
            if self._alarm.when() <= when:
                return
            self._alarm.cancel()
        self._alarm = loop.call_at(when, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._changed.set()

    @property
    def _ending(self) -> bool:
        return self._draining.is_set() or len(self._runs) >= self.terms.limits.total

    async def _start_due(self, now: float) -> None:
        """A batch a turn, while there is room and something is due."""
        if self._ending:
            return
        for name in self._spool.due(now):
            self._queue(name)
        while self._turns and not self._ending:
            name = self._turns.popleft()
            self._queued.discard(name)
            destination = self._destination(name)
            destination.passed_over = not destination.window.free
            if name in self._suspended or destination.passed_over:
                continue
            more = True
            if not destination.ready:
                limits = self.terms.limits
                leases = await self._spool.lease(name, now, limits.batch, limits.lease_seconds)
                self._extend_from = min(self._extend_from, now + limits.lease_seconds / 2)
                destination.ready.extend(batches(leases))
                more = len(leases) == limits.batch
            if destination.ready and not self._draining.is_set():
                self._start(destination, destination.ready.popleft())
                if destination.ready or more:
                    self._queue(name)

    def _queue(self, name: str) -> None:
        if name not in self._queued:
            self._queued.add(name)
            self._turns.append(name)

    def _destination(self, name: str) -> _Destination:
        found = self._destinations.get(name)
        if found is None:
            limits = self.terms.limits
            window = Window(limits.destination_start, limits.destination_max)
            found = self._destinations[name] = _Destination(name, window)
        found.window.most = self.terms.limits.destination_max
        return found

    def _start(self, destination: _Destination, batch: list[Lease]) -> None:
        window = destination.window
        window.running += 1
        task = asyncio.get_running_loop().create_task(self._work.run(window, batch))
        self._runs[task] = batch
        task.add_done_callback(partial(self._ended, destination))
        if len(self._destinations) > KEPT_WINDOWS:
            self._forget()

    def _ended(self, destination: _Destination, task: asyncio.Task[Ending | None]) -> None:
        """The site has been dealt with; its place is free while the outcome is stored."""
        window = destination.window
        window.running -= 1
        window.settling += 1
        stored = partial(self._stored, destination, task)
        try:
            ending = None if task.cancelled() else task.result()
            if ending is not None:
                self._settler.settle(ending, stored)
                self._offer_place(destination)
                return
        except Exception as error:
            fault(self._record, "queue", error)
        stored()

    def _stored(self, destination: _Destination, task: asyncio.Task[Ending | None]) -> None:
        destination.window.settling -= 1
        del self._runs[task]
        self._offer_place(destination)

    def _offer_place(self, destination: _Destination) -> None:
        """Where nothing waits for it, what comes due wakes the loop."""
        if destination.passed_over or self._ending:
            self._queue(destination.name)
            self._changed.set()

    def _forget(self) -> None:
        """What was learned of a site is kept, but not of every site that ever was."""
        idle = [
            name
            for name, it in self._destinations.items()
            if not (it.window.running or it.window.settling or it.ready)
        ]
        for name in idle[: len(idle) // 2]:
            del self._destinations[name]

    async def _extend(self, now: float) -> None:
        """Leases of runs in flight, and of batches that wait for their turn, in their last half."""
        seconds = self.terms.limits.lease_seconds
        waiting = [batch for it in self._destinations.values() for batch in it.ready]
        earliest = _NEVER
        for batch in [*self._runs.values(), *waiting]:
            for number, lease in enumerate(batch):
                if lease.expires_at <= now + seconds / 2:
                    # A stale one is found out when it is settled; before a run, in _held.
                    with contextlib.suppress(StaleLease):
                        batch[number] = await self._spool.extend(lease, now + seconds)
                earliest = min(earliest, batch[number].expires_at)
        self._extend_from = earliest - seconds / 2
