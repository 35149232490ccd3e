"""Names in a spool directory: `<spool>/<shard>/…`, one shard a worker.

In a shard: `lock`; `format` (formats.py); segments `<number>-<epoch>.log`, each with
`<number>-<epoch>.index`, good once it is sealed; `<number>-<epoch>.spare`, dead segments whose
blocks are written again; `reserve` (reserve.py); `quarantine/`, segments in which damage was found.
Numbers grow; an epoch is random and stands in every frame, so that what a spare held before, or
what a message's body pretends, is never taken for a frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LOCK = "lock"
FORMAT_MARK = "format"
QUARANTINE = "quarantine"
RESERVE = "reserve"
LOG = ".log"
INDEX = ".index"
SPARE = ".spare"

_NAME = re.compile(r"(\d{12})-([0-9a-f]{16})(\.log|\.index|\.spare)")


@dataclass(slots=True, eq=False)
class Segment:
    """One file of the log. end: octets of it that hold committed frames. live: octets of messages
    that are still pending; messages: their number. readers: reads in flight, during which the file
    must stay. damaged: it is kept aside instead of written again."""

    number: int
    epoch: int
    end: int = 0
    live: int = 0
    messages: int = 0
    readers: int = 0
    damaged: bool = False

    def name(self, suffix: str) -> str:
        return f"{self.number:012d}-{self.epoch:016x}{suffix}"


def named(names: Iterable[str], suffix: str) -> list[Segment]:
    """The segments among file names, oldest first."""
    found = [
        Segment(int(match[1]), int(match[2], 16))
        for match in map(_NAME.fullmatch, names)
        if match and match[3] == suffix
    ]
    return sorted(found, key=lambda segment: segment.number)


def shards(root: Path) -> list[Path]:
    """The shards of a spool; none when there is no such directory. Raises OSError."""
    if not root.exists():
        return []
    found = [path for path in root.iterdir() if path.name.isdecimal() and path.is_dir()]
    return sorted(found, key=lambda path: int(path.name))
