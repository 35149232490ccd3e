"""The page's "Setting up Google Workspaces", judged step by step.

Pure: what is known about the inbound gateway's settings in, one Step for each of the page's steps
out. No public API reads these settings; so the verdicts are those of a delivered message or of an
attestation, and unknown where there is neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .values import Step, Verdict

CONSOLE = "Apps > Google Workspace > Gmail > Spam, Phishing, and Malware > Inbound gateway"


@dataclass(frozen=True)
class Setting:
    """What is known about one of the dialog's settings."""

    verdict: Verdict
    found: str
    proof: str


NOT_SEEN = Setting("unknown", "not seen", "neither a probe message nor an attestation was given")


def gateway(
    settings: Mapping[str, Setting], *, domain: str, region: str, egress: str, mx: str
) -> list[Step]:
    """settings: by name, enabled, gateway_ips, detect_external_ip and require_tls; one left out was
    not seen. egress: the CIDR of the region; mx: the host that the MX must name, "" not known."""

    def step(name: str, number: str, title: str, asked: str) -> Step:
        seen = settings.get(name, NOT_SEEN)
        return Step(f"Google {number}: {title}", asked, seen.found, seen.verdict, seen.proof)

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
            f"access to the MX of {domain}"
            + (f", which is to name {mx}" if mx else ", which is to name the endpoint's ARecord"),
            "not seen",
            "unknown",
            "this runbook does not read or change DNS; lower the TTL before the MX moves",
        ),
        step("enabled", "1 to 3", "Inbound gateway", f"enabled at {CONSOLE}"),
        step("gateway_ips", "3", "Gateway IPs", f"{egress}, the range of {region}"),
        step("detect_external_ip", "3", "Automatically detect external IP", "selected"),
        step(
            "require_tls",
            "3",
            "Require TLS for connections from the email gateways listed above",
            "selected",
        ),
    ]
