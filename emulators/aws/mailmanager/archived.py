"""Archived messages: read, judged by a search's filters, and shown. Pure.

All conditions of Include must hold and none of Unless; a condition's values are alternatives, and
CONTAINS compares without case (ours: the service documents none of the three).
"""

import email.policy
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from emulators.aws.mailmanager.store import Message

_PARSER = BytesParser(policy=email.policy.default)
_HEADERS = {
    "Date": "Date",
    "To": "To",
    "From": "From",
    "Cc": "Cc",
    "Subject": "Subject",
    "MessageId": "Message-ID",
    "InReplyTo": "In-Reply-To",
    "XMailer": "X-Mailer",
    "XOriginalMailer": "X-Original-Mailer",
    "XPriority": "X-Priority",
}
_FROM_METADATA = ("IngressPointId", "SenderHostname", "SenderIpAddress", "SourceArn")


@dataclass(frozen=True)
class Query:
    """What a search or an export asks for; times are epoch seconds, both ends included."""

    start: float
    end: float
    filters: dict[str, Any]
    most: int | None

    def select(self, messages: list[Message]) -> list[Message]:
        """The messages asked for, the newest first (ours)."""
        found = [
            one
            for one in sorted(messages, key=lambda one: -one.received)
            if self.start <= one.received <= self.end and _passes(self.filters, one)
        ]
        return found[: self.most]


def row(message: Message) -> dict[str, Any]:
    """One row of GetArchiveSearchResults."""
    parsed = _parse(message)
    shown: dict[str, Any] = {
        "ArchivedMessageId": message.id,
        "ReceivedTimestamp": message.received,
        "HasAttachments": _has_attachments(parsed),
        "ReceivedHeaders": [str(value) for value in parsed.get_all("Received", [])],
        "Envelope": message.envelope,
    }
    shown |= {
        member: str(parsed[name]) for member, name in _HEADERS.items() if parsed[name] is not None
    }
    return shown | {
        name: message.metadata[name] for name in _FROM_METADATA if name in message.metadata
    }


def body(message: Message) -> dict[str, Any]:
    """The Body of GetArchiveMessageContent: texts, without attachments."""
    parsed = _parse(message)
    shown: dict[str, Any] = {"MessageMalformed": bool(parsed.defects)}
    for member, kind in (("Text", "plain"), ("Html", "html")):
        part = parsed.get_body((kind,))
        if isinstance(part, EmailMessage):
            try:
                shown[member] = part.get_content()
            except (LookupError, ValueError):  # a charset or encoding that nobody knows
                shown["MessageMalformed"] = True
    return shown


def _parse(message: Message) -> EmailMessage:
    parsed = _PARSER.parsebytes(message.content)
    assert isinstance(parsed, EmailMessage)
    return parsed


def _has_attachments(parsed: EmailMessage) -> bool:
    return any(part.get_content_disposition() == "attachment" for part in parsed.walk())


def _passes(filters: dict[str, Any], message: Message) -> bool:
    parsed = _parse(message)
    return all(_holds(one, message, parsed) for one in filters.get("Include", [])) and not any(
        _holds(one, message, parsed) for one in filters.get("Unless", [])
    )


def _holds(condition: dict[str, Any], message: Message, parsed: EmailMessage) -> bool:
    boolean = condition.get("BooleanExpression")
    if boolean is not None:  # HAS_ATTACHMENTS is the one attribute
        return bool(_has_attachments(parsed) == (boolean["Operator"] == "IS_TRUE"))
    string = condition["StringExpression"]
    values = _STRINGS[string["Evaluate"]["Attribute"]](message, parsed)
    return any(
        wanted.casefold() in value.casefold() for wanted in string["Values"] for value in values
    )


def _header(name: str) -> Callable[[Message, EmailMessage], list[str]]:
    return lambda _message, parsed: [str(value) for value in parsed.get_all(name, [])]


_STRINGS: dict[str, Callable[[Message, EmailMessage], list[str]]] = {
    "TO": _header("To"),
    "FROM": _header("From"),
    "CC": _header("Cc"),
    "SUBJECT": _header("Subject"),
    "ENVELOPE_TO": lambda message, _parsed: message.envelope.get("To", []),
    "ENVELOPE_FROM": lambda message, _parsed: [message.envelope.get("From", "")],
}
