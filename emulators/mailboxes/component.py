"""The mailboxes as a part of the emulators: both providers' MX, Exchange, and what they took.

    GET    /mail             deliveries, oldest first, by ?server=, ?mailbox= and ?message_id=;
                             with ?wait=SECONDS as soon as there is one
    DELETE /mail             forget them
    POST   /mail/gateway     {"address": IP}: the address that the forwarders play
    POST   /mail/exchange    {"username": …, "password": …}: the only credentials taken
    GET    /mail/senders     what the world's DNS says about senders
    POST   /mail/senders     {DOMAIN: {"spf": [CIDR…], "dmarc": "none", "otherwise": "fail"}}

emulators.json gets in `smtp`: `google` and `microsoft`, each MX as the gateway sees it, by way of a
forwarder, so that a relay may dial it as it is; `google_direct` and `microsoft_direct`, the same
with the client's own address; `exchange`. In `env`: GATEPOST_EXCHANGE_USERNAME and
GATEPOST_EXCHANGE_PASSWORD. Certificates are valid for aspmx.l.google.com,
*.mail.protection.outlook.com and exchange.example.net.
"""

from __future__ import annotations

import contextlib
import secrets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from aiosmtpd.smtp import SMTP

from emulators.component import Context, Handler
from emulators.exchange_online.component import ExchangeOnlineComponent
from emulators.google.component import GoogleComponent
from emulators.mailboxes import microsoft_stamps, senders, stamps
from emulators.mailboxes.exchange import Credentials, Exchange, ExchangeServer
from emulators.mailboxes.google_mx import GoogleMx
from emulators.mailboxes.microsoft_mx import MicrosoftMx
from emulators.mailboxes.senders import Sender
from emulators.mailboxes.servers import Servers
from emulators.mailboxes.smtp import Mailbox, StrictServer
from emulators.maildrop import Delivery

USERNAME = "relay@example.net"
GOOGLE_NAME = "aspmx.l.google.com"
EXCHANGE_NAME = "exchange.example.net"
MICROSOFT_NAMES = ("mail.protection.outlook.com", "*.mail.protection.outlook.com")
# The address in the egress range of us-east-1 that the gateway plays unless it is told otherwise.
GATEWAY_ADDRESS = "206.55.129.10"


def create(context: Context) -> MailboxesComponent:
    return MailboxesComponent(context)


