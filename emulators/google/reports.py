"""Admin SDK Reports API: activities.list of the application `admin`, newest first.

eventName, startTime, endTime, userKey and `filters` with == and <> select; other filters are
refused instead of being ignored. Other applications have no activities here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from emulators.google.errors import ApiError
from emulators.google.paging import page
from emulators.google.tenant import Event, Tenant
from emulators.google.tokens import Grant

_HISTORY = timedelta(days=180)
_REFUSED = (
    "agentInfoFilter",
    "applicationInfoFilter",
    "deviceFilter",
    "groupIdFilter",
    "networkInfoFilter",
    "resourceDetailsFilter",
    "statusFilter",
    "includeSensitiveData",
    "actorIpAddress",
)


def list_activities(tenant: Tenant, grant: Grant, arguments: Mapping[str, object]) -> dict:
    """reports.activities.list; `items` is absent when there are none."""
    if grant.subject != tenant.admin:
        raise ApiError(401, "Access denied. You are not authorized to read activity records.")
    for name in _REFUSED:
        if arguments.get(name):
            raise ApiError(400, f"This emulator does not know the parameter {name}")
    customer = arguments.get("customerId")
    if customer not in (None, "my_customer", tenant.customer):
        raise ApiError(403, "Not authorized to access the customer's data.")
    now = tenant.now()
    end = _time(arguments, "endTime") or now
    start = _time(arguments, "startTime") or now - _HISTORY
    if start >= end:
        raise ApiError(400, "startTime must be before endTime", "invalidParameter")
    filters = _filters(str(arguments.get("filters", "")))
    found = []
    if arguments["applicationName"] == "admin":
        found = [
            _resource(tenant, event)
            for event in tenant.events()
            if max(start, now - _HISTORY) <= event.time <= end
            and arguments.get("eventName") in (None, event.name)
            and arguments["userKey"] in ("all", event.actor)
            and all(_passes(event, *condition) for condition in filters)
        ]
    items, token = page(found, int(str(arguments["maxResults"])), arguments)
    answer: dict[str, object] = {"kind": "admin#reports#activities", "etag": '"emulated"'}
    if items:
        answer["items"] = list(items)
    if token:
        answer["nextPageToken"] = token
    return answer


def _time(arguments: Mapping[str, object], name: str) -> datetime | None:
    text = arguments.get(name)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        raise ApiError(400, f"Invalid value for parameter {name}", "invalidParameter") from None


def _filters(text: str) -> list[tuple[str, str, str]]:
    conditions = []
    for item in filter(None, text.split(",")):
        found = re.fullmatch(r"(\w+)(==|<>)(.+)", item)
        if found is None:
            raise ApiError(400, f"Invalid filter: {item}", "invalidParameter")
        conditions.append((found[1], found[2], found[3]))
    return conditions


def _passes(event: Event, name: str, operator: str, value: str) -> bool:
    values = [held for parameter, held in event.parameters if parameter == name]
    if not values:
        return False
    return (value in values) == (operator == "==")


def _resource(tenant: Tenant, event: Event) -> dict[str, object]:
    time = event.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "kind": "admin#reports#activity",
        "id": {
            "time": time,
            "uniqueQualifier": str(event.number),
            "applicationName": "admin",
            "customerId": tenant.customer,
        },
        "etag": f'"emulated/{event.number}"',
        "actor": {
            "callerType": "USER",
            "email": event.actor,
            "profileId": "100000000000000000002",
        },
        "ipAddress": "198.51.100.7",
        "events": [
            {
                "type": event.type,
                "name": event.name,
                "parameters": [{"name": name, "value": value} for name, value in event.parameters],
            }
        ],
    }
