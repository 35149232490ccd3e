"""The loads, and what is asked of the relay under them, as ratios to Postfix."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import Final

from tests.bench.source import Load

SHORT: Final = os.environ.get("GATEPOST_BENCH") == "short"
"""Every part of the bench in little, to see that it works. Its figures mean nothing."""

ROUNDS: Final = 1 if SHORT else 5
SECONDS: Final = 0.4 if SHORT else 5.0
WARM_UP: Final = 0.1 if SHORT else 1.0
QUEUED: Final = 300 if SHORT else 100_000
STARTED_WITH: Final = 1_000 if SHORT else 1_000_000

MEMORY_LIMIT: Final = 80_000_000
CPU_SHARE: Final = 1 / 6
QUEUED_OCTETS: Final = 400


@dataclass(frozen=True, slots=True)
class Row:
    """at_least, sought: delivered messages a second, relay to Postfix."""

    key: str
    title: str
    load: Load
    at_least: float
    sought: float

    def seconds(self, seconds: float) -> Load:
        return dataclasses.replace(self.load, seconds=seconds)


FIRST: Final = Row("4k-20", "4 KiB, 20 sessions, many messages each", Load(4096, 20), 5, 10)
MANY: Final = Row("4k-100", "4 KiB, 100 sessions, many messages each", Load(4096, 100), 7, 12)
ROWS: Final = (
    FIRST,
    MANY,
    Row("4k-20-one", "4 KiB, 20 sessions, one message a connection", Load(4096, 20, 1), 2.5, 4.5),
    Row("4k-1", "4 KiB, one session", Load(4096, 1), 2, 3),
    Row("64k-20", "64 KiB, 20 sessions", Load(65536, 20), 4.5, 8),
    Row("1m-20", "1 MiB, 20 sessions", Load(1 << 20, 20), 2, 3.5),
)


def secured(row: Row) -> Row:
    """The row with STARTTLS."""
    return dataclasses.replace(row, load=dataclasses.replace(row.load, starttls=True))
