"""A message as an action stores or shows it: plain RFC 5322 with CRLF lines, what rules added on
top. Pure."""

from __future__ import annotations

import hashlib
import json

from gatepost.actions.values import Task
from gatepost.delivery import command
from gatepost.delivery.trace import header_end
from gatepost.verdicts.body import unstuffed


def plain(task: Task) -> bytes:
    """The wire form undone: octet for octet what was accepted, below the added headers."""
    return unstuffed(command.headers(task.first.headers) + task.body)


def header(task: Task) -> bytes:
    """The header section of `plain`, without the blank line."""
    return unstuffed(command.headers(task.first.headers) + task.body[: header_end(task.body)])


def name(task: Task) -> str:
    """The name of this content: the message's id, and a digest of the headers that rules added
    where there are any. Every step that stores the same content has the same name, however often
    it is tried."""
    headers = task.first.headers
    if not headers:
        return task.message.id
    digest = hashlib.sha256(json.dumps(headers, ensure_ascii=True).encode()).hexdigest()
    return f"{task.message.id}-{digest[:8]}"
