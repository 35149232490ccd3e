"""A delivered message as Graph's message resource."""

from __future__ import annotations

import base64
from datetime import datetime
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

from emulators.maildrop import Delivery

# Well-known folder names and the display names that go with them, by where mail is delivered.
FOLDERS = {"inbox": ("inbox", "Inbox"), "junk": ("junkemail", "Junk Email")}


def identifier(delivery: Delivery) -> str:
    """An opaque id, which differs between mailboxes."""
    text = f"{delivery.mailbox}\n{delivery.id}".encode()
    return "AAMkAD" + base64.urlsafe_b64encode(text).decode("ascii")


def folder_id(mailbox: str, folder: str) -> str:
    return "AQMkAD" + base64.urlsafe_b64encode(f"{mailbox}\n{folder}".encode()).decode("ascii")


def resource(delivery: Delivery, select: tuple[str, ...]) -> dict[str, Any]:
    """The chosen properties."""
    message = message_from_bytes(delivery.raw, policy=policy.compat32)
    received = _stamp(delivery.received_at)
    text = _text(message)
    whole = {
        "id": identifier(delivery),
        "createdDateTime": received,
        "receivedDateTime": received,
        "sentDateTime": _sent(message) or received,
        "hasAttachments": any(part.get_filename() for part in message.walk()),
        "internetMessageId": delivery.message_id,
        "subject": delivery.header("Subject"),
        "bodyPreview": " ".join(text.split())[:255],
        "importance": "normal",
        "parentFolderId": folder_id(delivery.mailbox, delivery.folder),
        "conversationId": identifier(delivery),
        "isRead": False,
        "isDraft": False,
        "from": _first(message, "From"),
        "sender": _first(message, "Sender") or _first(message, "From"),
        "toRecipients": _people(message, "To"),
        "ccRecipients": _people(message, "Cc"),
        "replyTo": _people(message, "Reply-To"),
        "body": {"contentType": "text", "content": text},
        "internetMessageHeaders": [
            {"name": name, "value": " ".join(str(value).split())} for name, value in message.items()
        ],
    }
    return {name: whole[name] for name in select}


def _people(message: Message, name: str) -> list[dict[str, Any]]:
    found = getaddresses([str(value) for value in message.get_all(name, [])])
    return [
        {"emailAddress": {"name": display or address, "address": address}}
        for display, address in found
    ]


def _first(message: Message, name: str) -> dict[str, Any] | None:
    people = _people(message, name)
    return people[0] if people else None


def _text(message: Message) -> str:
    for part in message.walk():
        if part.get_content_type() == "text/plain" and not part.is_multipart():
            content = part.get_payload(decode=True)
            return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    return ""


def _sent(message: Message) -> str:
    try:
        return _stamp(parsedate_to_datetime(str(message.get("Date", ""))))
    except (ValueError, TypeError, IndexError):
        return ""


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
