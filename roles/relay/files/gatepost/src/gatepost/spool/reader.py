"""Reads of envelopes and bodies, in threads of their own, checked against their checksums."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

from gatepost.spool.files import Files
from gatepost.spool.interface import Message, SpoolError
from gatepost.spool.layout import LOG, Segment
from gatepost.spool.records import message
from gatepost.spool.writer import failure

Where = tuple[int, int, int, int, int]
# The id of a message, and how many steps it has.
Identity = tuple[str, int]
Place = tuple[Segment, Where, Identity]


class Damaged(SpoolError):
    """What was read is not what was written."""


class Reader:
    """Keeps one descriptor a segment. Its methods block; any thread may call them. The caller
    holds `segment.readers` up while a read is in flight."""

    def __init__(self, directory: Path, files: Files) -> None:
        self._directory = directory
        self._files = files
        self._lock = threading.Lock()
        self._open: dict[int, int] = {}

    def read(self, segment: Segment, offset: int, size: int) -> bytes:
        """Raises SpoolError, Damaged when the file is too short."""
        path = self._directory / segment.name(LOG)
        try:
            with self._lock:
                fd = self._open.get(segment.number)
                if fd is None:
                    fd = self._open[segment.number] = self._files.open(path, os.O_RDONLY)
            data = self._files.read(fd, size, offset)
        except OSError as error:
            raise failure(error, path) from error
        if len(data) != size:
            raise Damaged(f"{path}: ends within a message")
        return data

    def envelope(self, segment: Segment, where: Where, identity: Identity) -> Message:
        """Raises SpoolError, Damaged, which an envelope of another message is too: its steps could
        never be settled."""
        offset, size, checksum, _body, _body_crc = where
        data = self.read(segment, offset, size)
        if crc32(data) != checksum:
            raise Damaged(f"{self._directory / segment.name(LOG)}: an envelope is damaged")
        try:
            found = message(data)
        except ValueError as error:
            raise Damaged(f"{self._directory / segment.name(LOG)}: {error}") from error
        if (found.id, len(found.steps)) != identity:
            raise Damaged(
                f"{self._directory / segment.name(LOG)}: not the envelope of this message"
            )
        return found

    def body(self, segment: Segment, where: Where) -> bytes:
        """Raises SpoolError, Damaged."""
        offset, envelope, _crc, size, checksum = where
        data = self.read(segment, offset + envelope, size)
        if crc32(data) != checksum:
            raise Damaged(f"{self._directory / segment.name(LOG)}: a body is damaged")
        return data

    def envelopes(self, places: Sequence[Place]) -> list[Message | SpoolError]:
        """An envelope or its error, a place."""
        found: list[Message | SpoolError] = []
        for segment, where, identity in places:
            try:
                found.append(self.envelope(segment, where, identity))
            except SpoolError as error:
                found.append(error)
        return found

    def forget(self, segment: Segment) -> None:
        """Close the segment's descriptor; no read of it may be in flight."""
        with self._lock:
            fd = self._open.pop(segment.number, None)
        if fd is not None:
            self._files.close(fd)

    def close(self) -> None:
        with self._lock:
            descriptors, self._open = list(self._open.values()), {}
        for fd in descriptors:
            self._files.close(fd)
