"""The tables that `make crash` prints: what may happen, a row each, and what follows.

The rows stand here as data; a test is made of each and hands in what it counted (`record`). What
must never be other than 0 is in `ZERO`. docs/guarantees.md holds the same tables (tools/docs).
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests import budget

FILE: Final = Path(__file__).parents[2] / "build/crash.json"
# Columns that are 0 in every row of every table.
ZERO: Final = ("lost", "failing")

Cell = str | int


@dataclass(frozen=True, slots=True)
class Table:
    """key: its name in build/crash.json. columns: the first names what happens. rows: the first
    cells that a whole run has, in order."""

    key: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kill:
    """workers: of the daemon. victims: what is killed, in turn. times: how often."""

    workers: int
    victims: tuple[str, ...]
    times: int = budget.of(5, 50)
    messages: int = budget.of(2000, 12_000)


KILLED: Final = {
    "the whole daemon, of one worker": Kill(1, ("all",)),
    "the whole daemon, of two workers": Kill(2, ("all",)),
    "a worker of two": Kill(2, ("worker",)),
    "the supervisor of two": Kill(2, ("supervisor",)),
    "a worker, the supervisor, all, in turn": Kill(
        2, ("worker", "supervisor", "all"), budget.of(3, 30)
    ),
}
KILLS: Final = Table(
    "kills",
    "SIGKILL at random moments under load",
    ("killed", "times", "messages", "accepted", "delivered", "lost", "duplicates"),
    tuple(KILLED),
)

POWER: Final = Table(
    "power",
    "Power loss at every operation of commit, settle, compaction and recovery",
    ("before", "operations", "disk states", "failing"),
    (
        "open",
        "allocate",
        "write",
        "sync_data",
        "sync_directory",
        "rename",
        "unlink",
        "at rest",
        "again, while it recovers",
    ),
)

OPERATIONS: Final = ("open", "write", "sync_data", "sync_directory", "rename", "unlink")
DISK_ERRORS: Final = (errno.ENOSPC, errno.EIO)
READ_ONLY: Final = "EROFS from then on, then writable"
BROKEN: Final = "EIO for seven operations"
ERRORS: Final = Table(
    "errors",
    "A disk error at every operation of the spool",
    ("what fails", "places", "refused", "lost"),
    (
        *(f"{errno.errorcode[code]} at {name}" for code in DISK_ERRORS for name in OPERATIONS),
        BROKEN,
        READ_ONLY,
    ),
)


@dataclass(frozen=True, slots=True)
class Failing:
    """code: what the disk says. answer: what a client is told. killed: the daemon, before the disk
    is well. duplicates: deliveries of what the next hop took while nothing could be recorded."""

    code: int
    answer: int
    killed: bool = False
    duplicates: int = 0


IN_FLIGHT: Final = 5
DISKS: Final = {
    "full (ENOSPC)": Failing(errno.ENOSPC, 452),
    "broken (EIO)": Failing(errno.EIO, 451),
    "read-only (EROFS)": Failing(errno.EROFS, 451),
    "read-only, and the daemon is killed": Failing(errno.EROFS, 451, True, IN_FLIGHT),
}
DISK: Final = Table(
    "disk",
    "A disk that fails under a running daemon, with deliveries in flight",
    ("disk", "new mail is answered", "in flight", "delivered", "lost", "duplicates"),
    tuple(DISKS),
)

CLOCKS: Final = {
    "back an hour while mail waits": "delivered at once",
    "back ten years while mail waits": "delivered at once",
    "back a day while a delivery runs": "delivered",
    "forward an hour while mail waits": "delivered early",
    "forward a day while a delivery runs": "delivered",
    "forward a year while mail waits": "given up, the sender is told",
    "was a year ahead before a restart": "delivered at once",
}
CLOCK: Final = Table(
    "clock",
    "The clock is set",
    ("clock", "what follows", "lost", "duplicates"),
    tuple(CLOCKS),
)

# What becomes of a message when the next hop goes wrong once in that phase, and is well afterwards.
PHASES: Final = """
phase      late       wrong    hang     reset
greeting   delivered  retried  retried  retried
ehlo       delivered  retried  retried  retried
starttls   delivered  retried  retried  retried
handshake  delivered  retried  retried  retried
auth       delivered  retried  retried  retried
mail       delivered  retried  retried  retried
rcpt       delivered  retried  retried  retried
data       delivered  retried  retried  retried
end        delivered  twice    twice    twice
"""
_HEAD, *_ROWS = (line.split() for line in PHASES.strip().splitlines())
HOPS: Final = {
    (row[0], fault): wanted
    for row in _ROWS
    for fault, wanted in zip(_HEAD[1:], row[1:], strict=True)
}
HOP: Final = Table(
    "hop",
    "The next hop answers late, wrongly, never, or resets, once",
    tuple(_HEAD),
    tuple(row[0] for row in _ROWS),
)

TABLES: Final = (KILLS, POWER, ERRORS, DISK, CLOCK, HOP)

_found: dict[str, dict[str, list[Cell]]] = {}


def record(table: Table, row: str, *cells: Cell) -> None:
    """A row of this run. Cells that are numbers add up where it was handed in before."""
    assert row in table.rows
    rows = _found.setdefault(table.key, {})
    assert len(cells) == len(table.columns) - 1
    before = rows.get(row)
    rows[row] = (
        list(cells) if before is None else [_sum(*it) for it in zip(before, cells, strict=True)]
    )


def record_cell(table: Table, row: str, column: str, cell: Cell) -> None:
    """One cell of a row whose cells are tests of their own."""
    rows = _found.setdefault(table.key, {})
    cells = rows.setdefault(row, ["not proved"] * (len(table.columns) - 1))
    cells[table.columns.index(column) - 1] = cell


def _sum(before: Cell, now: Cell) -> Cell:
    return before + now if isinstance(before, int) and isinstance(now, int) else now


def write(file: Path = FILE) -> None:
    """What this run counted, as JSON: `whole` where no row is missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "budget": budget.of("bounded", "full"),
        "whole": all(set(table.rows) == _found.get(table.key, {}).keys() for table in TABLES),
        "tables": {
            table.key: {row: _found.get(table.key, {}).get(row) for row in table.rows}
            for table in TABLES
            if table.key in _found
        },
    }
    file.write_text(json.dumps(content, indent=1) + "\n")


def text() -> str:
    """What this run counted, for people; of tables that no test of it belongs to, nothing."""
    parts = []
    for table in TABLES:
        rows = _found.get(table.key)
        if rows is None:
            continue
        missing: Sequence[Cell] = ("not proved",) * (len(table.columns) - 1)
        lines = [table.columns, *((row, *rows.get(row, missing)) for row in table.rows)]
        parts.append(f"{table.title}\n{_aligned(lines)}")
    return "\n\n".join(parts)


def _aligned(lines: Iterable[Sequence[Cell]]) -> str:
    cells = [[str(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = []
    for number, line in enumerate(cells):
        first, *rest = (
            cell.ljust(width) if place == 0 or not cells[1][place].isdigit() else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        rows.append("  ".join(("  " + first, *rest)).rstrip())
        if number == 0:
            rows.append("  " + "  ".join("-" * width for width in widths))
    return "\n".join(rows)
