"""Exchange Online as a part of the emulators.

    GET  /exchange/settings      every object, as mail meets it
    POST /exchange/cmdlet        {"CmdletName": …, "Parameters": {…}}: run one as an administrator
                                 would, past the wire and its throttling
    GET  /exchange/organization  domains, unknown_users, and the lags of organization.Settings
    POST /exchange/organization  change some of them
    GET  /exchange/calls         calls over the wire, as `reads` and `writes` by cmdlet
    DELETE /exchange/calls       forget them

emulators.json gets `exchange_online`, an https URL, and in `env` GATEPOST_M365_EXCHANGE_ENDPOINT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from emulators.component import Context, Handler
from emulators.exchange_online.app import ExchangeApp
from emulators.exchange_online.errors import CmdletError
from emulators.exchange_online.initial import KINDS
from emulators.exchange_online.organization import Organization, Settings
from emulators.login.clouds import EXCHANGE_HOSTS
from emulators.login.component import LOOPBACK, LoginComponent
from emulators.login.directory import DIRECTORY_ROLES
from emulators.web import Web


def create(context: Context) -> ExchangeOnlineComponent:
    return ExchangeOnlineComponent(context)


class ExchangeOnlineComponent:
    """Built on `login`. `organization` is what Graph and the mailboxes build on."""

    name = "exchange_online"

    def __init__(self, context: Context) -> None:
        login = context.components.get("login")
        if not isinstance(login, LoginComponent):
            raise ValueError("exchange_online needs the emulator login")
        self.organization = Organization(context.clock, context.maildrop)
        self._app = ExchangeApp(self.organization, login.directory, login.tokens, context.faults)
        self._web = Web(
            self._app,
            name="exchange_online",
            tls=context.ca.server_context([*LOOPBACK, *EXCHANGE_HOSTS]),
        )
        self._started = False

    def start(self) -> dict[str, Any]:
        url = self._web.start()
        self._started = True
        return {"exchange_online": url, "env": {"GATEPOST_M365_EXCHANGE_ENDPOINT": url}}

    def stop(self) -> None:
        if self._started:
            self._web.stop()

    def reset(self) -> None:
        self.organization.reset()
        self._app.reset()

    def state(self) -> Any:
        return {"organization": self._settings(), "objects": self._objects()}

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "GET /exchange/settings": lambda _body: self._objects(),
            "POST /exchange/cmdlet": self._cmdlet,
            "GET /exchange/organization": lambda _body: self._settings(),
            "POST /exchange/organization": self._configure,
            "GET /exchange/calls": lambda _body: self._calls(),
            "DELETE /exchange/calls": self._forget_calls,
        }

    def _objects(self) -> Any:
        return {kind: [_plain(one) for one in self.organization.all(kind)] for kind in KINDS}

    def _cmdlet(self, body: Any) -> Any:
        if not isinstance(body, dict) or set(body) != {"CmdletName", "Parameters"}:
            raise ValueError("the body must be an object with CmdletName and Parameters")
        roles = [DIRECTORY_ROLES["Global Administrator"]]
        try:
            result = self._app.run(str(body["CmdletName"]), dict(body["Parameters"]), roles)
        except CmdletError as error:
            raise ValueError(error.text) from None
        if result is None:
            raise LookupError(f"no cmdlet {body['CmdletName']}")
        return {"value": [_plain(one) for one in result.objects or ()]}

    def _settings(self) -> Any:
        return asdict(self.organization.settings)

    def _configure(self, body: Any) -> Any:
        if not isinstance(body, dict):
            raise ValueError("the body must be an object")
        first = Settings()
        known = {field.name: type(getattr(first, field.name)) for field in fields(Settings)}
        changes: dict[str, Any] = {}
        for name, value in body.items():
            if name not in known:
                raise ValueError(f"{name}: unknown; known are {', '.join(known)}")
            changes[name] = _setting(name, known[name], value)
        if changes.get("domains") == ():
            raise ValueError("domains: an organization has at least one")
        self.organization.configure(**changes)
        return self._settings()

    def _calls(self) -> Any:
        counted = sorted(self._app.calls.items())
        return {
            "reads": {name: count for name, count in counted if name.startswith("Get-")},
            "writes": {name: count for name, count in counted if not name.startswith("Get-")},
        }

    def _forget_calls(self, _body: Any) -> Any:
        self._app.calls.clear()
        return self._calls()


def _setting(name: str, kind: type, value: Any) -> Any:
    if kind is tuple:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValueError(f"{name}: must be a list of strings")
        return tuple(one.lower() for one in value)
    if kind is bool:
        if not isinstance(value, bool):
            raise ValueError(f"{name}: must be true or false")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(f"{name}: must be a number that is not negative")
    return kind(value)


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: one.isoformat() if isinstance(one, datetime) else one for name, one in value.items()
    }
