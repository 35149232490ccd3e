"""One part of the queue at work: a spool directory and the scheduler that empties it.

A worker owns the shard of its own number, and adopts those whose worker no longer exists until they
are empty: their mail was answered with 250.
"""

from __future__ import annotations

import asyncio

from gatepost.queue.scheduler import Scheduler
from gatepost.spool.disk import DiskSpool


class Shard:
    def __init__(self, spool: DiskSpool, scheduler: Scheduler) -> None:
        self.spool = spool
        self.scheduler = scheduler
        self._task = asyncio.create_task(scheduler.run())

    @property
    def running(self) -> bool:
        return not self._task.done()

    async def close(self, seconds: float) -> bool:
        """Ends what is in flight; whether all of it ended in time."""
        ended = await self.scheduler.drain(seconds)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.spool.close()
        return ended
