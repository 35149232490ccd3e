# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inbound gateway as it is wanted, and the hash that an attestation is bound to. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from ipaddress import ip_network
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption
from ansible_collections.gatepost.mail.plugins.module_utils.providers import (
    canonical_domain,
    egress_range,
)

CONSOLE_URL = "https://admin.google.com/ac/apps/gmail/spam"
CONSOLE_PATH = (
    "Apps > Google Workspace > Gmail > Spam, Phishing, and Malware > Inbound gateway, "
    "on the top-level organizational unit"
)
NAMES = ("enabled", "gateway_ips", "detect_external_ip", "require_tls", "reject_others")


@dataclass(frozen=True)
class Settings:
    """What the dialog should hold for a domain. gateway_ips: canonical CIDR ranges, sorted."""

    domain: str
    gateway_ips: tuple[str, ...]
    enabled: bool = True
    detect_external_ip: bool = True
    require_tls: bool = True
    reject_others: bool = False

    def values(self) -> dict[str, Any]:
        """The sub-settings by name, without the domain."""
        values = asdict(self)
        values.pop("domain")
        return {**values, "gateway_ips": list(self.gateway_ips)}

    def digest(self) -> str:
        """`sha256:` and the hash of the domain and all sub-settings; another when any changes."""
        text = json.dumps({"domain": self.domain, **self.values()}, sort_keys=True)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def desired(
    domain: str,
    *,
    region: str | None = None,
    gateway_ips: Sequence[str] | None = None,
    detect_external_ip: bool = True,
    require_tls: bool = True,
    reject_others: bool = False,
) -> Settings:
    """What is wanted for a domain behind Mail Manager in `region`, or behind other gateways.

    Raises BadOption, naming the option.
    """
    if (region is None) == (not gateway_ips):
        raise BadOption("region", "give either region or gateway_ips")
    try:
        name = canonical_domain(domain)
    except ValueError as error:
        raise BadOption("domain", str(error)) from None
    if region is not None:
        try:
            ranges: Sequence[str] = [egress_range(region)]
        except ValueError as error:
            raise BadOption("region", str(error)) from None
    else:
        ranges = gateway_ips or ()
    return Settings(
        domain=name,
        gateway_ips=canonical_ranges(ranges),
        detect_external_ip=detect_external_ip,
        require_tls=require_tls,
        reject_others=reject_others,
    )


def canonical_ranges(ranges: Sequence[str]) -> tuple[str, ...]:
    """CIDR ranges in their canonical spelling, sorted, each once. Raises BadOption."""
    networks = set()
    for index, item in enumerate(ranges):
        option = f"gateway_ips[{index}]"
        try:
            network = ip_network(item)
        except ValueError as error:
            raise BadOption(option, str(error)) from None
        if network.is_private or network.is_loopback or network.is_link_local:
            raise BadOption(option, f"{item} is private; Google takes public addresses alone")
        networks.add(network)
    ordered = sorted(networks, key=lambda one: (one.version, one.network_address, one.prefixlen))
    return tuple(str(network) for network in ordered)


def instructions(settings: Settings) -> list[str]:
    """What a person does in the administrator console, in order."""
    off = "leave unselected until the MX has moved"
    return [
        f"Open {CONSOLE_URL} as an administrator ({CONSOLE_PATH}).",
        "Enable the inbound gateway.",
        f"Gateway IPs: add {', '.join(settings.gateway_ips)}; remove what is not a gateway.",
        f"Automatically detect external IP: {_select(settings.detect_external_ip)}.",
        f"Reject all mail not from gateway IPs: {_select(settings.reject_others, off)}.",
        "Require TLS for connections from the email gateways listed above: "
        f"{_select(settings.require_tls)}.",
        "Save, and see that the console shows the inbound gateway as enabled.",
        "Then let a named person state it: gatepost.mail.google_inbound_gateway_attestation.",
    ]


def _select(wanted: bool, otherwise: str = "leave unselected") -> str:
    return "select" if wanted else otherwise
