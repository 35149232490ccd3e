"""Google Workspace as a part of the emulators: its URL, its credentials file, its control paths.

    GET  /google/gateway     the inbound gateway setting
    PUT  /google/gateway     save it (POST does the same); the members of emulators.google.gateway
    GET  /google/tenant      domains, unknown_users, policy_api_shows_gateway, audit_lag, spam
    POST /google/tenant      change some of them
    POST /google/audit       {"name": EVENT, "parameters": {NAME: VALUE}}: another line in the log
    POST /google/revoke      end every access token

emulators.json gets `google` (all APIs below one URL) and in `env` GATEPOST_GOOGLE_CREDENTIALS (a
service account's file whose token_uri is the emulator), GATEPOST_GOOGLE_SUBJECT (the super
administrator) and GATEPOST_GOOGLE_ENDPOINT.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from emulators.component import Context, Handler
from emulators.google.app import GoogleApp
from emulators.google.gateway import parse_gateway
from emulators.google.tenant import Settings, Tenant
from emulators.web import Web


def create(context: Context) -> GoogleComponent:
    return GoogleComponent(context)


class GoogleComponent:
    """`tenant` is what the mailboxes build on."""

    name = "google"

    def __init__(self, context: Context) -> None:
        clock = context.clock
        self.tenant = Tenant(lambda: datetime.fromtimestamp(clock.now(), UTC), context.maildrop)
        self.app = GoogleApp(self.tenant, context.faults)
        self._run = context.run
        self._web = Web(self.app, name="google")
        self._started = False

    def start(self) -> dict[str, Any]:
        url = self._web.start()
        self._started = True
        path = self._run / "google-service-account.json"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self.app.tokens.service_account(f"{url}/token"), file, indent=2)
        return {
            "google": url,
            "env": {
                "GATEPOST_GOOGLE_CREDENTIALS": str(path),
                "GATEPOST_GOOGLE_SUBJECT": self.tenant.admin,
                "GATEPOST_GOOGLE_ENDPOINT": url,
            },
        }

    def stop(self) -> None:
        if self._started:
            self._web.stop()

    def reset(self) -> None:
        self.app.reset()

    def state(self) -> dict[str, Any]:
        tenant = self.tenant
        return {
            "gateway": tenant.gateway.document(),
            "tenant": _settings(tenant.settings),
            "audit": [event.name for event in tenant.events()],
        }

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "GET /google/gateway": lambda _body: self.tenant.gateway.document(),
            "PUT /google/gateway": self._set_gateway,
            "POST /google/gateway": self._set_gateway,
            "GET /google/tenant": lambda _body: _settings(self.tenant.settings),
            "POST /google/tenant": self._set_tenant,
            "POST /google/audit": self._log,
            "POST /google/revoke": self._revoke,
        }

    def _set_gateway(self, body: Any) -> Any:
        self.tenant.set_gateway(parse_gateway(body))
        return self.tenant.gateway.document()

    def _set_tenant(self, body: Any) -> Any:
        types = {field.name: type(getattr(Settings(), field.name)) for field in fields(Settings)}
        changes: dict[str, object] = {}
        for name, value in _object(body).items():
            if name not in types:
                raise ValueError(f"{name}: unknown; known are {', '.join(types)}")
            if types[name] is frozenset:
                changes[name] = frozenset(_strings(name, value))
            elif types[name] is bool:
                if not isinstance(value, bool):
                    raise ValueError(f"{name}: must be true or false")
                changes[name] = value
            else:
                if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                    raise ValueError(f"{name}: must be a number of seconds")
                changes[name] = float(value)
        self.tenant.configure(**changes)
        return _settings(self.tenant.settings)

    def _log(self, body: Any) -> Any:
        event = _object(body)
        parameters = _object(event.get("parameters", {}))
        self.tenant.log(str(event.get("name", "")), [(n, str(v)) for n, v in parameters.items()])
        return {"events": len(self.tenant.events())}

    def _revoke(self, _body: Any) -> Any:
        self.app.tokens.revoke()
        return {}


def _settings(settings: Settings) -> dict[str, Any]:
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in asdict(settings).items()
    }


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("the body must be an object")
    return value


def _strings(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name}: must be a list of strings")
    return value
