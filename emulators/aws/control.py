"""The control paths of the emulated AWS: JSON in, JSON out.

GET, DELETE /aws/calls             the calls so far by `service:operation`; forget them
GET, POST   /aws/timing            seconds that passing states of Mail Manager last
GET, POST   /aws/ingress_points    {"failing": [names], "missing_vpc_endpoints": [ids]}
GET, POST   /aws/throttling        {"rate": requests a second, "burst": …, "services": […]}
GET, POST   /aws/consistency       {"reads": seconds, "lists": seconds} that they lag behind
GET, POST   /aws/rotation          {"functions": [ARN, …], "seconds": a rotation lasts}
POST        /aws/archived_messages a message into an archive, as a rule would put it there
POST        /aws/keep, /aws/restore {"name": TEXT}: keep the state for this run; return to it
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID

from emulators.aws import rotation, throttle, validation
from emulators.aws.app import App
from emulators.aws.mailmanager.context import Trouble
from emulators.aws.scope import Scope
from emulators.component import Handler


def handlers(app: App, region: str) -> Mapping[str, Handler]:
    """The control requests of an emulated AWS; region: where a request that names none acts."""

    def forget_calls(_body: Any) -> Any:
        app.counters.clear()
        return app.counters.show()

    def change_timing(body: Any) -> Any:
        app.mailmanager.timing = app.mailmanager.timing.changed(body)
        return asdict(app.mailmanager.timing)

    def make_trouble(body: Any) -> Any:
        app.mailmanager.trouble = Trouble.read(body)
        return asdict(app.mailmanager.trouble)

    return {
        "GET /aws/calls": lambda _body: app.counters.show(),
        "DELETE /aws/calls": forget_calls,
        "GET /aws/timing": lambda _body: asdict(app.mailmanager.timing),
        "POST /aws/timing": change_timing,
        "GET /aws/ingress_points": lambda _body: asdict(app.mailmanager.trouble),
        "POST /aws/ingress_points": make_trouble,
        "GET /aws/throttling": lambda _body: app.throttle.show(),
        "POST /aws/throttling": lambda body: app.throttle.change(throttle.parse(body)),
        "GET /aws/consistency": lambda _body: app.consistency.show(),
        "POST /aws/consistency": app.consistency.change,
        "GET /aws/rotation": lambda _body: rotation.show(),
        "POST /aws/rotation": rotation.change,
        "POST /aws/archived_messages": lambda body: _archive(app, region, body),
    }


_ARCHIVED = ("ArchiveId", "Region", "Message", "MessageBase64", "Envelope", "Metadata")
_RECEIVED = "ReceivedTimestamp"


def _archive(app: App, region: str, body: Any) -> dict[str, str]:
    """{"ArchiveId": id or ARN, "Message": text or "MessageBase64": …, "Envelope": …,
    "Metadata": …, "Region": …, "ReceivedTimestamp": seconds}; the first two are needed."""
    if not isinstance(body, dict):
        raise ValueError("the body must be an object")
    unknown = sorted(set(body) - {*_ARCHIVED, _RECEIVED})
    if unknown:
        raise ValueError(f"{unknown[0]}: unknown; known are {', '.join((*_ARCHIVED, _RECEIVED))}")
    shapes = validation.service_model("mailmanager").operation_model("GetArchiveMessage")
    for name in ("Envelope", "Metadata"):
        found = validation.problems(shapes.output_shape.members[name], body.get(name, {}))
        if found:
            raise ValueError(f"{name}: {validation.refusal(found)}")
    received = body.get(_RECEIVED)
    if received is not None and not isinstance(received, int | float):
        raise ValueError(f"{_RECEIVED}: must be a number of seconds")
    identifier = app.mailmanager.archive(
        Scope(DEFAULT_ACCOUNT_ID, body.get("Region", region)),
        str(body.get("ArchiveId", "")),
        _content(body),
        body.get("Envelope", {}),
        body.get("Metadata", {}),
        received,
    )
    return {"ArchivedMessageId": identifier}


def _content(body: dict[str, Any]) -> bytes:
    if ("Message" in body) == ("MessageBase64" in body):
        raise ValueError("exactly one of Message and MessageBase64 is needed")
    if "Message" in body:
        return str(body["Message"]).encode()
    try:
        return base64.b64decode(body["MessageBase64"], validate=True)
    except (TypeError, binascii.Error):
        raise ValueError("MessageBase64: not base64") from None
