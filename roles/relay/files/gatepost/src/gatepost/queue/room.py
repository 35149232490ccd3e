"""Memory for the bodies of runs in flight: small ones always have room, large ones take turns.

Promises: the large bodies that are held at once stay within the budget, but for a single one that
is larger than it; whoever waits gets room in the order of asking.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

# Octets. As many of these as there may be runs are of no account.
SMALL = 256 * 1024


class Room:
    """used: octets of the large bodies that are held."""

    def __init__(self) -> None:
        self.used = 0
        self._waiting: deque[asyncio.Event] = deque()

    def hold(self, size: int, budget: int) -> AbstractAsyncContextManager[None]:
        """Waits until a body of `size` octets may be held beside the others; gives its room back
        at the end. budget: octets, of all large ones."""
        return nullcontext() if size <= SMALL else self._in_turn(size, budget)

    @asynccontextmanager
    async def _in_turn(self, size: int, budget: int) -> AsyncIterator[None]:
        turn = asyncio.Event()
        self._waiting.append(turn)
        try:
            while self._waiting[0] is not turn or (self.used and self.used + size > budget):
                turn.clear()
                await turn.wait()
        finally:
            self._waiting.remove(turn)
            self._call_next()
        self.used += size
        try:
            yield
        finally:
            self.used -= size
            self._call_next()

    def _call_next(self) -> None:
        if self._waiting:
            self._waiting[0].set()
