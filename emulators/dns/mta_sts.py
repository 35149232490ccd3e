"""The HTTPS host of MTA-STS policies: https://mta-sts.DOMAIN/.well-known/mta-sts.txt.

The certificate is for the name that the client asks for by SNI, where that begins with mta-sts.
Source: RFC 8461 section 3.3.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from emulators.ca import Authority

PREFIX = "mta-sts."


@dataclass(frozen=True)
class Policy:
    """What the host answers. status, content_type: of the HTTP answer."""

    text: str
    status: int = 200
    content_type: str = "text/plain"


class PolicyApp:
    """The WSGI application. `policies`: by domain."""

    def __init__(self) -> None:
        self.policies: dict[str, Policy] = {}

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        request = Request(environ)
        host = request.host.partition(":")[0].lower()
        policy = self.policies.get(host.removeprefix(PREFIX))
        if not host.startswith(PREFIX) or policy is None:
            response = Response("There is no policy here.\n", 404)
        elif request.path != "/.well-known/mta-sts.txt":
            response = Response("There is nothing here.\n", 404)
        else:
            response = Response(policy.text, policy.status, content_type=policy.content_type)
        return response(environ, start_response)


def context(authority: Authority) -> ssl.SSLContext:
    """A server's context that has a certificate for every policy host."""
    contexts: dict[str, ssl.SSLContext] = {}

    def choose(connection: Any, name: str | None, _context: Any) -> int | None:
        if name is None or not name.lower().startswith(PREFIX) or len(name) > 200:
            return int(ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)
        if name not in contexts:
            contexts[name] = authority.server_context([name])
        connection.context = contexts[name]
        return None

    first = authority.server_context(["mta-sts.invalid"])
    first.sni_callback = choose
    return first
