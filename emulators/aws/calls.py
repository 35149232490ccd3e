"""Which operation of which service an HTTP request is, and how many there were of each.

The counters let a test say "the second run changes nothing" of the API itself: every call is
counted when it arrives, refused ones too, as a read or a write.
"""

import io
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs

import werkzeug.exceptions
from botocore.exceptions import UnknownServiceError
from moto.core.request import Request
from moto.core.routing import get_service_router

from emulators.aws import scope, validation
from emulators.aws.mailmanager import links
from emulators.aws.scope import Scope

# Names of services by signing name and, where that is shared, by what else tells them apart.
_JSON_TARGETS = {
    "MailManagerSvc": "mailmanager",
    "TrentService": "kms",
    "secretsmanager": "secretsmanager",
}

_READ_PREFIXES = ("Get", "List", "Describe", "Head", "BatchGet", "Lookup", "Simulate", "Test")
# Calls that change nothing although their names do not say so.
_READS = frozenset(
    (
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncrypt",
        "kms:Sign",
        "kms:Verify",
        "kms:GenerateMac",
        "kms:VerifyMac",
        "kms:GenerateRandom",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "secretsmanager:ValidateResourcePolicy",
    )
)


@dataclass(frozen=True)
class Call:
    """One call. `operation` is "" where the request is none that the model knows."""

    service: str
    operation: str
    scope: Scope | None
    parameters: dict[str, Any] = field(default_factory=dict)
    """what the URI's path holds, for REST services"""
    access_key: str = ""

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"

    @property
    def reads(self) -> bool:
        if self.service == "sts" or self.name in _READS:
            return True
        return self.operation.startswith(_READ_PREFIXES)


def identify(environ: dict[str, Any]) -> Call:
    """Name the call. The request's body stays readable."""
    signature = scope.read(environ.get("HTTP_AUTHORIZATION", ""))
    where, signing_name, access_key = signature or (None, "", "")
    return replace(_identify(environ, where, signing_name), access_key=access_key)


def _identify(environ: dict[str, Any], where: Scope | None, signing_name: str) -> Call:
    target, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")
    if target in _JSON_TARGETS:
        return Call(_JSON_TARGETS[target], operation, where)
    if environ["PATH_INFO"].startswith(links.PREFIX):
        # A link leads to S3: what clients do there is PUT and GET of an object.
        method = environ["REQUEST_METHOD"]
        return Call("s3", {"PUT": "PutObject", "GET": "GetObject"}.get(method, ""), where)
    service = signing_name or "s3"
    if service == "ses" and environ["PATH_INFO"].startswith("/v2/"):
        service = "sesv2"
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        action = parse_qs(read_body(environ).decode("utf-8", "replace")).get("Action", [""])[0]
        return Call(service, action, where)
    return _rest(service, where, environ)


def _rest(service: str, where: Scope | None, environ: dict[str, Any]) -> Call:
    # Older models list identities by this path, newer ones by a POST.
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if (service, method, path) == ("sesv2", "GET", "/v2/email/identities"):
        return Call(service, "ListEmailIdentities", where)
    try:
        model, parameters = get_service_router(service).match(Request(environ, shallow=True))
    except (werkzeug.exceptions.HTTPException, NotImplementedError, LookupError, ValueError):
        return Call(service, "", where)
    return Call(service, model.name, where, dict(parameters))


def protocol(service: str) -> str:
    """json, rest-json, rest-xml or query."""
    try:
        return str(validation.service_model(service).resolved_protocol)
    except UnknownServiceError:
        return "rest-xml"


def read_body(environ: dict[str, Any]) -> bytes:
    """The body of a request of known length, left in place for the next reader."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body


class Counters:
    """Reads and writes by `service:operation`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reads: Counter[str] = Counter()
        self._writes: Counter[str] = Counter()

    def add(self, call: Call) -> None:
        with self._lock:
            (self._reads if call.reads else self._writes)[call.name] += 1

    def clear(self) -> None:
        with self._lock:
            self._reads.clear()
            self._writes.clear()

    def show(self) -> dict[str, dict[str, int]]:
        with self._lock:
            return {
                "reads": dict(sorted(self._reads.items())),
                "writes": dict(sorted(self._writes.items())),
            }
