"""Fresh messages in memory, so that the ordinary path, accepted and delivered at once, never reads
the disk. Bounded in octets and in number; the oldest leave first."""

from __future__ import annotations

from collections import deque

from gatepost.spool.cards import Card
from gatepost.spool.interface import Message


class Cache:
    def __init__(self, octets: int, messages: int) -> None:
        self._octets = octets
        self._messages = messages
        self._used = 0
        self._order: deque[tuple[Card, int]] = deque()

    def put(self, card: Card, message: Message, body: bytes) -> None:
        card.message = message
        card.body = body
        self._order.append((card, len(body)))
        self._used += len(body)
        while self._used > self._octets or len(self._order) > self._messages:
            oldest, size = self._order.popleft()
            oldest.message = oldest.body = None
            self._used -= size
