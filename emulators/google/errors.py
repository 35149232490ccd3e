"""Errors in the JSON forms of Google's APIs and of its token endpoint."""

from __future__ import annotations

from http import HTTPStatus

# Canonical RPC status and the reason in the older `errors` list, by HTTP status.
_STATUS = {
    400: ("INVALID_ARGUMENT", "badRequest"),
    401: ("UNAUTHENTICATED", "authError"),
    403: ("PERMISSION_DENIED", "forbidden"),
    404: ("NOT_FOUND", "notFound"),
    405: ("INVALID_ARGUMENT", "httpMethodNotAllowed"),
    429: ("RESOURCE_EXHAUSTED", "rateLimitExceeded"),
    500: ("INTERNAL", "backendError"),
    503: ("UNAVAILABLE", "backendError"),
}


class ApiError(Exception):
    """A request that the API refuses. `body` is what Google answers with `code`."""

    def __init__(self, code: int, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        status, usual = _STATUS.get(code, ("UNKNOWN", "unknownError"))
        error: dict[str, object] = {
            "code": code,
            "message": message,
            "errors": [{"message": message, "domain": "global", "reason": reason or usual}],
            "status": status,
        }
        if reason == "insufficientPermissions":
            error["details"] = [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                    "domain": "googleapis.com",
                }
            ]
        self.body: dict[str, object] = {"error": error}


class TokenError(Exception):
    """A refusal of the token endpoint (RFC 6749 section 5.2)."""

    def __init__(self, error: str, description: str, code: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(description)
        self.code = int(code)
        self.body = {"error": error, "error_description": description}


def unauthenticated() -> ApiError:
    return ApiError(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
        "cookie or other valid authentication credential.",
    )


def scope_insufficient() -> ApiError:
    return ApiError(
        403, "Request had insufficient authentication scopes.", "insufficientPermissions"
    )
