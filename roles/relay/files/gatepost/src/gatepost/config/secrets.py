"""Secrets that the daemon itself uses: of an AUTH ingress point or an analyzer a JSON file with
exactly one member, `password`; of SRS one with `keys`, a list of strings of which the first makes
addresses and all are accepted.

No error shows anything of what the file holds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from gatepost.errors import ConfigError

_KEY_LENGTH: Final = 16


def read_password(file: Path, path: str, secret: Path) -> bytes:
    """UTF-8. file, path: the place that names the secret, for errors. Raises ConfigError."""
    password = _member(file, path, secret, "password")
    if not isinstance(password, str) or not password:
        raise _wrong(file, path, secret, "password must be a string that is not empty")
    return _octets(file, path, secret, password)


def srs_keys(file: Path, path: str, secret: Path) -> tuple[bytes, ...]:
    """UTF-8, at least one. file, path: as above. Raises ConfigError."""
    keys = _member(file, path, secret, "keys")
    if not isinstance(keys, list) or not keys:
        raise _wrong(file, path, secret, "keys must be a list that is not empty")
    if not all(isinstance(key, str) and len(key) >= _KEY_LENGTH for key in keys):
        reason = f"each of keys must be a string of at least {_KEY_LENGTH} characters"
        raise _wrong(file, path, secret, reason)
    return tuple(_octets(file, path, secret, key) for key in keys)


def _member(file: Path, path: str, secret: Path, name: str) -> Any:
    """Of a file that holds that member alone."""
    try:
        content = secret.read_bytes()
    except OSError as error:
        raise _wrong(file, path, secret, str(error.strerror)) from error
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise _wrong(file, path, secret, "is not JSON") from None
    if not isinstance(value, dict) or set(value) != {name}:
        raise _wrong(file, path, secret, f"must hold exactly the member {json.dumps(name)}")
    return value[name]


def _octets(file: Path, path: str, secret: Path, text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise _wrong(file, path, secret, "holds a lone surrogate") from None


def _wrong(file: Path, path: str, secret: Path, reason: str) -> ConfigError:
    return ConfigError(str(file), path, f"{secret}: {reason}")
