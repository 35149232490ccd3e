"""The managed identity endpoint of a virtual machine's Instance Metadata Service, over plain http.

    GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=RESOURCE
        [&client_id= | &object_id= | &msi_res_id=]        with the header Metadata: true

Source: "How to use managed identities for Azure resources on an Azure VM to acquire an access
token". Injected faults: service imds, operation token; `code` is the error, any status.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Request, Response

from emulators.faults import Faults
from emulators.login.directory import Directory
from emulators.login.errors import unknown_resource
from emulators.login.tokens import Tokens

_VERSIONS = ("2018-02-01", "2019-08-01")
_SELECTORS = ("client_id", "object_id", "msi_res_id", "mi_res_id")


class _Refused(Exception):
    def __init__(self, status: int, error: str, text: str, retry_after: int = 0) -> None:
        super().__init__(text)
        self.status, self.error, self.text, self.retry_after = status, error, text, retry_after


class ImdsApp:
    """The WSGI application."""

    def __init__(self, directory: Directory, tokens: Tokens, faults: Faults) -> None:
        self._directory = directory
        self._tokens = tokens
        self._faults = faults

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        headers = {}
        try:
            status, body = 200, self._answer(Request(environ))
        except _Refused as refused:
            status = refused.status
            body = {"error": refused.error, "error_description": refused.text}
            if refused.retry_after:
                headers["Retry-After"] = str(refused.retry_after)
        response = Response(json.dumps(body), status, headers, content_type="application/json")
        return response(environ, start_response)

    def _answer(self, request: Request) -> dict[str, Any]:
        if request.path != "/metadata/identity/oauth2/token" or request.method != "GET":
            raise _Refused(404, "not_found", f"There is nothing at {request.path}.")
        if request.headers.get("Metadata", "").lower() != "true":
            raise _Refused(400, "bad_request_102", "Required metadata header not specified")
        if "X-Forwarded-For" in request.headers:
            raise _Refused(403, "bad_request_103", "A request through a proxy is refused")
        if request.args.get("api-version") not in _VERSIONS:
            raise _Refused(400, "bad_request_101", "api-version was not specified or is unknown")
        self._fault()
        identity = self._directory.identity
        selected = [request.args[name] for name in _SELECTORS if name in request.args]
        if len(selected) > 1:
            raise _Refused(400, "invalid_request", "Only one identity may be named")
        if identity is None or not identity.enabled:
            raise _Refused(400, "invalid_request", "Identity not found")
        if selected and selected[0] not in (identity.client_id, identity.object_id):
            raise _Refused(400, "invalid_request", "Identity not found")
        wanted = request.args.get("resource", "")
        found = self._directory.cloud.resource(wanted)
        if found is None:
            error = unknown_resource(wanted, self._directory.tenant_id)
            raise _Refused(400, error.error, f"AADSTS{error.number}: {error.text}")
        made = self._tokens.make(identity, *found)
        now = int(time.time())
        return {
            "access_token": made["access_token"],
            "client_id": identity.client_id,
            # Numbers are strings here.
            "expires_in": str(made["expires_in"]),
            "expires_on": str(now + made["expires_in"]),
            "ext_expires_in": str(made["expires_in"]),
            "not_before": str(now),
            "resource": wanted,
            "token_type": "Bearer",
        }

    def _fault(self) -> None:
        fault = self._faults.take("imds", "token")
        if fault is None:
            return
        time.sleep(fault.delay)
        if fault.code:
            raise _Refused(fault.status, fault.code, fault.message, fault.retry_after)
