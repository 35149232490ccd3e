# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Traffic policies: the options, and what statements name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws import documents
from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    INGRESS_POINT,
    TRAFFIC_POLICY,
    MailManager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.named import (
    Definition,
    Document,
    Resolved,
)

_MEMBERS = {
    "default_action": ("DefaultAction", "AcceptAction"),
    "policy_statements": ("PolicyStatements", "PolicyStatementList"),
    "max_message_size_bytes": ("MaxMessageSizeBytes", "MaxMessageSizeBytes"),
}


def document(options: Mapping[str, Any]) -> Document:
    """The members that are set. Raises BadOption."""
    made = {
        member: given.shaped(shape, option, options[option])
        for option, (member, shape) in _MEMBERS.items()
        if options.get(option) is not None
    }
    given.within_quotas("TrafficPolicy", made)
    return made


def resolved(made: Document, api: MailManager, services: Services) -> Resolved:  # noqa: ARG001
    """With names as shown, ARNs as sent."""
    return documents.resolved(made, api)


def users(current: Document, api: MailManager) -> list[str]:
    """The ingress points that hold the policy."""
    return [
        f"ingress point {each.name}"
        for each in api.listed(INGRESS_POINT)
        if api.get(INGRESS_POINT, each.id).get("TrafficPolicyId") == current["TrafficPolicyId"]
    ]


DEFINITION = Definition(
    kind=TRAFFIC_POLICY,
    document=document,
    resolved=resolved,
    users=users,
    required={"DefaultAction": "default_action", "PolicyStatements": "policy_statements"},
)