class MailboxesComponent:
    """Built on `google` and `exchange_online`: each that runs gets its MX."""

    name = "mailboxes"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._maildrop = context.maildrop
        self._first = Credentials(USERNAME, secrets.token_urlsafe(18))
        self._senders: dict[str, Sender] = dict(senders.FIRST)
        self._servers = Servers()
        clock = context.clock
        self._exchange = Exchange(
            context.maildrop,
            self._first,
            lambda: datetime.fromtimestamp(clock.now(), UTC),
            context.faults,
        )

    def start(self) -> dict[str, Any]:
        self._servers.start()
        context = self._context
        smtp: dict[str, str] = {}
        google = context.components.get("google")
        if isinstance(google, GoogleComponent):
            smtp |= self._mx(
                GoogleMx(google.tenant, self._senders, context.faults),
                stamps.HOST,
                context.ca.server_context([GOOGLE_NAME]),
            )
        microsoft = context.components.get("exchange_online")
        if isinstance(microsoft, ExchangeOnlineComponent):
            tls = context.ca.server_context(MICROSOFT_NAMES)
            # A connector may ask for a client's certificate; nobody needs to have one.
            tls.verify_mode = ssl.CERT_OPTIONAL
            tls.load_verify_locations(context.ca.certificate)
            smtp |= self._mx(
                MicrosoftMx(microsoft.organization, self._senders, context.faults),
                microsoft_stamps.FRONT,
                tls,
            )
        smtp["exchange"] = _text(
            self._servers.serve(
                self._exchange_connection(context.ca.server_context([EXCHANGE_NAME]))
            )
        )
        return {
            "smtp": smtp,
            "env": {
                "GATEPOST_EXCHANGE_USERNAME": self._first.username,
                "GATEPOST_EXCHANGE_PASSWORD": self._first.password,
            },
        }

    def _mx(self, handler: Mailbox, host: str, tls: ssl.SSLContext) -> dict[str, str]:
        """Serve a provider's MX, directly and as the gateway sees it."""

        def connection() -> SMTP:
            return StrictServer(
                handler,
                hostname=host,
                tls_context=tls,
                enable_SMTPUTF8=True,
                auth_exclude_mechanism=["LOGIN", "PLAIN"],
                loop=self._servers.loop,
            )

        direct = self._servers.serve(connection)
        return {
            handler.name: _text(self._servers.forward(direct, GATEWAY_ADDRESS)),
            f"{handler.name}_direct": _text(direct),
        }

    def _exchange_connection(self, tls: ssl.SSLContext) -> Callable[[], SMTP]:
        def connection() -> SMTP:
            return ExchangeServer(
                self._exchange,
                hostname=EXCHANGE_NAME,
                tls_context=tls,
                enable_SMTPUTF8=True,
                auth_exclude_mechanism=["PLAIN"],
                auth_required=True,
                auth_require_tls=True,
                authenticator=self._exchange.authenticate,
                loop=self._servers.loop,
            )

        return connection

    def stop(self) -> None:
        self._servers.stop()

    def reset(self) -> None:
        self._maildrop.clear()
        self._senders.clear()
        self._senders.update(senders.FIRST)
        self._exchange.credentials = self._first
        self._servers.play(GATEWAY_ADDRESS)

    def state(self) -> dict[str, Any]:
        return {
            "mail": [
                {"server": one.server, "mailbox": one.mailbox, "message_id": one.message_id}
                for one in self._maildrop.select()
            ],
            "senders": self._table(),
        }

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "GET /mail": self._list,
            "DELETE /mail": self._clear,
            "POST /mail/gateway": self._play,
            "POST /mail/exchange": self._credentials,
            "GET /mail/senders": lambda _body: self._table(),
            "POST /mail/senders": self._set_senders,
        }

    def _list(self, query: Any) -> Any:
        wanted = dict(query or {})
        known = ("server", "mailbox", "message_id", "wait")
        unknown = sorted(set(wanted) - set(known))
        if unknown:
            raise ValueError(f"{unknown[0]}: unknown; known are {', '.join(known)}")
        message_id = str(wanted.get("message_id", "")).strip("<>")

        def chosen(one: Delivery) -> bool:
            return (
                wanted.get("server") in (None, one.server)
                and str(wanted.get("mailbox", one.mailbox)).lower() == one.mailbox
                and message_id in ("", one.message_id.strip("<>"))
            )

        with contextlib.suppress(TimeoutError):
            self._maildrop.wait(chosen, timeout=_seconds(wanted.get("wait", 0)))
        return {"mail": [one.summary() for one in self._maildrop.select() if chosen(one)]}

    def _clear(self, _body: Any) -> Any:
        self._maildrop.clear()
        return {"mail": []}

    def _play(self, body: Any) -> Any:
        (address,) = _members(body, "address")
        self._servers.play(str(ip_address(address)))
        return {"address": address}

    def _credentials(self, body: Any) -> Any:
        self._exchange.credentials = Credentials(*_members(body, "username", "password"))
        return {}

    def _table(self) -> Any:
        return {domain: asdict(sender) for domain, sender in self._senders.items()}

    def _set_senders(self, body: Any) -> Any:
        self._senders.update(senders.parse(body))
        return self._table()


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds <= 300:
        raise ValueError("wait: must be 0 to 300 seconds")
    return seconds


def _text(address: tuple[str, int]) -> str:
    return "{}:{}".format(*address)


def _members(body: Any, *names: str) -> list[str]:
    if not isinstance(body, dict) or set(body) != set(names):
        raise ValueError(f"the body must be an object with the members {', '.join(names)}")
    values = [body[name] for name in names]
    if not all(isinstance(value, str) for value in values):
        raise ValueError(f"{', '.join(names)}: must be strings")
    return values
