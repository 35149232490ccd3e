"""Fresh messages in memory, so that the ordinary path, accepted and delivered at once, never reads
the disk. Bounded in octets and in number; what is finished leaves at once, then the oldest."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from gatepost.spool.cards import Card
from gatepost.spool.interface import Message

# What an envelope of one recipient and one step takes as objects.
ENVELOPE: Final = 1024


class Cache:
    """octets, messages: what it holds at most."""

    def __init__(self, octets: int, messages: int) -> None:
        self._octets = octets
        self._messages = messages
        self._used = 0
        # A dict would look for its first key past the places of all that left before.
        self._sizes: OrderedDict[Card, int] = OrderedDict()

    def put(self, card: Card, message: Message, body: bytes) -> None:
        card.message = message
        card.body = body
        size = self._sizes[card] = len(body) + ENVELOPE
        self._used += size
        while self._used > self._octets or len(self._sizes) > self._messages:
            self.drop(next(iter(self._sizes)))

    def drop(self, card: Card) -> None:
        """Also of one that it does not hold."""
        self._used -= self._sizes.pop(card, 0)
        card.message = card.body = None
