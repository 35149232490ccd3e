"""Room that is kept back for what settles.

On a full disk a delivery that cannot be recorded is a delivery that is made again, and space comes
back only by what is settled. So a shard holds a file of some octets; when a settlement finds no
room the file is given up, and no mail is taken before it stands again.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from gatepost.spool.files import FULL, Files
from gatepost.spool.layout import RESERVE

OCTETS: Final = 4 * 1024 * 1024


class Reserve:
    def __init__(self, directory: Path, files: Files, octets: int = OCTETS) -> None:
        self._path = directory / RESERVE
        self._files = files
        self._octets = octets
        self._held = False

    def make(self) -> bool:
        """Whether there was room for it. Another failure hinders nobody: it is tried again."""
        if self._held:
            return True
        try:
            fd = self._files.open(self._path, os.O_RDWR | os.O_CREAT)
            try:
                self._files.allocate(fd, self._octets)
            finally:
                self._files.close(fd)
        except OSError as error:
            # A part of it is no use to anybody.
            self.release()
            return error.errno not in FULL
        self._held = True
        return True

    def release(self) -> None:
        """Gives its room to others. What an earlier process left counts too."""
        self._held = False
        with contextlib.suppress(OSError):
            self._files.unlink(self._path)
