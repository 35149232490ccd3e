"""The mailboxes as a part of the emulators: Google's MX, Exchange, and what was delivered to them.

    GET    /mail             deliveries, oldest first, by ?server=, ?mailbox= and ?message_id=
    DELETE /mail             forget them
    POST   /mail/gateway     {"address": IP}: the address that the forwarder plays
    POST   /mail/exchange    {"username": …, "password": …}: the only credentials taken

emulators.json gets in `smtp`: `google`, the MX as the gateway sees it, by way of the forwarder,
so that a relay may dial it as it is; `google_direct`, the same MX with the client's own address;
`exchange`. In `env`: GATEPOST_EXCHANGE_USERNAME and GATEPOST_EXCHANGE_PASSWORD. Certificates are
valid for aspmx.l.google.com and exchange.example.net.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from emulators.component import Context, Handler
from emulators.google.component import GoogleComponent
from emulators.mailboxes.exchange import Credentials
from emulators.mailboxes.servers import EXCHANGE_NAME, GATEWAY_ADDRESS, GOOGLE_NAME, Mailboxes

USERNAME = "relay@example.net"


def create(context: Context) -> MailboxesComponent:
    return MailboxesComponent(context)


class MailboxesComponent:
    """Built on the component `google`, whose tenant it delivers to."""

    name = "mailboxes"

    def __init__(self, context: Context) -> None:
        google = context.components.get("google")
        if not isinstance(google, GoogleComponent):
            raise ValueError("the mailboxes need the emulator google")
        self.tenant = google.tenant
        self._first = Credentials(USERNAME, secrets.token_urlsafe(18))
        self._mailboxes = Mailboxes(
            self.tenant,
            self._first,
            context.faults,
            context.ca.server_context([GOOGLE_NAME]),
            context.ca.server_context([EXCHANGE_NAME]),
        )

    def start(self) -> dict[str, Any]:
        at = self._mailboxes.start()
        return {
            "smtp": {
                "google": "{}:{}".format(*at.google_gateway),
                "google_direct": "{}:{}".format(*at.google),
                "exchange": "{}:{}".format(*at.exchange),
            },
            "env": {
                "GATEPOST_EXCHANGE_USERNAME": self._first.username,
                "GATEPOST_EXCHANGE_PASSWORD": self._first.password,
            },
        }

    def stop(self) -> None:
        self._mailboxes.stop()

    def reset(self) -> None:
        self.tenant.maildrop.clear()
        self._mailboxes.exchange.credentials = self._first
        self._mailboxes.play(GATEWAY_ADDRESS)

    def state(self) -> dict[str, Any]:
        return {
            "mail": [
                {"server": one.server, "mailbox": one.mailbox, "message_id": one.message_id}
                for one in self.tenant.maildrop.select()
            ]
        }

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "GET /mail": self._list,
            "DELETE /mail": self._clear,
            "POST /mail/gateway": self._play,
            "POST /mail/exchange": self._credentials,
        }

    def _list(self, query: Any) -> Any:
        wanted = dict(query or {})
        unknown = sorted(set(wanted) - {"mailbox", "server", "message_id"})
        if unknown:
            raise ValueError(f"{unknown[0]}: unknown; known are mailbox, server, message_id")
        message_id = wanted.pop("message_id", None)
        return {
            "mail": [
                one.summary()
                for one in self.tenant.maildrop.select(**wanted)
                if message_id is None or one.message_id.strip("<>") == message_id.strip("<>")
            ]
        }

    def _clear(self, _body: Any) -> Any:
        self.tenant.maildrop.clear()
        return {"mail": []}

    def _play(self, body: Any) -> Any:
        (address,) = _members(body, "address")
        self._mailboxes.play(str(ip_address(address)))
        return {"address": address}

    def _credentials(self, body: Any) -> Any:
        self._mailboxes.exchange.credentials = Credentials(*_members(body, "username", "password"))
        return {}


def _members(body: Any, *names: str) -> list[str]:
    if not isinstance(body, dict) or set(body) != set(names):
        raise ValueError(f"the body must be an object with the members {', '.join(names)}")
    values = [body[name] for name in names]
    if not all(isinstance(value, str) for value in values):
        raise ValueError(f"{', '.join(names)}: must be strings")
    return values
