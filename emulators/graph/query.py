"""The OData options of a request for messages: read strictly, what is not played is refused.

$filter knows `internetMessageId eq 'ID'` and `receivedDateTime ge|gt|le|lt TIME`, joined by `and`:
what finding a probe needs. $orderby knows receivedDateTime alone.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from emulators.graph.errors import bad_request
from emulators.maildrop import Delivery

PROPERTIES = (
    "id",
    "createdDateTime",
    "receivedDateTime",
    "sentDateTime",
    "hasAttachments",
    "internetMessageId",
    "subject",
    "bodyPreview",
    "importance",
    "parentFolderId",
    "conversationId",
    "isRead",
    "isDraft",
    "from",
    "sender",
    "toRecipients",
    "ccRecipients",
    "replyTo",
    "body",
)
# Only where it is asked for.
EXTRA = ("internetMessageHeaders",)
# What the permission Mail.ReadBasic does not give.
PRIVATE = ("body", "bodyPreview", "internetMessageHeaders")
_KNOWN = ("$filter", "$select", "$top", "$skip", "$orderby", "$count")
_TERM = re.compile(
    r"\s*(?:internetMessageId\s+eq\s+'(?P<id>(?:[^']|'')*)'"
    r"|receivedDateTime\s+(?P<operator>ge|gt|le|lt)\s+(?P<time>\S+))\s*(?P<and>and\s|$)",
    re.IGNORECASE,
)
_COMPARE = {"ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt}
Test = Callable[[Delivery], bool]


@dataclass(frozen=True)
class Query:
    """select: the properties to show. wanted: all of them must hold."""

    select: tuple[str, ...]
    wanted: tuple[Test, ...] = ()
    top: int = 10
    skip: int = 0
    newest_first: bool = True
    count: bool = False


def read(options: Iterable[tuple[str, str]], allowed: Iterable[str] = _KNOWN) -> Query:
    """The query of a request. Raises GraphError."""
    given: dict[str, str] = {}
    for name, value in options:
        if name not in allowed:
            raise bad_request(f"The query option '{name}' is not supported here.")
        if name in given:
            raise bad_request(f"Query option '{name}' was specified more than once.")
        given[name] = value
    return Query(
        select=_select(given.get("$select")),
        wanted=tuple(_filter(given["$filter"])) if "$filter" in given else (),
        top=_number(given, "$top", 10, 1, 1000),
        skip=_number(given, "$skip", 0, 0, 10**6),
        newest_first=_order(given.get("$orderby", "receivedDateTime desc")),
        count=given.get("$count", "false").lower() == "true",
    )


def _select(text: str | None) -> tuple[str, ...]:
    if text is None:
        return PROPERTIES
    chosen = {"id": None}
    known = {name.lower(): name for name in (*PROPERTIES, *EXTRA)}
    for name in (one.strip() for one in text.split(",")):
        if name.lower() not in known:
            raise bad_request(
                f"Parsing OData Select and Expand failed: Could not find a property named '{name}' "
                "on type 'microsoft.graph.message'."
            )
        chosen[known[name.lower()]] = None
    return tuple(chosen)


def _filter(text: str) -> Iterable[Test]:
    position, more = 0, True
    while more:
        found = _TERM.match(text, position)
        if found is None:
            raise bad_request(f"Invalid filter clause: {text!r} at position {position}.")
        yield _test(found.groupdict())
        position, more = found.end(), bool(found["and"].strip())


def _test(parts: Mapping[str, str | None]) -> Test:
    if parts["id"] is not None:
        wanted = parts["id"].replace("''", "'")
        return lambda delivery: delivery.message_id == wanted
    assert parts["operator"] is not None
    compare = _COMPARE[parts["operator"].lower()]
    try:
        found = datetime.fromisoformat(str(parts["time"]))
    except ValueError:
        raise bad_request(f"Invalid filter clause: {parts['time']!r} is no time.") from None
    moment = found if found.tzinfo else found.replace(tzinfo=UTC)
    return lambda delivery: bool(compare(delivery.received_at, moment))


def _order(text: str) -> bool:
    words = text.lower().split()
    if words[:1] != ["receiveddatetime"] or words[1:] not in ([], ["asc"], ["desc"]):
        raise bad_request(f"The $orderby {text!r} is not supported here.")
    return words[1:] == ["desc"]


def _number(given: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise bad_request(f"Invalid value '{text}' for {name} query option.")
    return int(text)
