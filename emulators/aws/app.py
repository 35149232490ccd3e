"""The front of the emulated AWS: every request of every service comes in here.

It counts the call, lets an injected fault act, and hands it to Mail Manager, to the email
identities, or to moto. A service that moto has but Gatepost does not call is not offered.
"""

import json
import time
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.wrappers import Request, Response

from emulators import web
from emulators.aws import calls, errors, guards, moto_clock, moto_gaps, moto_state, wire
from emulators.aws.calls import Call, Counters
from emulators.aws.consistency import Consistency
from emulators.aws.errors import ServiceError
from emulators.aws.identities import Identities
from emulators.aws.mailmanager import links
from emulators.aws.mailmanager.service import MailManager
from emulators.aws.throttle import Throttle
from emulators.clock import Clock
from emulators.faults import Fault, Faults
from emulators.web import QuietHandler

# Services that look at secrets and keys, to which time does something.
_TIMED = ("kms", "secretsmanager", "mailmanager")
_UNSIGNED = ServiceError("MissingAuthenticationTokenException", "the request is not signed", 403)


class Handler(QuietHandler, MotoRequestHandler):  # type: ignore[misc]
    """moto's reading of header names, without its log and with connections kept open."""


class App:
    """The WSGI application."""

    def __init__(self, clock: Clock, faults: Faults) -> None:
        moto_gaps.mend()
        moto_clock.follow(clock)
        self._clock = clock
        self.consistency = Consistency()
        self.mailmanager = MailManager(clock, self.consistency)
        self.identities = Identities(clock, self.consistency)
        self.counters = Counters()
        self.throttle = Throttle(clock)
        self._faults = faults
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        call = calls.identify(environ)
        self.counters.add(call)
        fault = self._faults.take(call.service, call.operation)
        if fault is not None:
            time.sleep(fault.delay)
            if fault.fails:
                return self._fail(call, fault, environ)(environ, start_response)
        response = self._answer(call, environ)
        if response is None:
            return self._moto(environ, start_response)
        # What was not read of a body would be taken for the next request of the connection.
        calls.read_body(environ)
        return response(environ, start_response)

    def _fail(self, call: Call, fault: Fault, environ: dict[str, Any]) -> Response:
        calls.read_body(environ)
        if fault.after and self._answer(call, environ) is None:
            Response.from_app(self._moto, environ, buffered=True)
        if fault.reset:
            web.cut(environ)
        error = ServiceError(fault.code, fault.message, fault.status)
        return wire.refusal(calls.protocol(call.service), call.service, error)

    def _answer(self, call: Call, environ: dict[str, Any]) -> Response | None:
        """The answer of what is emulated here, None for what is moto's."""
        protocol = calls.protocol(call.service)
        try:
            self.throttle.meet(call)
            if call.service in _TIMED:
                moto_state.settle(self._clock.now())
            return self._own(call, protocol, environ)
        except ServiceError as error:
            return wire.refusal(protocol, call.service, error)

    def _own(self, call: Call, protocol: str, environ: dict[str, Any]) -> Response | None:
        if environ["PATH_INFO"].startswith(links.PREFIX):
            content = self.mailmanager.follow(
                environ["REQUEST_METHOD"],
                environ["PATH_INFO"],
                Request(environ, shallow=True).args,
                calls.read_body(environ),
            )
            return Response(content, content_type="application/octet-stream")
        if call.service == "mailmanager":
            if call.scope is None:
                raise _UNSIGNED
            body = calls.read_body(environ)
            url = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"
            answer = self.mailmanager.call(call.operation, body, call.scope, url)
            return wire.answer(protocol, answer)
        if call.service == "sesv2" and call.scope is not None:
            request = _rest_request(call, environ)
            if self.identities.serves(call.operation, request):
                return wire.answer(
                    protocol, self.identities.call(call.operation, request, call.scope)
                )
        if call.service not in moto_state.SERVICES:
            raise ServiceError("UnknownOperationException", f"{call.service} is not emulated", 501)
        if call.service in guards.SERVICES and call.scope is not None:
            guards.check(call, calls.read_body(environ))
        return None


def _rest_request(call: Call, environ: dict[str, Any]) -> dict[str, Any]:
    """The members of a rest-json request: from its path, its query and its JSON body."""
    query = Request(environ, shallow=True).args
    members: dict[str, Any] = {name: query[name] for name in query}
    if "TagKeys" in query:
        members["TagKeys"] = query.getlist("TagKeys")
    if "PageSize" in query:
        members["PageSize"] = query.get("PageSize", type=int)
    body = calls.read_body(environ)
    if body:
        try:
            document = json.loads(body)
        except ValueError:
            raise errors.ServiceError("BadRequestException", "the body is not JSON") from None
        if not isinstance(document, dict):
            raise errors.ServiceError("BadRequestException", "the body is not an object")
        members |= document
    return members | call.parameters
