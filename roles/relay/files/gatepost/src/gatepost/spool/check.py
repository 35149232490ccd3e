"""Can this spool be used? Asked before a daemon starts; nothing is touched."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from gatepost.spool import formats
from gatepost.spool.layout import shards


def problem(path: Path) -> str | None:
    """Why the spool directory cannot be used, in one clause; None if it can. A directory that does
    not exist yet can, if it may be made."""
    try:
        if not path.exists():
            return _unmakeable(path)
        if not stat.S_ISDIR(path.stat().st_mode):
            return "is not a directory"
        for directory in [path, *shards(path)]:
            if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
                return _denied(directory, path)
            for file in directory.iterdir():
                if file.is_file() and not os.access(file, os.R_OK | os.W_OK):
                    return _denied(file, path)
            if directory != path and (unreadable := formats.problem(directory)) is not None:
                return f"{directory.name} {unreadable}"
            if os.statvfs(directory).f_flag & os.ST_RDONLY:
                return "is on a file system that is mounted read-only"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None


def _unmakeable(path: Path) -> str | None:
    parent = path.parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    if not parent.is_dir():
        return f"cannot be made: {parent} is not a directory"
    if not os.access(parent, os.W_OK | os.X_OK):
        return f"cannot be made: {parent} is not writable"
    return None


def _denied(path: Path, spool: Path) -> str:
    inside = "" if path == spool else f"{path.relative_to(spool)} "
    return f"{inside}cannot be read and written by this user"
