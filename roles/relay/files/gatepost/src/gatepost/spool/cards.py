"""The spool's index in memory: a card a message, an item a step, a queue a destination.

Pure: no I/O, no clock. It is changed only by operations (records.py), the same ones at a start
(replayed from the log) and in operation (applied once they are durable), and by leases, which live
in memory alone: the process that holds the shard's lock is the only one that can hold any.
The cards stand in the order of the log, so those of the oldest segment come first.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Any

from gatepost.spool.interface import Entry, Lease, Message, State
from gatepost.spool.layout import Segment

HELD, NOTIFIED, DROP, GONE, CLAIMED = 1, 2, 4, 8, 16
_NEVER = float("inf")
_SHARED = 4096
_PLACE = struct.Struct("<QIIII")


class Card:
    """A message. place: packed (offset, envelope size, CRC, body size, CRC), see `where`. message,
    body: kept while the cache has room."""

    __slots__ = ("body", "id", "items", "message", "pending", "place", "received_at",
                 "segment")  # fmt: skip

    def __init__(self, name: str, received_at: float, segment: Segment, place: bytes) -> None:
        self.id = name
        self.received_at = received_at
        self.segment = segment
        self.place = place
        self.items: tuple[Item, ...] = ()
        self.pending = 0
        self.message: Message | None = None
        self.body: bytes | None = None

    @property
    def where(self) -> tuple[int, int, int, int, int]:
        """(offset in the segment, envelope size, its CRC, body size, its CRC)"""
        return _PLACE.unpack(self.place)

    @property
    def identity(self) -> tuple[str, int]:
        """What its envelope must say: the id, and how many steps."""
        return self.id, len(self.items)

    @property
    def size(self) -> int:
        _offset, envelope, _crc, body, _body_crc = _PLACE.unpack(self.place)
        return int(envelope + body)


class Item:
    """A step. fence: of its last lease, 0 when that lapsed. expires: of the lease in force, 0.0
    without one. busy: transactions in flight that name it; CLAIMED, in flags: one settles it."""

    __slots__ = ("attempts", "busy", "card", "destination", "due", "error", "expires", "fence",
                 "flags", "number", "program")  # fmt: skip

    def __init__(self, card: Card, number: int, destination: str, program: int, drop: int) -> None:
        self.card = card
        self.number = number
        self.destination = destination
        self.program = program
        self.due = card.received_at
        self.attempts = 0
        self.error = ""
        self.flags = DROP if drop else 0
        self.fence = 0
        self.expires = 0.0
        self.busy = 0

    @property
    def blocked(self) -> bool:
        """Whether an earlier step, whose configuration failure would end the program, was never
        tried."""
        return self.number > 0 and any(
            earlier.program == self.program
            and earlier.attempts == 0
            and earlier.flags & (DROP | GONE) == DROP
            for earlier in self.card.items[: self.number]
        )

    def entry(self, message: Message) -> Entry:
        return Entry(
            message,
            self.number,
            State.HELD if self.flags & HELD else State.PENDING,
            self.due,
            self.attempts,
            self.error,
            bool(self.flags & NOTIFIED),
        )


class Index:
    """All pending steps of a shard. pending, held: steps; live: octets of pending messages.
    ended: hears of each card that leaves."""

    def __init__(self) -> None:
        self.cards: dict[str, Card] = {}
        self.pending = 0
        self.held = 0
        self.live = 0
        self.fence = 0
        self.ended: Callable[[Card], None] = lambda _card: None
        self._serial = 0
        self._queues: dict[str, list[tuple[float, int, Item]]] = {}
        self._ready: set[str] = set()
        self._future: list[tuple[float, str]] = []
        self._waits: dict[str, float] = {}
        self._shared: dict[str, str] = {}
        self._leased: dict[Item, None] = {}
        self._expiry = _NEVER

    @property
    def leased(self) -> int:
        return len(self._leased)

    def item(self, key: tuple[str, int]) -> Item | None:
        """The pending step of that key."""
        card = self.cards.get(key[0])
        if card is None or not 0 <= key[1] < len(card.items):
            return None
        item = card.items[key[1]]
        return None if item.flags & GONE else item

    def holder(self, lease: Lease) -> Item | None:
        """The step of a lease that is still its own, None if it is stale. An expired one that
        nobody took over still is."""
        item = self.item(lease.entry.key)
        if item is None or item.flags & CLAIMED or item.fence != lease.fence:
            return None
        return item

    # Operations

    def apply(self, operations: list[list[Any]], segment: Segment, data: int) -> None:
        """segment, data: where the operations' data lies."""
        for operation in operations:
            kind = operation[0]
            if kind == "m":
                self._message(operation, segment, data)
                data += operation[4] + operation[6]
            elif kind == "d":
                for step in operation[2:]:
                    self._finish((operation[1], step))
            elif kind == "f":
                self._defer(operation)
            elif kind == "c":
                self._change(operation)

    def _message(self, operation: list[Any], segment: Segment, data: int) -> None:
        (_m, name, received_at, steps, size, crc, body_size, body_crc, states) = operation
        place = _PLACE.pack(data, size, crc, body_size, body_crc)
        card = self.cards.pop(name, None)
        if card is None:
            card = Card(name, received_at, segment, place)
            card.items = tuple(
                [
                    Item(card, number, self._share(it[0]), *(it[1:] or (0, 0)))
                    for number, it in enumerate(steps)
                ]
            )
            card.pending = len(card.items)
            self.pending += card.pending
            if states:
                for item, state in zip(card.items, states, strict=True):
                    self._restore(item, state)
            if not card.pending:
                card.items = ()
                return
            self.cards[name] = card
            for item in card.items:
                self.offer(item)
        else:
            card.segment.live -= card.size
            card.segment.messages -= 1
            self.live -= card.size
            card.segment = segment
            card.place = place
            self.cards[name] = card
        segment.live += card.size
        segment.messages += 1
        self.live += card.size

    def _restore(self, item: Item, state: Any) -> None:
        if state == 0:
            item.flags |= GONE
            item.card.pending -= 1
            self.pending -= 1
            return
        item.due, item.attempts, held, error, notified = state
        item.error = self._share(error)
        item.flags |= (HELD if held else 0) | (NOTIFIED if notified else 0)
        self.held += 1 if held else 0

    def _finish(self, key: tuple[str, int]) -> None:
        item = self.item(key)
        if item is None:
            return
        self.lapse(item)
        self.pending -= 1
        if item.flags & HELD:
            self.held -= 1
        item.flags |= GONE
        card = item.card
        card.pending -= 1
        if card.pending:
            self._unblock(item)
            return
        del self.cards[card.id]
        card.segment.live -= card.size
        card.segment.messages -= 1
        self.live -= card.size
        self.ended(card)
        card.items = ()  # else every message is a cycle, and waits for its collector

    def _defer(self, operation: list[Any]) -> None:
        item = self.item((operation[1], operation[2]))
        if item is None:
            return
        self.lapse(item)
        item.due, item.attempts = operation[3], operation[4]
        item.error = self._share(operation[5])
        if operation[6]:
            item.flags |= NOTIFIED
        self.offer(item)
        self._unblock(item)

    def _change(self, operation: list[Any]) -> None:
        item = self.item((operation[1], operation[2]))
        if item is None:
            return
        if bool(operation[3]) != bool(item.flags & HELD):
            item.flags ^= HELD
            self.held += 1 if operation[3] else -1
        item.due = operation[4]
        self.offer(item)

    def _unblock(self, item: Item) -> None:
        if item.flags & DROP:
            for later in item.card.items[item.number + 1 :]:
                self.offer(later)

    def states(self, card: Card) -> list[Any]:
        """The states of a card's steps, as the operation that moves it carries them."""
        return [
            0
            if item.flags & GONE
            else [
                item.due,
                item.attempts,
                item.flags & HELD,
                item.error,
                1 if item.flags & NOTIFIED else 0,
            ]
            for item in card.items
        ]

    # What is due

    def offer(self, item: Item) -> None:
        """Put a step where leases find it, if it may run at its due time at all."""
        if item.flags & (GONE | HELD) or item.busy or item.expires or item.blocked:
            return
        name = item.destination
        queue = self._queues.get(name)
        if queue is None:
            queue = self._queues[name] = []
        self._serial += 1
        heappush(queue, (item.due, self._serial, item))
        if queue[0][2] is item and name not in self._ready:
            self._await(name, item.due)

    def _top(self, name: str) -> float | None:
        """The earliest due time of a queue, after what is no longer true has been dropped."""
        queue = self._queues.get(name)
        while queue:
            due, _serial, item = queue[0]
            if item.due == due and not (
                item.flags & (GONE | HELD) or item.busy or item.expires or item.blocked
            ):
                return due
            heappop(queue)
        if queue is not None:
            del self._queues[name]
        return None

    def _list(self, name: str, now: float) -> float | None:
        """Note whether a queue is ready; its earliest due time if it is."""
        top = self._top(name)
        if top is not None and top <= now:
            self._ready.add(name)
            return top
        self._ready.discard(name)
        if top is not None:
            self._await(name, top)
        return None

    def _await(self, name: str, due: float) -> None:
        """Only an earlier time than the one already awaited is noted: the heap stays small."""
        if due < self._waits.get(name, _NEVER):
            self._waits[name] = due
            heappush(self._future, (due, name))

    def due(self, now: float) -> dict[str, float]:
        self._expire(now)
        future = self._future
        while future and future[0][0] <= now:
            at, name = heappop(future)
            if self._waits.get(name) == at:
                del self._waits[name]
                self._ready.add(name)
        tops = {name: self._list(name, now) for name in tuple(self._ready)}
        return {name: top for name, top in tops.items() if top is not None}

    def next_due(self) -> float | None:
        first = self._future[0][0] if self._future else _NEVER
        first = min(first, self._expiry)
        return None if first == _NEVER else first

    # Leases

    def lease(self, name: str, now: float, limit: int, seconds: float) -> list[Item]:
        self._expire(now)
        taken: list[Item] = []
        while len(taken) < limit:
            top = self._top(name)
            if top is None or top > now:
                break
            item = heappop(self._queues[name])[2]
            self.fence += 1
            item.fence = self.fence
            item.expires = now + seconds
            self._leased[item] = None
            self._expiry = min(self._expiry, item.expires)
            taken.append(item)
        self._list(name, now)
        return taken

    def extend(self, item: Item, expires_at: float) -> None:
        """The lease may have run out meanwhile; nobody else took the step, so it goes on."""
        item.expires = expires_at
        self._leased[item] = None
        self._expiry = min(self._expiry, expires_at)

    def lapse(self, item: Item) -> None:
        item.fence = 0
        item.expires = 0.0
        self._leased.pop(item, None)
        if not self._leased:
            self._expiry = _NEVER

    def begin(self, item: Item, *, settles: bool) -> None:
        """A transaction that names the step is on its way."""
        item.busy += 1
        if settles:
            item.flags |= CLAIMED

    def finish(self, item: Item) -> None:
        """It has ended, well or not."""
        item.busy -= 1
        if not item.busy:
            item.flags &= ~CLAIMED
        self.offer(item)

    def _expire(self, now: float) -> None:
        if now < self._expiry:
            return
        for item in [item for item in self._leased if item.expires <= now]:
            item.expires = 0.0
            del self._leased[item]
            self.offer(item)
        self._expiry = min((item.expires for item in self._leased), default=_NEVER)

    def _share(self, text: str) -> str:
        """One object for equal strings: a dead destination's messages all wait with one error."""
        if len(self._shared) > _SHARED:
            self._shared.clear()
        return self._shared.setdefault(text, text)

    def queues(self) -> dict[str, dict[str, float]]:
        """By destination: pending steps, held and leased ones among them, and oldest, the earliest
        receipt. Looks at every step."""
        found: dict[str, dict[str, float]] = {}
        for card in self.cards.values():
            for item in card.items:
                if item.flags & GONE:
                    continue
                queue = found.get(item.destination)
                if queue is None:
                    queue = found[item.destination] = {
                        "pending": 0,
                        "held": 0,
                        "leased": 0,
                        "oldest": card.received_at,
                    }
                queue["pending"] += 1
                queue["held"] += bool(item.flags & HELD)
                queue["leased"] += item in self._leased
                queue["oldest"] = min(queue["oldest"], card.received_at)
        return found

    def oldest(self) -> Iterator[Card]:
        """Cards in the order of the log."""
        return iter(self.cards.values())
