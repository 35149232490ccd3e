"""The format of a shard, so that an older release refuses what it would take for damage.

`<shard>/format` holds the number of the format that the shard may contain; without it, it is 1. A
release reads the formats in READABLE and writes FORMAT; a start marks the shard before anything is
written in it. Whoever changes frames, records or names so that the release before cannot read them
raises FORMAT by one and keeps the old number in READABLE, so that an upgrade takes the queue along.
"""

from __future__ import annotations

import os
from pathlib import Path

from gatepost.spool.files import Files
from gatepost.spool.interface import SpoolError
from gatepost.spool.layout import FORMAT_MARK
from gatepost.spool.writer import failure

FORMAT = 1
READABLE = frozenset({1})
_FIRST = 1


def problem(shard: Path) -> str | None:
    """Why this release cannot read the shard, in one clause; None if it can. Raises OSError."""
    text = _text(shard)
    if text.isdecimal() and int(text) in READABLE:
        return None
    known = ", ".join(str(number) for number in sorted(READABLE))
    return (
        f"holds format {text[:20]!r} and this release reads {known}; run the release that wrote it"
    )


def mark(shard: Path, files: Files) -> None:
    """Marks the shard as what this release writes. Raises SpoolError, also when the release cannot
    read what is there."""
    try:
        reason = problem(shard)
        # What a newer release wrote stays where it is, and so does its mark.
        if reason is None and int(_text(shard)) < FORMAT:
            _write(shard, files)
    except OSError as error:
        raise failure(error, shard / FORMAT_MARK) from error
    if reason is not None:
        raise SpoolError(f"{shard}: {reason}")


def _text(shard: Path) -> str:
    try:
        return (shard / FORMAT_MARK).read_text("ascii", errors="replace").strip()
    except FileNotFoundError:
        return str(_FIRST)


def _write(shard: Path, files: Files) -> None:
    new = shard / f"{FORMAT_MARK}.new"
    fd = files.open(new, os.O_WRONLY | os.O_CREAT)
    try:
        files.truncate(fd, 0)
        files.write(fd, f"{FORMAT}\n".encode("ascii"), 0)
        files.sync_data(fd)
    finally:
        files.close(fd)
    files.rename(new, shard / FORMAT_MARK)
    files.sync_directory(shard)
