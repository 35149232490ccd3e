"""Secret files of relays: JSON with exactly "username" and "password".

Promises: an error names the file and the reason and shows nothing of what the file holds; once
read, a file that can no longer be read leaves the last good value in force.
"""

from __future__ import annotations

import json
from os import PathLike, fspath
from pathlib import Path

from gatepost.delivery.values import Credentials
from gatepost.errors import ConfigError

_MEMBERS = {"username", "password"}
_SIZE_LIMIT = 65536  # octets; Secrets Manager's own limit


class SecretError(ConfigError):
    """A secret file that cannot be used."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(file, "", reason)


class SecretFiles:
    """Credentials by file, read once and again on demand."""

    def __init__(self) -> None:
        self._known: dict[str, Credentials] = {}
        self._fresh: set[str] = set()

    def get(self, file: str | PathLike[str]) -> Credentials:
        """Raises SecretError."""
        name = fspath(file)
        return self._known[name] if name in self._fresh else self.reload(file)

    def reload(self, file: str | PathLike[str]) -> Credentials:
        """What the file holds now. Raises SecretError where it was never read before."""
        name = fspath(file)
        try:
            self._known[name] = _read(name)
        except SecretError:
            if name not in self._known:
                raise
        self._fresh.add(name)
        return self._known[name]

    def forget(self) -> None:
        """The next `get` reads again."""
        self._fresh.clear()


def _read(name: str) -> Credentials:
    try:
        with Path(name).open("rb") as stream:
            content = stream.read(_SIZE_LIMIT + 1)
    except OSError as error:
        raise SecretError(name, f"cannot be read: {error.strerror}") from None
    if len(content) > _SIZE_LIMIT:
        raise SecretError(name, f"has more than {_SIZE_LIMIT} octets")
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise SecretError(name, "is not JSON") from None
    if not isinstance(value, dict):
        raise SecretError(name, "is not a JSON object")
    for member in sorted(_MEMBERS - value.keys()):
        raise SecretError(name, f'has no member "{member}"')
    if value.keys() != _MEMBERS:
        raise SecretError(name, 'has members other than "username" and "password"')
    for member in sorted(_MEMBERS):
        text = value[member]
        if not isinstance(text, str) or not text:
            raise SecretError(name, f'"{member}" must be a string that is not empty')
        if "\0" in text or not _encodable(text):
            raise SecretError(name, f'"{member}" holds a character that AUTH cannot carry')
    return Credentials(value["username"], value["password"])


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
