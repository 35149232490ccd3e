"""Reading a shard's log: which messages are pending, and what is damaged.

Sealed segments are read by their index files (no envelope, no body); the one that was being
written, and any without a good index file, whole. What is damaged is told and left out; everything
else is recovered. Only a directory or a file that cannot be opened at all is an error.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gatepost.spool.cards import Index
from gatepost.spool.files import Files, read_salvaging
from gatepost.spool.frame import Frame, Scan, parse, scan
from gatepost.spool.layout import INDEX, LOG, SPARE, Segment, named
from gatepost.spool.records import whole
from gatepost.spool.summary import Summary, heads, read_summary
from gatepost.spool.writer import failure

PEEK = 64 * 1024
# What applying an operation raises that has the checksum of one, and no sense.
_SENSELESS = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    struct.error,
)


@dataclass(frozen=True, slots=True)
class Damage:
    """Octets begin..end of a file that were promised and cannot be read."""

    file: str
    begin: int
    end: int
    reason: str


@dataclass(slots=True)
class Recovered:
    """segments: oldest first. number, sequence: for the next segment and after the last frame.
    ends: of the segments, as a first frame carries them. torn: octets of batches that no accept
    had returned for."""

    index: Index
    segments: list[Segment] = field(default_factory=list)
    spares: list[Path] = field(default_factory=list)
    number: int = 1
    sequence: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    damage: list[Damage] = field(default_factory=list)
    torn: int = 0


def recover(directory: Path, files: Files, *, writable: bool) -> Recovered:
    """writable: also sync what was found, write missing index files and drop left-overs; needs the
    shard's lock. Raises SpoolError."""
    result = Recovered(Index())
    try:
        names = files.list(directory)
        segments = named(names, LOG)
        result.spares = [directory / spare.name(SPARE) for spare in named(names, SPARE)]
        known = _ends(directory, files, segments)
        for segment in segments:
            frames, first = _read(directory, files, segment, known, result, writable)
            _replay(result, segment, frames)
            if frames or segment.damaged:
                result.segments.append(segment)
                result.ends[str(segment.number)] = segment.end
            elif writable:
                files.unlink(directory / segment.name(LOG))
            result.number = segment.number + 1
            if 0 < result.sequence < first - 1 and not _damaged(result.segments[:-1]):
                result.damage.append(
                    Damage(segment.name(LOG), 0, 0, "a segment before this one is missing")
                )
            if frames:
                result.sequence = frames[-1].sequence
        for segment in named(names, SPARE):
            result.number = max(result.number, segment.number + 1)
        if writable:
            _tidy(directory, files, names, result.segments)
            files.sync_directory(directory)
    except OSError as error:
        raise failure(error, Path(error.filename) if error.filename else directory) from error
    return result


def _damaged(before: Sequence[Segment]) -> bool:
    return bool(before) and before[-1].damaged


def _ends(directory: Path, files: Files, segments: Sequence[Segment]) -> dict[int, int]:
    """Where segments end, by the first frames of later ones."""
    known: dict[int, int] = {}
    for segment in segments[1:]:
        fd = files.open(directory / segment.name(LOG), os.O_RDONLY)
        try:
            content, _lost = read_salvaging(files, fd, PEEK, 0)
        finally:
            files.close(fd)
        frame = parse(content, 0, segment.epoch)
        if frame is None:
            continue
        # Replaying the frame tells what is wrong with it.
        with contextlib.suppress(*_SENSELESS):
            kind, ends = frame.operations[0][:2]
            if kind == "b":
                known |= {int(number): int(end) for number, end in ends.items()}
    return known


def _read(
    directory: Path,
    files: Files,
    segment: Segment,
    known: dict[int, int],
    result: Recovered,
    writable: bool,
) -> tuple[list[Frame], int]:
    """The segment's frames, and the sequence of the first."""
    path = directory / segment.name(LOG)
    fd = files.open(path, os.O_RDWR if writable else os.O_RDONLY)
    try:
        size = files.size(fd)
        brief = _summary(directory, files, segment)
        if brief is not None and brief[1] <= size:
            frames, segment.end = brief
            return frames, frames[0].sequence if frames else 0
        content, lost = read_salvaging(files, fd, size, 0)
        found: Scan = scan(content, segment.epoch, whole, known.get(segment.number))
        segment.end = found.end
        if writable and found.frames:
            # A killed process leaves written but unsynced frames: nothing may build on them yet.
            files.sync_data(fd)
            if not found.damage:
                summary = Summary(files, directory, segment)
                summary.add(heads(content, found.frames))
                summary.finish()
    finally:
        files.close(fd)
    result.torn += found.torn
    reason = "the device gave an error" if lost else "the checksum does not match"
    for begin, end in found.damage:
        segment.damaged = True
        result.damage.append(Damage(segment.name(LOG), begin, end, reason))
    return found.frames, found.frames[0].sequence if found.frames else 0


def _summary(directory: Path, files: Files, segment: Segment) -> tuple[list[Frame], int] | None:
    try:
        fd = files.open(directory / segment.name(INDEX), os.O_RDONLY)
        try:
            content = files.read(fd, files.size(fd), 0)
        finally:
            files.close(fd)
    except OSError:
        return None  # the segment itself is read instead
    return read_summary(content, segment.epoch)


def _replay(result: Recovered, segment: Segment, frames: list[Frame]) -> None:
    for frame in frames:
        try:
            result.index.apply(frame.operations, segment, frame.data)
        except _SENSELESS as error:
            segment.damaged = True
            result.damage.append(
                Damage(segment.name(LOG), frame.offset, frame.end, f"not an operation: {error}")
            )


def _tidy(directory: Path, files: Files, names: list[str], segments: list[Segment]) -> None:
    """Drop index files whose segment is gone."""
    kept = {segment.number for segment in segments}
    for orphan in named(names, INDEX):
        if orphan.number not in kept:
            files.unlink(directory / orphan.name(INDEX))
