"""Frames: how one transaction lies in a segment.

    header (48 octets, little endian)
        magic       4   "GPf1"
        epoch       8   of the segment, random
        sequence    8   grows by one from frame to frame over the shard's life
        synced      8   the last sequence known to be on stable storage when this was written
        meta size   4
        data size   8
        meta CRC    4   CRC-32
        header CRC  4   CRC-32 of the 44 octets before
    meta            JSON: the operations (records.py)
    data            envelopes and bodies; their CRCs stand in meta

A frame counts whole or not at all. A region that no frame explains was never promised (a torn
batch) unless a later frame's `synced`, or a known end of the segment, says that it was: then it is
damage.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from gatepost import compact

MAGIC = b"GPf1"
HEADER = struct.Struct("<4sQQQIQI")
CHECK = struct.Struct("<I")
HEADER_SIZE = HEADER.size + CHECK.size

Operations = list[list[Any]]


@dataclass(slots=True)
class Frame:
    """data: where in the segment the data begins. end: where the next frame may begin. whole:
    envelopes and bodies match their checksums (or were not looked at)."""

    offset: int
    sequence: int
    synced: int
    operations: Operations
    data: int
    end: int
    whole: bool = True


@dataclass(slots=True)
class Scan:
    """frames: those that count, in order. end: after the last. damage: (begin, end) of regions
    that were promised and cannot be read. torn: octets of frames after the first that was never
    promised and cannot be read; none of them was promised."""

    frames: list[Frame]
    end: int
    damage: list[tuple[int, int]]
    torn: int


def head(epoch: int, sequence: int, synced: int, meta: bytes, data_size: int) -> bytes:
    header = HEADER.pack(MAGIC, epoch, sequence, synced, len(meta), data_size, crc32(meta))
    return header + CHECK.pack(crc32(header))


def parse(
    view: bytes | memoryview, offset: int, epoch: int, base: int | None = None
) -> Frame | None:
    """The frame whose header is at view[offset]; None if there is none. Only header and meta are
    needed and checked. base: its offset in the segment, if view is not the segment."""
    if len(view) - offset < HEADER_SIZE:
        return None
    header = view[offset : offset + HEADER.size]
    magic, its_epoch, sequence, synced, meta_size, data_size, meta_crc = HEADER.unpack(header)
    if magic != MAGIC or its_epoch != epoch:
        return None
    if CHECK.unpack_from(view, offset + HEADER.size)[0] != crc32(header):
        return None
    start = offset + HEADER_SIZE
    meta = bytes(view[start : start + meta_size])
    if len(meta) != meta_size or crc32(meta) != meta_crc:
        return None
    try:
        operations = compact.loads(meta)
    except ValueError:
        return None
    if not isinstance(operations, list):
        return None
    place = offset if base is None else base
    data = place + HEADER_SIZE + meta_size
    return Frame(place, sequence, synced, operations, data, data + data_size)


def scan(
    content: bytes, epoch: int, check: Callable[[bytes, Frame], bool], end: int | None
) -> Scan:
    """All frames of a segment. check: do a frame's envelopes and bodies match their checksums?
    end: where its committed part is known to end (a later segment says so), else None."""
    limit = len(content) if end is None else min(end, len(content))
    mark = MAGIC + epoch.to_bytes(8, "little")
    found: list[Frame] = []
    offset = 0
    while 0 <= offset < limit:
        frame = parse(content, offset, epoch)
        if frame is not None and frame.end <= limit:
            frame.whole = check(content, frame)
            found.append(frame)
            offset = frame.end
        else:
            offset = content.find(mark, offset + 1, limit)
    durable = max((frame.synced for frame in found), default=0)
    result = Scan([], 0, [], 0)
    sequence = found[0].sequence - 2 if found else 0
    for frame in found:
        if frame.offset > result.end:
            if end is None and sequence >= durable:
                break
            result.damage.append((result.end, frame.offset))
            result.end = frame.offset
        if not frame.whole:
            if end is None and frame.sequence > durable:
                break
            result.damage.append((frame.offset, frame.end))
        result.frames.append(frame)
        sequence = frame.sequence
        result.end = frame.end
    if end is not None and result.end < end:
        result.damage.append((result.end, end))
        result.end = end
    if found and end is None:
        result.torn = found[-1].end - result.end
    return result
