"""Compact JSON, for what is written and read once a message: the spool's records and the log.

orjson takes a tenth of the time of `json` (a log line 0.6 us instead of 7), but knows no lone
surrogates, which a document or a file's name may hold. `json` writes and reads those as escapes.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

_spelled = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def dumps(value: Any) -> bytes:
    """UTF-8. Raises TypeError for what JSON has not."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return _spelled(value).encode("ascii")


def dumps_printable(value: Any) -> bytes:
    """Printable ASCII alone."""
    data = dumps(value)
    if data.isascii() and b"\x7f" not in data:
        return data
    return _spelled(value).encode("ascii").replace(b"\x7f", b"\\u007f")


def loads(data: bytes | memoryview) -> Any:
    """Raises ValueError."""
    try:
        return orjson.loads(data)
    except ValueError:
        return json.loads(bytes(data))
