"""Message ids: unique, sortable by time, 20 characters of Crockford's base 32.

The first ten characters are milliseconds since the epoch, the others 50 random bits; ids made
within one millisecond count on from the first, so one maker's ids grow strictly.
"""

from __future__ import annotations

import random
from collections.abc import Callable

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_BITS = 50
_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]


class MessageIds:
    """bits: gives that many random ones; tests pass their own. They need be no secret, and to ask
    the system for each lets other threads run in between, for 25 us a message."""

    def __init__(self, bits: Callable[[int], int] = random.getrandbits) -> None:
        self._bits = bits
        self._last = -1

    def new(self, now: float) -> str:
        """now: seconds since the epoch. A clock that steps back never makes an id twice."""
        number = int(now * 1000) << RANDOM_BITS
        if number >> RANDOM_BITS <= self._last >> RANDOM_BITS:
            number = self._last + 1
        else:
            number |= self._bits(RANDOM_BITS)
        self._last = number
        return "".join([_PAIRS[number >> shift & 1023] for shift in range(90, -1, -10)])
