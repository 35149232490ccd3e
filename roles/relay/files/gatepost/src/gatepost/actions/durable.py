"""Files that are there whole or not at all, also after a power loss."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def make_folder(path: Path, mode: int = 0o700) -> None:
    """One folder and its entry in the parent; one that exists is no error. Raises OSError."""
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode)
        sync_folder(path.parent)


def write(data: bytes, partial: Path, target: Path) -> None:
    """Data under the name `target`, by way of `partial` on the same file system; replaces what
    stands at either. Raises OSError, and then nothing stands at `target` that was not there."""
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        try:
            write_all(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)
        partial.rename(target)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    sync_folder(target.parent)


def write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def sync_folder(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
