"""Page tokens: opaque to the client, bound to the other parameters of the request."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeVar

from emulators.google.errors import ApiError

Item = TypeVar("Item")


def page(
    items: Sequence[Item], size: int, arguments: Mapping[str, object]
) -> tuple[Sequence[Item], str | None]:
    """The page that arguments["pageToken"] asks for, and the token of the next one.

    Raises ApiError 400 for a token that is not from this request's series.
    """
    series = {name: value for name, value in arguments.items() if name != "pageToken"}
    digest = hashlib.sha256(json.dumps(series, sort_keys=True).encode()).hexdigest()[:16]
    start = _start(str(arguments.get("pageToken", "")), digest)
    end = start + size
    token = None
    if end < len(items):
        token = base64.urlsafe_b64encode(f"{digest}:{end}".encode()).decode()
    return items[start:end], token


def _start(token: str, digest: str) -> int:
    if not token:
        return 0
    try:
        bound, _, start = base64.urlsafe_b64decode(token).decode().partition(":")
        if bound == digest:
            return int(start)
    except ValueError:
        pass
    raise ApiError(400, "Page token is invalid or does not belong to this request.")
