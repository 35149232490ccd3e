"""Microsoft's clouds as data: where one signs in and where each service is.

Source: "National clouds" in the Microsoft Graph documentation and "Connect to Exchange Online
PowerShell" for the hosts of Exchange Online.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cloud:
    """One cloud. login[0] is the host that its tokens and discovery documents prefer."""

    name: str
    login: tuple[str, ...]
    exchange: str
    graph: str

    @property
    def resources(self) -> dict[str, tuple[str, ...]]:
        """The application ID URIs of each service, by our name for it."""
        return {
            "exchange": (f"https://{self.exchange}", "00000002-0000-0ff1-ce00-000000000000"),
            "graph": (f"https://{self.graph}", "00000003-0000-0000-c000-000000000000"),
        }

    def resource(self, identifier: str) -> tuple[str, str] | None:
        """The service behind an application ID URI and the audience of its tokens, or None."""
        for service, identifiers in self.resources.items():
            if identifier.rstrip("/").lower() in identifiers:
                return service, identifiers[0]
        return None


CLOUDS = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            "public",
            (
                "login.microsoftonline.com",
                "login.windows.net",
                "login.microsoft.com",
                "sts.windows.net",
            ),
            "outlook.office365.com",
            "graph.microsoft.com",
        ),
        Cloud(
            "usgov_gcc_high",
            ("login.microsoftonline.us", "login.usgovcloudapi.net"),
            "outlook.office365.us",
            "graph.microsoft.us",
        ),
        Cloud(
            "usgov_dod",
            ("login.microsoftonline.us", "login.usgovcloudapi.net"),
            "webmail.apps.mil",
            "dod-graph.microsoft.us",
        ),
        Cloud(
            "china",
            ("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
            "partner.outlook.cn",
            "microsoftgraph.chinacloudapi.cn",
        ),
    )
}

LOGIN_HOSTS = tuple(dict.fromkeys(host for cloud in CLOUDS.values() for host in cloud.login))
EXCHANGE_HOSTS = tuple(cloud.exchange for cloud in CLOUDS.values())
GRAPH_HOSTS = tuple(cloud.graph for cloud in CLOUDS.values())
