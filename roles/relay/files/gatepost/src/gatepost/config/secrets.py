"""The secret of an AUTH ingress point: a JSON file with exactly one member, `password`.

No error shows anything of what the file holds.
"""

from __future__ import annotations

import json
from pathlib import Path

from gatepost.errors import ConfigError


def ingress_password(file: Path, path: str, secret: Path) -> bytes:
    """UTF-8. file, path: the place that names the secret, for errors. Raises ConfigError."""

    def wrong(reason: str) -> ConfigError:
        return ConfigError(str(file), path, f"{secret}: {reason}")

    try:
        content = secret.read_bytes()
    except OSError as error:
        raise wrong(str(error.strerror)) from error
    try:
        value = json.loads(content)
    except ValueError:
        raise wrong("is not JSON") from None
    if not isinstance(value, dict) or set(value) != {"password"}:
        raise wrong('must hold exactly the member "password"')
    password = value["password"]
    if not isinstance(password, str) or not password:
        raise wrong("password must be a string that is not empty")
    return password.encode("utf-8")
