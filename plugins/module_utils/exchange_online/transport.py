# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only I/O with Exchange Online: one cmdlet, by InvokeCommand, whole.

A token that is refused is asked for anew, once. Throttling is waited for (patience). All pages of a
reading cmdlet are read, or none.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.errors import ServiceError
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import protocol
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.login import (
    TIMEOUT,
    Token,
)
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.patience import (
    patiently,
)

try:  # noqa: SIM105
    import requests
except ImportError:  # login reports it
    pass


class Session:
    """HTTP with a token: signs in when first needed, and again when a token is refused."""

    def __init__(self, http: Any, sign_in: Callable[[], Token]) -> None:
        self._http = http
        self._sign_in = sign_in
        self._token: Token | None = None

    def send(
        self,
        operation: str,
        method: str,
        request: Callable[[Token], tuple[str, dict[str, str]]],
        body: Any = None,
    ) -> protocol.Reply:
        """One request. request: from the token to the URL and the headers. Raises Broken."""
        fresh = self._token is None
        reply = self._once(operation, method, request, body)
        if reply.status == 401 and not fresh:
            self._token = None
            reply = self._once(operation, method, request, body)
        return reply

    def _once(self, operation: str, method: str, request: Any, body: Any) -> protocol.Reply:
        self._token = self._token or self._sign_in()
        url, headers = request(self._token)
        try:
            # A redirect would carry the token elsewhere.
            answer = self._http.request(
                method, url, headers=headers, json=body, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            name = type(error).__name__
            raise protocol.Broken(operation, name, str(error)) from error
        names = {name.lower(): value for name, value in answer.headers.items()}
        return protocol.Reply(answer.status_code, names, answer.content)


class ExchangeOnline:
    """One tenant's Exchange. warnings: what the service said beside its answers."""

    def __init__(self, endpoint: str, session: Session) -> None:
        self._endpoint = endpoint
        self._session = session
        self.warnings: list[str] = []

    def invoke(self, cmdlet: str, **parameters: Any) -> list[dict[str, Any]]:
        """The objects that a cmdlet returns, of all pages. Raises NotFound or ServiceError."""
        body = protocol.body(cmdlet, parameters)
        found: list[dict[str, Any]] = []
        seen: set[str] = set()
        following: str | None = None
        while True:
            page = self._page(cmdlet, body, following)
            found += page.values
            self.warnings += [one for one in page.warnings if one not in self.warnings]
            following = page.following
            if following is None:
                return found
            if following in seen:
                raise ServiceError(cmdlet, "Loop", "the listing does not end")
            seen.add(following)

    def _page(self, cmdlet: str, body: Any, following: str | None) -> protocol.Page:
        request_id = str(uuid.uuid4())

        def request(token: Token) -> tuple[str, dict[str, str]]:
            url = following or protocol.url(self._endpoint, token.tenant)
            return url, protocol.headers(cmdlet, token.tenant, token.value, request_id)

        def attempt() -> protocol.Page:
            reply = self._session.send(cmdlet, "POST", request, body)
            return protocol.read(cmdlet, reply, self._endpoint)

        return patiently(attempt, reads=protocol.is_reading(cmdlet))
