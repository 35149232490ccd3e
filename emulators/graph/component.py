"""Microsoft Graph as a part of the emulators.

emulators.json gets `graph`, an https URL, and in `env` GATEPOST_M365_GRAPH_ENDPOINT. Its control is
that of `login` (permissions) and `exchange_online` (mailboxes, `mail_lag`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulators.component import Context, Handler
from emulators.exchange_online.component import ExchangeOnlineComponent
from emulators.graph.app import GraphApp
from emulators.login.clouds import GRAPH_HOSTS
from emulators.login.component import LOOPBACK, LoginComponent
from emulators.web import Web


def create(context: Context) -> GraphComponent:
    return GraphComponent(context)


class GraphComponent:
    """Built on `login` and `exchange_online`, whose mailboxes it reads."""

    name = "graph"

    def __init__(self, context: Context) -> None:
        login = context.components.get("login")
        exchange = context.components.get("exchange_online")
        if not isinstance(login, LoginComponent) or not isinstance(
            exchange, ExchangeOnlineComponent
        ):
            raise ValueError("graph needs the emulators login and exchange_online")
        self._web = Web(
            GraphApp(exchange.organization, login.tokens, context.faults),
            name="graph",
            tls=context.ca.server_context([*LOOPBACK, *GRAPH_HOSTS]),
        )
        self._started = False

    def start(self) -> dict[str, Any]:
        url = self._web.start()
        self._started = True
        return {"graph": url, "env": {"GATEPOST_M365_GRAPH_ENDPOINT": url}}

    def stop(self) -> None:
        if self._started:
            self._web.stop()

    def reset(self) -> None:
        """Nothing is held here."""

    def state(self) -> Any:
        return {}

    def handlers(self) -> Mapping[str, Handler]:
        return {}
