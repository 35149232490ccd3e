"""The page's "Setting up Google Workspaces", judged step by step.

Pure: what is known about the inbound gateway's settings in, one Step for each of the page's steps
out. No public API reads these settings; so the verdicts are those of a delivered message or of an
attestation, and unknown where there is neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from .values import Reading, Step, Verdict, judge

CONSOLE = "Apps > Google Workspace > Gmail > Spam, Phishing, and Malware > Inbound gateway"


@dataclass(frozen=True)
class Setting:
    """What is known about one of the dialog's settings."""

    verdict: Verdict
    found: str
    proof: str


def prerequisites(domain: str, mx: str) -> list[Step]:
    """The page's prerequisites. mx: the host that the MX is to name, "" while not known."""
    target = mx or "the endpoint's ARecord"
    return [
        Step(
            "Google, prerequisite: administrator console",
            "access to Apps > Google Workspace > Gmail",
            "not seen",
            "unknown",
            "whoever signs in knows",
        ),
        Step(
            "Google, prerequisite: the domain's name server",
            f"access to the MX records of {domain}, which are to name {target}",
            "not seen",
            "unknown",
            "this runbook neither reads nor changes DNS; lower the TTL before the MX moves",
        ),
    ]


def gateway(settings: Mapping[str, Setting], *, region: str, egress: str) -> list[Step]:
    """The dialog. settings: by name, enabled, gateway_ips, detect_external_ip, require_tls and
    reject_others. egress: the CIDR of the region."""
    asked = {
        "enabled": ("Google 3: Inbound gateway", f"enabled at {CONSOLE}"),
        "gateway_ips": ("Google 3: Gateway IPs", f"{egress}, the range of {region}"),
        "detect_external_ip": ("Google 3: Automatically detect external IP", "selected"),
        "require_tls": (
            "Google 3: Require TLS for connections from the email gateways listed above",
            "selected",
        ),
        "reject_others": (
            "Google, beyond the page: Reject all mail not from gateway IPs",
            "not selected until the MX has moved",
        ),
    }
    return [
        Step(step, wish, settings[name].found, settings[name].verdict, settings[name].proof)
        for name, (step, wish) in asked.items()
    ]


def sources(problems: Mapping[str, str]) -> list[Step]:
    """Sources that could not be read: what they would have said is unknown."""
    return [
        Step(f"Google, source: {name}", "can be read", "not read", "unknown", problem)
        for name, problem in problems.items()
    ]


def probe(reading: Reading, *, mailbox: str, egress: str, refused: str = "") -> list[Step]:
    """A message's way through the gateway. reading: its headers.MessageProof; refused: what the
    gateway answered instead of taking the probe, "" when it took it."""
    arrives, through = "Live probe: arrival", "Live probe: through the gateway"
    asked = {
        arrives: f"a message to {mailbox or 'the domain'} arrives",
        through: f"Google received it from {egress} with TLS",
    }
    if refused:
        return [
            Step(arrives, asked[arrives], "not taken", "failed", refused),
            Step(through, asked[through], "not seen", "unknown", "no message was taken"),
        ]
    proof: Any = reading.value
    if reading.problem or proof is None:
        return [
            judge(arrives, asked[arrives], reading, "", None),
            Step(through, asked[through], "not seen", "unknown", reading.problem or "no message"),
        ]
    found = f"from {proof.connecting_ip or 'no address'}, {proof.tls or 'no TLS'}"
    found += f", judged as {proof.client_ip}" if proof.client_ip else ""
    inside = proof.connecting_ip and ip_address(proof.connecting_ip) in ip_network(egress)
    verdict: Verdict = "verified" if inside and proof.tls else "failed"
    return [
        Step(arrives, asked[arrives], "arrived", "verified", reading.source),
        Step(through, asked[through], found, verdict, proof.findings["enabled"].proof),
    ]
