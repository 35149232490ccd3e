"""The admin API as a WSGI application.

    POST /adminapi/beta/{tenant}/InvokeCommand

A request is judged in the service's order: the token (401 without the permission
Exchange.ManageAsApp), the directory role (403), throttling, the cmdlet (403 with a body of NUL
bytes where the caller does not have it), its parameters, the organization.

Injected faults: service exchange_online, operation a cmdlet. `code` is
    Concurrency   the plain text that the service answers to too many requests at once
    NulBody       NUL bytes, as for a missing role
    Truncated     the true answer, cut in half (the cmdlet has run)
    any other     an OData error of that code, with `status`, `message` and `retry_after`
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from werkzeug.wrappers import Request, Response

from emulators.exchange_online import catalog, parameters, wire
from emulators.exchange_online.cmdlet import Result
from emulators.exchange_online.errors import CmdletError
from emulators.exchange_online.organization import Organization
from emulators.faults import Fault, Faults
from emulators.login.directory import Directory
from emulators.login.tokens import Token, Tokens, Unauthorized

CONCURRENCY = (
    "You have reached the maximum number of concurrent requests per tenant. Please wait and try "
    "again"
)
# Requests for message traces in five minutes.
_TRACES, _WINDOW = 100, 300.0
# What the service says in x-ms-diagnostics of a 401.
_DIAGNOSTICS = {
    "missing": ("2000001", "invalid_token"),
    "malformed": ("2000001", "invalid_token"),
    "expired": ("2000001", "invalid_token"),
    "audience": ("2000003", "invalid_resource"),
    "permission": ("2000008", "invalid_grant"),
}


class _Answer(Exception):
    """A response that is not the cmdlet's own."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class ExchangeApp:
    """The WSGI application. `calls` counts what was run, refused calls too, by cmdlet."""

    def __init__(
        self, organization: Organization, directory: Directory, tokens: Tokens, faults: Faults
    ) -> None:
        self._organization = organization
        self._directory = directory
        self._tokens = tokens
        self._faults = faults
        self._lock = threading.Lock()
        self._running = 0
        self._trace_times: deque[float] = deque()
        self.calls: Counter[str] = Counter()

    def reset(self) -> None:
        with self._lock:
            self.calls.clear()
            self._trace_times.clear()

    def run(self, cmdlet: str, given: dict[str, Any], wids: Iterable[str]) -> Result | None:
        """Run a cmdlet as these directory roles may; None where they do not have it.

        Raises CmdletError.
        """
        found = catalog.find(cmdlet, list(wids))
        if found is None:
            return None
        _, one = found
        arguments = parameters.bind(one.parameters, one.mandatory, given)
        with self._organization.locked():
            if one.hydrated:
                self._organization.check_hydrated()
            return one.run(self._organization, arguments)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        request = Request(environ)
        with self._lock:
            self._running += 1
            limit = self._organization.settings.concurrency
            crowded = 0 < limit < self._running
        try:
            response = self._answer(request, crowded)
        except _Answer as answer:
            response = answer.response
        except wire.BadRequest as error:
            response = _odata(400, "BadRequest", str(error))
        except CmdletError as error:
            response = _json(400, error.body())
        finally:
            with self._lock:
                self._running -= 1
        response.headers["request-id"] = request.headers.get("client-request-id", "")
        return response(environ, start_response)

    def _answer(self, request: Request, crowded: bool) -> Response:
        match [one for one in request.path.split("/") if one]:
            case ["adminapi", "beta", tenant, "InvokeCommand"]:
                pass
            case _:
                return _odata(404, "NotFound", f"There is nothing at {request.path}.")
        if request.method != "POST":
            return _odata(405, "MethodNotAllowed", "InvokeCommand takes POST.")
        token = self._authorize(request, tenant)
        body = request.get_data()
        invocation = wire.parse(request.headers.get("Content-Type", ""), body)
        found = catalog.find(invocation.cmdlet, token.wids)
        name = found[0] if found else invocation.cmdlet
        with self._lock:
            self.calls[name] += 1
        fault = self._fault(name)
        if crowded:
            raise _Answer(_text(429, CONCURRENCY))
        self._throttle(name)
        result = self.run(name, dict(invocation.parameters), token.wids)
        if result is None:
            return _nul()
        response = self._respond(request, tenant, result, body)
        if fault is not None:
            whole = response.get_data()
            return Response(whole[: len(whole) // 2], content_type=response.content_type)
        return response

    def _respond(self, request: Request, tenant: str, result: Result, body: bytes) -> Response:
        if result.objects is None and not result.warnings:
            return Response(b"", 200)
        root = f"https://{request.host}/adminapi/beta/{tenant}"
        objects, following = wire.page(
            result.objects or [],
            request.headers.get("Prefer", ""),
            request.args.get("$skiptoken", ""),
            body,
        )
        link = f"{root}/InvokeCommand?%24skiptoken={quote(following)}" if following else ""
        return _json(200, wire.answer(root, objects, result.warnings, link))

    def _authorize(self, request: Request, tenant: str) -> Token:
        try:
            token = self._tokens.judge(request.headers.get("Authorization", ""), "exchange")
            if "Exchange.ManageAsApp" not in token.roles:
                raise Unauthorized(
                    "permission",
                    "The token contains no permissions, or permissions can not be understood.",
                )
        except Unauthorized as refused:
            raise _Answer(_unauthorized(refused)) from None
        if not self._directory.names(tenant):
            raise _Answer(_odata(404, "NotFound", f"The organization {tenant} is not known here."))
        anchor = request.headers.get("X-AnchorMailbox", "")
        place = anchor.rpartition("@")[2]
        if anchor and (not place or not self._directory.names(place)):
            raise wire.BadRequest(f"X-AnchorMailbox names another organization: {anchor}.")
        if not catalog.is_administrator(token.wids):
            text = (
                f"The role assigned to application {token.client_id} isn't supported in this "
                "scenario. Please check online documentation for assigning correct Directory "
                "Roles to Azure AD Application for EXO App-Only Authentication."
            )
            raise _Answer(_odata(403, "Forbidden", text))
        return token

    def _throttle(self, cmdlet: str) -> None:
        if not cmdlet.startswith("Get-MessageTrace"):
            return
        now = self._organization.now().timestamp()
        with self._lock:
            while self._trace_times and self._trace_times[0] <= now - _WINDOW:
                self._trace_times.popleft()
            if len(self._trace_times) < _TRACES:
                self._trace_times.append(now)
                return
            wait = self._trace_times[0] + _WINDOW - now
        text = "Too many requests for message traces: 100 are allowed in 5 minutes."
        raise _Answer(_odata(429, "TooManyRequests", text, int(wait) + 1))

    def _fault(self, cmdlet: str) -> Fault | None:
        """Raise the injected fault's answer; the fault that cuts the true one is returned."""
        fault = self._faults.take("exchange_online", cmdlet)
        if fault is None:
            return None
        time.sleep(fault.delay)
        match fault.code:
            case "":
                return None
            case "Truncated":
                return fault
            case "NulBody":
                raise _Answer(_nul())
            case "Concurrency":
                raise _Answer(_text(429, CONCURRENCY, fault.retry_after))
        raise _Answer(_odata(fault.status, fault.code, fault.message, fault.retry_after))


def _json(status: int, body: Any) -> Response:
    return Response(
        json.dumps(body),
        status,
        content_type="application/json; odata.metadata=minimal; odata.streaming=true",
    )


def _odata(status: int, code: str, text: str, retry_after: int = 0) -> Response:
    response = _json(status, {"error": {"code": code, "message": text}})
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _text(status: int, text: str, retry_after: int = 0) -> Response:
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    return Response(text, status, headers, content_type="text/plain")


def _nul() -> Response:
    return Response(b"\0" * 1024, 403, content_type="application/json")


def _unauthorized(refused: Unauthorized) -> Response:
    number, category = _DIAGNOSTICS[refused.kind]
    return Response(
        b"",
        401,
        {
            "WWW-Authenticate": (
                'Bearer client_id="00000002-0000-0ff1-ce00-000000000000", '
                'token_types="app_asserted_user_v1 service_asserted_app_v1", '
                f'error="{category}"'
            ),
            "x-ms-diagnostics": (f'{number};reason="{refused.text}";error_category="{category}"'),
        },
    )
