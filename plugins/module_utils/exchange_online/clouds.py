# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Microsoft's clouds: where to sign in, where Exchange and Graph are. Data, and one pure function.

Source: Microsoft, "National clouds" and "Microsoft Graph national cloud deployments";
Connect-ExchangeOnline, -ExchangeEnvironmentName.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption


@dataclass(frozen=True)
class Cloud:
    """Base URLs without a final slash. exchange_resource, graph_resource: what tokens are for,
    which stays the cloud's own when another server is asked in its place.
    """

    login: str
    exchange: str
    graph: str
    exchange_resource: str
    graph_resource: str


def _cloud(login: str, exchange: str, graph: str) -> Cloud:
    return Cloud(*(f"https://{host}" for host in (login, exchange, graph, exchange, graph)))


CLOUDS = {
    "global": _cloud("login.microsoftonline.com", "outlook.office365.com", "graph.microsoft.com"),
    "us_government_gcc_high": _cloud(
        "login.microsoftonline.us", "outlook.office365.us", "graph.microsoft.us"
    ),
    "us_government_dod": _cloud(
        "login.microsoftonline.us", "webmail.apps.mil", "dod-graph.microsoft.us"
    ),
    "china": _cloud(
        "login.partner.microsoftonline.cn",
        "partner.outlook.cn",
        "microsoftgraph.chinacloudapi.cn",
    ),
}


def cloud(options: Mapping[str, Any]) -> Cloud:
    """The cloud of the options `cloud`, `authority`, `exchange_endpoint` and `graph_endpoint`.

    Raises BadOption for a URL that is not https: a token is never sent in clear.
    """
    base = CLOUDS[options["cloud"]]
    return Cloud(
        login=_url("authority", options.get("authority"), base.login),
        exchange=_url("exchange_endpoint", options.get("exchange_endpoint"), base.exchange),
        graph=_url("graph_endpoint", options.get("graph_endpoint"), base.graph),
        exchange_resource=base.exchange_resource,
        graph_resource=base.graph_resource,
    )


def _url(option: str, value: str | None, default: str) -> str:
    if not value:
        return default
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise BadOption(option, f"is not an https URL: {value}")
    return value.rstrip("/")
