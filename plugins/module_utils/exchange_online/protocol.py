# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The InvokeCommand protocol of Exchange Online: requests, replies and refusals. Pure.

It is what the ExchangeOnlineManagement module of PowerShell speaks. Laws:
- only a 400 that says ManagementObjectNotFoundException means "absent"; every other reply that
  cannot be read is an error, and so is an empty or odd body where a cmdlet was to read something;
- a page is followed only to the server that was asked, so that a token goes nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.gatepost.mail.plugins.module_utils.errors import NotFound, ServiceError

_ANCHOR = "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}"
_TYPE_NOTES = ("@odata.", "@data.")
_ABSENT = "ManagementObjectNotFoundException"
_DEHYDRATED = "InvalidOperationInDehydratedContextException"
_CROWDED = "maximum number of concurrent requests"
_PAGE = 1000


class Throttled(ServiceError):
    """Refused for now and not carried out. after: seconds to wait, None where it was not said."""

    def __init__(self, operation: str, code: str, message: str, after: float | None) -> None:
        self.after = after
        super().__init__(operation, code, message)


class Broken(ServiceError):
    """The service failed, or was not reached: whether it carried the call out is not known."""


class Unauthorized(ServiceError):
    """The token was refused."""


class Forbidden(ServiceError):
    """The application may not do it."""


class Dehydrated(ServiceError):
    """The tenant takes no such write until its customization has been enabled."""


@dataclass(frozen=True)
class Reply:
    """An HTTP reply. headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True)
class Page:
    """values: the objects, without type notes. following: the URL of the next page, or None."""

    values: list[dict[str, Any]]
    following: str | None
    warnings: tuple[str, ...]


def url(endpoint: str, tenant: str) -> str:
    return f"{endpoint}/adminapi/beta/{tenant}/InvokeCommand"


def body(cmdlet: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The request. A parameter that is None is not sent: null would mean "clear it"."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return {"CmdletInput": {"CmdletName": cmdlet, "Parameters": given}}


def headers(cmdlet: str, tenant: str, token: str, request_id: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Prefer": f"odata.maxpagesize={_PAGE}",
        "X-AnchorMailbox": f"{_ANCHOR}@{tenant}",
        "X-CmdletName": cmdlet,
        "X-ResponseFormat": "json",
        "client-request-id": request_id,
    }


def merge(add: Iterable[str] = (), remove: Iterable[str] = ()) -> dict[str, Any]:
    """A change of a list that leaves the entries of others alone, whoever writes meanwhile."""
    changes = {"Add": list(add), "Remove": list(remove)}
    return {
        "@odata.type": "#Exchange.GenericHashTable",
        **{name: values for name, values in changes.items() if values},
    }


def read(cmdlet: str, reply: Reply, endpoint: str) -> Page:
    """What a reply says. Raises NotFound, Throttled, Dehydrated, … or ServiceError."""
    if not 200 <= reply.status < 300:
        raise refusal(cmdlet, reply)
    if not reply.content.strip():
        if is_reading(cmdlet):
            raise ServiceError(cmdlet, "EmptyReply", "the reply has no content; nothing was read")
        return Page([], None, ())
    document = _document(reply.content)
    if document is None or not isinstance(document.get("value", []), list):
        raise ServiceError(cmdlet, "BadReply", "the reply is not the protocol's JSON")
    if "value" not in document and is_reading(cmdlet):
        raise ServiceError(cmdlet, "BadReply", "the reply has no value; nothing was read")
    values = document.get("value", [])
    if not all(isinstance(one, dict) for one in values):
        # Some writing cmdlets answer with bare text.
        if is_reading(cmdlet):
            raise ServiceError(cmdlet, "BadReply", "the reply's value holds no objects")
        values = [one for one in values if isinstance(one, dict)]
    following = document.get("@odata.nextLink")
    if following is not None and not _same_server(following, endpoint):
        raise ServiceError(cmdlet, "BadReply", "the next page is said to be on another server")
    return Page([_plain(one) for one in values], following, _warnings(document))


def is_reading(cmdlet: str) -> bool:
    return cmdlet.startswith("Get-")


def refusal(operation: str, reply: Reply) -> ServiceError:
    """The error of a reply that is no success."""
    code, message = _told(reply)
    both = f"{code} {message}"
    if reply.status in (429, 503) or _CROWDED in both:
        return Throttled(operation, code, message, _seconds(reply.headers.get("retry-after")))
    if reply.status == 400 and _ABSENT in both:
        return NotFound(operation, _ABSENT, message)
    if _DEHYDRATED in both:
        return Dehydrated(operation, _DEHYDRATED, message)
    if reply.status == 401:
        return Unauthorized(
            operation,
            code,
            f"{message}: the token was refused; has the application the permission "
            "Exchange.ManageAsApp, with an administrator's consent?",
        )
    if reply.status == 403:
        return Forbidden(operation, code, message)
    if reply.status >= 500:
        return Broken(operation, code, message)
    return ServiceError(operation, code, message)


def _told(reply: Reply) -> tuple[str, str]:
    """The code and the most useful text of an error's reply."""
    status = f"HTTP {reply.status}"
    if reply.content and not reply.content.strip(b"\0"):
        return (
            f"{status}, empty",
            "this cmdlet does not exist or the application's directory role does not include it "
            "(Exchange Administrator, or a role group that does)",
        )
    document = _document(reply.content)
    error = document.get("error") if document else None
    if not isinstance(error, dict):
        text = " ".join(reply.content[:500].decode("utf-8", "replace").split())
        if reply.status == 403:
            text += " (has the application a directory role such as Exchange Administrator?)"
        return status, text or "no reason was given"
    inner = error.get("innererror")
    internal = inner.get("internalexception") if isinstance(inner, dict) else None
    code = str(error.get("code") or status)
    if isinstance(internal, dict) and internal.get("message"):
        kind = str(internal.get("type") or "").rpartition(".")[2]
        return kind or code, str(internal["message"])
    details = error.get("details")
    if isinstance(details, list) and details and isinstance(details[0], dict):
        # "Code|Type|text"
        kind, _bar, text = str(details[0].get("message", "")).rpartition("|")
        if text:
            return kind.rpartition(".")[2] or code, text
    return code, str(error.get("message") or "no reason was given")


def _document(content: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(content)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    return {
        name: held for name, held in value.items() if not any(note in name for note in _TYPE_NOTES)
    }


def _warnings(document: Mapping[str, Any]) -> tuple[str, ...]:
    told = document.get("@adminapi.warnings")
    return tuple(str(one) for one in told) if isinstance(told, list) else ()


def _same_server(following: object, endpoint: str) -> bool:
    parts, asked = urlsplit(str(following)), urlsplit(endpoint)
    return (parts.scheme, parts.netloc.lower()) == (asked.scheme, asked.netloc.lower())


def _seconds(value: str | None) -> float | None:
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None
