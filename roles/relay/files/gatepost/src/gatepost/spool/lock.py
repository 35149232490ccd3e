"""One owner a shard: an advisory lock on `<shard>/lock`, gone with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from gatepost.spool.interface import SpoolError
from gatepost.spool.layout import LOCK
from gatepost.spool.writer import failure


class Lock:
    """Taken by the constructor. Raises SpoolError: the directory cannot be used, or is in use."""

    def __init__(self, shard: Path) -> None:
        path = shard / LOCK
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise failure(error, path) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise SpoolError(f"{shard}: in use by another process") from None
        except OSError as error:
            os.close(self._fd)
            raise failure(error, path) from error

    def release(self) -> None:
        os.close(self._fd)
