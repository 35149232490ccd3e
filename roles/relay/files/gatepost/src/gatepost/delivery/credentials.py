"""Secret files of relays: JSON with exactly "username" and "password", or "username" and
"access_token" for XOAUTH2.

An access token lives an hour or so, and something on the host renews it in the file: a changed file
of one is read again by itself. (A file, and no token endpoint asked from here: how a token is had
differs by provider, and the keys to it are better in a program of their own.)
Promises: an error names the file and the reason and shows nothing of what the file holds; once
read, a file that can no longer be read leaves the last good value in force.
"""

from __future__ import annotations

import json
import re
from os import PathLike, fspath
from pathlib import Path

from gatepost.delivery.stamp import Stamp, stamp
from gatepost.delivery.values import Credentials
from gatepost.errors import ConfigError

_TOKEN = re.compile("[!-~]+")  # wider than RFC 6750's, and safe in a line
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
        self._stamps: dict[str, Stamp | None] = {}

    def get(self, file: str | PathLike[str]) -> Credentials:
        """Raises SecretError."""
        name = fspath(file)
        if name not in self._fresh:
            return self.reload(file)
        known = self._known[name]
        if known.token and _stamp(name) != self._stamps[name]:
            return self.reload(file)
        return known

    def reload(self, file: str | PathLike[str]) -> Credentials:
        """What the file holds now. Raises SecretError where it was never read before."""
        name = fspath(file)
        now = _stamp(name)
        try:
            self._known[name] = _read(name)
        except SecretError:
            if name not in self._known:
                raise
        self._fresh.add(name)
        self._stamps[name] = now
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
    token = "access_token" in value
    secret = "access_token" if token else "password"
    for member in sorted({"username", secret} - value.keys()):
        raise SecretError(name, f'has no member "{member}"')
    if value.keys() != {"username", secret}:
        raise SecretError(name, f'has members other than "username" and "{secret}"')
    for member in sorted(value):
        text = value[member]
        if not isinstance(text, str) or not text:
            raise SecretError(name, f'"{member}" must be a string that is not empty')
        if "\0" in text or not _encodable(text) or (token and not _is_safe(member, text)):
            raise SecretError(name, f'"{member}" holds a character that AUTH cannot carry')
    return Credentials(value["username"], value[secret], token)


def _is_safe(member: str, text: str) -> bool:
    """Of XOAUTH2, whose parts end at U+0001."""
    return "\x01" not in text if member == "username" else _TOKEN.fullmatch(text) is not None


def _stamp(name: str) -> Stamp | None:
    """None while there is no such file."""
    try:
        return stamp(name)
    except OSError:
        return None


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
