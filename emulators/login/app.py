"""The identity platform as a WSGI application: discovery, keys, instances and tokens.

    GET  /common/discovery/instance                       is this authority known
    GET  /{tenant}[/v2.0]/.well-known/openid-configuration
    GET  /{tenant}/discovery[/v2.0]/keys
    POST /{tenant}/oauth2/v2.0/token                      client credentials alone

Answers name the host that was asked, so that a client may dial loopback or be led to loopback under
a cloud's own host name; a tenant is only found by the login hosts of its own cloud.

Injected faults: service login, operation token, openid-configuration or instance; `code` is the
OAuth error (such as temporarily_unavailable), `message` its description.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from emulators.faults import Faults
from emulators.login import assertions, errors
from emulators.login.clouds import LOGIN_HOSTS
from emulators.login.directory import Application, Directory
from emulators.login.errors import AadError
from emulators.login.tokens import Tokens

_ANY_TENANT = ("common", "organizations", "consumers")
_MULTIPLE = ("client_id", "grant_type", "scope", "client_secret", "client_assertion")


class _Injected(Exception):
    def __init__(self, status: int, body: dict[str, str], retry_after: int) -> None:
        super().__init__(body["error"])
        self.status, self.body, self.retry_after = status, body, retry_after


class LoginApp:
    """The WSGI application."""

    def __init__(self, directory: Directory, tokens: Tokens, faults: Faults) -> None:
        self._directory = directory
        self._tokens = tokens
        self._faults = faults

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        request = Request(environ)
        headers = {}
        try:
            status, body = 200, self._answer(request)
        except AadError as error:
            status = error.status
            correlation = request.headers.get("client-request-id", "")
            body = error.body(time.time(), correlation)
        except _Injected as fault:
            status, body = fault.status, fault.body
            if fault.retry_after:
                headers["Retry-After"] = str(fault.retry_after)
        response = Response(
            json.dumps(body), status, headers, content_type="application/json; charset=utf-8"
        )
        response.headers["Cache-Control"] = "no-store, no-cache"
        return response(environ, start_response)

    def _answer(self, request: Request) -> dict[str, Any]:
        segments = [one for one in request.path.split("/") if one]
        match request.method, segments:
            case "GET", ["common", "discovery", "instance"]:
                self._fault("instance")
                return self._instance(request)
            case "GET", [tenant, "v2.0", ".well-known", "openid-configuration"]:
                self._fault("openid-configuration")
                return self._openid(request, tenant, "/v2.0")
            case "GET", [tenant, ".well-known", "openid-configuration"]:
                self._fault("openid-configuration")
                return self._openid(request, tenant, "")
            case "GET", [tenant, "discovery", *rest] if rest in (["keys"], ["v2.0", "keys"]):
                self._tenant(request, tenant)
                return self._tokens.keys()
            case "POST", [tenant, "oauth2", "v2.0", "token"]:
                self._fault("token")
                return self._token(request, tenant)
            case _, [_, "oauth2", "v2.0", "token"]:
                raise AadError(
                    "invalid_request",
                    900561,
                    "The endpoint only accepts POST requests. Received "
                    f"a {request.method} request.",
                )
        raise AadError("invalid_request", 90100, f"There is nothing at {request.path}.", 404)

    def _tenant(self, request: Request, name: str) -> str:
        """The tenant's id, or the placeholder of a multi-tenant authority. Raises AadError."""
        if name.lower() in _ANY_TENANT:
            return "{tenantid}"
        host = urlsplit(f"//{request.host}").hostname or ""
        elsewhere = host in LOGIN_HOSTS and host not in self._directory.cloud.login
        if elsewhere or not self._directory.names(name):
            raise errors.tenant_not_found(name)
        return self._directory.tenant_id

    def _openid(self, request: Request, tenant: str, version: str) -> dict[str, Any]:
        tenant_id = self._tenant(request, tenant)
        segment = tenant.lower() if tenant_id == "{tenantid}" else tenant_id
        here = f"https://{request.host}"
        return {
            "token_endpoint": f"{here}/{segment}/oauth2{version}/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "jwks_uri": f"{here}/{segment}/discovery{version}/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": (
                f"{here}/{tenant_id}/v2.0" if version else f"https://sts.windows.net/{tenant_id}/"
            ),
            "authorization_endpoint": f"{here}/{segment}/oauth2{version}/authorize",
            "device_authorization_endpoint": f"{here}/{segment}/oauth2{version}/devicecode",
            "tenant_region_scope": "EU",
            "cloud_instance_name": self._directory.cloud.login[0],
            "msgraph_host": self._directory.cloud.graph,
        }

    def _instance(self, request: Request) -> dict[str, Any]:
        wanted = request.args.get("authorization_endpoint", "")
        if request.args.get("api-version") not in ("1.0", "1.1"):
            raise errors.missing("api-version")
        parts = urlsplit(wanted)
        segments = [one for one in parts.path.split("/") if one]
        known = (parts.hostname or "") in LOGIN_HOSTS or parts.netloc == request.host
        if parts.scheme != "https" or not known or not segments:
            raise AadError("invalid_instance", 50049, "Unknown or invalid instance.")
        return {
            "tenant_discovery_endpoint": (
                f"https://{parts.netloc}/{segments[0]}/v2.0/.well-known/openid-configuration"
            ),
            "api-version": request.args["api-version"],
            "metadata": [
                {"preferred_network": group[0], "preferred_cache": group[0], "aliases": list(group)}
                for group in (self._directory.cloud.login,)
            ],
        }

    def _token(self, request: Request, tenant: str) -> dict[str, Any]:
        form = request.form
        for name in _MULTIPLE:
            if len(form.getlist(name)) > 1:
                raise AadError(
                    "invalid_request", 9001013, f"Parameter '{name}' is duplicated in the request."
                )
        if self._tenant(request, tenant) == "{tenantid}":
            raise AadError(
                "invalid_request",
                50059,
                "No tenant-identifying information found in either the request or implied by any "
                "provided credentials.",
            )
        grant = form.get("grant_type") or _absent("grant_type")
        if grant != "client_credentials":
            raise AadError(
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{grant}'.",
            )
        application = self._authenticate(request, tenant)
        service, audience = self._resource(form.get("scope") or _absent("scope"), tenant)
        return self._tokens.make(application, service, audience)

    def _authenticate(self, request: Request, tenant: str) -> Application:
        form = request.form
        basic = request.authorization
        client_id = form.get("client_id") or (basic.username if basic else "") or ""
        assertion = form.get("client_assertion", "")
        if not client_id and assertion:
            client_id = assertions.issuer(assertion)
        if not client_id:
            _absent("client_id")
        application = self._directory.application(client_id)
        if application is None:
            raise errors.unknown_application(client_id, tenant)
        if not application.enabled:
            raise AadError(
                "unauthorized_client", 7000112, f"Application '{client_id}' is disabled."
            )
        if assertion:
            if form.get("client_assertion_type") != assertions.ASSERTION_TYPE:
                raise AadError(
                    "invalid_request",
                    900013,
                    f"'client_assertion_type' must be {assertions.ASSERTION_TYPE}.",
                )
            # The client's clock is the machine's, whatever the emulated time is.
            assertions.judge(assertion, application, self._audiences(request), time.time())
            return application
        secret = form.get("client_secret") or (basic.password if basic else "") or ""
        if not secret:
            raise AadError(
                "invalid_client",
                7000216,
                "'client_assertion', 'client_secret' or 'request' is required for the "
                "'client_credentials' grant type.",
                401,
            )
        if not application.accepts(secret):
            raise AadError(
                "invalid_client",
                7000215,
                "Invalid client secret provided. Ensure the secret being sent in the request is "
                "the client secret value, not the client secret ID, for a secret added to app "
                f"'{client_id}'.",
                401,
            )
        if application.secret_expired:
            raise AadError(
                "invalid_client",
                7000222,
                f"The provided client secret keys for app '{client_id}' are expired. Visit the "
                "Azure portal to create new keys for your app.",
                401,
            )
        return application

    def _audiences(self, request: Request) -> set[str]:
        here = f"https://{request.host}"
        names = (self._directory.tenant_id, *self._directory.domains)
        return {
            f"{here}/{name}{path}"
            for name in names
            for path in ("/oauth2/v2.0/token", "/oauth2/token", "/v2.0", "/")
        }

    def _resource(self, scope: str, tenant: str) -> tuple[str, str]:
        scopes = scope.split()
        if len(scopes) != 1 or not scopes[0].endswith("/.default"):
            raise AadError(
                "invalid_scope",
                1002012,
                f"The provided value for scope {scope} is not valid. Client credential flows must "
                "have a scope value with /.default suffixed to the resource identifier "
                "(application ID URI).",
            )
        identifier = scopes[0].removesuffix("/.default")
        found = self._directory.cloud.resource(identifier)
        if found is None:
            raise errors.unknown_resource(identifier, tenant)
        return found

    def _fault(self, operation: str) -> None:
        fault = self._faults.take("login", operation)
        if fault is None:
            return
        time.sleep(fault.delay)
        if fault.code:
            body = {"error": fault.code, "error_description": fault.message}
            raise _Injected(fault.status, body, fault.retry_after)


def _absent(parameter: str) -> Any:
    raise errors.missing(parameter)
