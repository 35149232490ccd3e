# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All that is known of Microsoft 365, a setting of the page at a time. Pure.

What was read decides; a message or a trace that says otherwise contradicts it: a setting that is
written but not in force is not verified. Nothing is attested here: everything can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.content_filter import (
    OPTION as SPF_OPTION,
)
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.headers import (
    MessageProof,
)
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.settings import (
    PAGE,
    Settings,
)
from ansible_collections.gatepost.mail.plugins.module_utils.mail.verdict import (
    UNKNOWN,
    VERIFIED,
    Finding,
    SubSetting,
)


@dataclass(frozen=True)
class State:
    """What was read, as the `_info` modules return it: `policy` of the connection filter, all
    `policies` of the content filter, all `connectors`."""

    connection_filter: Mapping[str, Any]
    content_filters: Sequence[Mapping[str, Any]]
    connectors: Sequence[Mapping[str, Any]]

    def connector(self, name: str) -> Mapping[str, Any] | None:
        found = (one for one in self.connectors if one["name"].lower() == name.lower())
        return next(found, None)


def judge(
    settings: Settings,
    state: State,
    *,
    message: MessageProof | None = None,
    trace: Finding | None = None,
) -> list[SubSetting]:
    """A verdict for each setting, in the order of the page."""
    connector = state.connector(settings.connector)
    judged = {
        "ip_allow_list": _allow_list(settings, state),
        "spf_hard_fail": _spf(state),
        **{name: _member(connector, settings, read) for name, read in _CONNECTOR.items()},
    }
    findings = dict(message.findings) if message else {}
    if trace is not None:
        findings["connector"] = trace
    return [
        _weighed(name, wanted, *judged[name], findings.get(name))
        for name, wanted in settings.values().items()
    ]


# By setting, the member of a connector that it is.
_CONNECTOR: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "connector": lambda one: one["name"],
    "connector_enabled": lambda one: one["enabled"],
    "connector_type": lambda one: one["connector_type"],
    "description": lambda one: one["comment"],
    "sender_domains": lambda one: one["sender_domains"],
    "sender_ip_addresses": lambda one: one["sender_ip_addresses"],
    "require_tls": lambda one: one["require_tls"],
    "restrict_domains_to_ip_addresses": lambda one: one["restrict_domains_to_ip_addresses"],
    "skip_last_ip": lambda one: one["enhanced_filtering"]["skip_last_ip"],
    "entire_organization": lambda one: not one["enhanced_filtering"]["users"],
}


def _allow_list(settings: Settings, state: State) -> tuple[Any, str]:
    """Of the list, what concerns the gateway; the entries of others are their business."""
    held = state.connection_filter["ip_allow_list"]
    found = [one for one in settings.gateway_ips if one in held]
    name = state.connection_filter["name"]
    if settings.mode == PAGE:
        lacking = [one for one in settings.gateway_ips if one not in held]
        told = f"{', '.join(lacking)} is not on it" if lacking else "the gateway is on it"
    else:
        told = f"{', '.join(found)} is on it" if found else "the gateway is not on it"
    return found, f"the IP allow list of policy {name}: {told}"


def _spf(state: State) -> tuple[Any, str]:
    in_force = [one for one in state.content_filters if one["in_force"]]
    wrong = [one for one in in_force if one[SPF_OPTION] is not False]
    if not in_force:
        return None, "no content filter policy is in force"
    if not wrong:
        names = ", ".join(str(one["name"]) for one in in_force)
        return False, f"SPF record: hard fail is Off in {names}"
    names = ", ".join(str(one["name"]) for one in wrong)
    on = all(one[SPF_OPTION] is None for one in wrong)
    return (
        (None, f"SPF record: hard fail cannot be read in {names}")
        if on
        else (
            True,
            f"SPF record: hard fail is On in {names}",
        )
    )


def _member(
    connector: Mapping[str, Any] | None,
    settings: Settings,
    read: Callable[[Mapping[str, Any]], Any],
) -> tuple[Any, str]:
    if connector is None:
        return None, f"there is no inbound connector {settings.connector}"
    found = read(connector)
    return found, f"read from inbound connector {connector['name']}: {found!r}"


def _weighed(name: str, wanted: Any, found: Any, told: str, finding: Finding | None) -> SubSetting:
    same = found == wanted if name != "connector" else str(found).lower() == wanted.lower()
    evidence = [told, *([f"message: {finding.proof}"] if finding else [])]
    if not same:
        return SubSetting(name, wanted, UNKNOWN, found, True, tuple(evidence))
    if finding is not None and finding.holds is not None and _denied(name, wanted, finding):
        return SubSetting(name, wanted, UNKNOWN, found, True, tuple(reversed(evidence)))
    return SubSetting(name, wanted, VERIFIED, found, False, tuple(evidence))


def _denied(name: str, wanted: Any, finding: Finding) -> bool:
    """Whether a message shows the opposite of what is wanted."""
    if name == "ip_allow_list":
        return finding.holds is True and wanted == []
    if name == "spf_hard_fail":
        return finding.holds is True
    return finding.holds is False
