"""From the event loop to the committer: what becomes a transaction, and when it is handed over.

New mail, for which a client waits, goes at the end of the loop's turn, all of a turn together. What
only settles goes with it, or after a moment alone, so that it shares the sync of mail that comes
meanwhile; and it is one transaction, however many settle, for each of its own costs twice as much.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from gatepost.spool.cards import Item
from gatepost.spool.frame import Operations
from gatepost.spool.interface import Accepted, SpoolError
from gatepost.spool.records import encode
from gatepost.spool.writer import Batch, Transaction


@dataclass(slots=True)
class Work:
    """One transaction before it is written. data: envelopes and bodies of `messages`, in pieces.
    items: the steps that it settles. futures: of those who wait for it."""

    operations: Operations
    data: Sequence[bytes]
    items: list[Item]
    messages: Sequence[Accepted]
    futures: list[asyncio.Future[None]]

    def add(self, other: Work) -> None:
        """Of another that brings no data."""
        self.operations += other.operations
        self.items += other.items
        self.futures += other.futures

    def end(self, error: SpoolError | None) -> None:
        """Tells those who wait."""
        for future in self.futures:
            if future.cancelled():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(type(error)(str(error)))


class HandOver:
    """linger: seconds that what only settles waits. done: called on the event loop when the work's
    transaction has ended."""

    def __init__(
        self,
        submit: Callable[[Batch], None],
        done: Callable[[Work, Transaction, SpoolError | None], None],
        linger: float,
    ) -> None:
        self._submit = submit
        self._done = done
        self._linger = linger
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Work] = []
        self._settling: Work | None = None
        self._pressing = False
        self._timer: asyncio.TimerHandle | None = None

    def add(self, work: Work) -> None:
        if not work.items or work.data:
            self._waiting.append(work)
            if not (work.items or work.messages):
                # Messages that are moved: what settles them from now on must follow in the log.
                self._settling = None
        elif self._settling is None:
            self._settling = work
            self._waiting.append(work)
        else:
            self._settling.add(work)
        if self._pressing:
            return
        if not work.items:
            self._pressing = True
            self._loop.call_soon(self.flush)
        elif self._timer is None:
            self._timer = self._loop.call_later(self._linger, self.flush)

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pressing = False
        waiting, self._waiting, self._settling = self._waiting, [], None
        self._submit([self._transaction(work) for work in waiting])

    def _transaction(self, work: Work) -> Transaction:
        done = partial(self._done, work)
        return Transaction(encode(work.operations), work.data, done, settles=bool(work.items))
