"""A sealed segment's index file: the headers and metas of all its frames, without data.

    magic 4 "GPi1", epoch 8, end of the segment 8, CRC-32 of the rest 4 (little endian), then a
    frame: its offset 8, header, meta

It is derived from the segment; one that is missing or does not match is made again by reading the
segment.
"""

from __future__ import annotations

import struct
from zlib import crc32

from gatepost.spool.frame import HEADER_SIZE, Frame, parse
from gatepost.spool.layout import Segment

_HEAD = struct.Struct("<4sQQI")
_MAGIC = b"GPi1"
_OFFSET = struct.Struct("<Q")


def summary(segment: Segment, heads: list[bytes]) -> bytes:
    """heads: a frame's offset (8 octets, little endian), header and meta, each."""
    rest = b"".join(heads)
    return _HEAD.pack(_MAGIC, segment.epoch, segment.end, crc32(rest)) + rest


def read_summary(content: bytes, epoch: int) -> tuple[list[Frame], int] | None:
    """The frames and the end of the segment; None if the file does not tell the truth."""
    if len(content) < _HEAD.size:
        return None
    magic, its_epoch, end, checksum = _HEAD.unpack_from(content)
    view = memoryview(content)
    if magic != _MAGIC or its_epoch != epoch or crc32(view[_HEAD.size :]) != checksum:
        return None
    frames: list[Frame] = []
    at = _HEAD.size
    while at < len(content):
        if len(content) - at < _OFFSET.size + HEADER_SIZE:
            return None
        (offset,) = _OFFSET.unpack_from(content, at)
        frame = parse(view, at + _OFFSET.size, epoch, offset)
        if frame is None:
            return None
        frames.append(frame)
        at += _OFFSET.size + frame.data - offset
    return frames, end


def heads(content: bytes, frames: list[Frame]) -> list[bytes]:
    """What summary takes, from a segment's content."""
    return [_OFFSET.pack(it.offset) + content[it.offset : it.data] for it in frames]
