"""Stores what became of runs: all that ended in one turn of the event loop in one transaction.

Promises: what became of a run is kept until the spool can store it, and only a daemon that ends
before runs it again; a step that somebody else took over meanwhile is left to them, and harms no
other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Protocol, TypeVar

from gatepost.events import Record, nowhere
from gatepost.queue.settlement import Result
from gatepost.spool.interface import Spool, SpoolError, StaleLease

# The last one again and again.
SETTLE_WAITS = (0.1, 0.5, 2.0, 5.0)

T_contra = TypeVar("T_contra", contravariant=True)


class Make(Protocol[T_contra]):
    """What becomes of these leases, or cases."""

    def __call__(self, parts: Sequence[T_contra], /, *, record: Record) -> Result: ...


@dataclass(slots=True)
class Ending:
    """What a run came to: `make` of `parts` is to be stored, of each part alone where they cannot
    be together."""

    parts: Sequence[Any]
    make: Make[Any]


@dataclass(slots=True)
class _Work:
    ending: Ending
    result: Result
    done: Callable[[], None]


class Settler:
    """draining: set when the daemon ends."""

    def __init__(self, spool: Spool, draining: asyncio.Event, record: Record) -> None:
        self._spool = spool
        self._draining = draining
        self._record = record
        self._waiting: list[_Work] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def settle(self, ending: Ending, done: Callable[[], None]) -> None:
        """done: called when it is stored, left to somebody else, or given up by a daemon that
        ends. What becomes of the run is recorded now."""
        result = ending.make(ending.parts, record=self._record)
        self._waiting.append(_Work(ending, result, done))
        if len(self._waiting) == 1:
            # One task and one call of the spool a turn, and not a run: 16 us a message.
            asyncio.get_running_loop().call_soon(self._flush)

    async def settled(self, ending: Ending) -> None:
        """Returns when `settle` would call `done`."""
        stored = asyncio.Event()
        self.settle(ending, stored.set)
        await stored.wait()

    async def idle(self, seconds: float) -> bool:
        """Whether everything was stored within that time."""
        self._flush()
        tasks = list(self._tasks)
        return not tasks or not (await asyncio.wait(tasks, timeout=seconds))[1]

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            task = asyncio.get_running_loop().create_task(self._store(waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _store(self, waiting: Sequence[_Work]) -> None:
        try:
            await self._spool.settle(
                [one for work in waiting for one in work.result.settlements],
                [one for work in waiting for one in work.result.produced],
            )
        except SpoolError:  # a stale lease is one
            await asyncio.gather(*[self._alone(work) for work in waiting])
        except Exception as error:
            fault(self._record, "queue", error)
            _end(waiting)
        else:
            _end(waiting)

    async def _alone(self, work: _Work) -> None:
        ending = work.ending
        try:
            await self._keep(work.result)
        except StaleLease:
            # An operator deleted some of the steps meanwhile; the others are settled alone, and
            # what became of all of them has been recorded already.
            for part in ending.parts if len(ending.parts) > 1 else ():
                with contextlib.suppress(StaleLease):
                    await self._keep(ending.make([part], record=nowhere))
        finally:
            work.done()

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


def _end(waiting: Sequence[_Work]) -> None:
    for work in waiting:
        work.done()


def fault(record: Record, where: str, error: BaseException) -> None:
    """Tells of one of our own."""
    record("Fault", where=where, reason=f"{type(error).__name__}: {error}")
