"""Space: the log is a queue of segments, and only its oldest is ever given back.

A segment in which nothing is pending goes at once when it is the oldest. When the log holds more
than twice what is pending (and a few segments), the messages that are still pending in the oldest
are written again at its end, with the states of their steps; then it goes. Settlements need no
care of their own: whatever they settle is older, and gone before them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from gatepost.spool.cards import DROP, Card, Index, Item
from gatepost.spool.interface import SpoolError
from gatepost.spool.layout import Segment
from gatepost.spool.reader import Reader
from gatepost.spool.writer import Writer

CHUNK = 1024 * 1024
SLACK_SEGMENTS = 4
SMALLEST = 64  # a segment counts for at least this fraction of a full one


class Commit(Protocol):
    async def __call__(
        self, operations: list[list[Any]], data: Sequence[bytes], items: Sequence[Item]
    ) -> None: ...


class Read(Protocol):
    async def __call__(self, segments: Sequence[Segment], work: Callable[[Reader], Any]) -> Any: ...


class Compaction:
    """segments: oldest first, shared with the spool, which appends to it."""

    def __init__(
        self,
        index: Index,
        segments: list[Segment],
        writer: Writer,
        commit: Commit,
        read: Read,
        fault: Callable[[str], None],
    ) -> None:
        self._index = index
        self._segments = segments
        self._writer = writer
        self._commit = commit
        self._read = read
        self._fault = fault
        self._task: asyncio.Task[None] | None = None
        self._failed_at = -1
        self._stopped = False

    def start(self) -> None:
        """Begin, if there is something to do and nothing under way. After a failure it waits for
        the log to grow by a segment."""
        if self._task is None and self._wanted() and self._failed_at != self._newest:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Ends after the part under way."""
        self._stopped = True
        if self._task is not None:
            await asyncio.wait([self._task])

    @property
    def _newest(self) -> int:
        return self._segments[-1].number if self._segments else 0

    def _wanted(self) -> bool:
        if len(self._segments) < 2:
            return False
        if not self._segments[0].messages:
            return True
        size = self._writer.segment_size
        least = size // SMALLEST
        used = sum([max(segment.end, least) for segment in self._segments])
        return used > 2 * self._index.live + SLACK_SEGMENTS * size

    async def _run(self) -> None:
        try:
            while self._wanted() and not self._stopped:
                oldest = self._segments[0]
                if oldest.messages:
                    await self._move(oldest)
                elif oldest.readers:
                    await asyncio.sleep(0.01)
                else:
                    await self._retire(oldest)
        except (SpoolError, OSError) as error:
            self._failed_at = self._newest
            self._fault(f"space is not given back: {error}")
        finally:
            self._task = None

    async def _retire(self, segment: Segment) -> None:
        await self._read([], lambda reader: reader.forget(segment))
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def job() -> None:
            error: OSError | None = None
            try:
                self._writer.retire(segment)
            except OSError as failed:
                error = failed
            loop.call_soon_threadsafe(finish, error)

        def finish(error: OSError | None) -> None:
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self._writer.call(job)
        await future
        self._segments.remove(segment)

    async def _move(self, segment: Segment) -> None:
        """A part of what is pending in the segment, to the end of the log."""
        cards = self._part(segment)
        if not cards:
            await asyncio.sleep(0.01)  # all of it is being settled
            return
        places = [(card.where, card.size) for card in cards]

        def fetch(reader: Reader) -> list[bytes]:
            return [reader.read(segment, where[0], size) for where, size in places]

        contents = await self._read([segment], fetch)
        operations: list[list[Any]] = []
        data: list[bytes] = []
        for card, content in zip(cards, contents, strict=True):
            # The states must tell of every settlement that the log already holds before the copy.
            if card.segment is not segment or not card.pending or _busy(card):
                continue
            _offset, *sizes = card.where
            steps = [[it.destination, it.program, it.flags & DROP] for it in card.items]
            states = self._index.states(card)
            operations.append(["m", card.id, card.received_at, steps, *sizes, states])
            data.append(content)
        if operations:
            await self._commit(operations, data, ())

    def _part(self, segment: Segment) -> list[Card]:
        found: list[Card] = []
        size = 0
        for card in self._index.oldest():
            if card.segment is not segment or size > CHUNK:
                break
            if not _busy(card):
                found.append(card)
                size += card.size
        return found


def _busy(card: Card) -> bool:
    return any(item.busy for item in card.items)
