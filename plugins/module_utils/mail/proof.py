# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a probe that came back proves, by the rules of the provider that delivered it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils import providers
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import (
    headers as microsoft,
)
from ansible_collections.gatepost.mail.plugins.module_utils.google import headers as google
from ansible_collections.gatepost.mail.plugins.module_utils.mail.hops import Hop, hops
from ansible_collections.gatepost.mail.plugins.module_utils.mail.verdict import Finding

OTHER = "other"
PROVIDERS = (*providers.PROVIDERS, OTHER)


@dataclass(frozen=True)
class Proof:
    """proved: the message went through the gateway with TLS and the provider saw where it came from
    before; of another server only the first can be said. findings: by setting. connecting_ip: who
    the provider took it from; original_ip: where the provider thinks it came from.
    """

    provider: str
    proved: bool
    findings: Mapping[str, Finding]
    hops: tuple[Hop, ...]
    connecting_ip: str | None
    original_ip: str | None
    tls: str

    def document(self) -> dict[str, Any]:
        return {
            "provider": self.provider,
            "proved": self.proved,
            "findings": {name: asdict(one) for name, one in self.findings.items()},
            "hops": [one.document() for one in self.hops],
            "connecting_ip": self.connecting_ip,
            "original_ip": self.original_ip,
            "tls": self.tls,
        }


def judge(raw: bytes, provider: str, gateways: Sequence[str]) -> Proof:
    """provider: one of PROVIDERS. gateways: CIDR ranges. raw: the message as it was delivered."""
    path = tuple(hops(raw))
    if provider == providers.GOOGLE_WORKSPACE:
        seen = google.judge_message(raw, gateways)
        found = (seen.connecting_ip, seen.client_ip, seen.tls)
        return Proof(provider, seen.proved, seen.findings, path, *found)
    if provider == providers.MICROSOFT_365:
        told = microsoft.judge_message(raw, gateways)
        found = (told.connecting_ip, told.original_ip, told.tls)
        return Proof(provider, told.proved, told.findings, path, *found)
    return _other(path, gateways)


def _other(path: tuple[Hop, ...], gateways: Sequence[str]) -> Proof:
    """The last server that took it from a gateway; servers behind that one are of no interest."""
    taken = [one for one in path if _inside(one.address, gateways)]
    if not taken:
        told = Finding(False, "no server says that it took the message from the gateway")
        return Proof(OTHER, False, {"gateway": told}, path, None, None, "")
    last = taken[-1]
    told = Finding(True, f"{last.received_by} took it from {last.address}")
    findings = {"gateway": told, "tls": Finding(bool(last.tls), last.tls or "taken without TLS")}
    return Proof(OTHER, bool(last.tls), findings, path, last.address, None, last.tls)


def _inside(address: str | None, ranges: Sequence[str]) -> bool:
    if address is None:
        return False
    return any(ip_address(address) in ip_network(one) for one in ranges)
