# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the page asks of Microsoft 365, as values: ranges, mode, names, and who does it. Pure.

Source: SES developer guide, "SMTP relay", Setting up Microsoft Office 365.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import values
from ansible_collections.gatepost.mail.plugins.module_utils.providers import (
    canonical_domain,
    egress_range,
)

PAGE, ENHANCED_FILTERING_ONLY = "page", "enhanced_filtering_only"
MODES = (PAGE, ENHANCED_FILTERING_ONLY)
CONNECTOR = "Simple Email Service Mail Manager connector"
DESCRIPTION = "Connector for filtering"


@dataclass(frozen=True)
class Settings:
    """gateway_ips: canonical, in order. locked_down: whether all other senders are rejected."""

    domain: str
    gateway_ips: tuple[str, ...]
    mode: str = PAGE
    connector: str = CONNECTOR
    description: str = DESCRIPTION
    locked_down: bool = False

    def values(self) -> dict[str, Any]:
        """By setting, what is wanted, in the order of the page."""
        return {
            "ip_allow_list": list(self.gateway_ips) if self.mode == PAGE else [],
            "spf_hard_fail": False,
            "connector": self.connector,
            "connector_enabled": True,
            "connector_type": "Partner",
            "description": self.description,
            "sender_domains": ["*"],
            "sender_ip_addresses": list(self.gateway_ips),
            "require_tls": True,
            "restrict_domains_to_ip_addresses": self.locked_down,
            "skip_last_ip": True,
            "entire_organization": True,
        }


NAMES = tuple(Settings("", ()).values())


def desired(
    domain: str,
    *,
    region: str | None = None,
    gateway_ips: Sequence[str] | None = None,
    mode: str = PAGE,
    connector: str = CONNECTOR,
    description: str = DESCRIPTION,
    locked_down: bool = False,
) -> Settings:
    """What is wanted for a domain behind Mail Manager in `region`, or behind other gateways.

    Raises BadOption, naming the option.
    """
    if (region is None) == (not gateway_ips):
        raise BadOption("region", "give either region or gateway_ips")
    if mode not in MODES:
        raise BadOption("mode", f"{mode!r} is not one of {', '.join(MODES)}")
    try:
        name = canonical_domain(domain)
    except ValueError as error:
        raise BadOption("domain", str(error)) from None
    try:
        ranges = [egress_range(region)] if region is not None else list(gateway_ips or ())
    except ValueError as error:
        raise BadOption("region", str(error)) from None
    canonical = values.wanted_addresses("gateway_ips", ranges, ranges=False)
    return Settings(name, tuple(canonical), mode, connector, description, locked_down)
