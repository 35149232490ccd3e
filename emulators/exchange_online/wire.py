"""The InvokeCommand protocol's requests and answers: parsing, type notes, pages.

An answer is noisy as the service's is: beside a list, an identifier or a date stands a member
`NAME@odata.type` or `NAME@data.type`. A page that is not the last names the next in
`@odata.nextLink`; the client POSTs the same body there, and another body is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulators.exchange_online.organization import Object

_PAGE = re.compile(r"odata\.maxpagesize\s*=\s*(\d+)")
_TOKEN = re.compile(r"(\d+)-([0-9a-f]{64})")
DEFAULT_PAGE = 1000


class BadRequest(Exception):
    """A request that is not in the protocol. Its text goes into a plain OData error."""


@dataclass(frozen=True)
class Invocation:
    """What a body asks for."""

    cmdlet: str
    parameters: Mapping[str, Any]


def parse(content_type: str, body: bytes) -> Invocation:
    """The invocation in a request. Raises BadRequest."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise BadRequest("The Content-Type must be application/json.")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("The request body is not JSON.") from None
    if not isinstance(document, dict) or set(document) != {"CmdletInput"}:
        raise BadRequest("The request body must be an object with the member CmdletInput.")
    given = document["CmdletInput"]
    if not isinstance(given, dict) or not set(given) <= {"CmdletName", "Parameters"}:
        raise BadRequest("CmdletInput has the members CmdletName and Parameters.")
    name, parameters = given.get("CmdletName"), given.get("Parameters", {})
    if not isinstance(name, str) or not name:
        raise BadRequest("CmdletName must be a string.")
    if not isinstance(parameters, dict):
        raise BadRequest("Parameters must be an object.")
    return Invocation(name, parameters)


def page(
    objects: Sequence[Object], prefer: str, token: str, body: bytes
) -> tuple[Sequence[Object], str]:
    """The objects of a page, and the token of the next or "". Raises BadRequest."""
    found = _PAGE.search(prefer)
    size = int(found[1]) if found else DEFAULT_PAGE
    if size < 1:
        raise BadRequest("odata.maxpagesize must be at least 1.")
    digest = hashlib.sha256(body).hexdigest()
    start = 0
    if token:
        parts = _TOKEN.fullmatch(token)
        if parts is None or parts[2] != digest:
            raise BadRequest("The skip token does not belong to this request body.")
        start = int(parts[1])
    end = start + size
    return objects[start:end], f"{end}-{digest}" if end < len(objects) else ""


def answer(
    root: str, objects: Sequence[Object], warnings: Sequence[str], next_link: str
) -> dict[str, Any]:
    """The JSON of an answer. root: the address of the admin API of the tenant."""
    document: dict[str, Any] = {
        "@odata.context": f"{root}/$metadata#Collection(Exchange.GenericHashTable)",
        "adminapi.warnings@odata.type": "#Collection(String)",
        "@adminapi.warnings": list(warnings),
        "value": [_noted(one) for one in objects],
    }
    if next_link:
        document["@odata.nextLink"] = next_link
    return document


def _noted(value: Mapping[str, Any]) -> dict[str, Any]:
    """An object with the service's notes on types."""
    noted: dict[str, Any] = {}
    for name, one in value.items():
        if isinstance(one, list):
            noted[f"{name}@odata.type"] = "#Collection(String)"
            noted[name] = one
        elif isinstance(one, datetime):
            noted[f"{name}@data.type"] = "System.DateTime"
            noted[name] = one.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        elif name == "Guid":
            noted[f"{name}@data.type"] = "System.Guid"
            noted[f"{name}@odata.type"] = "#Guid"
            noted[name] = one
        else:
            noted[name] = one
    return noted
