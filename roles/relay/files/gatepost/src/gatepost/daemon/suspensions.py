"""Destinations that an operator has suspended. Kept beside the spool, since a restart must not let
loose what somebody stopped for a reason."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gatepost.errors import ConfigError

_NAME: Final = "suspended.json"


class Suspensions:
    """A set of destinations with a file. Changes are durable when the call returns."""

    def __init__(self, spool: Path) -> None:
        """Raises ConfigError when the file cannot be read: an unreadable list is not an empty
        one."""
        self._file = spool / _NAME
        self._names: set[str] = set()
        try:
            self._names.update(map(str, json.loads(self._file.read_text("utf-8"))))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(str(self._file), "", f"cannot be read: {error}") from error

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def __len__(self) -> int:
        return len(self._names)

    def add(self, destination: str) -> None:
        """Raises OSError, and then nothing has changed."""
        self._write(self._names | {destination})

    def remove(self, destination: str) -> bool:
        """Whether it was there. Raises OSError."""
        if destination not in self._names:
            return False
        self._write(self._names - {destination})
        return True

    def _write(self, names: set[str]) -> None:
        fresh = self._file.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as stream:
            json.dump(sorted(names), stream)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self._file)
        directory = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        self._names = names
