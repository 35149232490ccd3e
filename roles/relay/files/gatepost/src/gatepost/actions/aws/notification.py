"""What SNS and Lambda are told of a message: one JSON document. Pure.

Its form is ours, after the notifications of SES receiving: the service's own is not documented.
deduplicationId is the same whenever the same steps are tried again, for those who must not act
twice.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from gatepost.actions import content
from gatepost.actions.values import Task

KB: Final = 1000
HEADERS_ALONE: Final = 100 * KB  # octets of header fields; API reference of SnsAction
HEADERS_WITH_CONTENT: Final = 20 * KB
# Octets that SNS takes in a message and Lambda in an event (API references of Publish, Invoke).
LIMIT: Final = 256 * 1024

_FIELD: Final = re.compile(r"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
_FOLD: Final = re.compile(r"\r\n(?=[ \t])")


def notification(task: Task, headers: int) -> dict[str, Any]:
    """headers: octets of header fields, whole ones, that may stand in it."""
    message = task.message
    fields, truncated = _fields(content.header(task), headers)
    when = datetime.fromtimestamp(message.received_at, UTC).isoformat("T", "milliseconds")
    return {
        "notificationType": "Received",
        "mail": {
            "timestamp": when,
            "messageId": message.id,
            "source": task.first.mail_from,
            "destination": [message.recipients[step.program].address for step in task.steps],
            "headersTruncated": truncated,
            "headers": fields,
        },
        "receipt": {
            "recipients": list(task.recipients),
            "rule": task.first.rule,
            "deduplicationId": f"{message.id}-{'-'.join(map(str, task.numbers))}",
        },
    }


def fitting(task: Task, headers: int, **more: Any) -> bytes:
    """The document within LIMIT: of the header fields, which take more room in JSON than their
    octets, as many as there is room for. more: its other members."""
    while True:
        made = as_json({**notification(task, headers), **more})
        if len(made) <= LIMIT or not headers:
            return made
        headers //= 2


def encoded(data: bytes, encoding: str) -> str:
    """encoding: "UTF-8", in which octets that are none are replaced, or "BASE64"."""
    if encoding == "BASE64":
        return base64.b64encode(data).decode("ascii")
    return data.decode("utf-8", "replace")


def as_json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def _fields(header: bytes, limit: int) -> tuple[list[dict[str, str]], bool]:
    """Name and unfolded value of each field, and whether some are left out."""
    found: list[dict[str, str]] = []
    used = 0
    for line in _FOLD.sub("", header.decode("utf-8", "replace")).split("\r\n"):
        field = _FIELD.fullmatch(line)
        if field is None:
            continue
        used += len(line.encode())
        if used > limit:
            return found, True
        found.append({"name": field[1], "value": field[2].strip()})
    return found, False
