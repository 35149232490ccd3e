"""The page's "Setting up Microsoft Office 365", judged step by step.

Pure: the settings that were read, the delivered probe and its trace in, one Step for each of the
page's settings out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import (
    headers,
    verdicts,
)
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.settings import (
    PAGE,
    Settings,
)

from . import settings
from .microsoft import MicrosoftState
from .values import Reading, Step

# By setting, the page's step.
STEPS = {
    "ip_allow_list": "Microsoft 1.3: IP allow list",
    "spf_hard_fail": "Microsoft 1.4: SPF record: hard fail",
    "connector": "Microsoft 2.1: inbound connector, name",
    "connector_enabled": "Microsoft 2.1: inbound connector, turned on",
    "connector_type": "Microsoft 2.1: Connection from",
    "description": "Microsoft 2.1: inbound connector, description",
    "sender_domains": "Microsoft 2.1: sender domains",
    "sender_ip_addresses": "Microsoft 2.1: Authenticating sent email, IP addresses",
    "require_tls": "Microsoft 2.1: Security restrictions, reject what is not sent over TLS",
    "restrict_domains_to_ip_addresses": (
        "Microsoft, beyond the page: reject what does not come from these addresses"
    ),
    "skip_last_ip": "Microsoft 2.2: Automatically detect and skip the last IP address",
    "entire_organization": "Microsoft 2.2: Apply to entire organization",
}


def prerequisites(state: MicrosoftState) -> list[Step]:
    """The page's prerequisite that is Microsoft's own; the name server is judged in dns_steps."""
    step = "Microsoft, prerequisite: access to the admin center"
    asked = "Email & collaboration > Policies & Rules > Threat policies can be read"
    readings = (state.connection_filter, state.content_filters, state.connectors)
    problems = dict.fromkeys(one.problem for one in readings if one.problem)
    if problems:
        return [Step(step, asked, "not read", "unknown", "; ".join(problems))]
    sources = ", ".join(one.source for one in readings)
    return [Step(step, asked, "read", "verified", sources)]


def allowed(judged: Mapping[str, settings.Setting], wanted: Settings) -> list[Step]:
    """The page's step 1: the allow list, and SPF hard fail."""
    listed = ", ".join(wanted.gateway_ips)
    on_list = f"holds {listed}" if wanted.mode == PAGE else f"does not hold {listed}"
    asked = {"ip_allow_list": on_list, "spf_hard_fail": "Off"}
    return _steps(judged, asked)


def filtered(judged: Mapping[str, settings.Setting], wanted: Settings) -> list[Step]:
    """The page's step 2: the connector, and enhanced filtering on it."""
    lock = "selected" if wanted.locked_down else "not selected until the MX has moved"
    asked = {
        "connector": wanted.connector,
        "connector_enabled": "selected",
        "connector_type": "Partner organization",
        "description": wanted.description,
        "sender_domains": "*, all domains",
        "sender_ip_addresses": ", ".join(wanted.gateway_ips),
        "require_tls": "selected",
        "restrict_domains_to_ip_addresses": lock,
        "skip_last_ip": "selected",
        "entire_organization": "selected",
    }
    return _steps(judged, asked)


def judge(
    state: MicrosoftState, wanted: Settings, *, message: bytes | None, trace: Reading
) -> dict[str, settings.Setting]:
    """What is known of each setting. message: the delivered probe. trace: of a Finding."""
    held = verdicts.State(
        state.connection_filter.value or {"name": "Default", "ip_allow_list": []},
        state.content_filters.value or [],
        state.connectors.value or [],
    )
    seen = headers.judge_message(message, wanted.gateway_ips) if message is not None else None
    found: Any = trace.value
    judged = verdicts.judge(wanted, held, message=seen, trace=found)
    sources = {"ip_allow_list": state.connection_filter, "spf_hard_fail": state.content_filters}
    result = {}
    for one in judged:
        source = sources.get(one.name, state.connectors)
        unread = bool(source.problem)
        result[one.name] = settings.unread(source.problem) if unread else settings.of(one)
    spf = result["spf_hard_fail"]
    shown = spf.found.replace("not selected", "Off").replace("selected", "On")
    return result | {"spf_hard_fail": replace(spf, found=shown)}


def _steps(judged: Mapping[str, settings.Setting], asked: Mapping[str, str]) -> list[Step]:
    return [
        Step(STEPS[name], wish, judged[name].found, judged[name].verdict, judged[name].proof)
        for name, wish in asked.items()
    ]
