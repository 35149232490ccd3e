"""The disk engine of the Spool: a log of segments, its index in memory, a committer thread.

This file joins the parts and keeps the promises of interface.py: handover.py gathers transactions,
writer.py makes them durable, cards.py knows what is pending, reader.py reads what the cache no
longer holds, recovery.py rebuilds the index, compaction.py gives space back. Everything here runs
on the event loop; state changes only when a transaction is durable, in the order of the log.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from gatepost.events import Record, nowhere
from gatepost.spool import formats
from gatepost.spool.cache import Cache
from gatepost.spool.cards import GONE, HELD, NOTIFIED, Card, Item
from gatepost.spool.compaction import Compaction
from gatepost.spool.files import Disk, Files
from gatepost.spool.handover import HandOver, Work
from gatepost.spool.interface import (
    Accepted,
    Defer,
    End,
    Entry,
    Lease,
    Message,
    Settlement,
    SpoolError,
    SpoolFull,
    StaleLease,
    State,
)
from gatepost.spool.layout import Segment
from gatepost.spool.lock import Lock
from gatepost.spool.reader import Damaged, Reader
from gatepost.spool.records import accepted, envelope
from gatepost.spool.recovery import Recovered, recover
from gatepost.spool.writer import Batch, Transaction, Writer, failure

T = TypeVar("T")

SCAN_CHUNK = 256
ERROR_LENGTH = 500
FREEZE_FROM = 100_000
# Seconds: of a disk of 1 GB/s, less than half of what low_space keeps.
MEASURE_EVERY = 0.1


@dataclass(frozen=True, slots=True)
class Settings:
    """Octets and counts. low_space: accept refuses while less is free; what is settled may still
    use it. spare_segments: dead segments kept to be written again, which is faster than growing
    new ones. ahead: zeros that are written where a segment grows, at most a sixteenth of it.
    linger: seconds for which what only settles waits for new mail to share its sync. cache_bytes,
    cache_messages: fresh mail that waits, kept in memory."""

    segment_size: int = 64 * 1024 * 1024
    batch_bytes: int = 4 * 1024 * 1024
    low_space: int = 256 * 1024 * 1024
    spare_segments: int = 2
    ahead: int = 4 * 1024 * 1024
    linger: float = 0.002
    cache_bytes: int = 32 * 1024 * 1024
    cache_messages: int = 20_000


class DiskSpool:
    """One shard. Made by `open`."""

    def __init__(
        self,
        shard: Path,
        settings: Settings,
        record: Record,
        files: Files,
        lock: Lock,
        found: Recovered,
    ) -> None:
        self.shard = shard
        self._settings = settings
        self._record = record
        self._files = files
        self._lock = lock
        self._loop = asyncio.get_running_loop()
        self._index = found.index
        self._index.fence = found.number << 40  # a lease of an earlier run is stale
        self._segments = found.segments
        self._damaged = len(found.damage)
        self._entering: set[str] = set()
        self._low = False
        self._measured = 0.0
        self._closed = False
        self._wakers: list[Callable[[], None]] = []
        self._cache = Cache(settings.cache_bytes, settings.cache_messages)
        self._index.ended = self._cache.drop
        self._reader = Reader(shard, files)
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="spool-read")
        self._writer = Writer(
            shard,
            files,
            segment_size=settings.segment_size,
            batch_bytes=settings.batch_bytes,
            spare_segments=settings.spare_segments,
            ahead=settings.ahead,
            number=found.number,
            sequence=found.sequence,
            ends=found.ends,
            spares=found.spares,
            committed=self._committed,
        )
        self._handover = HandOver(self._writer.submit, self._done, settings.linger)
        self._compaction = Compaction(
            self._index, self._segments, self._writer, self._commit, self.read, self._fault
        )
        self._measure()

    @classmethod
    async def open(
        cls,
        shard: Path,
        *,
        settings: Settings | None = None,
        record: Record = nowhere,
        files: Files | None = None,
    ) -> DiskSpool:
        """The spool of the directory shard, made if it is missing. Damage is recorded (Fault) and
        left out. Raises SpoolError naming the path and the reason."""
        files = files or Disk()
        try:
            files.make_directory(shard)
        except OSError as error:
            raise failure(error, shard) from error
        lock = Lock(shard)
        try:
            await asyncio.to_thread(formats.mark, shard, files)
            found = await asyncio.to_thread(_recover, shard, files)
            spool = cls(shard, settings or Settings(), record, files, lock, found)
        except BaseException:
            lock.release()
            raise
        for damage in found.damage:
            spool._fault(
                f"{shard / damage.file}: octets {damage.begin} to {damage.end}: {damage.reason}"
            )
        spool._compaction.start()
        return spool

    # Accepting and settling

    async def accept(self, message: Message, body: bytes) -> None:
        if self._low:
            self._measure()
            if self._low:
                raise SpoolFull(f"{self.shard}: less than {self._settings.low_space} octets free")
        if not message.steps:
            return
        operations, data = self._entry([(message, body)])
        await self._commit(operations, data, (), [(message, body)])

    async def settle(
        self, settlements: Sequence[Settlement], produced: Sequence[Accepted] = ()
    ) -> None:
        operations: list[list[Any]] = []
        items: dict[Item, None] = {}
        for settlement in settlements:
            lease = settlement.lease
            item = self._index.holder(lease)
            if item is None or item in items:
                raise StaleLease(f"step {lease.entry.step} of {lease.entry.message.id}")
            items[item] = None
            operations.append(self._settlement(settlement, item))
        produced = [it for it in produced if it[0].steps]
        entries, data = self._entry(produced)
        if operations or entries:
            await self._commit(operations + entries, data, tuple(items), produced)

    def _settlement(self, settlement: Settlement, item: Item) -> list[Any]:
        name = item.card.id
        if isinstance(settlement, Defer):
            noticed = 1 if settlement.delay_notified or item.flags & NOTIFIED else 0
            error = settlement.error[:ERROR_LENGTH]
            return ["f", name, item.number, settlement.due_at, item.attempts + 1, error, noticed]
        if isinstance(settlement, End):
            later = [
                it.number for it in item.card.items[item.number :] if it.program == item.program
            ]
            return ["d", name, *later]
        return ["d", name, item.number]

    def _entry(self, messages: Sequence[Accepted]) -> tuple[list[list[Any]], list[bytes]]:
        operations: list[list[Any]] = []
        data: list[bytes] = []
        names: set[str] = set()
        for message, body in messages:
            name = message.id
            if name in self._index.cards or name in self._entering or name in names:
                raise SpoolError(f"message {message.id} is in the spool already")
            names.add(name)
            document = envelope(message)
            operations.append(accepted(message, document, body))
            data += (document, body)
        return operations, data

    async def _commit(
        self,
        operations: list[list[Any]],
        data: Sequence[bytes],
        items: Sequence[Item],
        messages: Sequence[Accepted] = (),
        *,
        settles: bool = True,
    ) -> None:
        """Returns when the operations are durable and applied. items: the steps that they name;
        without any the full disk's reserve is not for them. settles: and settle, so that nobody
        else may; a change leaves that to a run, for what its next hop accepts counts."""
        if self._closed:
            raise SpoolError(f"{self.shard}: the spool is closed")
        future: asyncio.Future[None] = self._loop.create_future()
        self._handover.add(Work(operations, data, list(items), messages, [future]))
        self._entering.update([message.id for message, _body in messages])
        for item in items:
            self._index.begin(item, settles=settles)
        await future

    def _done(self, work: Work, transaction: Transaction, error: SpoolError | None) -> None:
        for message, _body in work.messages:
            self._entering.discard(message.id)
        if error is None and transaction.segment is not None:
            self._index.apply(work.operations, transaction.segment, transaction.data_at)
            for message, body in work.messages:
                card = self._index.cards.get(message.id)
                if card is not None:
                    self._cache.put(card, message, body)
        for item in work.items:
            self._index.finish(item)
        work.end(error)

    def _committed(self, batch: Batch, error: SpoolError | None) -> None:
        """In the committer's thread."""
        self._loop.call_soon_threadsafe(self._ended, batch, error)

    def _ended(self, batch: Batch, error: SpoolError | None) -> None:
        segment = batch[0].segment
        if error is None and segment is not None and segment not in self._segments[-1:]:
            self._segments.append(segment)
        for transaction in batch:
            transaction.ended(transaction, error)
        if self._loop.time() > self._measured + MEASURE_EVERY:
            self._measure()
        self._wake()
        if not self._closed:
            self._compaction.start()

    def _measure(self) -> None:
        """Note whether space is low. A free space that cannot be read is left to the writes."""
        self._measured = self._loop.time()
        try:
            self._low = self._files.free(self.shard) < self._settings.low_space
        except OSError:
            self._low = False

    # Leases

    async def lease(self, destination: str, now: float, limit: int, seconds: float) -> list[Lease]:
        items = self._index.lease(destination, now, limit, seconds)
        fences = [item.fence for item in items]
        messages = await self._envelopes([item.card for item in items])
        leases: list[Lease] = []
        for item, fence, message in zip(items, fences, messages, strict=True):
            if message is None:
                if item.fence == fence:
                    self._index.lapse(item)
                    item.due = now + seconds  # it could not be read: not at once again
                    self._index.offer(item)
            elif item.fence == fence:
                leases.append(Lease(item.entry(message), fence, item.expires))
        return leases

    async def extend(self, lease: Lease, expires_at: float) -> Lease:
        item = self._index.holder(lease)
        if item is None:
            raise StaleLease(f"step {lease.entry.step} of {lease.entry.message.id}")
        self._index.extend(item, expires_at)
        return Lease(lease.entry, lease.fence, expires_at)

    def due(self, now: float) -> Mapping[str, float]:
        return self._index.due(now)

    def next_due(self) -> float | None:
        return self._index.next_due()

    def due_after(self, when: float) -> list[tuple[str, int]]:
        cards = self._index.cards.values()
        return [
            (card.id, item.number)
            for card in cards
            for item in card.items
            if item.due > when and not item.flags & GONE
        ]

    def watch(self, wake: Callable[[], None]) -> None:
        self._wakers.append(wake)

    def _wake(self) -> None:
        for wake in self._wakers:
            wake()

    # Reading

    async def read(self, segments: Sequence[Segment], work: Callable[[Reader], T]) -> T:
        """Run work in a thread; the segments stay meanwhile."""
        for segment in segments:
            segment.readers += 1
        try:
            return await self._loop.run_in_executor(self._threads, work, self._reader)
        finally:
            for segment in segments:
                segment.readers -= 1

    async def body(self, message_id: str) -> bytes:
        card = self._index.cards.get(message_id)
        if card is None:
            raise SpoolError(f"message {message_id} is not in the spool")
        if card.body is not None:
            return card.body
        segment, where = card.segment, card.where
        try:
            return await self.read([segment], lambda reader: reader.body(segment, where))
        except Damaged:
            self._spoil(segment)
            raise

    def _spoil(self, segment: Segment) -> None:
        segment.damaged = True
        self._damaged += 1

    async def _envelopes(self, cards: Sequence[Card]) -> list[Message | None]:
        """None where an envelope cannot be read now, or is damaged: that message is given up, its
        segment kept aside once it is dead."""
        cold = [card for card in cards if card.message is None]
        if not cold:
            return [card.message for card in cards]
        places = [(card.segment, card.where, card.identity) for card in cold]
        found = await self.read(
            [card.segment for card in cold], lambda reader: reader.envelopes(places)
        )
        read: dict[Card, Message] = {}
        for card, message in zip(cold, found, strict=True):
            if isinstance(message, Damaged):
                self._spoil(card.segment)
                self._fault(f"message {card.id} is given up: {message}")
                try:
                    await self._finish(list(card.items))
                except SpoolError as error:
                    self._fault(str(error))
            elif isinstance(message, SpoolError):
                self._fault(f"message {card.id} waits: {message}")
            else:
                read[card] = message
        return [card.message or read.get(card) for card in cards]

    async def scan(self) -> AsyncIterator[Entry]:
        names = list(self._index.cards)
        for start in range(0, len(names), SCAN_CHUNK):
            chunk = [self._index.cards.get(name) for name in names[start : start + SCAN_CHUNK]]
            cards = [card for card in chunk if card is not None]
            for card, message in zip(cards, await self._envelopes(cards), strict=True):
                if message is not None:
                    for item in card.items:
                        if self._index.item((card.id, item.number)) is item:
                            yield item.entry(message)

    # The operator

    async def change(
        self, keys: Sequence[tuple[str, int]], *, state: State | None, due_at: float | None
    ) -> int:
        found = self._named(keys)
        changed = [it for it in found if not (it.expires and state is None)]
        operations = []
        for item in changed:
            held = item.flags & HELD if state is None else state is State.HELD
            due = item.due if due_at is None or item.expires else due_at
            operations.append(["c", item.card.id, item.number, 1 if held else 0, due])
        if operations:
            await self._commit(operations, (), changed, settles=False)
        return len(found)

    async def delete(self, keys: Sequence[tuple[str, int]]) -> int:
        return await self._finish(self._named(keys))

    async def _finish(self, items: list[Item]) -> int:
        """Whatever the leases say; they lapse."""
        if not items:
            return 0
        for item in items:
            self._index.lapse(item)
        await self._commit([["d", item.card.id, item.number] for item in items], (), items)
        return len(items)

    def _named(self, keys: Sequence[tuple[str, int]]) -> list[Item]:
        found = [self._index.item(key) for key in dict.fromkeys(keys)]
        return [item for item in found if item is not None]

    # What there is

    @property
    def pending(self) -> int:
        """Steps, in whatever state."""
        return self._index.pending

    def queues(self) -> dict[str, dict[str, float]]:
        """As Index.queues."""
        return self._index.queues()

    def statistics(self) -> dict[str, float]:
        """For metrics: pending, held and leased steps; messages; bytes of pending messages; segment
        bytes; segments; damaged (found since the start); free (bytes on the file system); oldest
        (received_at of the oldest pending message, 0 without one)."""
        try:
            free = self._files.free(self.shard)
        except OSError:
            free = 0
        cards = self._index.cards.values()
        return {
            "pending": self._index.pending,
            "held": self._index.held,
            "leased": self._index.leased,
            "messages": len(cards),
            "bytes": self._index.live,
            "segment_bytes": sum(segment.end for segment in self._segments),
            "segments": len(self._segments),
            "damaged": self._damaged,
            "free": free,
            "oldest": min((card.received_at for card in cards), default=0.0),
        }

    def _fault(self, reason: str) -> None:
        self._record("Fault", where="spool", reason=reason)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._compaction.stop()
        self._handover.flush()
        await asyncio.to_thread(self._writer.close)
        await asyncio.sleep(0)  # what the committer handed over has been applied
        self._threads.shutdown()
        self._reader.close()
        self._lock.release()


def _recover(shard: Path, files: Files) -> Recovered:
    """With the cycle collector out of the way: it would walk the growing index again and again,
    and what was loaded is long-lived."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        found = recover(shard, files, writable=True)
    finally:
        if enabled:
            gc.enable()
    if found.index.pending > FREEZE_FROM:
        gc.freeze()
    return found
