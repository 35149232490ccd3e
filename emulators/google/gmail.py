"""Gmail API v1: users.messages.list and users.messages.get over the delivered mail.

Search knows `rfc822msgid:` alone, which is what proof by delivered mail needs; any other word in
`q` is refused instead of being ignored. The scope gmail.metadata forbids `q` and the formats raw
and full, with Google's words.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import Message

from emulators.google.errors import ApiError
from emulators.google.paging import page
from emulators.google.tenant import Tenant
from emulators.google.tokens import Grant
from emulators.maildrop import Delivery

_METADATA = "https://www.googleapis.com/auth/gmail.metadata"
_TERM = re.compile(r"rfc822msgid:<?([^<>\s]+)>?")


def list_messages(tenant: Tenant, grant: Grant, arguments: Mapping[str, object]) -> dict:
    """gmail.users.messages.list: newest first; `messages` is absent when there are none."""
    mailbox = _mailbox(grant, arguments)
    query = str(arguments.get("q", ""))
    if query and grant.scopes == {_METADATA}:
        raise ApiError(403, "Metadata scope does not support 'q' parameter", "forbidden")
    wanted = _search(query)
    labels = arguments.get("labelIds", [])
    assert isinstance(labels, list)
    found = []
    for delivery in reversed(tenant.maildrop.select(server="google", mailbox=mailbox)):
        has = tenant.labels(delivery)
        hidden = {"SPAM", "TRASH"} & set(has) and not arguments["includeSpamTrash"]
        if not hidden and set(labels) <= set(has) and wanted in (None, _message_id(delivery)):
            found.append({"id": delivery.id, "threadId": delivery.id})
    size = min(int(str(arguments["maxResults"])), 500)
    items, token = page(found, size or 100, arguments)
    answer: dict[str, object] = {"resultSizeEstimate": len(found)}
    if items:
        answer["messages"] = list(items)
    if token:
        answer["nextPageToken"] = token
    return answer


def get_message(tenant: Tenant, grant: Grant, arguments: Mapping[str, object]) -> dict:
    """gmail.users.messages.get in the formats minimal, metadata, full and raw."""
    mailbox = _mailbox(grant, arguments)
    shape = str(arguments["format"])
    if grant.scopes == {_METADATA} and shape in ("raw", "full"):
        raise ApiError(403, f"Metadata scope doesn't allow format {shape.upper()}", "forbidden")
    for delivery in tenant.maildrop.select(server="google", mailbox=mailbox):
        if delivery.id == arguments["id"]:
            return _resource(tenant, delivery, shape, arguments.get("metadataHeaders"))
    raise ApiError(404, "Requested entity was not found.")


def _mailbox(grant: Grant, arguments: Mapping[str, object]) -> str:
    user = str(arguments["userId"]).lower()
    if user not in ("me", grant.subject):
        raise ApiError(403, f"Delegation denied for {grant.subject}", "forbidden")
    return grant.subject


def _search(query: str) -> str | None:
    if not query.strip():
        return None
    found = _TERM.fullmatch(query.strip())
    if found is None:
        raise ApiError(400, f"This emulator searches by rfc822msgid: alone, not {query!r}")
    return found[1]


def _message_id(delivery: Delivery) -> str:
    return delivery.message_id.strip("<> ")


def _resource(tenant: Tenant, delivery: Delivery, shape: str, wanted: object) -> dict[str, object]:
    resource: dict[str, object] = {
        "id": delivery.id,
        "threadId": delivery.id,
        "labelIds": list(tenant.labels(delivery)),
        "historyId": str(int(delivery.id[:12], 16)),
        "internalDate": str(int(delivery.received_at.timestamp() * 1000)),
        "sizeEstimate": len(delivery.raw),
    }
    if shape == "raw":
        resource["raw"] = base64.urlsafe_b64encode(delivery.raw).decode("ascii")
        return resource
    if shape in ("metadata", "full"):
        message = message_from_bytes(delivery.raw, policy=policy.compat32)
        resource["payload"] = _part(message, body=shape == "full")
    if shape == "metadata" and isinstance(wanted, list):
        names = {name.lower() for name in wanted}
        payload = resource["payload"]
        assert isinstance(payload, dict)
        payload["headers"] = [
            field for field in payload["headers"] if field["name"].lower() in names
        ]
    return resource


def _part(message: Message, *, body: bool, number: str = "") -> dict[str, object]:
    """A MessagePart. Bodies and inner parts belong to the format full."""
    part: dict[str, object] = {
        "partId": number,
        "mimeType": message.get_content_type(),
        "filename": message.get_filename() or "",
        "headers": [{"name": name, "value": str(value)} for name, value in message.items()],
    }
    if not body:
        return part
    prefix = f"{number}." if number else ""
    if message.is_multipart():
        part["body"] = {"size": 0}
        part["parts"] = [
            _part(inner, body=True, number=f"{prefix}{index}")
            for index, inner in enumerate(message.get_payload())
            if isinstance(inner, Message)
        ]
        return part
    content = message.get_payload(decode=True)
    data = content if isinstance(content, bytes) else b""
    part["body"] = {"size": len(data), "data": base64.urlsafe_b64encode(data).decode("ascii")}
    return part
