"""How fast mail is taken while it is delivered less fast: what Postfix calls in_flow_delay.

A client whose message is stored hears its 250 about as long after that as fresh mail waits for its
first attempt, at most a second: then it sends no more than is delivered, and what has come in does
not pile up in memory (at 100 sessions 4,000 messages, each delivered after 2 seconds). It is a mean
over many first attempts, so a few destinations that are slow, held or dead slow nobody; and it says
nothing once no first attempt is made, so neither does one that takes all of the mail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Final

from gatepost.delivery.values import Outcome
from gatepost.queue.runs import Runner
from gatepost.spool.interface import Lease

LONGEST: Final = 1.0
# What a few turns of the event loop take anyway.
SHORTEST: Final = 0.02
# After that the mean is of the past.
STALE: Final = 0.5
# What waited longer waited for its site, not for its turn.
OLD: Final = 10.0
# The share of one attempt in the mean: a single one that waited for long pauses nobody.
_SHARE: Final = 1 / 128
# Messages whose first attempt is awaited; mail for a dead site is never heard of again.
WATCHED: Final = 4096


class Flow:
    """Stands before `runner`, to see attempts begin. clock: seconds."""

    def __init__(self, runner: Runner, clock: Callable[[], float] = monotonic) -> None:
        self._runner = runner
        self._clock = clock
        self._stored: dict[str, float] = {}
        self._mean = 0.0
        self._known = -STALE
        self._resting: set[asyncio.Future[None]] = set()
        self._closed = False

    def run(self, batch: Sequence[Lease], body: bytes) -> Awaitable[Sequence[Outcome]]:
        """The runner of the queue."""
        stored = self._stored.pop(batch[0].entry.message.id, None)
        if stored is not None:
            now = self._clock()
            waited = now - stored
            if waited < OLD:
                if now - self._known > STALE:
                    self._mean = 0.0
                self._known = now
                self._mean += (min(waited, LONGEST) - self._mean) * _SHARE
        return self._runner.run(batch, body)

    def stored(self, message_id: str) -> float:
        """A message is stored; how long its client is to wait for the 250."""
        if len(self._stored) >= WATCHED:
            self._stored.clear()
        now = self._stored[message_id] = self._clock()
        if self._mean < SHORTEST or now - self._known > STALE or self._closed:
            return 0.0
        return self._mean

    async def rest(self, seconds: float) -> None:
        """Ends early when the flow is closed."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _wake, future)
        self._resting.add(future)
        try:
            await future
        finally:
            timer.cancel()
            self._resting.discard(future)

    def close(self) -> None:
        """No client waits any more, now or later: sessions are about to end."""
        self._closed = True
        for future in self._resting:
            _wake(future)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
