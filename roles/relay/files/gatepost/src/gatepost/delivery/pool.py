"""Idle connections, kept for the next message to the same next hop.

Promises: a session is handed to one user at a time; sessions are shared only where everything that
makes a connection what it is (a whole NextHop: host, port, TLS, CA, source, credentials) is equal;
what is idle too long, too often used or over the bounds is closed with QUIT.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gatepost.delivery.connect import connect
from gatepost.delivery.session import Session, Timeouts
from gatepost.delivery.tls import TlsContexts
from gatepost.delivery.values import NextHop

Connect = Callable[[NextHop, Timeouts, TlsContexts], Awaitable[Session]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """idle_seconds: how long a connection waits for its next message, below the time at which peers
    hang up. messages: transactions a connection. per_hop, total: idle connections."""

    idle_seconds: float = 20.0
    messages: int = 100
    per_hop: int = 20
    total: int = 100


class Pool:
    """Bounds what is idle; how many are busy is its user's choice."""

    def __init__(
        self,
        timeouts: Timeouts = Timeouts(),  # noqa: B008
        bounds: Bounds = Bounds(),
        *,
        connect: Connect = connect,
    ) -> None:
        self._timeouts = timeouts
        self._bounds = bounds
        self._connect = connect
        self._contexts = TlsContexts()
        self._idle: dict[NextHop, deque[tuple[float, Session]]] = {}
        self._count = 0
        self._epoch = 0
        self._busy: dict[Session, int] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def idle(self) -> int:
        return self._count

    def kept(self, hop: NextHop) -> Session | None:
        """The connection that was used last; None where none is idle."""
        waiting = self._idle.get(hop)
        while waiting:
            session = waiting.pop()[1]
            self._count -= 1
            if session.usable:
                self._busy[session] = self._epoch
                return session
            session.abort()
        return None

    async def acquire(self, hop: NextHop, *, fresh: bool = False) -> Session:
        """A kept connection, else (or if `fresh`) a new one. Raises Refusal."""
        session = None if fresh else self.kept(hop)
        if session is None:
            session = await self._connect(hop, self._timeouts, self._contexts)
            self._busy[session] = self._epoch
        return session

    def release(self, session: Session) -> None:
        """Every acquired session comes back through here, whatever its state."""
        current = self._busy.pop(session) == self._epoch
        if not session.usable:
            session.abort()
            return
        waiting = self._idle.setdefault(session.hop, deque())
        spent = session.transactions >= self._bounds.messages
        full = len(waiting) >= self._bounds.per_hop or self._count >= self._bounds.total
        if spent or full or not current:
            session.quit()
            if not waiting:
                del self._idle[session.hop]
            return
        loop = asyncio.get_running_loop()
        waiting.append((loop.time() + self._bounds.idle_seconds, session))
        self._count += 1
        if self._timer is None:
            self._timer = loop.call_later(self._bounds.idle_seconds, self._expire)

    def refresh(self) -> None:
        """Closes what is idle, and what is busy when it comes back; forgets TLS contexts."""
        self._epoch += 1
        self._contexts.forget()
        for waiting in self._idle.values():
            for _until, session in waiting:
                session.quit()
        self._idle.clear()
        self._count = 0

    def close(self) -> None:
        self.refresh()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        for hop, waiting in list(self._idle.items()):
            while waiting and waiting[0][0] <= now:
                session = waiting.popleft()[1]
                self._count -= 1
                session.quit()
            if not waiting:
                del self._idle[hop]
        if self._idle:
            earliest = min(waiting[0][0] for waiting in self._idle.values())
            self._timer = loop.call_at(earliest, self._expire)
