"""What tells a file that was read from the one that lies in its place now."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

Stamp = tuple[int, int, int]


def stamp(file: str | PathLike[str]) -> Stamp:
    """Raises OSError."""
    status = Path(file).stat()
    return status.st_ino, status.st_mtime_ns, status.st_size
