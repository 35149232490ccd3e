"""The emulated Google as a WSGI application: /token and every method of the API descriptions.

One URL serves all three APIs; their paths do not collide. A request is judged in Google's order:
the path, the token, the method's scopes, the parameters, then the method.

Injected faults: service google, operation a method's id such as gmail.users.messages.list; the
fault's code is the `reason` of Google's error.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from emulators.faults import Faults
from emulators.google import discovery, gmail, policies, reports
from emulators.google.errors import ApiError, TokenError, scope_insufficient
from emulators.google.tenant import Tenant
from emulators.google.tokens import Grant, TokenEndpoint

log = logging.getLogger(__name__)

Handler = Callable[[Tenant, Grant, Mapping[str, object]], dict]

_HANDLERS: dict[str, Handler] = {
    "gmail.users.messages.list": gmail.list_messages,
    "gmail.users.messages.get": gmail.get_message,
    "cloudidentity.policies.list": policies.list_policies,
    "cloudidentity.policies.get": policies.get_policy,
    "reports.activities.list": reports.list_activities,
}


class GoogleApp:
    """The WSGI application."""

    def __init__(self, tenant: Tenant, faults: Faults) -> None:
        self.tenant = tenant
        self.tokens = TokenEndpoint(tenant)
        self._faults = faults

    def reset(self) -> None:
        """A new tenant; the service account's key stays, so that clients go on."""
        self.tenant.reset()
        self.tokens.revoke()

    def __call__(
        self, environ: dict[str, object], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        request = Request(environ)
        try:
            code, body = 200, self._answer(request)
        except (ApiError, TokenError) as error:
            code, body = error.code, error.body
        except HTTPException as error:
            wrong = ApiError(400, str(error.description))
            code, body = wrong.code, wrong.body
        except Exception:
            log.exception("the Google emulator failed")
            fault = ApiError(500, "Internal error encountered.")
            code, body = fault.code, fault.body
        text = json.dumps(body, indent=2, ensure_ascii=False) + "\n"
        response = Response(text, code, content_type="application/json; charset=UTF-8")
        return response(environ, start_response)

    def _answer(self, request: Request) -> dict:
        if request.path == "/token":
            if request.method != "POST":
                raise TokenError("invalid_request", "POST the form", 405)
            return self.tokens.exchange(request.form)
        # The path as sent: a user id may hold an escaped slash.
        raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or "")
        path = raw.partition("?")[0] or request.path
        method, parts = discovery.match(request.method, path)
        self._fault(method.id)
        grant = self.tokens.grant(request.headers.get("Authorization", ""))
        if not grant.scopes & method.scopes:
            raise scope_insufficient()
        values = discovery.arguments(method, parts, request.args.items(multi=True))
        return _HANDLERS[method.id](self.tenant, grant, values)

    def _fault(self, method: str) -> None:
        fault = self._faults.take("google", method)
        if fault is None:
            return
        time.sleep(fault.delay)
        if fault.code:
            raise ApiError(fault.status, fault.message, fault.code)
