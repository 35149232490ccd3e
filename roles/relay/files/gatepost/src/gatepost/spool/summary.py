"""A sealed segment's index file: the headers and metas of all its frames, without data.

    magic 4 "GPi1", epoch 8, end of the segment 8, CRC-32 of the rest 4 (little endian), then a
    frame: its offset 8, header, meta

It is derived from the segment, and not synced; one that is missing or does not match is made again
by reading the segment.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

from gatepost.spool.files import Files
from gatepost.spool.frame import HEADER_SIZE, Frame, parse
from gatepost.spool.layout import INDEX, Segment

_HEAD = struct.Struct("<4sQQI")
_MAGIC = b"GPi1"
_OFFSET = struct.Struct("<Q")


# In memory, what a segment of small messages has to tell were 3 MB at its end.
_PIECE = 64 * 1024


class Summary:
    """The index file of a segment that grows, written a piece at a time; its head comes last, so
    that no part of one is ever taken for the whole. A disk that does not take it costs a start
    some time, and nothing else."""

    def __init__(self, files: Files, directory: Path, segment: Segment) -> None:
        self._files = files
        self._path = directory / segment.name(INDEX)
        self._segment = segment
        self._piece = bytearray()
        self._end = _HEAD.size
        self._checksum = 0
        self._fd = -1
        self._failed = False

    def add(self, heads: list[bytes]) -> None:
        """heads: a frame's offset (8 octets, little endian), header and meta, each."""
        self._piece += b"".join(heads)
        if len(self._piece) >= _PIECE:
            self._write()

    def finish(self) -> None:
        """The segment has its end."""
        self._write()
        if not self._failed:
            head = _HEAD.pack(_MAGIC, self._segment.epoch, self._segment.end, self._checksum)
            with self._failing():
                self._files.write(self._fd, head, 0)
        self._close()

    def _write(self) -> None:
        piece, self._piece = bytes(self._piece), bytearray()
        if self._failed:
            return
        with self._failing():
            if self._fd < 0:
                self._fd = self._files.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            self._files.write(self._fd, piece, self._end)
        self._end += len(piece)
        self._checksum = crc32(piece, self._checksum)

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._failed = True

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            if self._fd >= 0:
                self._files.close(self._fd)
        if self._failed:
            with contextlib.suppress(OSError):
                self._files.unlink(self._path)


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
    """What `Summary` takes, from a segment's content."""
    return [_OFFSET.pack(it.offset) + content[it.offset : it.data] for it in frames]
