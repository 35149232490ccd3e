"""A message as an action stores or shows it: plain RFC 5322 with CRLF lines, what rules added on
top. Pure."""

from __future__ import annotations

import hashlib
import json

from gatepost.actions.values import Task
from gatepost.delivery import command


def plain(task: Task) -> bytes:
    """The wire form undone: octet for octet what was accepted, below the added headers."""
    return unstuffed(command.headers(task.first.headers) + task.body)


def unstuffed(wire: bytes) -> bytes:
    """Without dot-stuffing (RFC 5321 section 4.5.2)."""
    return wire.removeprefix(b".").replace(b"\r\n.", b"\r\n")


def name(task: Task) -> str:
    """The name of this content: the message's id, and a digest of the headers that rules added
    where there are any. Every step that stores the same content has the same name, however often
    it is tried."""
    headers = task.first.headers
    if not headers:
        return task.message.id
    digest = hashlib.sha256(json.dumps(headers, ensure_ascii=True).encode()).hexdigest()
    return f"{task.message.id}-{digest[:8]}"
