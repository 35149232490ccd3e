"""The committer: a thread that writes transactions and makes them durable, many with one sync.

Group commit without a timer: what arrives while a batch is synced makes up the next one; an idle
committer starts at once.

A segment that grows makes every sync commit the file's size too, which takes five times as long as
overwriting. So a batch that reaches new ground writes zeros some way ahead of it, under its own
sync, and the batches after it overwrite those.

A batch counts whole or not at all. When its write or its sync fails, the segment is cut back to
what was synced before and never written again (after a failed fdatasync nothing unsynced in it
can be trusted), every transaction of the batch fails, and the next batch opens a new segment whose
first frame says where the earlier ones end. Only when the cut itself fails too and the process
dies before that frame is durable can a message that was answered 451 come back: it is then
delivered although its client tries again, never lost.

On a full disk what settles goes on: it is tried without the new mail of its batch, then with the
room that reserve.py keeps back.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from gatepost.spool.files import FULL, Files
from gatepost.spool.frame import HEADER_SIZE, head
from gatepost.spool.interface import SpoolError, SpoolFull
from gatepost.spool.layout import INDEX, LOG, QUARANTINE, SPARE, Segment
from gatepost.spool.records import encode
from gatepost.spool.reserve import Reserve
from gatepost.spool.summary import Summary

WRITE = os.O_RDWR | os.O_CREAT | os.O_EXCL


def failure(error: OSError, path: Path) -> SpoolError:
    """The SpoolError for an error of the system."""
    kind = SpoolFull if error.errno in FULL else SpoolError
    return kind(f"{path}: {error.strerror or error}")


@dataclass(slots=True, eq=False)
class Transaction:
    """meta: operations as they are written; data: what they speak of, in pieces. settles: it ends
    or puts off what is pending. segment, data_at: where it lies, once durable. ended: called on the
    event loop by the spool, with the error or None."""

    meta: bytes
    data: Sequence[bytes]
    ended: Callable[[Transaction, SpoolError | None], None]
    settles: bool = False
    segment: Segment | None = None
    data_at: int = 0

    @property
    def data_size(self) -> int:
        return sum(map(len, self.data))

    @property
    def size(self) -> int:
        return HEADER_SIZE + len(self.meta) + self.data_size


Batch = list[Transaction]
Job = Callable[[], None]


class Writer:
    """Owns the segment being written. committed: called in this thread with each batch that ended
    and its error. Everything else is called from the event loop."""

    def __init__(
        self,
        directory: Path,
        files: Files,
        *,
        segment_size: int,
        batch_bytes: int,
        spare_segments: int,
        ahead: int,
        number: int,
        sequence: int,
        ends: dict[str, int],
        spares: list[Path],
        committed: Callable[[Batch, SpoolError | None], None],
        epoch: Callable[[], int] = lambda: secrets.randbits(64),
    ) -> None:
        self._directory = directory
        self._files = files
        self.segment_size = segment_size
        self._batch_bytes = batch_bytes
        self._spare_segments = spare_segments
        self._ahead = min(ahead, segment_size // 16)
        self._number = number
        self._sequence = sequence
        self._ends = ends
        self._spares = spares
        self._committed = committed
        self._epoch = epoch
        self._active: Segment | None = None
        self._fd = -1
        self._ground = 0  # how far the active segment has been written, zeros and all
        self._summary: Summary | None = None
        self._reserve = Reserve(directory, files)
        self._handed: SimpleQueue[Batch | Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def submit(self, transactions: Batch) -> None:
        self._handed.put(transactions)

    def call(self, job: Job) -> None:
        """Run job in the thread between two batches; it must not raise."""
        self._handed.put(job)

    def close(self) -> None:
        """Blocks until everything submitted has ended."""
        self._handed.put(None)
        self._thread.join()

    # In the thread

    def _run(self) -> None:
        waiting: Batch = []
        closing = False
        while waiting or not closing:
            # Waits only where there is nothing to do.
            while not self._handed.empty() or not (waiting or closing):
                handed = self._handed.get()
                if handed is None:
                    closing = True
                elif isinstance(handed, list):
                    waiting += handed
                else:
                    handed()
            if waiting:
                batch = self._first(waiting)
                del waiting[: len(batch)]
                self._commit(batch)
        self._seal()

    def _first(self, waiting: Batch) -> Batch:
        """As many as one batch may have."""
        size = 0
        for number, transaction in enumerate(waiting):
            size += transaction.size
            if size > self._batch_bytes and number:
                return waiting[:number]
        return waiting[:]

    def _commit(self, batch: Batch) -> None:
        taking = [it for it in batch if not it.settles]
        error: SpoolError | None = None
        if taking and not self._has_reserve():
            error = SpoolFull(f"{self._directory}: {os.strerror(errno.ENOSPC)}")
        else:
            error = self._write(batch)
        settling = [it for it in batch if it.settles]
        if not (settling and isinstance(error, SpoolFull)):
            self._committed(batch, error)
            return
        if taking:
            self._committed(taking, error)
            error = self._write(settling)
        if isinstance(error, SpoolFull):
            self._reserve.release()
            error = self._write(settling)
        self._committed(settling, error)

    def _has_reserve(self) -> bool:
        """Dead segments that are kept to be written again give way to it."""
        while not self._reserve.make():
            if not self._spares:
                return False
            with contextlib.suppress(OSError):
                self._files.unlink(self._spares.pop())
        return True

    def _write(self, batch: Batch) -> SpoolError | None:
        size = sum([transaction.size for transaction in batch])
        try:
            parts: list[bytes] = []
            heads: list[bytes] = []
            sequence = self._sequence
            active = self._active
            if active is not None and active.end + size > self.segment_size:
                self._seal()
                active = None
            if active is None:
                active = self._open()
            end = active.end
            if end == 0:
                meta = encode([["b", self._ends]])
                sequence += 1
                header = head(active.epoch, sequence, self._sequence, meta, 0) + meta
                heads.append(end.to_bytes(8, "little") + header)
                parts.append(header)
                end += len(header)
            for transaction in batch:
                meta = transaction.meta
                sequence += 1
                following = transaction.data_size
                header = head(active.epoch, sequence, self._sequence, meta, following) + meta
                heads.append(end.to_bytes(8, "little") + header)
                parts.append(header)
                parts += transaction.data
                transaction.segment = active
                transaction.data_at = end + len(header)
                end += len(header) + following
            ahead = any(not it.settles for it in batch)
            self._put(parts, active.end, end, ahead=ahead)
        except OSError as error:
            self._abandon()
            return failure(error, self._directory)
        except Exception as error:
            self._abandon()
            return SpoolError(f"{self._directory}: {type(error).__name__}: {error}")
        if active.end == 0:
            self._ends = {}
        active.end = end
        self._sequence = sequence
        if self._summary is not None:
            self._summary.add(heads)
        return None

    def _put(self, parts: Sequence[bytes], offset: int, end: int, *, ahead: bool) -> None:
        """ahead: there is room enough for zeros. Raises OSError."""
        if end <= self._ground or not ahead:
            self._files.write_through(self._fd, parts, offset)
            return
        self._files.write(self._fd, b"".join(parts), offset)
        self._ground = end
        zeros = min(self._ahead, self.segment_size - end)
        with contextlib.suppress(OSError):  # what matters was written
            if zeros > 0:
                self._files.write(self._fd, bytes(zeros), end)
                self._ground += zeros
        self._files.sync_data(self._fd)

    def _open(self) -> Segment:
        """A new segment, its name durable before anything is written to it."""
        segment = Segment(self._number, self._epoch())
        path = self._directory / segment.name(LOG)
        self._number += 1
        if self._spares:
            self._files.rename(self._spares.pop(), path)
            self._fd = self._files.open(path, os.O_RDWR)
            self._ground = self._files.size(self._fd)
        else:
            self._fd = self._files.open(path, WRITE)
            self._ground = 0
        self._active = segment
        self._summary = Summary(self._files, self._directory, segment)
        self._files.sync_directory(self._directory)
        return segment

    def _abandon(self) -> None:
        """The batch failed: nothing beyond what was synced may be found again."""
        segment = self._active
        if segment is None:
            return
        self._ends[str(segment.number)] = segment.end
        try:
            self._files.truncate(self._fd, segment.end)
            self._files.sync_data(self._fd)
        except OSError:
            pass  # the next segment's first frame says where this one ends
        self._seal()
        if segment.end == 0:
            # If it stays, it is found empty and dropped at the next start.
            with contextlib.suppress(OSError):
                self._files.unlink(self._directory / segment.name(LOG))

    def _seal(self) -> None:
        segment = self._active
        if segment is None:
            return
        self._active = None
        self._ends[str(segment.number)] = segment.end
        fd, self._fd = self._fd, -1
        summary, self._summary = self._summary, None
        with contextlib.suppress(OSError):  # all that counts was synced
            self._files.close(fd)
        if segment.end and summary is not None:
            summary.finish()

    def retire(self, segment: Segment) -> None:
        """Give back a segment in which nothing is pending. Call it in the thread, for the oldest
        segment only. The directory is synced before the next one may go: were an older segment to
        come back without a younger, what was settled in the younger would be pending again.
        Raises OSError."""
        path = self._directory / segment.name(LOG)
        with contextlib.suppress(FileNotFoundError):  # moved before, but the sync failed
            if segment.damaged:
                quarantine = self._directory / QUARANTINE
                self._files.make_directory(quarantine)
                self._files.rename(path, quarantine / segment.name(LOG))
            elif len(self._spares) < self._spare_segments and segment.end <= self.segment_size:
                spare = self._directory / segment.name(SPARE)
                self._files.rename(path, spare)
                self._spares.append(spare)
            else:
                self._files.unlink(path)
        self._files.sync_directory(self._directory)
        # Without its segment it is ignored, and dropped at the next start.
        with contextlib.suppress(OSError):
            self._files.unlink(self._directory / segment.name(INDEX))
