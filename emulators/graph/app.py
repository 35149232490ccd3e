"""Graph as a WSGI application.

    GET /v1.0/users/{user}/messages                          list
    GET /v1.0/users/{user}/mailFolders/{folder}/messages     list one folder
    GET /v1.0/users/{user}/messages/{id}                     one message
    GET /v1.0/users/{user}/messages/{id}/$value              its MIME content, byte for byte

The application needs the permission Mail.Read; Mail.ReadBasic.All gives no content and no headers.
Injected faults: service graph, operation messages.list, messages.get or messages.value; `code` is
Graph's error code.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlencode

from werkzeug.wrappers import Request, Response

from emulators.exchange_online.organization import Organization
from emulators.faults import Faults
from emulators.graph import errors, messages, query
from emulators.graph.errors import GraphError
from emulators.login.tokens import Tokens, Unauthorized
from emulators.maildrop import Delivery


class GraphApp:
    """The WSGI application."""

    def __init__(self, organization: Organization, tokens: Tokens, faults: Faults) -> None:
        self._organization = organization
        self._tokens = tokens
        self._faults = faults

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = self._answer(request)
        except GraphError as error:
            client_id = request.headers.get("client-request-id", "")
            response = _json(error.body(client_id), error.status)
            if error.retry_after:
                response.headers["Retry-After"] = str(error.retry_after)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        roles = self._authorize(request)
        if request.method != "GET":
            raise GraphError(405, "Request_BadRequest", "Mailboxes are read here, never written.")
        # The path as sent: an id may hold an escaped slash.
        raw = str(request.environ.get("RAW_URI") or request.path).partition("?")[0]
        match [unquote(one) for one in raw.split("/") if one]:
            case ["v1.0", "users", user, "messages"]:
                return self._list(request, user, None, roles)
            case ["v1.0", "users", user, "mailFolders", folder, "messages"]:
                return self._list(request, user, folder, roles)
            case ["v1.0", "users", user, "messages", identifier]:
                return self._get(request, user, identifier, roles)
            case ["v1.0", "users", user, "messages", identifier, "$value"]:
                return self._value(user, identifier, roles)
        raise GraphError(400, "BadRequest", f"Resource not found for the segment {request.path!r}.")

    def _authorize(self, request: Request) -> frozenset[str]:
        try:
            return self._tokens.judge(request.headers.get("Authorization", ""), "graph").roles
        except Unauthorized as refused:
            raise GraphError(401, "InvalidAuthenticationToken", refused.text) from None

    def _list(
        self, request: Request, user: str, folder: str | None, roles: frozenset[str]
    ) -> Response:
        self._fault("messages.list")
        asked = query.read(request.args.items(multi=True))
        select = _readable(asked.select, "$select" in request.args, roles)
        found = [
            one
            for one in self._mailbox(user)
            if (folder is None or _in_folder(one, folder))
            and all(test(one) for test in asked.wanted)
        ]
        if asked.newest_first:
            found.reverse()
        shown = found[asked.skip : asked.skip + asked.top]
        document: dict[str, Any] = {
            "@odata.context": (
                f"https://graph.microsoft.com/v1.0/$metadata#users('{user}')/messages"
            ),
            "value": [messages.resource(one, select) for one in shown],
        }
        if asked.count:
            document["@odata.count"] = len(found)
        if asked.skip + asked.top < len(found):
            following = {**request.args.to_dict(), "$skip": str(asked.skip + asked.top)}
            document["@odata.nextLink"] = f"{request.base_url}?{urlencode(following)}"
        return _json(document)

    def _get(self, request: Request, user: str, identifier: str, roles: frozenset[str]) -> Response:
        self._fault("messages.get")
        asked = query.read(request.args.items(multi=True), ("$select",))
        select = _readable(asked.select, "$select" in request.args, roles)
        return _json(messages.resource(self._message(user, identifier), select))

    def _value(self, user: str, identifier: str, roles: frozenset[str]) -> Response:
        self._fault("messages.value")
        if "Mail.Read" not in roles:
            raise errors.access_denied()
        return Response(self._message(user, identifier).raw, content_type="text/plain")

    def _mailbox(self, user: str) -> list[Delivery]:
        """What can be read in a user's mailbox now, oldest first. Raises GraphError."""
        if not self._organization.has_mailbox(user):
            raise errors.invalid_user(user)
        lag = timedelta(seconds=self._organization.settings.mail_lag)
        latest = self._organization.now() - lag
        mailbox = self._organization.maildrop.select(server="microsoft", mailbox=user)
        return [one for one in mailbox if one.received_at <= latest]

    def _message(self, user: str, identifier: str) -> Delivery:
        if not identifier.startswith("AAMkAD"):
            raise GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")
        for one in self._mailbox(user):
            if messages.identifier(one) == identifier:
                return one
        raise errors.not_found()

    def _fault(self, operation: str) -> None:
        fault = self._faults.take("graph", operation)
        if fault is None:
            return
        time.sleep(fault.delay)
        if fault.code:
            raise GraphError(fault.status, fault.code, fault.message, fault.retry_after)


def _readable(select: tuple[str, ...], chosen: bool, roles: frozenset[str]) -> tuple[str, ...]:
    """The properties that these permissions show. Raises GraphError."""
    if "Mail.Read" in roles:
        return select
    if "Mail.ReadBasic.All" not in roles:
        raise errors.access_denied()
    if chosen and set(select) & set(query.PRIVATE):
        raise errors.access_denied()
    return tuple(one for one in select if one not in query.PRIVATE)


def _in_folder(delivery: Delivery, folder: str) -> bool:
    name, _ = messages.FOLDERS[delivery.folder]
    return folder.lower() == name or folder == messages.folder_id(delivery.mailbox, delivery.folder)


def _json(document: Any, status: int = 200) -> Response:
    return Response(
        json.dumps(document),
        status,
        content_type="application/json; odata.metadata=minimal; odata.streaming=true",
    )
