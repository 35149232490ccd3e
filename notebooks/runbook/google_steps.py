"""The page's "Setting up Google Workspaces", judged step by step.

Pure: what is known about the inbound gateway's settings in, one Step for each of the page's steps
out. No public API reads these settings; so the verdicts are those of a delivered message or of an
attestation, and unknown where there is neither.
"""

from __future__ import annotations

from collections.abc import Mapping

from .settings import Setting
from .values import Step

CONSOLE = "Apps > Google Workspace > Gmail > Spam, Phishing, and Malware > Inbound gateway"


def prerequisites() -> list[Step]:
    """The page's prerequisite that is Google's own; the name server is judged in dns_steps."""
    return [
        Step(
            "Google, prerequisite: administrator console",
            "access to Apps > Google Workspace > Gmail",
            "not seen",
            "unknown",
            "whoever signs in knows",
        )
    ]


def gateway(settings: Mapping[str, Setting], *, place: str, ranges: str) -> list[Step]:
    """The dialog. settings: by name, enabled, gateway_ips, detect_external_ip, require_tls and
    reject_others. ranges: the CIDRs to enter; place: what they are."""
    asked = {
        "enabled": ("Google 3: Inbound gateway", f"enabled at {CONSOLE}"),
        "gateway_ips": ("Google 3: Gateway IPs", f"{ranges}, {place}"),
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
