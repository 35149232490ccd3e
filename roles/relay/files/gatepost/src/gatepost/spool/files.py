"""The spool's only way to the disk: one small layer that tests replace to record, to fail and to
lose what was never synced.

What it promises is what POSIX and Linux promise: written bytes survive a power loss once
`sync_data` on their file returned, a name once `sync_directory` returned. Every call may raise
OSError; nothing is retried here.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

BLOCK = 64 * 1024
_VECTOR: Final = 1024  # parts of one write (IOV_MAX)
# What a system says when there is no room: on the disk, of the quota, in the file.
FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Files(Protocol):
    """File descriptors are ints as os.open gives them; sizes and offsets are octets."""

    def open(self, path: Path, flags: int) -> int: ...

    def close(self, fd: int) -> None: ...

    def size(self, fd: int) -> int: ...

    def write(self, fd: int, data: bytes, offset: int) -> None:
        """All of data, or an error; what an error left behind is unknown."""

    def read(self, fd: int, length: int, offset: int) -> bytes:
        """Up to length octets; fewer only at the end of the file."""

    def truncate(self, fd: int, length: int) -> None: ...

    def allocate(self, fd: int, length: int) -> None:
        """Blocks for the first length octets, so that writing them cannot find the disk full."""

    def sync_data(self, fd: int) -> None: ...

    def write_through(self, fd: int, parts: Sequence[bytes], offset: int) -> None:
        """write of the parts, joined, and sync_data in one."""

    def sync_directory(self, path: Path) -> None: ...

    def rename(self, source: Path, target: Path) -> None: ...

    def unlink(self, path: Path) -> None: ...

    def list(self, path: Path) -> list[str]: ...

    def make_directory(self, path: Path) -> None:
        """With its parents; one that exists is no error."""

    def free(self, path: Path) -> int:
        """Octets that an unprivileged process may still write below path."""


class Disk:
    """The real one."""

    def open(self, path: Path, flags: int) -> int:
        return os.open(path, flags | os.O_CLOEXEC, 0o600)

    def close(self, fd: int) -> None:
        os.close(fd)

    def size(self, fd: int) -> int:
        return os.fstat(fd).st_size

    def write(self, fd: int, data: bytes, offset: int) -> None:
        written = os.pwrite(fd, data, offset)
        if written == len(data):
            return
        rest = memoryview(data)
        while written < len(rest):
            written += os.pwrite(fd, rest[written:], offset + written)

    def read(self, fd: int, length: int, offset: int) -> bytes:
        data = os.pread(fd, length, offset)
        if len(data) == length or not data:
            return data
        parts = [data]
        done = len(data)
        while done < length:
            data = os.pread(fd, length - done, offset + done)
            if not data:
                break
            parts.append(data)
            done += len(data)
        return b"".join(parts)

    def truncate(self, fd: int, length: int) -> None:
        os.ftruncate(fd, length)

    def allocate(self, fd: int, length: int) -> None:
        os.posix_fallocate(fd, 0, length)

    def sync_data(self, fd: int) -> None:
        os.fdatasync(fd)

    def write_through(self, fd: int, parts: Sequence[bytes], offset: int) -> None:
        # One system call, so that the thread asks once for the interpreter and not twice; and large
        # parts are not joined, for fresh memory costs more than to fill it.
        if len(parts) > _VECTOR:
            parts = [b"".join(parts)]
        written = os.pwritev(fd, parts, offset, os.RWF_DSYNC)
        if written < sum(map(len, parts)):
            rest = memoryview(b"".join(parts))
            while written < len(rest):
                written += os.pwritev(fd, [rest[written:]], offset + written, os.RWF_DSYNC)

    def sync_directory(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def rename(self, source: Path, target: Path) -> None:
        source.rename(target)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def list(self, path: Path) -> list[str]:
        return os.listdir(path)  # noqa: PTH208  (names, not paths)

    def make_directory(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def free(self, path: Path) -> int:
        status = os.statvfs(path)
        return status.f_bavail * status.f_frsize


def read_salvaging(files: Files, fd: int, length: int, offset: int) -> tuple[bytes, int]:
    """Like read, but octets that the device will not give are zeros: (data, octets lost). The
    caller reports a loss; zeros fail every checksum."""
    try:
        return files.read(fd, length, offset), 0
    except OSError:
        pass
    parts: list[bytes] = []
    lost = 0
    for start in range(0, length, BLOCK):
        size = min(BLOCK, length - start)
        try:
            data = files.read(fd, size, offset + start)
        except OSError:
            data = bytes(size)
            lost += size
        parts.append(data)
        if len(data) < size:
            break
    return b"".join(parts), lost
