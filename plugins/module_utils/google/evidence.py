# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Google's Policy API and the administrators' audit log say about the inbound gateway. Pure.

No public API shows the inbound gateway. The Policy API is asked all the same, so that the day it
does the setting is compared; the names of its members are unknown, so they are recognized by a
short table and everything is handed on raw. The setting's name in the audit log is not documented
either: events are matched by words, and the other Gmail events are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption
from ansible_collections.gatepost.mail.plugins.module_utils.google.settings import (
    NAMES,
    canonical_ranges,
)

# CEL string, in which a backslash is written twice.
POLICY_FILTER = r"setting.type.matches('^settings/gmail\\..*gateway.*$')"
_OTHER_SETTINGS = ("per_user_outbound_gateway",)
_MEMBERS = {
    "enabled": ("enabled", "enable", "enableinboundgateway", "inboundgatewayenabled"),
    "gateway_ips": ("gatewayips", "gatewayipaddresses", "ipaddresses", "ipranges"),
    "detect_external_ip": ("detectexternalip", "autodetectexternalip"),
    "require_tls": ("requiretls", "tlsrequired"),
    "reject_others": ("rejectothers", "rejectmailnotfromgatewayips", "rejectnongatewayips"),
}
EVENTS = tuple(
    f"{verb}_{family}_SETTING"
    for family in ("GMAIL", "APPLICATION")
    for verb in ("CREATE", "CHANGE", "DELETE")
)
HISTORY_DAYS = 180
_INBOUND_GATEWAY = re.compile(r"inbound.?gateway", re.I)


def inbound_gateway_policies(policies: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of the listed policies that can be the inbound gateway's."""
    return [
        policy
        for policy in policies
        if not str(policy.get("setting", {}).get("type", "")).endswith(_OTHER_SETTINGS)
    ]


def policy_values(policies: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """By sub-setting, the value in each policy that has a member recognized as it."""
    values: dict[str, list[Any]] = {}
    for policy in policies:
        value = policy.get("setting", {}).get("value", {})
        members = {re.sub(r"[^a-z]", "", key.lower()): held for key, held in value.items()}
        for name in NAMES:
            for spelling in _MEMBERS[name]:
                if spelling in members:
                    values.setdefault(name, []).append(_canonical(name, members[spelling]))
                    break
    return values


def _canonical(name: str, value: Any) -> Any:
    if name == "gateway_ips" and isinstance(value, list):
        try:
            return list(canonical_ranges([str(item) for item in value]))
        except BadOption:
            return value
    return value


@dataclass(frozen=True)
class AuditEvent:
    """One event of the log. parameters: by name."""

    time: datetime
    actor: str
    name: str
    parameters: Mapping[str, str]

    @property
    def concerns_inbound_gateway(self) -> bool:
        return any(_INBOUND_GATEWAY.search(value) for value in self.parameters.values())

    def document(self) -> dict[str, Any]:
        return {
            "time": self.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "actor": self.actor,
            "name": self.name,
            "parameters": dict(self.parameters),
        }


def audit_events(activities: Iterable[Mapping[str, Any]]) -> list[AuditEvent]:
    """The events of Reports API activities, oldest first."""
    events = []
    for activity in activities:
        time = datetime.fromisoformat(str(activity["id"]["time"]).replace("Z", "+00:00"))
        actor = str(activity.get("actor", {}).get("email", "unknown"))
        for event in activity.get("events", []):
            parameters = {str(one.get("name")): _text(one) for one in event.get("parameters", [])}
            events.append(AuditEvent(time, actor, str(event.get("name")), parameters))
    return sorted(events, key=lambda event: event.time)


def _text(parameter: Mapping[str, Any]) -> str:
    for key in ("value", "boolValue", "intValue", "multiValue", "multiIntValue"):
        if key in parameter:
            return str(parameter[key])
    return ""


@dataclass(frozen=True)
class LogEvidence:
    """before: the last event on the inbound gateway up to the statement; after: those since it."""

    before: AuditEvent | None
    after: tuple[AuditEvent, ...]


def judge_log(events: Sequence[AuditEvent], attested_at: datetime) -> LogEvidence:
    """What the log says about a statement of that time. events: oldest first."""
    matched = [event for event in events if event.concerns_inbound_gateway]
    # The statement's time has whole seconds.
    before = [event for event in matched if event.time.replace(microsecond=0) <= attested_at]
    after = tuple(event for event in matched if event.time.replace(microsecond=0) > attested_at)
    return LogEvidence(before[-1] if before else None, after)
